/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mirror of links that swap their names in cycles, while the connection breaks in the middle of
 * events that belong together, and events are lost there: in a callback two links never have one
 * name, with a filter and without. The seeds are fixed. */
#include "tests/client/mirror_input.h"

#define LINKS  6
#define SEEDS  200
#define STEPS  200
#define EVENTS (STEPS * LINKS)

struct world {
    unsigned seed;
    const char *filter; /* a name's first letters pass; NULL for all */

    /* The daemon: who bears which letter, and its events. */
    char names[LINKS + 1];
    int mtus[LINKS + 1];
    json_t *history[EVENTS + 1]; /* NULL if the filter holds it back */
    bool ends[EVENTS + 1];       /* nothing that belongs to it follows */
    int64_t sequence;

    /* The application. */
    struct mirror_state state;
    char known[LINKS + 1]; /* its name; 0 for one that isn't known */
    bool more_follows;     /* another callback belongs to the last one */
    int reported;
    int readies;
    int torn; /* connections that broke in the middle */
};

static bool passes(const struct world *world, char name)
{
    return !world->filter || strchr(world->filter, name);
}

static json_t *with_link(json_t *json, const struct world *world, int index)
{
    char name[] = {world->names[index], '\0'};

    json_object_set_new(json, "link",
                        json_pack("{s:i, s:s, s:s, s:i}", "ifindex", index, "ifname", name,
                                  "link_type", "ether", "mtu", world->mtus[index]));
    return json;
}

static void send_snapshot(struct world *world)
{
    for (int index = 1; index <= LINKS; index++)
        if (passes(world, world->names[index]))
            input_send_new(&world->state,
                           with_link(input_message("snapshot", 1, world->sequence), world, index));
    input_send_new(&world->state, input_message("ready", 1, world->sequence));
}

/* Events of the history from there on, up to that one; more follows of those that belong
 * together and pass. */
static void send_history(struct world *world, int64_t from, int64_t to)
{
    for (; from <= to; from++)
        if (world->history[from])
            input_send(&world->state, world->history[from]);
}

static void make_connection(struct world *world)
{
    json_t *parameters = mirror_state_begin(&world->state);
    const json_t *since = json_object_get(parameters, "since");

    if (since) {
        int64_t sequence = json_integer_value(json_object_get(since, "sequence"));

        assert_true(sequence == 0 || world->ends[sequence]);
        send_history(world, sequence + 1, world->sequence);
        input_send_new(&world->state, input_message("ready", 1, world->sequence));
    } else {
        send_snapshot(world);
    }
    json_decref(parameters);
}

/* Some links hand their names on in a circle; one alone changes otherwise. The first of the
 * events, and the last. */
static void happen(struct world *world, int64_t *ret_first, int64_t *ret_last)
{
    int count = 1 + (int)input_draw(&world->seed, 4);
    int first = 1 + (int)input_draw(&world->seed, LINKS - (unsigned)count + 1);
    char kept = world->names[first];
    json_t *last = NULL;

    *ret_first = world->sequence + 1;
    for (int index = first; index < first + count; index++) {
        char before = world->names[index];
        json_t *json;

        world->names[index] = index + 1 < first + count ? world->names[index + 1] : kept;
        world->mtus[index] += count == 1;
        if (passes(world, before) || passes(world, world->names[index])) {
            json = with_link(input_message("change", 1, ++world->sequence), world, index);
            if (last)
                json_object_set_new(last, "more_follows", json_true());
            last = world->history[world->sequence] = json;
        } else {
            world->sequence++;
        }
    }
    world->ends[world->sequence] = true;
    *ret_last = world->sequence;
    /* For the consumer it ends with the last that it sees. */
    for (int64_t i = *ret_last; i >= *ret_first && !world->history[i]; i--)
        world->ends[i - 1] = true;
}

static void check_truth(struct world *world)
{
    for (int index = 1; index <= LINKS; index++) {
        const struct linkwatch_link *link = link_set_get(&world->state.current.links, index);

        assert_int_equal(link != NULL, passes(world, world->names[index]));
        if (link)
            assert_int_equal(linkwatch_link_ifname(link)[0], world->names[index]);
    }
}

/* What was reported to the application comes to the links of the mirror. */
static void check_reported(const struct world *world)
{
    for (int index = 1; index <= LINKS; index++) {
        const struct linkwatch_link *link = link_set_get(&world->state.current.links, index);

        assert_int_equal(world->known[index], link ? linkwatch_link_ifname(link)[0] : 0);
    }
}

static void check_event(struct world *world, const struct linkwatch_event *event)
{
    const struct object_set *held = &world->state.current.links;

    for (size_t i = 0; i < held->count; i++) {
        struct linkwatch_link *link = (struct linkwatch_link *)held->objects[i];

        assert_ptr_equal(link_set_find(held, linkwatch_link_ifname(link)), link);
    }
    world->more_follows = linkwatch_event_more_follows(event);
    if (!world->more_follows)
        check_reported(world);
    world->reported++;
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct world *world = user;
    char *known = &world->known[linkwatch_link_ifindex(link)];

    assert_int_equal(*known, 0);
    *known = linkwatch_link_ifname(link)[0];
    check_event(world, event);
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    struct world *world = user;
    char *known = &world->known[linkwatch_link_ifindex(now)];

    (void)before;
    assert_int_not_equal(fields, 0);
    assert_int_not_equal(*known, 0);
    *known = linkwatch_link_ifname(now)[0];
    check_event(world, event);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct world *world = user;
    char *known = &world->known[linkwatch_link_ifindex(link)];

    assert_int_not_equal(*known, 0);
    *known = 0;
    check_event(world, event);
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
    int64_t first, last;
    int64_t torn_at;

    happen(world, &first, &last);
    torn_at = first + input_draw(&world->seed, (unsigned)(last - first + 1));
    switch (input_draw(&world->seed, 6)) {
    case 0:
        /* The connection breaks somewhere in it. */
        send_history(world, first, torn_at);
        world->torn += world->state.group.count > 0;
        mirror_state_break(&world->state);
        make_connection(world);
        break;
    case 1:
        /* The rest is lost to it. */
        send_history(world, first, torn_at);
        input_send_new(&world->state, input_message("lost", 1, world->sequence));
        send_snapshot(world);
        break;
    default:
        send_history(world, first, last);
    }
    assert_int_equal(world->state.group.count, 0);
    assert_false(world->more_follows);
    check_reported(world);
    check_truth(world);
}

static void run(unsigned seed, const char *letters, struct world *sums)
{
    struct world *world = calloc(1, sizeof(*world));
    struct linkwatch_filter *filter;

    assert_non_null(world);
    world->seed = seed;
    world->filter = letters;
    for (int index = 1; index <= LINKS; index++)
        world->names[index] = (char)('a' + index - 1);
    assert_int_equal(linkwatch_filter_new(&filter), 0);
    if (letters) {
        char glob[16];

        snprintf(glob, sizeof(glob), "[%s]", letters);
        assert_int_equal(linkwatch_filter_add_name(filter, glob), 0);
    }
    assert_int_equal(mirror_state_init(&world->state, filter, &callbacks, world), 0);
    linkwatch_filter_free(filter);
    make_connection(world);
    for (int i = 0; i < STEPS; i++)
        step(world);
    mirror_state_clear(&world->state);
    for (int i = 0; i <= EVENTS; i++)
        json_decref(world->history[i]);
    sums->reported += world->reported;
    sums->readies += world->readies;
    sums->torn += world->torn;
    free(world);
}

static void run_seeds(const char *letters)
{
    struct world *sums = calloc(1, sizeof(*sums));

    assert_non_null(sums);
    for (unsigned seed = 1; seed <= SEEDS; seed++)
        run(seed, letters, sums);
    /* Nothing of all this happened by chance just never. */
    assert_true(sums->torn > SEEDS);
    assert_true(sums->readies > SEEDS);
    assert_true(sums->reported > SEEDS * STEPS / 2);
    free(sums);
}

static void no_two_links_have_one_name(void **state)
{
    (void)state;
    run_seeds(NULL);
}

static void no_two_links_of_a_filter_have_one_name(void **state)
{
    (void)state;
    run_seeds("ace");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_links_have_one_name),
        cmocka_unit_test(no_two_links_of_a_filter_have_one_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
