/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which events commands are run for, and in which order. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/hook_queue.h"
#include "client/link_object.h"
#include "tests/unit/unit_test.h"

static struct linkwatch_link *make_link(int ifindex, int mtu)
{
    json_t *json = json_pack("{s:i, s:s, s:s, s:i}", "ifindex", ifindex, "ifname", "eth",
                             "link_type", "ether", "mtu", mtu);
    struct linkwatch_link *link;

    assert_int_equal(link_from_json(json, &link), 0);
    json_decref(json);
    return link;
}

static void put(struct hook_queue *queue, enum event_type type, int ifindex, int before, int now)
{
    struct hook_event event = {.type = type,
                               .before = before ? make_link(ifindex, before) : NULL,
                               .now = now ? make_link(ifindex, now) : NULL};

    assert_int_equal(hook_queue_add(queue, &event), 0);
}

static void put_add(struct hook_queue *queue, int ifindex, int now)
{
    put(queue, EVENT_ADD, ifindex, 0, now);
}

static void put_change(struct hook_queue *queue, int ifindex, int before, int now)
{
    put(queue, EVENT_CHANGE, ifindex, before, now);
}

static void put_remove(struct hook_queue *queue, int ifindex, int before)
{
    put(queue, EVENT_REMOVE, ifindex, before, 0);
}

static int mtu_of(const struct linkwatch_link *link)
{
    int64_t mtu = 0;

    if (link)
        linkwatch_link_get_integer(link, linkwatch_field_from_name("mtu"), &mtu);
    return (int)mtu;
}

/* The next one is that. */
static void expect(struct hook_queue *queue, enum event_type type, int ifindex, int before, int now,
                   int skipped)
{
    struct hook_event event;

    assert_true(hook_queue_next(queue, &event));
    assert_int_equal(event.type, type);
    assert_int_equal(hook_event_ifindex(&event), ifindex);
    assert_int_equal(mtu_of(event.before), before);
    assert_int_equal(mtu_of(event.now), now);
    assert_int_equal(event.skipped, skipped);
    hook_event_clear(&event);
}

static void expect_none(struct hook_queue *queue)
{
    struct hook_event event;

    assert_false(hook_queue_next(queue, &event));
}

static void events_of_a_link_come_one_after_the_other(void **state)
{
    struct hook_queue *queue = hook_queue_new();

    (void)state;
    put_add(queue, 2, 1);
    expect(queue, EVENT_ADD, 2, 0, 1, 0);
    put_change(queue, 2, 1, 2);
    expect_none(queue);
    assert_false(hook_queue_is_idle(queue));
    hook_queue_done(queue, 2);
    expect(queue, EVENT_CHANGE, 2, 1, 2, 0);
    hook_queue_done(queue, 2);
    assert_true(hook_queue_is_idle(queue));
    hook_queue_free(queue);
}

static void links_take_turns_in_the_order_of_their_first_events(void **state)
{
    struct hook_queue *queue = hook_queue_new();

    (void)state;
    for (int ifindex = 5; ifindex > 2; ifindex--)
        put_add(queue, ifindex, 1);
    expect(queue, EVENT_ADD, 5, 0, 1, 0);
    expect(queue, EVENT_ADD, 4, 0, 1, 0);
    put_change(queue, 5, 1, 2);
    hook_queue_done(queue, 5);
    expect(queue, EVENT_ADD, 3, 0, 1, 0);
    hook_queue_done(queue, 4);
    expect(queue, EVENT_CHANGE, 5, 1, 2, 0);
    hook_queue_done(queue, 3);
    hook_queue_done(queue, 5);
    assert_true(hook_queue_is_idle(queue));
    hook_queue_free(queue);
}

static void a_burst_becomes_the_latest_state(void **state)
{
    struct hook_queue *queue = hook_queue_new();

    (void)state;
    put_add(queue, 2, 1);
    put_change(queue, 2, 1, 2);
    put_change(queue, 2, 2, 3);
    expect(queue, EVENT_ADD, 2, 0, 3, 2);
    for (int mtu = 3; mtu < 9; mtu++)
        put_change(queue, 2, mtu, mtu + 1);
    hook_queue_done(queue, 2);
    expect(queue, EVENT_CHANGE, 2, 3, 9, 5);
    put_change(queue, 2, 9, 10);
    put_remove(queue, 2, 10);
    hook_queue_done(queue, 2);
    expect(queue, EVENT_REMOVE, 2, 10, 0, 1);
    hook_queue_free(queue);
}

static void a_link_that_has_the_index_of_another_one_has_an_event_of_its_own(void **state)
{
    struct hook_queue *queue = hook_queue_new();

    (void)state;
    put_add(queue, 1, 1);
    expect(queue, EVENT_ADD, 1, 0, 1, 0);
    put_remove(queue, 1, 1);
    put_add(queue, 1, 5);
    put_change(queue, 1, 5, 6);
    hook_queue_done(queue, 1);
    expect(queue, EVENT_REMOVE, 1, 1, 0, 0);
    hook_queue_done(queue, 1);
    expect(queue, EVENT_ADD, 1, 0, 6, 1);
    hook_queue_free(queue);
}

static void of_a_link_that_came_and_went_meanwhile_nothing_is_left(void **state)
{
    struct hook_queue *queue = hook_queue_new();

    (void)state;
    put_add(queue, 1, 1);
    expect(queue, EVENT_ADD, 1, 0, 1, 0);
    for (int round = 0; round < 100; round++) {
        put_remove(queue, 1, round ? 5 : 1);
        put_add(queue, 1, 5);
    }
    put_remove(queue, 1, 5);
    hook_queue_done(queue, 1);
    expect(queue, EVENT_REMOVE, 1, 1, 0, 200);
    hook_queue_done(queue, 1);
    assert_true(hook_queue_is_idle(queue));
    put_add(queue, 1, 1);
    put_remove(queue, 1, 1);
    expect(queue, EVENT_REMOVE, 1, 1, 0, 1);
    hook_queue_free(queue);
}

static void losses_add_up_beside_the_links(void **state)
{
    struct hook_queue *queue = hook_queue_new();
    struct hook_event event = {.type = EVENT_LOST, .lost = 3};

    (void)state;
    put_add(queue, 2, 1);
    assert_int_equal(hook_queue_add(queue, &event), 0);
    event = (struct hook_event){.type = EVENT_LOST, .lost = 4};
    assert_int_equal(hook_queue_add(queue, &event), 0);
    expect(queue, EVENT_ADD, 2, 0, 1, 0);
    assert_true(hook_queue_next(queue, &event));
    assert_int_equal(event.type, EVENT_LOST);
    assert_int_equal(event.lost, 7);
    assert_int_equal(event.skipped, 0);
    event = (struct hook_event){.type = EVENT_LOST, .lost = 1};
    assert_int_equal(hook_queue_add(queue, &event), 0);
    event = (struct hook_event){.type = EVENT_LOST, .lost = -1};
    assert_int_equal(hook_queue_add(queue, &event), 0);
    hook_queue_done(queue, 0);
    assert_true(hook_queue_next(queue, &event));
    assert_int_equal(event.lost, -1);
    hook_queue_free(queue);
}

static const char *value_in(char *const *environment, const char *name)
{
    size_t length = strlen(name);

    for (; *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

static void the_environment_has_what_changed_and_nothing_of_before(void **state)
{
    char *const before[] = {"A=1", "LINKWATCH_NEW_MASTER=x", "LINKWATCH_SOCKET=/s", NULL};
    struct hook_event event = {.type = EVENT_CHANGE,
                               .before = make_link(2, 1500),
                               .now = make_link(2, 1400),
                               .skipped = 3};
    char **environment = hook_event_environment(&event, before);
    char *json = hook_event_json(&event);

    (void)state;
    assert_non_null(environment);
    assert_string_equal(value_in(environment, "A"), "1");
    assert_string_equal(value_in(environment, "LINKWATCH_SOCKET"), "/s");
    assert_null(value_in(environment, "LINKWATCH_NEW_MASTER"));
    assert_string_equal(value_in(environment, "LINKWATCH_EVENT"), "change");
    assert_string_equal(value_in(environment, "LINKWATCH_IFNAME"), "eth");
    assert_string_equal(value_in(environment, "LINKWATCH_FIELDS"), "mtu");
    assert_string_equal(value_in(environment, "LINKWATCH_OLD_MTU"), "1500");
    assert_string_equal(value_in(environment, "LINKWATCH_NEW_MTU"), "1400");
    assert_string_equal(value_in(environment, "LINKWATCH_NEW_IFNAME"), "eth");
    assert_null(value_in(environment, "LINKWATCH_OLD_IFNAME"));
    assert_string_equal(value_in(environment, "LINKWATCH_SKIPPED"), "3");
    assert_non_null(strstr(json, "\"old\":{\"mtu\":1500}"));
    free(json);
    hook_environment_free(environment);
    hook_event_clear(&event);
}

static void a_value_that_the_kernel_would_refuse_is_left_out(void **state)
{
    struct hook_event event = {.type = EVENT_ADD};
    char *const before[] = {NULL};
    char *alias = calloc(1, 200000);
    char **environment, *json;
    json_t *object;

    (void)state;
    assert_non_null(alias);
    memset(alias, 'a', 199999);
    object = json_pack("{s:i, s:s, s:s, s:s}", "ifindex", 2, "ifname", "eth", "link_type", "ether",
                       "ifalias", alias);
    assert_int_equal(link_from_json(object, &event.now), 0);
    json_decref(object);
    environment = hook_event_environment(&event, before);
    json = hook_event_json(&event);
    assert_null(value_in(environment, "LINKWATCH_NEW_IFALIAS"));
    assert_string_equal(value_in(environment, "LINKWATCH_NEW_IFNAME"), "eth");
    assert_non_null(strstr(json, alias));
    free(json);
    free(alias);
    hook_environment_free(environment);
    hook_event_clear(&event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_a_link_come_one_after_the_other),
        cmocka_unit_test(links_take_turns_in_the_order_of_their_first_events),
        cmocka_unit_test(a_burst_becomes_the_latest_state),
        cmocka_unit_test(a_link_that_has_the_index_of_another_one_has_an_event_of_its_own),
        cmocka_unit_test(of_a_link_that_came_and_went_meanwhile_nothing_is_left),
        cmocka_unit_test(losses_add_up_beside_the_links),
        cmocka_unit_test(the_environment_has_what_changed_and_nothing_of_before),
        cmocka_unit_test(a_value_that_the_kernel_would_refuse_is_left_out),
    };

    return cmocka_run_group_tests_name("hook_queue", tests, NULL, NULL);
}
