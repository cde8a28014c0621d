/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* table: links that name each other. */
#include "tests/unit/support.h"

#include <stdio.h>
#include <string.h>

#include "daemon/table.h"

#define BIT(field) LINK_FIELD_BIT(field)
#define TOLD_MAX   4

struct told {
    size_t count;
    size_t derived;
    struct {
        enum change_type type;
        enum change_source source;
        int ifindex;
        link_fields fields;
        bool derived;
        bool entails_more;
        bool more_follows;
    } first[TOLD_MAX];
    struct table *table;
};

static void on_change(void *user, const struct change *change)
{
    struct told *told = user;
    const struct link *link = change->after ? change->after : change->before;

    if (told->count < TOLD_MAX) {
        told->first[told->count].type = change->type;
        told->first[told->count].source = change->source;
        told->first[told->count].ifindex = link->ifindex;
        told->first[told->count].fields = change->fields;
        told->first[told->count].derived = change->derived;
        told->first[told->count].entails_more = change->entails_more;
        told->first[told->count].more_follows = change->more_follows;
    }
    told->count++;
    told->derived += change->derived;
}

static void start(struct told *told)
{
    *told = (struct told){0};
    told->table = table_new(on_change, told);
    assert_non_null(told->table);
}

static void finish(struct told *told)
{
    assert_null(table_free(told->table));
}

static void notify(struct told *told, struct link *link)
{
    assert_int_equal(table_put(told->table, link, CHANGE_BY_NOTIFICATION), 0);
    link_unref(link);
}

/* From here on. */
static void forget(struct told *told)
{
    told->count = told->derived = 0;
}

static void a_port_has_the_name_of_its_master_whichever_comes_first(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 9, .ifname = "br0"));
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .master = 9));
    assert_string_equal(table_find(told.table, 2)->master_name, "br0");
    finish(&told);

    start(&told);
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .master = 9));
    assert_string_equal(table_find(told.table, 2)->master_name, "if9");
    notify(&told, LINK(.ifindex = 9, .ifname = "br0"));
    assert_string_equal(table_find(told.table, 2)->master_name, "br0");
    assert_int_equal(told.count, 3);
    assert_true(told.first[2].derived);
    assert_int_equal(told.first[2].fields, BIT(MASTER));
    finish(&told);
}

static void a_new_name_of_a_master_is_a_derived_change_of_its_ports(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 9, .ifname = "br0"));
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .master = 9));
    notify(&told, LINK(.ifindex = 3, .ifname = "b", .master = 9));
    notify(&told, LINK(.ifindex = 4, .ifname = "c"));
    forget(&told);
    notify(&told, LINK(.ifindex = 9, .ifname = "lan"));
    assert_int_equal(told.count, 3);
    assert_int_equal(told.first[0].ifindex, 9);
    assert_false(told.first[0].derived);
    assert_int_equal(told.first[1].ifindex, 2);
    assert_int_equal(told.first[2].ifindex, 3);
    assert_int_equal(told.derived, 2);
    assert_int_equal(told.first[1].fields, BIT(MASTER));
    assert_int_equal(told.first[1].type, CHANGE_CHANGE);
    assert_string_equal(table_find(told.table, 3)->master_name, "lan");
    /* Up to the last, a port shows a master that nobody is called. */
    assert_true(told.first[0].more_follows);
    assert_true(told.first[1].more_follows);
    assert_false(told.first[2].more_follows);
    finish(&told);
}

static void a_lower_link_that_goes_down_shows_in_its_uppers_flags(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 2, .ifname = "eth0", .flags = IFF_UP));
    notify(&told, LINK(.ifindex = 3, .ifname = "eth0.7", .lower = 2, .kind = "vlan"));
    forget(&told);
    notify(&told, LINK(.ifindex = 2, .ifname = "eth0"));
    assert_int_equal(told.count, 2);
    assert_int_equal(told.first[1].ifindex, 3);
    assert_int_equal(told.first[1].fields, BIT(FLAGS));
    assert_true(told.first[1].derived);
    assert_true(table_find(told.table, 3)->link_down);
    finish(&told);
}

static void a_change_that_uppers_do_not_show_is_told_of_itself_alone(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 2, .ifname = "eth0", .mtu = 1500));
    notify(&told, LINK(.ifindex = 3, .ifname = "eth0.7", .lower = 2));
    forget(&told);
    notify(&told, LINK(.ifindex = 2, .ifname = "eth0", .mtu = 9000));
    assert_int_equal(told.count, 1);
    finish(&told);
}

static void a_port_that_left_is_no_longer_told_of_its_master(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 9, .ifname = "br0"));
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .master = 9));
    notify(&told, LINK(.ifindex = 2, .ifname = "a"));
    forget(&told);
    notify(&told, LINK(.ifindex = 9, .ifname = "lan"));
    assert_int_equal(told.count, 1);
    finish(&told);
}

static void the_uppers_of_a_removed_link_keep_its_name_and_a_look_is_due(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 9, .ifname = "br0"));
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .master = 9));
    forget(&told);
    table_remove(told.table, 9, CHANGE_BY_NOTIFICATION, NULL);
    assert_int_equal(told.count, 1);
    assert_true(told.first[0].entails_more);
    assert_string_equal(table_find(told.table, 2)->master_name, "br0");
    table_remove(told.table, 2, CHANGE_BY_NOTIFICATION, NULL);
    assert_false(told.first[1].entails_more);
    finish(&told);
}

static void the_end_of_a_pair_that_is_told_last_entails_a_look_at_its_peer(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    /* As the kernel tells of a new veth: the first end before it has a peer. */
    notify(&told, LINK(.ifindex = 3, .ifname = "b", .kind = "veth"));
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .kind = "veth", .lower = 3));
    assert_false(told.first[0].entails_more);
    assert_true(told.first[1].entails_more);
    notify(&told, LINK(.ifindex = 3, .ifname = "b", .kind = "veth", .lower = 2));
    forget(&told);
    notify(&told, LINK(.ifindex = 4, .ifname = "v", .kind = "vlan", .lower = 3));
    assert_false(told.first[0].entails_more);
    finish(&told);
}

static void a_pair_told_by_a_dump_entails_nothing(void **state)
{
    struct told told;
    struct link *link;

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 3, .ifname = "b", .kind = "veth"));
    link = LINK(.ifindex = 2, .ifname = "a", .kind = "veth", .lower = 3);
    assert_int_equal(table_put(told.table, link, CHANGE_BY_DUMP), 0);
    link_unref(link);
    assert_false(told.first[1].entails_more);
    finish(&told);
}

static void the_two_ends_of_a_pair_name_each_other(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .kind = "veth", .lower = 3));
    notify(&told, LINK(.ifindex = 3, .ifname = "b", .kind = "veth", .lower = 2));
    assert_string_equal(table_find(told.table, 2)->link_name, "b");
    assert_string_equal(table_find(told.table, 3)->link_name, "a");
    notify(&told, LINK(.ifindex = 3, .ifname = "c", .kind = "veth", .lower = 2));
    assert_string_equal(table_find(told.table, 2)->link_name, "c");
    finish(&told);
}

static void a_link_that_names_itself_is_borne(void **state)
{
    struct told told;

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 2, .ifname = "a", .lower = 2, .master = 2));
    notify(&told, LINK(.ifindex = 2, .ifname = "b", .lower = 2, .master = 2, .flags = IFF_UP));
    assert_string_equal(table_find(told.table, 2)->link_name, "b");
    assert_string_equal(table_find(told.table, 2)->master_name, "b");
    assert_false(table_find(told.table, 2)->link_down);
    table_remove(told.table, 2, CHANGE_BY_NOTIFICATION, NULL);
    assert_int_equal(table_count(told.table), 0);
    finish(&told);
}

static void thousands_of_links_on_one_are_told_of_once_each(void **state)
{
    enum { UPPERS = 5000 };
    struct told told;
    char name[IF_NAMESIZE];

    (void)state;
    start(&told);
    notify(&told, LINK(.ifindex = 1, .ifname = "eth0", .flags = IFF_UP));
    for (int i = 0; i < UPPERS; i++) {
        snprintf(name, sizeof(name), "v%d", i);
        notify(&told, LINK(.ifindex = 10 + i, .ifname = name, .lower = 1));
    }
    assert_int_equal(told.count, UPPERS + 1);
    forget(&told);
    notify(&told, LINK(.ifindex = 1, .ifname = "eth0"));
    assert_int_equal(told.count, UPPERS + 1);
    assert_int_equal(told.derived, UPPERS);
    forget(&told);
    for (int i = 0; i < UPPERS; i++)
        table_remove(told.table, 10 + i, CHANGE_BY_NOTIFICATION, NULL);
    assert_int_equal(told.count, UPPERS);
    assert_int_equal(table_count(told.table), 1);
    finish(&told);
}

/* What the names of others should be, from the table itself. */
static void assert_resolved(const struct table *table)
{
    for (struct link *link = table_next(table, 0); link; link = table_next(table, link->ifindex)) {
        struct link *master = link->known & BIT(MASTER) ? table_find(table, link->master) : NULL;
        struct link *lower = link->known & BIT(LINK) ? table_find(table, link->link_index) : NULL;

        if (master)
            assert_string_equal(link->master_name, master->ifname);
        if (lower) {
            assert_string_equal(link->link_name, lower->ifname);
            assert_int_equal(link->link_down, !(lower->flags & IFF_UP));
        }
    }
}

static void whatever_happens_names_are_those_of_the_links_that_are_there(void **state)
{
    struct dice dice = {.state = 7};
    struct told told;
    char name[IF_NAMESIZE];

    (void)state;
    start(&told);
    for (int i = 0; i < 20000; i++) {
        int ifindex = 1 + (int)roll(&dice, 12);

        snprintf(name, sizeof(name), "n%u", roll(&dice, 50));
        if (roll(&dice, 5) == 0)
            table_remove(told.table, ifindex, CHANGE_BY_NOTIFICATION, NULL);
        else
            notify(&told, LINK(.ifindex = ifindex, .ifname = name, .master = (int)roll(&dice, 13),
                               .lower = (int)roll(&dice, 13), .flags = roll(&dice, 2) ? IFF_UP : 0,
                               .kind = roll(&dice, 10) ? "veth" : "dummy"));
        assert_resolved(told.table);
    }
    finish(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_has_the_name_of_its_master_whichever_comes_first),
        cmocka_unit_test(a_new_name_of_a_master_is_a_derived_change_of_its_ports),
        cmocka_unit_test(a_lower_link_that_goes_down_shows_in_its_uppers_flags),
        cmocka_unit_test(a_change_that_uppers_do_not_show_is_told_of_itself_alone),
        cmocka_unit_test(a_port_that_left_is_no_longer_told_of_its_master),
        cmocka_unit_test(the_uppers_of_a_removed_link_keep_its_name_and_a_look_is_due),
        cmocka_unit_test(the_end_of_a_pair_that_is_told_last_entails_a_look_at_its_peer),
        cmocka_unit_test(a_pair_told_by_a_dump_entails_nothing),
        cmocka_unit_test(the_two_ends_of_a_pair_name_each_other),
        cmocka_unit_test(a_link_that_names_itself_is_borne),
        cmocka_unit_test(thousands_of_links_on_one_are_told_of_once_each),
        cmocka_unit_test(whatever_happens_names_are_those_of_the_links_that_are_there),
    };

    return cmocka_run_group_tests_name("relations", tests, NULL, NULL);
}
