/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of a mirror, beside a model of the daemon that loses events, restarts and hangs up at
 * random: whatever happens, the application gets no change or remove of a link that it doesn't
 * know, and no add of one that it does, and in the end it knows the right links. The seeds are
 * fixed: a failure can be repeated. */
#include "tests/client/mirror_input.h"

#define LINKS   8
#define HISTORY 32
#define SEEDS   200
#define STEPS   300

struct state {
    bool there;
    bool in; /* its name begins with e: it fits the filter */
    int mtu;
    int made; /* which link of that index it is, in carrier_changes */
};

struct world {
    unsigned seed;
    const char *glob; /* the filter's, NULL for none */

    /* The daemon. */
    struct state links[LINKS + 1];
    int instance;
    int64_t sequence;
    json_t *history[HISTORY]; /* event N at N % HISTORY, NULL if the filter holds it back */
    int64_t oldest;
    bool connected;

    /* The application. */
    struct mirror_state state;
    bool known[LINKS + 1];
    int readies;
    int resumes;
    int losses;
};

static bool chance(struct world *world, unsigned percent)
{
    return input_draw(&world->seed, 100) < percent;
}

static json_t *link_json(int index, const struct state *state)
{
    char name[16];

    snprintf(name, sizeof(name), "%c%d", state->in ? 'e' : 'w', index);
    return json_pack("{s:i, s:s, s:s, s:i, s:i}", "ifindex", index, "ifname", name, "link_type",
                     "ether", "mtu", state->mtu, "carrier_changes", state->made);
}

static bool passes(const struct world *world, const struct state *state)
{
    return !world->glob || (state->there && state->in);
}

/* Something happened: it goes into the history, and may be sent at once. */
static json_t *record(struct world *world, int index, const char *type, const struct state *before,
                      const struct state *after)
{
    json_t *json = input_message(type, world->instance, ++world->sequence);
    json_t **place = &world->history[world->sequence % HISTORY];

    json_object_set_new(json, "link", link_json(index, after->there ? after : before));
    json_decref(*place);
    *place = NULL;
    if (world->sequence - world->oldest >= HISTORY)
        world->oldest = world->sequence - HISTORY + 1;
    if (passes(world, before) || passes(world, after))
        *place = json_incref(json);
    json_decref(json);
    return *place;
}

/* One change of one link in the kernel; what it is called as an event. */
static const char *change(struct world *world, struct state *state)
{
    if (!state->there) {
        *state = (struct state){
            .there = true, .in = chance(world, 50), .mtu = 1500, .made = state->made};
        return "add";
    }
    if (chance(world, 25)) {
        state->there = false;
        return "remove";
    }
    if (chance(world, 40))
        state->in = !state->in;
    else
        state->mtu++;
    return "change";
}

static void happen(struct world *world, int passed)
{
    int index = 1 + (int)input_draw(&world->seed, LINKS);
    struct state before = world->links[index];
    const char *type = change(world, &world->links[index]);
    json_t *event = record(world, index, type, &before, &world->links[index]);

    if (event && world->connected && index <= passed)
        input_send_new(&world->state, json_incref(event));
}

static void send_ready(struct world *world)
{
    input_send_new(&world->state, input_message("ready", world->instance, world->sequence));
}

/* Links in their order; in between come events about those that passed. */
static void send_snapshot(struct world *world)
{
    for (int index = 1; index <= LINKS; index++) {
        if (chance(world, 20))
            happen(world, index - 1);
        if (world->links[index].there && passes(world, &world->links[index])) {
            json_t *json = input_message("snapshot", world->instance, world->sequence);

            json_object_set_new(json, "link", link_json(index, &world->links[index]));
            input_send_new(&world->state, json);
        }
    }
    send_ready(world);
}

static void send_lost(struct world *world)
{
    world->losses++;
    input_send_new(&world->state, input_message("lost", world->instance, world->sequence));
    send_snapshot(world);
}

static void send_history(struct world *world, int64_t since)
{
    world->resumes++;
    for (int64_t sequence = since + 1; sequence <= world->sequence; sequence++) {
        json_t *event = world->history[sequence % HISTORY];

        if (event)
            input_send_new(&world->state, json_incref(event));
    }
    send_ready(world);
}

static void answer_since(struct world *world, const json_t *since)
{
    int instance = atoi(json_string_value(json_object_get(since, "instance")));
    int64_t sequence = json_integer_value(json_object_get(since, "sequence"));

    if (instance == world->instance && sequence + 1 >= world->oldest)
        send_history(world, sequence);
    else
        send_lost(world);
}

static void make_connection(struct world *world)
{
    json_t *parameters = mirror_state_begin(&world->state);
    const json_t *since = json_object_get(parameters, "since");

    world->connected = true;
    if (since)
        answer_since(world, since);
    else
        send_snapshot(world);
    json_decref(parameters);
}

static void break_connection(struct world *world)
{
    mirror_state_break(&world->state);
    world->connected = false;
}

/* A reused index is of another link, whose counters begin anew: higher ones would be
 * taken for the same link's. */
static void restart(struct world *world)
{
    if (world->connected)
        break_connection(world);
    world->instance++;
    world->sequence = 0;
    world->oldest = 1;
    for (int index = 1; index <= LINKS; index++)
        change(world, &world->links[index]);
}

static void check_truth(struct world *world)
{
    for (int index = 1; index <= LINKS; index++) {
        const struct state *state = &world->links[index];
        struct linkwatch_link *link = link_set_get(&world->state.current.links, index);
        char *json;

        assert_int_equal(link != NULL, state->there && passes(world, state));
        assert_int_equal(link != NULL, world->known[index]);
        if (!link)
            continue;
        json_t *expected = link_json(index, state);
        json = json_dumps(expected, JSON_COMPACT);
        assert_string_equal(linkwatch_link_json(link), json);
        json_decref(expected);
        free(json);
    }
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct world *world = user;
    int index = linkwatch_link_ifindex(link);

    (void)event;
    assert_false(world->known[index]);
    world->known[index] = true;
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    struct world *world = user;

    (void)event;
    assert_true(world->known[linkwatch_link_ifindex(now)]);
    assert_int_equal(fields, linkwatch_link_compare(before, now));
    assert_int_not_equal(fields, 0);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct world *world = user;
    int index = linkwatch_link_ifindex(link);

    (void)event;
    assert_true(world->known[index]);
    world->known[index] = false;
}

static void on_ready(void *user)
{
    struct world *world = user;

    world->readies++;
}

static const struct linkwatch_callbacks callbacks = {
    .size = sizeof(callbacks),
    .add = on_add,
    .change = on_change,
    .remove = on_remove,
    .ready = on_ready,
};

static void step(struct world *world)
{
    switch (input_draw(&world->seed, 20)) {
    case 0:
        restart(world);
        break;
    case 1:
    case 2:
        if (world->connected)
            break_connection(world);
        break;
    case 3:
        if (world->connected)
            send_lost(world);
        break;
    case 4:
    case 5:
        if (!world->connected)
            make_connection(world);
        break;
    default:
        happen(world, LINKS);
    }
    if (world->connected)
        check_truth(world);
}

static void run(unsigned seed, const char *glob, struct world *sums)
{
    struct world world = {.seed = seed, .glob = glob, .oldest = 1};
    struct linkwatch_filter *filter;

    assert_int_equal(linkwatch_filter_new(&filter), 0);
    if (glob)
        assert_int_equal(linkwatch_filter_add_name(filter, glob), 0);
    assert_int_equal(mirror_state_init(&world.state, filter, &callbacks, &world), 0);
    linkwatch_filter_free(filter);
    for (int i = 0; i < STEPS; i++)
        step(&world);
    mirror_state_clear(&world.state);
    for (int i = 0; i < HISTORY; i++)
        json_decref(world.history[i]);
    sums->readies += world.readies;
    sums->resumes += world.resumes;
    sums->losses += world.losses;
}

static void run_seeds(const char *glob)
{
    struct world sums = {0};

    for (unsigned seed = 1; seed <= SEEDS; seed++)
        run(seed, glob, &sums);
    /* Nothing of all this happened by chance just never. */
    assert_true(sums.resumes > SEEDS);
    assert_true(sums.losses > SEEDS);
    assert_true(sums.readies >= sums.resumes + sums.losses);
}

static void the_events_are_consistent_and_the_links_end_right(void **state)
{
    (void)state;
    run_seeds(NULL);
}

static void with_a_filter_the_events_are_consistent_and_the_links_end_right(void **state)
{
    (void)state;
    run_seeds("e*");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_events_are_consistent_and_the_links_end_right),
        cmocka_unit_test(with_a_filter_the_events_are_consistent_and_the_links_end_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
