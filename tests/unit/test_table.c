/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* table: states of links go in, changes come out. */
#include "tests/unit/support.h"

#include <limits.h>
#include <linux/if_arp.h>
#include <string.h>

#include "daemon/table.h"

#define BIT(field) LINK_FIELD_BIT(field)

/* The last change that was reported, and how many were. */
struct changes {
    size_t count;
    struct change last; /* its links are held */
    struct table *table;
};

static void forget(struct changes *changes)
{
    object_unref(changes->last.before);
    object_unref(changes->last.after);
    changes->last = (struct change){0};
    changes->count = 0;
}

static void on_change(void *user, const struct change *change)
{
    struct changes *changes = user;
    const struct link *link = change_link(change);
    size_t count = changes->count + 1;

    /* It is reported right after it was made. */
    assert_ptr_equal(table_find(changes->table, link->ifindex), change->after);
    forget(changes);
    changes->count = count;
    changes->last = *change;
    object_ref(change->before);
    object_ref(change->after);
}

static void start(struct changes *changes)
{
    *changes = (struct changes){0};
    changes->table = table_new(on_change, changes);
    assert_non_null(changes->table);
}

static void finish(struct changes *changes)
{
    forget(changes);
    assert_null(table_free(changes->table));
}

static void notify(struct changes *changes, struct link *link)
{
    assert_int_equal(table_put(changes->table, link, CHANGE_BY_NOTIFICATION), 0);
    link_unref(link);
}

static void assert_change(const struct changes *changes, size_t count, enum change_type type,
                          int ifindex)
{
    const struct link *link = change_link(&changes->last);

    assert_int_equal(changes->count, count);
    assert_int_equal(changes->last.type, type);
    assert_int_equal(link->ifindex, ifindex);
}

/* --- changes */

static void a_new_link_is_added_and_reported(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes);
    notify(&changes, LINK(.ifindex = 2, .ifname = "a"));
    assert_change(&changes, 1, CHANGE_ADD, 2);
    assert_int_equal(changes.last.source, CHANGE_BY_NOTIFICATION);
    assert_null(changes.last.before);
    assert_int_equal(table_count(changes.table), 1);
    finish(&changes);
}

static void a_change_is_reported_with_both_states_and_what_differs(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes);
    notify(&changes, LINK(.ifindex = 2, .ifname = "a", .mtu = 1500));
    notify(&changes, LINK(.ifindex = 2, .ifname = "a", .mtu = 9000));
    assert_change(&changes, 2, CHANGE_CHANGE, 2);
    assert_int_equal(as_link(changes.last.before)->mtu, 1500);
    assert_int_equal(as_link(changes.last.after)->mtu, 9000);
    assert_int_equal(changes.last.fields, BIT(MTU));
    assert_int_equal(changes.last.flaps, 0);
    assert_false(changes.last.derived);
    finish(&changes);
}

static void what_is_known_already_is_not_reported_again(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes);
    notify(&changes, LINK(.ifindex = 2, .ifname = "a", .mtu = 1500));
    notify(&changes, LINK(.ifindex = 2, .ifname = "a", .mtu = 1500));
    notify(&changes, LINK(.ifindex = 2, .ifname = "a", .mtu = 1500, .flags = IFF_RUNNING));
    assert_change(&changes, 1, CHANGE_ADD, 2);
    finish(&changes);
}

static void a_link_that_is_gone_is_removed_at_once(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes);
    notify(&changes, LINK(.ifindex = 2, .ifname = "a"));
    table_remove(changes.table, 2, CHANGE_BY_NOTIFICATION, NULL);
    assert_change(&changes, 2, CHANGE_REMOVE, 2);
    assert_null(changes.last.after);
    assert_int_equal(table_count(changes.table), 0);
    table_remove(changes.table, 2, CHANGE_BY_NOTIFICATION, NULL);
    table_remove(changes.table, 3, CHANGE_BY_NOTIFICATION, NULL);
    assert_int_equal(changes.count, 2);
    finish(&changes);
}

/* --- carriers */

static struct link *counted(bool carrier, uint32_t changes)
{
    return LINK(.ifindex = 2, .ifname = "a", .flags = IFF_UP, .counted = true, .carrier = carrier,
                .carrier_changes = changes);
}

static struct link *counted_down(uint32_t changes)
{
    return LINK(.ifindex = 2, .ifname = "a", .counted = true, .carrier_changes = changes);
}

static uint32_t flaps_between(struct link *before, struct link *after)
{
    struct changes changes;
    uint32_t flaps;

    start(&changes);
    notify(&changes, before);
    notify(&changes, after);
    assert_change(&changes, 2, CHANGE_CHANGE, 2);
    flaps = changes.last.flaps;
    finish(&changes);
    return flaps;
}

static void flaps_are_the_carrier_changes_that_nobody_saw(void **state)
{
    (void)state;
    assert_int_equal(flaps_between(counted(true, 2), counted(false, 3)), 0);
    assert_int_equal(flaps_between(counted(true, 2), counted(true, 4)), 2);
    assert_int_equal(flaps_between(counted(true, 2), counted(false, 9)), 6);
    assert_int_equal(flaps_between(counted(true, 2), LINK(.ifindex = 2, .ifname = "a")), 0);
}

static void a_carrier_that_goes_with_the_link_is_seen(void **state)
{
    (void)state;
    assert_int_equal(flaps_between(counted(true, 2), counted_down(3)), 0);
    assert_int_equal(flaps_between(counted_down(3), counted(true, 4)), 0);
    assert_int_equal(flaps_between(counted_down(3), counted(true, 6)), 2);
}

/* --- walking */

static void links_are_walked_in_the_order_of_their_indexes(void **state)
{
    static const int indexes[] = {5, 1, INT_MAX, 3, 900};
    static const int sorted[] = {1, 3, 5, 900, INT_MAX};
    struct changes changes;
    int at = 0;

    (void)state;
    start(&changes);
    for (size_t i = 0; i < 5; i++)
        notify(&changes, LINK(.ifindex = indexes[i], .ifname = "a"));
    for (size_t i = 0; i < 5; i++) {
        assert_non_null(table_next(changes.table, at));
        at = table_next(changes.table, at)->ifindex;
        assert_int_equal(at, sorted[i]);
    }
    assert_null(table_next(changes.table, at));
    assert_int_equal(table_next(changes.table, 3)->ifindex, 5);
    assert_int_equal(table_next(changes.table, 4)->ifindex, 5);
    assert_null(table_find(changes.table, 4));
    finish(&changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_link_is_added_and_reported),
        cmocka_unit_test(a_change_is_reported_with_both_states_and_what_differs),
        cmocka_unit_test(what_is_known_already_is_not_reported_again),
        cmocka_unit_test(a_link_that_is_gone_is_removed_at_once),
        cmocka_unit_test(flaps_are_the_carrier_changes_that_nobody_saw),
        cmocka_unit_test(a_carrier_that_goes_with_the_link_is_seen),
        cmocka_unit_test(links_are_walked_in_the_order_of_their_indexes),
    };

    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
