/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* table: links that name each other. */
#include "tests/unit/support.h"

#include <stdio.h>
#include <string.h>

#include "daemon/table.h"

#define BIT(field)  LINK_FIELD_BIT(field)
#define CHANGES_MAX 4

struct changes {
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
    } first[CHANGES_MAX];
    struct table *table;
};

static void on_change(void *user, const struct change *change)
{
    struct changes *changes = user;
    const struct link *link = change_link(change);

    if (changes->count < CHANGES_MAX) {
        changes->first[changes->count].type = change->type;
        changes->first[changes->count].source = change->source;
        changes->first[changes->count].ifindex = link->ifindex;
        changes->first[changes->count].fields = change->fields;
        changes->first[changes->count].derived = change->derived;
        changes->first[changes->count].entails_more = change->entails_more;
        changes->first[changes->count].more_follows = change->more_follows;
    }
    changes->count++;
    changes->derived += change->derived;
}

static void start(struct changes *changes)
{
    *changes = (struct changes){0};
    changes->table = table_new(on_change, changes);
    assert_non_null(changes->table);
}

static void finish(struct changes *changes)
{
    assert_null(table_free(changes->table));
}

static void notify(struct changes *changes, struct link *link)
{
    assert_int_equal(table_put(changes->table, link, CHANGE_BY_NOTIFICATION), 0);
    link_unref(link);
}

/* From here on. */
static void forget(struct changes *changes)
{
    changes->count = changes->derived = 0;
}

static void a_port_has_the_name_of_its_master_whichever_comes_first(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes);
    notify(&changes, LINK(.ifindex = 9, .ifname = "br0"));
    notify(&changes, LINK(.ifindex = 2, .ifname = "a", .master = 9));
    assert_string_equal(table_find(changes.table, 2)->master_name, "br0");
    finish(&changes);

    start(&changes);
    notify(&changes, LINK(.ifindex = 2, .ifname = "a", .master = 9));
    assert_string_equal(table_find(changes.table, 2)->master_name, "if9");
    notify(&changes, LINK(.ifindex = 9, .ifname = "br0"));
    assert_string_equal(table_find(changes.table, 2)->master_name, "br0");
    assert_int_equal(changes.count, 3);
    assert_true(changes.first[2].derived);
    assert_int_equal(changes.first[2].fields, BIT(MASTER));
    finish(&changes);
}

static void a_new_name_of_a_master_is_a_derived_change_of_its_ports(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes);
    notify(&changes, LINK(.ifindex = 9, .ifname = "br0"));
    notify(&changes, LINK(.ifindex = 2, .ifname = "a", .master = 9));
    notify(&changes, LINK(.ifindex = 3, .ifname = "b", .master = 9));
    notify(&changes, LINK(.ifindex = 4, .ifname = "c"));
    forget(&changes);
    notify(&changes, LINK(.ifindex = 9, .ifname = "lan"));
    assert_int_equal(changes.count, 3);
    assert_int_equal(changes.first[0].ifindex, 9);
    assert_false(changes.first[0].derived);
    assert_int_equal(changes.first[1].ifindex, 2);
    assert_int_equal(changes.first[2].ifindex, 3);
    assert_int_equal(changes.derived, 2);
    assert_int_equal(changes.first[1].fields, BIT(MASTER));
    assert_int_equal(changes.first[1].type, CHANGE_CHANGE);
    assert_string_equal(table_find(changes.table, 3)->master_name, "lan");
    /* Up to the last, a port shows a master that nobody is called. */
    assert_true(changes.first[0].more_follows);
    assert_true(changes.first[1].more_follows);
    assert_false(changes.first[2].more_follows);
    finish(&changes);
}

static void a_lower_link_that_goes_down_shows_in_its_uppers_flags(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes);
    notify(&changes, LINK(.ifindex = 2, .ifname = "eth0", .flags = IFF_UP));
    notify(&changes, LINK(.ifindex = 3, .ifname = "eth0.7", .lower = 2, .kind = "vlan"));
    forget(&changes);
    notify(&changes, LINK(.ifindex = 2, .ifname = "eth0"));
    assert_int_equal(changes.count, 2);
    assert_int_equal(changes.first[1].ifindex, 3);
    assert_int_equal(changes.first[1].fields, BIT(FLAGS));
    assert_true(changes.first[1].derived);
    assert_true(table_find(changes.table, 3)->link_down);
    finish(&changes);
}

static void a_change_that_uppers_do_not_show_is_reported_alone(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes);
    notify(&changes, LINK(.ifindex = 2, .ifname = "eth0", .mtu = 1500));
    notify(&changes, LINK(.ifindex = 3, .ifname = "eth0.7", .lower = 2));
    forget(&changes);
    notify(&changes, LINK(.ifindex = 2, .ifname = "eth0", .mtu = 9000));
    assert_int_equal(changes.count, 1);
    finish(&changes);
}

static void a_port_that_left_does_not_change_with_its_master(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes);
    notify(&changes, LINK(.ifindex = 9, .ifname = "br0"));
    notify(&changes, LINK(.ifindex = 2, .ifname = "a", .master = 9));
    notify(&changes, LINK(.ifindex = 2, .ifname = "a"));
    forget(&changes);
    notify(&changes, LINK(.ifindex = 9, .ifname = "lan"));
    assert_int_equal(changes.count, 1);
    finish(&changes);
}

static void the_uppers_of_a_removed_link_keep_its_name_and_a_dump_is_due(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes);
    notify(&changes, LINK(.ifindex = 9, .ifname = "br0"));
    notify(&changes, LINK(.ifindex = 2, .ifname = "a", .master = 9));
    forget(&changes);
    table_remove(changes.table, 9, CHANGE_BY_NOTIFICATION, NULL);
    assert_int_equal(changes.count, 1);
    assert_true(changes.first[0].entails_more);
    assert_string_equal(table_find(changes.table, 2)->master_name, "br0");
    table_remove(changes.table, 2, CHANGE_BY_NOTIFICATION, NULL);
    assert_false(changes.first[1].entails_more);
    finish(&changes);
}

static void the_end_of_a_pair_that_is_reported_last_makes_a_dump_due(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes);
    /* As the kernel reports a new veth: the first end before it has a peer. */
    notify(&changes, LINK(.ifindex = 3, .ifname = "b", .kind = "veth"));
    notify(&changes, LINK(.ifindex = 2, .ifname = "a", .kind = "veth", .lower = 3));
    assert_false(changes.first[0].entails_more);
    assert_true(changes.first[1].entails_more);
    notify(&changes, LINK(.ifindex = 3, .ifname = "b", .kind = "veth", .lower = 2));
    forget(&changes);
    notify(&changes, LINK(.ifindex = 4, .ifname = "v", .kind = "vlan", .lower = 3));
    assert_false(changes.first[0].entails_more);
    finish(&changes);
}

static void a_pair_found_by_a_dump_entails_nothing(void **state)
{
    struct changes changes;
    struct link *link;

    (void)state;
    start(&changes);
    notify(&changes, LINK(.ifindex = 3, .ifname = "b", .kind = "veth"));
    link = LINK(.ifindex = 2, .ifname = "a", .kind = "veth", .lower = 3);
    assert_int_equal(table_put(changes.table, link, CHANGE_BY_DUMP), 0);
    link_unref(link);
    assert_false(changes.first[1].entails_more);
    finish(&changes);
}

static void the_two_ends_of_a_pair_name_each_other(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes);
    notify(&changes, LINK(.ifindex = 2, .ifname = "a", .kind = "veth", .lower = 3));
    notify(&changes, LINK(.ifindex = 3, .ifname = "b", .kind = "veth", .lower = 2));
    assert_string_equal(table_find(changes.table, 2)->link_name, "b");
    assert_string_equal(table_find(changes.table, 3)->link_name, "a");
    notify(&changes, LINK(.ifindex = 3, .ifname = "c", .kind = "veth", .lower = 2));
    assert_string_equal(table_find(changes.table, 2)->link_name, "c");
    finish(&changes);
}

static void a_link_that_names_itself_is_borne(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes);
    notify(&changes, LINK(.ifindex = 2, .ifname = "a", .lower = 2, .master = 2));
    notify(&changes, LINK(.ifindex = 2, .ifname = "b", .lower = 2, .master = 2, .flags = IFF_UP));
    assert_string_equal(table_find(changes.table, 2)->link_name, "b");
    assert_string_equal(table_find(changes.table, 2)->master_name, "b");
    assert_false(table_find(changes.table, 2)->link_down);
    table_remove(changes.table, 2, CHANGE_BY_NOTIFICATION, NULL);
    assert_int_equal(table_count(changes.table), 0);
    finish(&changes);
}

static void thousands_of_links_on_one_are_reported_once_each(void **state)
{
    enum { UPPERS = 5000 };
    struct changes changes;
    char name[IF_NAMESIZE];

    (void)state;
    start(&changes);
    notify(&changes, LINK(.ifindex = 1, .ifname = "eth0", .flags = IFF_UP));
    for (int i = 0; i < UPPERS; i++) {
        snprintf(name, sizeof(name), "v%d", i);
        notify(&changes, LINK(.ifindex = 10 + i, .ifname = name, .lower = 1));
    }
    assert_int_equal(changes.count, UPPERS + 1);
    forget(&changes);
    notify(&changes, LINK(.ifindex = 1, .ifname = "eth0"));
    assert_int_equal(changes.count, UPPERS + 1);
    assert_int_equal(changes.derived, UPPERS);
    forget(&changes);
    for (int i = 0; i < UPPERS; i++)
        table_remove(changes.table, 10 + i, CHANGE_BY_NOTIFICATION, NULL);
    assert_int_equal(changes.count, UPPERS);
    assert_int_equal(table_count(changes.table), 1);
    finish(&changes);
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
    struct changes changes;
    char name[IF_NAMESIZE];

    (void)state;
    start(&changes);
    for (int i = 0; i < 20000; i++) {
        int ifindex = 1 + (int)roll(&dice, 12);

        snprintf(name, sizeof(name), "n%u", roll(&dice, 50));
        if (roll(&dice, 5) == 0)
            table_remove(changes.table, ifindex, CHANGE_BY_NOTIFICATION, NULL);
        else
            notify(&changes,
                   LINK(.ifindex = ifindex, .ifname = name, .master = (int)roll(&dice, 13),
                        .lower = (int)roll(&dice, 13), .flags = roll(&dice, 2) ? IFF_UP : 0,
                        .kind = roll(&dice, 10) ? "veth" : "dummy"));
        assert_resolved(changes.table);
    }
    finish(&changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_has_the_name_of_its_master_whichever_comes_first),
        cmocka_unit_test(a_new_name_of_a_master_is_a_derived_change_of_its_ports),
        cmocka_unit_test(a_lower_link_that_goes_down_shows_in_its_uppers_flags),
        cmocka_unit_test(a_change_that_uppers_do_not_show_is_reported_alone),
        cmocka_unit_test(a_port_that_left_does_not_change_with_its_master),
        cmocka_unit_test(the_uppers_of_a_removed_link_keep_its_name_and_a_dump_is_due),
        cmocka_unit_test(the_end_of_a_pair_that_is_reported_last_makes_a_dump_due),
        cmocka_unit_test(a_pair_found_by_a_dump_entails_nothing),
        cmocka_unit_test(the_two_ends_of_a_pair_name_each_other),
        cmocka_unit_test(a_link_that_names_itself_is_borne),
        cmocka_unit_test(thousands_of_links_on_one_are_reported_once_each),
        cmocka_unit_test(whatever_happens_names_are_those_of_the_links_that_are_there),
    };

    return cmocka_run_group_tests_name("relations", tests, NULL, NULL);
}
