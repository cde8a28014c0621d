/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mirror that holds changes back, beside a kernel in which links come and go, flap, swap their
 * names, get masters and addresses, while connections break and events are lost: whatever happens,
 * what the application knows is what a kernel can have, nothing is reported before its time, and
 * once all is quiet it is the truth. The seeds are fixed. */
#include "client/address_object.h"
#include "tests/client/mirror_input.h"

#define LINKS     7
#define ADDRESSES 3
#define SEEDS     150
#define STEPS     400
#define EVENTS    (STEPS * 3 + 2)
#define UP        20
#define DOWN      50

struct truth {
    bool there;
    int name;
    char rank; /* u, c or d */
    int mtu;
    int master;
    int changes;
    bool addresses[ADDRESSES];
    /* Since when it is on its side of the boundary above each rank. */
    uint64_t since[RANK_USABLE];
};

struct world {
    unsigned seed;
    struct truth links[LINKS + 1]; /* the names 1 to LINKS are all there are */
    json_t *history[EVENTS];
    int64_t sequence;
    bool more_follows;

    /* The application. */
    struct mirror_state state;
    char known[LINKS + 1]; /* rank; 0 for a link that isn't known */
    bool addresses[LINKS + 1][ADDRESSES];
    int reported;
    int flaps;
    int losses;
};

static enum link_rank rank_of(const struct truth *truth)
{
    if (!truth->there)
        return RANK_ABSENT;
    return truth->rank == 'u' ? RANK_USABLE : truth->rank == 'c' ? RANK_CONNECTED : RANK_PRESENT;
}

/* --- the daemon */

static json_t *message_json(const struct world *world, const char *type)
{
    return input_message(type, 1, world->sequence);
}

static json_t *link_json(const struct world *world, int index)
{
    const struct truth *truth = &world->links[index];
    char name[8];
    json_t *json;

    snprintf(name, sizeof(name), "eth%d", truth->name);
    json = input_link(index, name, truth->rank, truth->mtu);
    json_object_set_new(json, "carrier_changes", json_integer(truth->changes));
    if (truth->master)
        json_object_set_new(json, "master_ifindex", json_integer(truth->master));
    return json;
}

static void record(struct world *world, const char *type, const char *member, json_t *object)
{
    json_t *json;

    world->sequence++;
    json = message_json(world, type);
    json_object_set_new(json, member, object);
    if (world->more_follows)
        json_object_set_new(json, "more_follows", json_true());
    world->history[world->sequence] = json;
}

static void record_link(struct world *world, const char *type, int index)
{
    record(world, type, "link", link_json(world, index));
}

static void set_rank(struct world *world, int index, bool there, char rank)
{
    struct truth *truth = &world->links[index];
    enum link_rank before = rank_of(truth);
    enum link_rank now;

    truth->changes += (truth->rank == 'd') != (rank == 'd');
    truth->there = there;
    truth->rank = rank;
    now = rank_of(truth);
    for (enum link_rank boundary = RANK_ABSENT; boundary < RANK_USABLE; boundary++)
        if ((before > boundary) != (now > boundary))
            truth->since[boundary] = world->state.now;
}

static bool is_free(const struct world *world, int name)
{
    for (int i = 1; i <= LINKS; i++)
        if (world->links[i].there && world->links[i].name == name)
            return false;
    return true;
}

static void appear(struct world *world, int index)
{
    struct truth *truth = &world->links[index];
    int name = 1 + (int)input_draw(&world->seed, LINKS);

    /* As a rule one that was there. */
    if (truth->name && is_free(world, truth->name) && input_draw(&world->seed, 2) == 0)
        name = truth->name;
    if (!is_free(world, name))
        return;
    truth->name = name;
    truth->mtu = 1500;
    set_rank(world, index, true, "ucd"[input_draw(&world->seed, 3)]);
    record_link(world, "add", index);
}

static void set_master(struct world *world, int index, int master)
{
    world->links[index].master = master;
    record_link(world, "change", index);
}

static void disappear(struct world *world, int index)
{
    for (int i = 1; i <= LINKS; i++)
        if (world->links[i].there && world->links[i].master == index)
            set_master(world, i, 0);
    for (int i = 0; i < ADDRESSES; i++)
        if (world->links[index].addresses[i]) {
            world->links[index].addresses[i] = false;
            record(world, "remove", "address", input_address(index, i));
        }
    record_link(world, "remove", index);
    world->links[index].master = 0;
    set_rank(world, index, false, 'd');
}

static void swap(struct world *world, int index, int other)
{
    int name = world->links[index].name;

    world->links[index].name = world->links[other].name;
    world->links[other].name = name;
    world->more_follows = true;
    record_link(world, "change", index);
    world->more_follows = false;
    record_link(world, "change", other);
}

static void happen(struct world *world)
{
    int index = 1 + (int)input_draw(&world->seed, LINKS);
    int other = 1 + (int)input_draw(&world->seed, LINKS);
    int address = (int)input_draw(&world->seed, ADDRESSES);
    struct truth *truth = &world->links[index];

    if (!truth->there) {
        appear(world, index);
        return;
    }
    switch (input_draw(&world->seed, 10)) {
    case 0:
        disappear(world, index);
        break;
    case 1:
        truth->mtu++;
        record_link(world, "change", index);
        break;
    case 2:
        if (world->links[other].there && other != index)
            swap(world, index, other);
        break;
    case 3:
        if (world->links[other].there && other < index)
            set_master(world, index, truth->master == other ? 0 : other);
        break;
    case 4:
    case 5:
        truth->addresses[address] = !truth->addresses[address];
        record(world, truth->addresses[address] ? "add" : "remove", "address",
               input_address(index, address));
        break;
    default:
        set_rank(world, index, true, truth->rank == 'u' ? "cd"[input_draw(&world->seed, 2)] : 'u');
        record_link(world, "change", index);
    }
}

static void send_history(struct world *world, int64_t from)
{
    for (; from <= world->sequence; from++)
        input_send(&world->state, world->history[from]);
}

static void send_snapshot(struct world *world)
{
    for (int index = 1; index <= LINKS; index++) {
        json_t *json;

        if (!world->links[index].there)
            continue;
        json = message_json(world, "snapshot");
        json_object_set_new(json, "link", link_json(world, index));
        input_send_new(&world->state, json);
        for (int i = 0; i < ADDRESSES; i++)
            if (world->links[index].addresses[i]) {
                json = message_json(world, "snapshot");
                json_object_set_new(json, "address", input_address(index, i));
                input_send_new(&world->state, json);
            }
    }
    input_send_new(&world->state, message_json(world, "ready"));
}

static void connect_anew(struct world *world)
{
    json_t *parameters = mirror_state_begin(&world->state);
    const json_t *since = json_object_get(parameters, "since");

    if (since) {
        send_history(world, json_integer_value(json_object_get(since, "sequence")) + 1);
        input_send_new(&world->state, message_json(world, "ready"));
    } else {
        send_snapshot(world);
    }
    json_decref(parameters);
}

/* --- what the application knows */

static const struct object_set *links_of(const struct world *world)
{
    return &mirror_state_known(&world->state)->links;
}

static void check_consistent(const struct world *world)
{
    const struct snapshot *snapshot = mirror_state_known(&world->state);
    const struct linkwatch_address *address = NULL;

    for (size_t i = 0; i < snapshot->links.count; i++) {
        struct linkwatch_link *link = (struct linkwatch_link *)snapshot->links.objects[i];
        int64_t master;

        assert_ptr_equal(link_set_find(&snapshot->links, linkwatch_link_ifname(link)), link);
        if (linkwatch_link_get_integer(link, LINKWATCH_FIELD_MASTER_IFINDEX, &master) >= 0)
            assert_non_null(link_set_get(&snapshot->links, (int)master));
    }
    while ((address = address_set_next(&snapshot->addresses, 0, address)))
        assert_non_null(link_set_get(&snapshot->links, linkwatch_address_ifindex(address)));
}

/* What was reported comes to what the mirror has. */
static void check_reported(const struct world *world)
{
    for (int index = 1; index <= LINKS; index++) {
        const struct linkwatch_link *link = link_set_get(links_of(world), index);
        const struct linkwatch_address *address = NULL;
        int addresses = 0;

        assert_int_equal(world->known[index], link_rank(link));
        while ((address = address_set_next(&mirror_state_known(&world->state)->addresses, index,
                                           address)))
            addresses++;
        for (int i = 0; i < ADDRESSES; i++)
            addresses -= world->addresses[index][i];
        assert_int_equal(addresses, 0);
    }
}

static void take_event(struct world *world, const struct linkwatch_event *event)
{
    check_consistent(world);
    if (!linkwatch_event_more_follows(event))
        check_reported(world);
    assert_true(linkwatch_event_flaps(event) >= 0);
    world->flaps += linkwatch_event_flaps(event) > 0;
    world->reported++;
}

/* The link crossed the boundaries in between long enough ago, and did not come back. */
static void check_time(const struct world *world, int index, enum link_rank before,
                       enum link_rank now)
{
    const struct truth *truth = &world->links[index];
    bool up = now > before;
    enum link_rank first = up ? before : now;
    enum link_rank last = up ? now : before;

    for (enum link_rank boundary = first; boundary < last; boundary++) {
        assert_int_equal(rank_of(truth) > boundary, up);
        assert_true(world->state.now - truth->since[boundary] >= (up ? UP : DOWN));
    }
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct world *world = user;
    int index = linkwatch_link_ifindex(link);

    assert_int_equal(world->known[index], 0);
    world->known[index] = (char)link_rank(link);
    take_event(world, event);
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    struct world *world = user;
    int index = linkwatch_link_ifindex(now);

    assert_int_not_equal(fields, 0);
    assert_int_equal(world->known[index], link_rank(before));
    check_time(world, index, link_rank(before), link_rank(now));
    world->known[index] = (char)link_rank(now);
    take_event(world, event);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct world *world = user;
    int index = linkwatch_link_ifindex(link);

    assert_int_equal(world->known[index], link_rank(link));
    for (int i = 0; i < ADDRESSES; i++)
        assert_false(world->addresses[index][i]);
    world->known[index] = 0;
    take_event(world, event);
}

static bool *place_of(struct world *world, const struct linkwatch_address *address)
{
    int index = linkwatch_address_ifindex(address);

    assert_int_not_equal(world->known[index], 0);
    return &world->addresses[index][strrchr(linkwatch_address_local(address), '.')[1] - '0'];
}

static void on_address_add(void *user, struct linkwatch_address *address,
                           const struct linkwatch_event *event)
{
    struct world *world = user;

    assert_false(*place_of(world, address));
    *place_of(world, address) = true;
    take_event(world, event);
}

static void on_address_remove(void *user, struct linkwatch_address *address,
                              const struct linkwatch_event *event)
{
    struct world *world = user;

    assert_true(*place_of(world, address));
    *place_of(world, address) = false;
    take_event(world, event);
}

static const struct linkwatch_callbacks callbacks = {
    .size = sizeof(callbacks),
    .add = on_add,
    .change = on_change,
    .remove = on_remove,
    .address_add = on_address_add,
    .address_remove = on_address_remove,
};

static void check_truth(const struct world *world)
{
    for (int index = 1; index <= LINKS; index++) {
        struct linkwatch_link *link = link_set_get(links_of(world), index);
        struct linkwatch_link *truth = link_set_get(&world->state.current.links, index);

        assert_int_equal(truth != NULL, world->links[index].there);
        assert_int_equal(link != NULL, truth != NULL);
        if (link)
            assert_false(link_differs(link, truth));
        for (int i = 0; i < ADDRESSES; i++)
            assert_int_equal(world->addresses[index][i], world->links[index].addresses[i]);
    }
}

static void report_due(struct world *world)
{
    uint64_t deadline;

    assert_int_equal(mirror_state_report_due(&world->state), 0);
    /* What was due isn't any more. */
    deadline = mirror_state_deadline(&world->state);
    assert_true(deadline > world->state.now);
}

/* Nothing happens until nothing is due any more. */
static void be_quiet(struct world *world)
{
    uint64_t deadline;

    report_due(world);
    while ((deadline = mirror_state_deadline(&world->state)) != UINT64_MAX) {
        assert_true(deadline <= world->state.now + (UP > DOWN ? UP : DOWN));
        world->state.now = deadline;
        report_due(world);
    }
    check_truth(world);
}

static void step(struct world *world)
{
    int64_t before = world->sequence;

    world->state.now += input_draw(&world->seed, 30);
    happen(world);
    switch (input_draw(&world->seed, 25)) {
    case 0:
        mirror_state_break(&world->state);
        connect_anew(world);
        break;
    case 1:
        input_send_new(&world->state, message_json(world, "lost"));
        send_snapshot(world);
        world->losses++;
        break;
    case 2:
        send_history(world, before + 1);
        be_quiet(world);
        break;
    default:
        send_history(world, before + 1);
    }
    report_due(world);
    check_consistent(world);
    check_reported(world);
}

static void run(unsigned seed, struct world *sums)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->seed = seed;
    assert_int_equal(mirror_state_init(&world->state, NULL, &callbacks, world), 0);
    world->state.hold.times = (struct hold_times){.up = UP, .down = DOWN};
    world->state.follows_addresses = true;
    world->state.now = 1000;
    connect_anew(world);
    for (int i = 0; i < STEPS; i++)
        step(world);
    be_quiet(world);
    mirror_state_clear(&world->state);
    for (int i = 0; i < EVENTS; i++)
        json_decref(world->history[i]);
    sums->reported += world->reported;
    sums->flaps += world->flaps;
    sums->losses += world->losses;
    free(world);
}

static void what_is_known_is_possible_and_becomes_the_truth(void **state)
{
    struct world *sums = calloc(1, sizeof(*sums));

    (void)state;
    assert_non_null(sums);
    for (unsigned seed = 1; seed <= SEEDS; seed++)
        run(seed, sums);
    /* Nothing of all this happened by chance just never. */
    assert_true(sums->losses > SEEDS);
    assert_true(sums->flaps > SEEDS);
    assert_true(sums->reported > SEEDS * STEPS / 8);
    free(sums);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_is_possible_and_becomes_the_truth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
