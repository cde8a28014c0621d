/* table: notifications and dumps go in, changes come out. */
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

static void stop(struct told *told)
{
    forget(told);
    assert_null(table_free(told->table));
}

static void notify(struct told *told, struct link *link)
{
    assert_int_equal(table_notified(told->table, link), 0);
    link_unref(link);
}

static void dump_line(struct told *told, struct link *link)
{
    assert_int_equal(table_dump_line(told->table, link), 0);
    link_unref(link);
}

static struct table_verdict end_dump(struct told *told)
{
    struct table_verdict verdict;

    table_dump_end(told->table, &verdict);
    return verdict;
}

/* A dump of links that have those indexes and nothing special. */
static struct table_verdict dump(struct told *told, int first, int last)
{
    table_dump_begin(told->table);
    for (int ifindex = first; ifindex <= last; ifindex++)
        dump_line(told, LINK(.ifindex = ifindex, .ifname = "a"));
    return end_dump(told);
}

static void assert_told(const struct told *told, size_t count, enum change_type type, int ifindex)
{
    const struct link *link = told->last.after ? told->last.after : told->last.before;

    assert_int_equal(told->count, count);
    assert_int_equal(told->last.type, type);
    assert_int_equal(link->ifindex, ifindex);
}

/* --- notifications */

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
    stop(&told);
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
    stop(&told);
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
    stop(&told);
}

static void a_link_that_is_gone_is_removed_at_once(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 2, .ifname = "a"));
    table_notified_gone(told.table, 2);
    assert_told(&told, 2, CHANGE_REMOVE, 2);
    assert_null(told.last.after);
    assert_int_equal(table_count(told.table), 0);
    table_notified_gone(told.table, 2);
    table_notified_gone(told.table, 3);
    assert_int_equal(told.count, 2);
    stop(&told);
}

/* --- dumps */

static void a_dump_tells_what_is_new(void **state)
{
    struct told told;
    struct table_verdict verdict;

    (void)state;
    start(&told);
    verdict = dump(&told, 1, 3);
    assert_told(&told, 3, CHANGE_ADD, 3);
    assert_int_equal(told.last.source, CHANGE_BY_DUMP);
    assert_int_equal(verdict.told, 3);
    assert_int_equal(verdict.missing, 0);
    assert_false(verdict.native);
    dump(&told, 1, 3);
    assert_int_equal(told.count, 3);
    stop(&told);
}

static void one_line_with_an_operstate_makes_a_dump_native(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    table_dump_begin(told.table);
    dump_line(&told, LINK(.ifindex = 1, .ifname = "a", .operstate = 2));
    dump_line(&told, LINK(.ifindex = 2, .ifname = "b"));
    assert_true(end_dump(&told).native);
    assert_false(dump(&told, 1, 2).native);
    stop(&told);
}

static void a_removal_told_only_by_a_dump_needs_a_second_dump(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    dump(&told, 1, 3);
    assert_int_equal(dump(&told, 1, 2).missing, 1);
    assert_int_equal(table_remove_missing(told.table, 2), 0);
    assert_int_equal(table_count(told.table), 3);
    assert_int_equal(dump(&told, 1, 2).missing, 1);
    assert_int_equal(table_remove_missing(told.table, 2), 1);
    assert_told(&told, 4, CHANGE_REMOVE, 3);
    assert_int_equal(told.last.source, CHANGE_BY_DUMP);
    assert_int_equal(dump(&told, 1, 2).missing, 0);
    stop(&told);
}

static void a_link_that_comes_back_between_must_be_missing_twice_anew(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    dump(&told, 1, 3);
    dump(&told, 1, 2);
    dump(&told, 1, 3);
    dump(&told, 1, 2);
    assert_int_equal(table_remove_missing(told.table, 2), 0);
    assert_int_equal(told.count, 3);
    stop(&told);
}

static void a_notification_between_two_dumps_says_that_the_link_is_there(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    dump(&told, 1, 3);
    dump(&told, 1, 2);
    notify(&told, LINK(.ifindex = 3, .ifname = "a"));
    dump(&told, 1, 2);
    assert_int_equal(table_remove_missing(told.table, 2), 0);
    dump(&told, 1, 2);
    assert_int_equal(table_remove_missing(told.table, 2), 1);
    stop(&told);
}

static void a_link_notified_of_during_a_dump_is_not_missing(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    dump(&told, 1, 2);
    table_dump_begin(told.table);
    dump_line(&told, LINK(.ifindex = 1, .ifname = "a"));
    notify(&told, LINK(.ifindex = 2, .ifname = "renamed"));
    notify(&told, LINK(.ifindex = 9, .ifname = "new"));
    assert_int_equal(end_dump(&told).missing, 0);
    stop(&told);
}

static void doubtful_line(struct told *told, struct link *link)
{
    assert_int_equal(table_dump_line(told->table, link), 1);
    link_unref(link);
}

static void a_dump_line_that_may_be_older_than_a_notification_is_not_believed(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    dump(&told, 1, 2);
    table_dump_begin(told.table);
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .mtu = 1400));
    forget(&told);
    doubtful_line(&told, LINK(.ifindex = 2, .ifname = "a"));
    dump_line(&told, LINK(.ifindex = 1, .ifname = "a"));
    assert_int_equal(told.count, 0);
    assert_int_equal(end_dump(&told).doubted, 1);
    assert_int_equal(table_find(told.table, 2)->mtu, 1400);
    /* The same state in a line is no reason for doubt. */
    table_dump_begin(told.table);
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .mtu = 1400));
    dump_line(&told, LINK(.ifindex = 2, .ifname = "a", .mtu = 1400));
    assert_int_equal(end_dump(&told).doubted, 0);
    stop(&told);
}

static void a_dump_line_does_not_bring_back_what_a_notification_removed_meanwhile(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    dump(&told, 1, 50);
    table_dump_begin(told.table);
    for (int ifindex = 2; ifindex <= 50; ifindex++)
        table_notified_gone(told.table, ifindex);
    forget(&told);
    for (int ifindex = 50; ifindex >= 2; ifindex--)
        doubtful_line(&told, LINK(.ifindex = ifindex, .ifname = "a"));
    dump_line(&told, LINK(.ifindex = 1, .ifname = "a"));
    assert_int_equal(told.count, 0);
    assert_int_equal(end_dump(&told).doubted, 49);
    assert_int_equal(table_count(told.table), 1);
    stop(&told);
}

static void the_dump_after_a_doubtful_line_is_believed_again(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    dump(&told, 1, 3);
    table_dump_begin(told.table);
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .mtu = 1400));
    table_notified_gone(told.table, 3);
    doubtful_line(&told, LINK(.ifindex = 2, .ifname = "a"));
    doubtful_line(&told, LINK(.ifindex = 3, .ifname = "a"));
    (void)end_dump(&told);
    forget(&told);
    assert_int_equal(dump(&told, 1, 3).doubted, 0);
    assert_int_equal(told.count, 2);
    assert_int_equal(table_count(told.table), 3);
    stop(&told);
}

static void an_empty_dump_removes_nothing(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    dump(&told, 1, 3);
    for (int i = 0; i < 5; i++) {
        struct table_verdict verdict = dump(&told, 1, 0);

        assert_int_equal(verdict.told, 0);
        assert_int_equal(verdict.missing, 0);
    }
    assert_int_equal(table_remove_missing(told.table, 2), 0);
    assert_int_equal(told.count, 3);
    stop(&told);
}

static void of_a_dump_that_did_not_end_its_lines_count(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    dump(&told, 1, 3);
    table_dump_begin(told.table);
    dump_line(&told, LINK(.ifindex = 1, .ifname = "renamed"));
    assert_told(&told, 4, CHANGE_CHANGE, 1);
    table_dump_begin(told.table);
    dump_line(&told, LINK(.ifindex = 1, .ifname = "renamed"));
    assert_int_equal(end_dump(&told).missing, 2);
    assert_int_equal(table_remove_missing(told.table, 2), 0);
    stop(&told);
}

static void many_missing_links_are_removed_together(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    dump(&told, 1, 1000);
    dump(&told, 501, 501);
    assert_int_equal(dump(&told, 501, 501).missing, 999);
    assert_int_equal(table_remove_missing(told.table, 2), 999);
    assert_int_equal(table_count(told.table), 1);
    assert_non_null(table_find(told.table, 501));
    stop(&told);
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
    stop(&told);
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

/* --- another link under the same index */

static void another_link_under_the_same_index_is_a_remove_and_an_add(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .kind = "veth"));
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .kind = "dummy"));
    assert_told(&told, 3, CHANGE_ADD, 2);
    assert_int_equal(table_count(told.table), 1);
    table_dump_begin(told.table);
    dump_line(&told, LINK(.ifindex = 2, .ifname = "a", .kind = "dummy", .type = ARPHRD_NONE));
    assert_told(&told, 5, CHANGE_ADD, 2);
    assert_int_equal(end_dump(&told).missing, 0);
    stop(&told);
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
    stop(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_link_is_added_and_told),
        cmocka_unit_test(a_change_is_told_with_both_states_and_what_differs),
        cmocka_unit_test(what_is_known_already_is_not_told_again),
        cmocka_unit_test(a_link_that_is_gone_is_removed_at_once),
        cmocka_unit_test(a_dump_tells_what_is_new),
        cmocka_unit_test(one_line_with_an_operstate_makes_a_dump_native),
        cmocka_unit_test(a_removal_told_only_by_a_dump_needs_a_second_dump),
        cmocka_unit_test(a_link_that_comes_back_between_must_be_missing_twice_anew),
        cmocka_unit_test(a_notification_between_two_dumps_says_that_the_link_is_there),
        cmocka_unit_test(a_link_notified_of_during_a_dump_is_not_missing),
        cmocka_unit_test(a_dump_line_that_may_be_older_than_a_notification_is_not_believed),
        cmocka_unit_test(a_dump_line_does_not_bring_back_what_a_notification_removed_meanwhile),
        cmocka_unit_test(the_dump_after_a_doubtful_line_is_believed_again),
        cmocka_unit_test(an_empty_dump_removes_nothing),
        cmocka_unit_test(of_a_dump_that_did_not_end_its_lines_count),
        cmocka_unit_test(many_missing_links_are_removed_together),
        cmocka_unit_test(flaps_are_the_carrier_changes_that_nobody_saw),
        cmocka_unit_test(a_carrier_that_goes_with_the_link_is_seen),
        cmocka_unit_test(another_link_under_the_same_index_is_a_remove_and_an_add),
        cmocka_unit_test(links_are_walked_in_the_order_of_their_indexes),
    };

    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
