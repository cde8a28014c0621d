/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a mirror holds back, on a virtual clock: each report is written down as a word. "+2u" is an
 * add of link 2 that is usable, "~2d" a change to one that is down, "-2" a remove; "c" is one that
 * has a carrier and is not usable. "@" is of an address. Behind it are the event's number, the MTU
 * if it isn't 1500, and flaps: "~2d#7*2". */
#include "tests/client/mirror_input.h"

#define SECOND UINT64_C(1000000)
#define UP     (2 * SECOND)
#define DOWN   (5 * SECOND)

struct trial {
    struct mirror_state state;
    int64_t sequence;
    int instance;
    char words[1024];
};

struct spec {
    int ifindex;
    const char *name;
    char rank; /* u, c or d */
    int mtu;
    int master;
    const char *altname;
};

static char letter_of(const struct linkwatch_link *link)
{
    return "-dcu"[link_rank(link)];
}

__attribute__((format(printf, 2, 3))) static void write_down(struct trial *trial,
                                                             const char *format, ...)
{
    size_t length = strlen(trial->words);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(trial->words + length, sizeof(trial->words) - length, format, arguments);
    va_end(arguments);
}

static void write_event(struct trial *trial, const struct linkwatch_event *event)
{
    int64_t sequence;

    if (linkwatch_event_get_sequence(event, &sequence) >= 0)
        write_down(trial, "#%d", (int)sequence);
    if (linkwatch_event_flaps(event) > 0)
        write_down(trial, "*%d", (int)linkwatch_event_flaps(event));
    write_down(trial, "%c", linkwatch_event_more_follows(event) ? ',' : ' ');
}

static void write_link(struct trial *trial, const struct linkwatch_link *link,
                       const struct linkwatch_event *event)
{
    int64_t mtu;

    write_down(trial, "%d%c", linkwatch_link_ifindex(link), letter_of(link));
    assert_int_equal(linkwatch_link_get_integer(link, LINKWATCH_FIELD_MTU, &mtu), 0);
    if (mtu != 1500)
        write_down(trial, ":%d", (int)mtu);
    write_event(trial, event);
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    write_down(user, "+");
    write_link(user, link, event);
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    assert_int_equal(linkwatch_link_compare(before, now), fields);
    write_down(user, "~");
    write_link(user, now, event);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    write_down(user, "-%d", linkwatch_link_ifindex(link));
    write_event(user, event);
}

static void on_address_add(void *user, struct linkwatch_address *address,
                           const struct linkwatch_event *event)
{
    write_down(user, "+@%d", linkwatch_address_ifindex(address));
    write_event(user, event);
}

static void on_address_remove(void *user, struct linkwatch_address *address,
                              const struct linkwatch_event *event)
{
    write_down(user, "-@%d", linkwatch_address_ifindex(address));
    write_event(user, event);
}

static const struct linkwatch_callbacks callbacks = {
    .size = sizeof(callbacks),
    .add = on_add,
    .change = on_change,
    .remove = on_remove,
    .address_add = on_address_add,
    .address_remove = on_address_remove,
};

/* What was reported since the last time. */
static void expect(struct trial *trial, const char *words)
{
    assert_string_equal(trial->words, words);
    trial->words[0] = '\0';
}

static json_t *message(const struct trial *trial, const char *type)
{
    return input_message(type, trial->instance, trial->sequence);
}

static void send(struct trial *trial, json_t *json)
{
    input_send_new(&trial->state, json);
}

static json_t *link_json(struct spec spec)
{
    char name[16];
    json_t *json;

    snprintf(name, sizeof(name), "eth%d", spec.ifindex);
    json = input_link(spec.ifindex, spec.name ? spec.name : name, spec.rank,
                      spec.mtu ? spec.mtu : 1500);
    if (spec.master)
        json_object_set_new(json, "master_ifindex", json_integer(spec.master));
    if (spec.altname)
        json_object_set_new(json, "altnames", json_pack("[s]", spec.altname));
    return json;
}

static json_t *link_message(struct trial *trial, const char *type, struct spec spec)
{
    json_t *json = message(trial, type);

    json_object_set_new(json, "link", link_json(spec));
    return json;
}

static void report_due(struct trial *trial)
{
    assert_int_equal(mirror_state_report_due(&trial->state), 0);
}

/* An event; and then what is due. */
static void event(struct trial *trial, const char *type, struct spec spec)
{
    trial->sequence++;
    send(trial, link_message(trial, type, spec));
    report_due(trial);
}

/* The same, with flaps that nobody saw. */
static void flapping(struct trial *trial, struct spec spec, int flaps)
{
    json_t *json;

    trial->sequence++;
    json = link_message(trial, "change", spec);
    json_object_set_new(json, "flaps", json_integer(flaps));
    send(trial, json);
    report_due(trial);
}

static void address_event(struct trial *trial, const char *type, int ifindex, int number)
{
    json_t *json;

    trial->sequence++;
    json = message(trial, type);
    json_object_set_new(json, "address", input_address(ifindex, number));
    send(trial, json);
    report_due(trial);
}

/* Lets time go by; nothing is due before the end of it. */
static void pass(struct trial *trial, uint64_t time)
{
    assert_true(mirror_state_deadline(&trial->state) >= trial->state.now + time);
    trial->state.now += time;
    report_due(trial);
}

static void expect_due_in(const struct trial *trial, uint64_t time)
{
    assert_int_equal(mirror_state_deadline(&trial->state), trial->state.now + time);
}

static void expect_quiet(const struct trial *trial)
{
    assert_true(mirror_state_deadline(&trial->state) == UINT64_MAX);
}

static void snapshot(struct trial *trial, size_t count, const struct spec *specs)
{
    for (size_t i = 0; i < count; i++)
        send(trial, link_message(trial, "snapshot", specs[i]));
    send(trial, message(trial, "ready"));
    report_due(trial);
}

static void connect_anew(struct trial *trial)
{
    json_decref(mirror_state_begin(&trial->state));
}

static struct trial *start_with(void **state, const char *glob, size_t count,
                                const struct spec *specs)
{
    struct trial *trial = calloc(1, sizeof(*trial));
    struct linkwatch_filter *filter;

    assert_non_null(trial);
    assert_int_equal(linkwatch_filter_new(&filter), 0);
    if (glob)
        assert_int_equal(linkwatch_filter_add_name(filter, glob), 0);
    assert_int_equal(mirror_state_init(&trial->state, filter, &callbacks, trial), 0);
    linkwatch_filter_free(filter);
    trial->state.hold.times = (struct hold_times){.up = UP, .down = DOWN};
    trial->state.follows_addresses = true;
    trial->state.now = 1000 * SECOND;
    connect_anew(trial);
    snapshot(trial, count, specs);
    trial->words[0] = '\0';
    *state = trial;
    return trial;
}

#define ARRAY(...)                                                                          \
    sizeof((const struct spec[]){__VA_ARGS__}) / sizeof(struct spec), (const struct spec[]) \
    {                                                                                       \
        __VA_ARGS__                                                                         \
    }
#define LINK(...) ((struct spec){__VA_ARGS__})

/* A trial in which eth2 is usable. */
static struct trial *start(void **state)
{
    return start_with(state, NULL, ARRAY(LINK(2, .rank = 'u')));
}

static int end(void **state)
{
    struct trial *trial = *state;

    mirror_state_clear(&trial->state);
    free(trial);
    return 0;
}

#define TEST(test) cmocka_unit_test_teardown(test, end)

static void the_first_snapshot_is_reported_at_once(void **state)
{
    struct trial *trial = calloc(1, sizeof(*trial));

    assert_non_null(trial);
    *state = trial;
    assert_int_equal(mirror_state_init(&trial->state, NULL, &callbacks, trial), 0);
    trial->state.hold.times = (struct hold_times){.up = UP, .down = DOWN};
    connect_anew(trial);
    snapshot(trial, ARRAY(LINK(2, .rank = 'u'), LINK(3, .rank = 'd')));
    expect(trial, "+2u,+3d ");
    expect_quiet(trial);
}

static void a_carrier_that_comes_back_in_time_is_not_reported(void **state)
{
    struct trial *trial = start(state);

    event(trial, "change", LINK(2, .rank = 'd'));
    expect_due_in(trial, DOWN);
    pass(trial, DOWN - 1);
    event(trial, "change", LINK(2, .rank = 'u'));
    expect_quiet(trial);
    pass(trial, 2 * DOWN);
    expect(trial, "");
}

static void what_was_not_reported_is_among_the_flaps_of_the_next_event(void **state)
{
    struct trial *trial = start(state);

    event(trial, "change", LINK(2, .rank = 'd'));
    event(trial, "change", LINK(2, .rank = 'u'));
    expect(trial, "");
    event(trial, "change", LINK(2, .rank = 'u', .mtu = 9000));
    expect(trial, "~2u:9000#3*2 ");
    event(trial, "change", LINK(2, .rank = 'u'));
    expect(trial, "~2u#4 ");
}

static void a_link_that_stays_down_is_reported_when_due_with_its_own_number(void **state)
{
    struct trial *trial = start(state);

    event(trial, "change", LINK(2, .rank = 'd'));
    event(trial, "change", LINK(2, .rank = 'u'));
    event(trial, "change", LINK(2, .rank = 'd'));
    event(trial, "change", LINK(2, .rank = 'd', .mtu = 9000));
    expect(trial, "~2u:9000#4*2 ");
    pass(trial, DOWN);
    expect(trial, "~2d:9000#3 ");
    expect_quiet(trial);
}

static void a_link_that_stays_up_is_reported_after_the_time_for_up(void **state)
{
    struct trial *trial = start_with(state, NULL, ARRAY(LINK(2, .rank = 'd')));

    event(trial, "change", LINK(2, .rank = 'u'));
    expect_due_in(trial, UP);
    pass(trial, UP - 1);
    event(trial, "change", LINK(2, .rank = 'd'));
    expect_quiet(trial);
    event(trial, "change", LINK(2, .rank = 'u'));
    pass(trial, UP - 1);
    expect(trial, "");
    pass(trial, 1);
    expect(trial, "~2u#3*2 ");
}

static void a_state_between_is_reported_while_the_last_one_flaps(void **state)
{
    struct trial *trial = start_with(state, NULL, ARRAY(LINK(2, .rank = 'd')));

    event(trial, "change", LINK(2, .rank = 'c'));
    pass(trial, SECOND);
    event(trial, "change", LINK(2, .rank = 'u'));
    pass(trial, SECOND);
    expect(trial, "~2c#1 ");
    event(trial, "change", LINK(2, .rank = 'c'));
    event(trial, "change", LINK(2, .rank = 'u'));
    pass(trial, UP - 1);
    expect(trial, "");
    pass(trial, 1);
    expect(trial, "~2u#4*2 ");
}

static void a_state_between_is_reported_on_the_way_down_too(void **state)
{
    struct trial *trial = start(state);

    event(trial, "change", LINK(2, .rank = 'c'));
    pass(trial, SECOND);
    event(trial, "remove", LINK(2, .rank = 'c'));
    pass(trial, DOWN - SECOND);
    expect(trial, "~2c#1 ");
    pass(trial, SECOND);
    expect(trial, "-2#2 ");
    expect_quiet(trial);
}

static void flaps_that_nobody_saw_are_counted_and_interrupt(void **state)
{
    struct trial *trial = start(state);

    flapping(trial, LINK(2, .rank = 'u'), 4);
    expect(trial, "");
    event(trial, "change", LINK(2, .rank = 'd'));
    pass(trial, SECOND);
    flapping(trial, LINK(2, .rank = 'd'), 2);
    expect_due_in(trial, DOWN);
    pass(trial, DOWN);
    expect(trial, "~2d#2*6 ");
}

static void flaps_that_nobody_saw_are_reported_where_none_would_be_held(void **state)
{
    struct trial *trial = start(state);

    trial->state.hold.times.down = 0;
    flapping(trial, LINK(2, .rank = 'u'), 2);
    expect(trial, "~2u#1*2 ");
    event(trial, "change", LINK(2, .rank = 'd'));
    expect(trial, "~2d#2 ");
    event(trial, "change", LINK(2, .rank = 'u'));
    expect(trial, "");
    expect_due_in(trial, UP);
}

static void what_else_changes_has_the_state_that_was_reported(void **state)
{
    struct trial *trial = start(state);
    const struct linkwatch_link *link;
    const char *operstate;

    event(trial, "change", LINK(2, .rank = 'd'));
    event(trial, "change", LINK(2, .name = "lan0", .rank = 'd'));
    expect(trial, "~2u#2 ");
    link = link_set_get(&mirror_state_known(&trial->state)->links, 2);
    assert_string_equal(linkwatch_link_ifname(link), "lan0");
    assert_int_equal(linkwatch_link_get_string(link, LINKWATCH_FIELD_OPERSTATE, &operstate), 0);
    assert_string_equal(operstate, "UP");
    assert_int_equal(linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "LOWER_UP"), 1);
    assert_int_equal(linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "NO-CARRIER"), 0);
}

/* A port of a veth shows that its peer is down some time before its carrier is gone. */
static void that_the_lower_link_is_down_is_held_like_the_carrier(void **state)
{
    struct trial *trial = start(state);
    json_t *json;

    trial->sequence++;
    json = link_message(trial, "change", LINK(2, .rank = 'u'));
    json_array_append_new(json_object_get(json_object_get(json, "link"), "flags"),
                          json_string("M-DOWN"));
    send(trial, json);
    event(trial, "change", LINK(2, .rank = 'd'));
    event(trial, "change", LINK(2, .rank = 'u'));
    expect(trial, "");
    expect_quiet(trial);
}

static void a_link_that_is_there_again_in_time_was_never_gone(void **state)
{
    struct trial *trial = start(state);

    event(trial, "remove", LINK(2, .rank = 'u'));
    expect_due_in(trial, DOWN);
    pass(trial, SECOND);
    event(trial, "add", LINK(2, .rank = 'u', .mtu = 9000));
    expect(trial, "~2u:9000#2*2 ");
    expect_quiet(trial);
}

static void a_removal_that_lasts_is_reported_when_due(void **state)
{
    struct trial *trial = start(state);

    event(trial, "remove", LINK(2, .rank = 'u'));
    expect(trial, "");
    assert_non_null(link_set_get(&mirror_state_known(&trial->state)->links, 2));
    pass(trial, DOWN);
    expect(trial, "-2#1 ");
    assert_null(link_set_get(&mirror_state_known(&trial->state)->links, 2));
}

static void another_link_of_the_name_ends_a_removal(void **state)
{
    struct trial *trial = start(state);

    event(trial, "remove", LINK(2, .rank = 'u'));
    event(trial, "add", LINK(7, .name = "eth2", .rank = 'u'));
    expect(trial, "-2#1 ");
    pass(trial, UP);
    expect(trial, "+7u#2 ");
    event(trial, "remove", LINK(7, .name = "eth2", .rank = 'u'));
    event(trial, "add", LINK(8, .rank = 'u', .altname = "eth2"));
    expect(trial, "-7#3 ");
}

static void another_link_of_the_index_ends_a_removal(void **state)
{
    struct trial *trial = start(state);

    event(trial, "remove", LINK(2, .rank = 'u'));
    event(trial, "add", LINK(2, .name = "wlan0", .rank = 'd'));
    expect(trial, "-2#1 ");
    pass(trial, UP);
    expect(trial, "+2d#2 ");
}

static void a_rename_to_the_name_ends_a_removal(void **state)
{
    struct trial *trial =
        start_with(state, NULL, ARRAY(LINK(2, .rank = 'u'), LINK(3, .rank = 'u')));

    event(trial, "remove", LINK(2, .rank = 'u'));
    event(trial, "change", LINK(3, .name = "eth2", .rank = 'u'));
    expect(trial, "-2#1,~3u#2 ");
}

static void a_link_that_does_not_stay_is_never_reported(void **state)
{
    struct trial *trial = start(state);

    event(trial, "add", LINK(3, .rank = 'u'));
    address_event(trial, "add", 3, 1);
    event(trial, "change", LINK(3, .rank = 'u', .mtu = 9000));
    address_event(trial, "remove", 3, 1);
    event(trial, "remove", LINK(3, .rank = 'u'));
    expect_quiet(trial);
    expect(trial, "");
    assert_int_equal(trial->state.hold.held.count, 0);
}

static void addresses_follow_their_link(void **state)
{
    struct trial *trial = start(state);

    event(trial, "add", LINK(3, .rank = 'u'));
    address_event(trial, "add", 3, 1);
    address_event(trial, "add", 3, 2);
    address_event(trial, "remove", 3, 1);
    address_event(trial, "add", 2, 9);
    expect(trial, "+@2#5 ");
    pass(trial, UP);
    expect(trial, "+3u#1,+@3#3 ");
    address_event(trial, "remove", 3, 2);
    event(trial, "remove", LINK(3, .rank = 'u'));
    expect(trial, "-@3#6 ");
    pass(trial, DOWN);
    expect(trial, "-3#7 ");
}

static void a_new_link_whose_carrier_flaps_is_reported_without_it(void **state)
{
    struct trial *trial = start(state);

    event(trial, "add", LINK(3, .rank = 'd'));
    pass(trial, SECOND);
    event(trial, "change", LINK(3, .rank = 'u', .mtu = 9000));
    pass(trial, SECOND);
    expect(trial, "+3d:9000#1 ");
    expect_due_in(trial, SECOND);
}

static void the_master_of_a_port_is_reported_with_it(void **state)
{
    struct trial *trial = start(state);

    event(trial, "add", LINK(9, .rank = 'd'));
    expect(trial, "");
    event(trial, "change", LINK(2, .rank = 'u', .master = 9));
    expect(trial, "+9d#1,~2u#2 ");
    expect_quiet(trial);
}

static void links_that_refer_to_each_other_are_reported_together(void **state)
{
    struct trial *trial = start(state);

    event(trial, "add", LINK(3, .rank = 'd', .master = 4));
    pass(trial, SECOND);
    event(trial, "add", LINK(4, .rank = 'd', .master = 3));
    pass(trial, SECOND);
    expect(trial, "+4d#2,+3d#1 ");
    event(trial, "remove", LINK(3, .rank = 'd', .master = 4));
    event(trial, "remove", LINK(4, .rank = 'd', .master = 3));
    event(trial, "add", LINK(5, .name = "eth3", .rank = 'd'));
    expect(trial, "-4#4,-3#3 ");
}

static void a_port_that_is_gone_goes_before_its_master(void **state)
{
    struct trial *trial = start_with(
        state, NULL, ARRAY(LINK(2, .rank = 'u', .master = 3), LINK(3, .name = "br0", .rank = 'u')));

    event(trial, "remove", LINK(2, .rank = 'u', .master = 3));
    event(trial, "remove", LINK(3, .name = "br0", .rank = 'u'));
    event(trial, "add", LINK(4, .name = "br0", .rank = 'd'));
    expect(trial, "-2#1,-3#2 ");
}

static void a_snapshot_in_which_it_is_back_is_no_report(void **state)
{
    struct trial *trial =
        start_with(state, NULL, ARRAY(LINK(2, .rank = 'u'), LINK(3, .rank = 'u')));

    event(trial, "change", LINK(2, .rank = 'd'));
    event(trial, "remove", LINK(3, .rank = 'u'));
    send(trial, message(trial, "lost"));
    expect_quiet(trial);
    snapshot(trial, ARRAY(LINK(2, .rank = 'u'), LINK(3, .rank = 'u')));
    expect(trial, "");
    expect_quiet(trial);
}

static void a_snapshot_in_which_it_is_not_back_changes_nothing(void **state)
{
    struct trial *trial =
        start_with(state, NULL, ARRAY(LINK(2, .rank = 'u'), LINK(3, .rank = 'u')));

    event(trial, "change", LINK(2, .rank = 'd'));
    event(trial, "remove", LINK(3, .rank = 'u'));
    trial->state.now += SECOND;
    mirror_state_break(&trial->state);
    expect_quiet(trial);
    mirror_state_forget_position(&trial->state);
    connect_anew(trial);
    trial->instance++;
    trial->sequence = 50;
    snapshot(trial, ARRAY(LINK(2, .rank = 'd'), LINK(4, .rank = 'u')));
    expect(trial, "");
    pass(trial, UP);
    expect(trial, "+4u ");
    pass(trial, DOWN - UP - SECOND);
    expect(trial, "~2d#1,-3#2 ");
}

static void what_is_due_without_a_connection_is_reported_after_it(void **state)
{
    struct trial *trial = start(state);

    event(trial, "change", LINK(2, .rank = 'd'));
    mirror_state_break(&trial->state);
    trial->state.now += 2 * DOWN;
    report_due(trial);
    expect(trial, "");
    connect_anew(trial);
    send(trial, message(trial, "ready"));
    report_due(trial);
    expect(trial, "~2d#1 ");
}

static void a_link_that_leaves_the_filter_is_reported_at_once(void **state)
{
    struct trial *trial = start_with(state, "eth*", ARRAY(LINK(2, .rank = 'u')));

    event(trial, "change", LINK(2, .name = "lan0", .rank = 'd'));
    expect(trial, "~2u#1,-2#1 ");
    expect_quiet(trial);
}

static void what_is_gone_is_held_within_the_limit(void **state)
{
    struct trial *trial =
        start_with(state, NULL, ARRAY(LINK(2, .rank = 'u'), LINK(3, .rank = 'u')));

    trial->state.hold.limit = mirror_state_known(&trial->state)->links.bytes;
    event(trial, "remove", LINK(3, .rank = 'u'));
    pass(trial, 1);
    event(trial, "remove", LINK(2, .rank = 'u'));
    event(trial, "add", LINK(4, .rank = 'u'));
    expect(trial, "");
    pass(trial, UP);
    expect(trial, "+4u#3,-3#1 ");
}

static void names_that_are_swapped_are_swapped_at_once(void **state)
{
    struct trial *trial =
        start_with(state, NULL, ARRAY(LINK(2, .rank = 'u'), LINK(3, .rank = 'u')));
    json_t *first;

    trial->sequence++;
    first = link_message(trial, "change", LINK(2, .name = "eth3", .rank = 'd'));
    json_object_set_new(first, "more_follows", json_true());
    send(trial, first);
    expect(trial, "");
    event(trial, "change", LINK(3, .name = "eth2", .rank = 'u'));
    expect(trial, "~2u#1,~3u#2 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_snapshot_is_reported_at_once),
        TEST(a_carrier_that_comes_back_in_time_is_not_reported),
        TEST(what_was_not_reported_is_among_the_flaps_of_the_next_event),
        TEST(a_link_that_stays_down_is_reported_when_due_with_its_own_number),
        TEST(a_link_that_stays_up_is_reported_after_the_time_for_up),
        TEST(a_state_between_is_reported_while_the_last_one_flaps),
        TEST(a_state_between_is_reported_on_the_way_down_too),
        TEST(flaps_that_nobody_saw_are_counted_and_interrupt),
        TEST(flaps_that_nobody_saw_are_reported_where_none_would_be_held),
        TEST(what_else_changes_has_the_state_that_was_reported),
        TEST(that_the_lower_link_is_down_is_held_like_the_carrier),
        TEST(a_link_that_is_there_again_in_time_was_never_gone),
        TEST(a_removal_that_lasts_is_reported_when_due),
        TEST(another_link_of_the_name_ends_a_removal),
        TEST(another_link_of_the_index_ends_a_removal),
        TEST(a_rename_to_the_name_ends_a_removal),
        TEST(a_link_that_does_not_stay_is_never_reported),
        TEST(addresses_follow_their_link),
        TEST(a_new_link_whose_carrier_flaps_is_reported_without_it),
        TEST(the_master_of_a_port_is_reported_with_it),
        TEST(links_that_refer_to_each_other_are_reported_together),
        TEST(a_port_that_is_gone_goes_before_its_master),
        TEST(a_snapshot_in_which_it_is_back_is_no_report),
        TEST(a_snapshot_in_which_it_is_not_back_changes_nothing),
        TEST(what_is_due_without_a_connection_is_reported_after_it),
        TEST(a_link_that_leaves_the_filter_is_reported_at_once),
        TEST(what_is_gone_is_held_within_the_limit),
        TEST(names_that_are_swapped_are_swapped_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
