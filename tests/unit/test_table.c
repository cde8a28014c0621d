/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* table: states of links go in, changes come out. */
#include "tests/unit/support.h"

#include <limits.h>
#include <linux/if_arp.h>
#include <string.h>

#include "daemon/table.h"

#define BIT(field) LINK_FIELD_BIT(field)

/* The last change that was told, and how many were. */
struct told {
    size_t count;
    struct change last; /* its links are held */
    struct table *table;
};

static void forget(struct told *told)
{
    link_unref(told->last.before);
    link_unref(told->last.after);
    told->last = (struct change){0};
    told->count = 0;
}

static void on_change(void *user, const struct change *change)
{
    struct told *told = user;
    const struct link *link = change->after ? change->after : change->before;
    size_t count = told->count + 1;

    /* It is told right after it was made. */
    assert_ptr_equal(table_find(told->table, link->ifindex), change->after);
    forget(told);
    told->count = count;
    told->last = *change;
    link_ref(change->before);
    link_ref(change->after);
}

static void start(struct told *told)
{
    *told = (struct told){0};
    told->table = table_new(on_change, told);
    assert_non_null(told->table);
}

static void finish(struct told *told)
{
    forget(told);
    assert_null(table_free(told->table));
}

static void notify(struct told *told, struct link *link)
{
    assert_int_equal(table_put(told->table, link, CHANGE_BY_NOTIFICATION), 0);
    link_unref(link);
}

static void assert_told(const struct told *told, size_t count, enum change_type type, int ifindex)
{
    const struct link *link = told->last.after ? told->last.after : told->last.before;

    assert_int_equal(told->count, count);
    assert_int_equal(told->last.type, type);
    assert_int_equal(link->ifindex, ifindex);
}

/* --- changes */

static void a_new_link_is_added_and_told(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 2, .ifname = "a"));
    assert_told(&told, 1, CHANGE_ADD, 2);
    assert_int_equal(told.last.source, CHANGE_BY_NOTIFICATION);
    assert_null(told.last.before);
    assert_int_equal(table_count(told.table), 1);
    finish(&told);
}

static void a_change_is_told_with_both_states_and_what_differs(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .mtu = 1500));
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .mtu = 9000));
    assert_told(&told, 2, CHANGE_CHANGE, 2);
    assert_int_equal(told.last.before->mtu, 1500);
    assert_int_equal(told.last.after->mtu, 9000);
    assert_int_equal(told.last.fields, BIT(MTU));
    assert_int_equal(told.last.flaps, 0);
    assert_false(told.last.derived);
    finish(&told);
}

static void what_is_known_already_is_not_told_again(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .mtu = 1500));
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .mtu = 1500));
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .mtu = 1500, .flags = IFF_RUNNING));
    assert_told(&told, 1, CHANGE_ADD, 2);
    finish(&told);
}

static void a_link_that_is_gone_is_removed_at_once(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 2, .ifname = "a"));
    table_remove(told.table, 2, CHANGE_BY_NOTIFICATION, NULL);
    assert_told(&told, 2, CHANGE_REMOVE, 2);
    assert_null(told.last.after);
    assert_int_equal(table_count(told.table), 0);
    table_remove(told.table, 2, CHANGE_BY_NOTIFICATION, NULL);
    table_remove(told.table, 3, CHANGE_BY_NOTIFICATION, NULL);
    assert_int_equal(told.count, 2);
    finish(&told);
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
    struct told told;
    uint32_t flaps;

    start(&told);
    notify(&told, before);
    notify(&told, after);
    assert_told(&told, 2, CHANGE_CHANGE, 2);
    flaps = told.last.flaps;
    finish(&told);
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
    struct told told;
    int at = 0;

    (void)state;
    start(&told);
    for (size_t i = 0; i < 5; i++)
        notify(&told, LINK(.ifindex = indexes[i], .ifname = "a"));
    for (size_t i = 0; i < 5; i++) {
        assert_non_null(table_next(told.table, at));
        at = table_next(told.table, at)->ifindex;
        assert_int_equal(at, sorted[i]);
    }
    assert_null(table_next(told.table, at));
    assert_int_equal(table_next(told.table, 3)->ifindex, 5);
    assert_int_equal(table_next(told.table, 4)->ifindex, 5);
    assert_null(table_find(told.table, 4));
    finish(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_link_is_added_and_told),
        cmocka_unit_test(a_change_is_told_with_both_states_and_what_differs),
        cmocka_unit_test(what_is_known_already_is_not_told_again),
        cmocka_unit_test(a_link_that_is_gone_is_removed_at_once),
        cmocka_unit_test(flaps_are_the_carrier_changes_that_nobody_saw),
        cmocka_unit_test(a_carrier_that_goes_with_the_link_is_seen),
        cmocka_unit_test(links_are_walked_in_the_order_of_their_indexes),
    };

    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
