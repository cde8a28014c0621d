/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reconcile: what a kernel says goes in, and at no moment the table shows what none has. */
#include "tests/unit/support.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "daemon/reconcile.h"

#define CHANGES_MAX 16

struct changes {
    size_t count;
    struct {
        enum change_type type;
        enum change_source source;
        int ifindex;
        char name[IF_NAMESIZE];
        bool more_follows;
    } at[CHANGES_MAX];
    struct table *table;
    struct reconcile *reconcile;
    struct dump_verdict verdict;
    uint8_t operstate; /* that lines have: 0 for a kernel that is not Linux */
};

/* From the table alone: each name once, and each master is there. */
static bool is_possible(const struct table *table)
{
    struct link *link = NULL;

    while ((link = table_next(table, link ? link->ifindex : 0))) {
        const char *name = NULL;

        if (table_bearer(table, link->ifname, link->ifindex))
            return false;
        while ((name = link_next_altname(link, name)))
            if (table_bearer(table, name, 0) != link->ifindex ||
                table_bearer(table, name, link->ifindex))
                return false;
        if (link->known & LINK_FIELD_BIT(MASTER) && !table_find(table, link->master))
            return false;
    }
    return true;
}

static void on_change(void *user, const struct change *change)
{
    struct changes *changes = user;
    const struct link *link = change_link(change);

    assert_int_equal(change->more_follows, !is_possible(changes->table));
    if (changes->count < CHANGES_MAX) {
        changes->at[changes->count].type = change->type;
        changes->at[changes->count].source = change->source;
        changes->at[changes->count].ifindex = link->ifindex;
        changes->at[changes->count].more_follows = change->more_follows;
        memcpy(changes->at[changes->count].name, link->ifname, IF_NAMESIZE);
    }
    changes->count++;
}

static void start(struct changes *changes, bool native)
{
    *changes = (struct changes){.operstate = native ? 2 : 0};
    changes->table = table_new(on_change, changes);
    assert_non_null(changes->table);
    changes->reconcile = reconcile_new(changes->table);
    assert_non_null(changes->reconcile);
}

static void finish(struct changes *changes)
{
    assert_true(is_possible(changes->table));
    reconcile_free(changes->reconcile);
    table_free(changes->table);
}

static void notify(struct changes *changes, struct link *link)
{
    assert_int_equal(reconcile_notified(changes->reconcile, link), 0);
    link_unref(link);
}

static void notify_gone(struct changes *changes, int ifindex)
{
    struct link *link = LINK(.ifindex = ifindex, .ifname = "gone");

    assert_int_equal(reconcile_notified_gone(changes->reconcile, link), 0);
    link_unref(link);
}

static void answer(struct changes *changes, int ifindex, struct link *link)
{
    assert_int_equal(reconcile_query(changes->reconcile), ifindex);
    assert_int_equal(reconcile_answered(changes->reconcile, ifindex, link), 0);
    link_unref(link);
}

static void line(struct changes *changes, struct says says)
{
    struct link *link;

    says.operstate = changes->operstate;
    link = make_link(&says);
    assert_int_equal(reconcile_dump_line(changes->reconcile, link, 0), 0);
    link_unref(link);
}

#define LINE(...) line(&changes, (struct says){__VA_ARGS__})

static void begin_dump(struct changes *changes)
{
    changes->count = 0;
    reconcile_dump_begin(changes->reconcile);
}

static void end_dump(struct changes *changes, int error)
{
    assert_int_equal(reconcile_dump_end(changes->reconcile, error, true, &changes->verdict), 0);
}

/* A whole dump of links that are called by their index. */
static void dump(struct changes *changes, int first, int last)
{
    char name[IF_NAMESIZE];

    begin_dump(changes);
    for (int ifindex = first; ifindex <= last; ifindex++) {
        snprintf(name, sizeof(name), "eth%d", ifindex);
        line(changes, (struct says){.ifindex = ifindex, .ifname = name, .mac = (uint8_t)ifindex});
    }
    end_dump(changes, 0);
    changes->count = 0;
}

static void assert_change(const struct changes *changes, size_t at, enum change_type type,
                          int ifindex, const char *name, bool more_follows)
{
    assert_true(at < changes->count);
    assert_int_equal(changes->at[at].type, type);
    assert_int_equal(changes->at[at].ifindex, ifindex);
    assert_string_equal(changes->at[at].name, name);
    assert_int_equal(changes->at[at].more_follows, more_follows);
}

static void assert_no_query(const struct changes *changes)
{
    assert_int_equal(reconcile_query(changes->reconcile), 0);
}

/* --- links that are missing */

static void a_whole_native_dump_proves_an_absence(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 9);
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    end_dump(&changes, 0);
    assert_no_query(&changes);
    assert_int_equal(changes.verdict.missing, 0);
    assert_int_equal(changes.count, 8);
    assert_int_equal(table_count(changes.table), 1);
    finish(&changes);
}

static void after_an_interrupted_dump_the_missing_link_is_asked_for(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 4);
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    end_dump(&changes, -EINTR);
    assert_int_equal(changes.count, 0);
    answer(&changes, 3, LINK(.ifindex = 3, .ifname = "eth3", .mac = 3, .operstate = 2));
    answer(&changes, 4, NULL);
    assert_no_query(&changes);
    assert_change(&changes, 0, CHANGE_REMOVE, 4, "eth4", false);
    assert_int_equal(changes.at[0].source, CHANGE_BY_DUMP);
    assert_int_equal(changes.count, 1);
    finish(&changes);
}

static void where_dumps_prove_nothing_the_missing_link_is_asked_for(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, false);
    dump(&changes, 1, 3);
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    end_dump(&changes, 0);
    assert_int_equal(changes.count, 0);
    answer(&changes, 3, NULL);
    assert_change(&changes, 0, CHANGE_REMOVE, 3, "eth3", false);
    finish(&changes);
}

static void where_many_are_missing_another_dump_is_cheaper(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, false);
    dump(&changes, 1, 9);
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    end_dump(&changes, 0);
    assert_no_query(&changes);
    assert_int_equal(changes.verdict.missing, 8);
    assert_int_equal(table_count(changes.table), 9);
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    end_dump(&changes, 0);
    assert_no_query(&changes);
    assert_int_equal(changes.count, 8);
    finish(&changes);
}

static void a_dump_that_failed_says_nothing_of_what_it_did_not_show(void **state)
{
    static const int errors[] = {-EBUSY, -EMSGSIZE, -ENOMEM};
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 3);
    for (size_t i = 0; i < 3; i++) {
        begin_dump(&changes);
        LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
        end_dump(&changes, errors[i]);
        assert_no_query(&changes);
        assert_int_equal(table_count(changes.table), 3);
    }
    finish(&changes);
}

static void a_native_dump_without_room_for_all_its_lines_proves_an_absence(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 3);
    begin_dump(&changes);
    reconcile_dump_line_without_room(changes.reconcile, 1);
    reconcile_dump_line_without_room(changes.reconcile, 3);
    reconcile_dump_line_without_room(changes.reconcile, 4);
    end_dump(&changes, -EDQUOT);
    assert_int_equal(changes.count, 1);
    assert_change(&changes, 0, CHANGE_REMOVE, 2, "eth2", false);
    finish(&changes);
}

static void a_query_without_an_answer_leaves_the_link_as_it_was(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 3);
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    end_dump(&changes, -EINTR);
    assert_int_equal(reconcile_unanswered(changes.reconcile, 3, false), 0);
    assert_no_query(&changes);
    assert_int_equal(reconcile_unsettled(changes.reconcile), 1);
    assert_int_equal(table_count(changes.table), 3);
    finish(&changes);
}

static void interrupted(struct changes *changes)
{
    begin_dump(changes);
    line(changes, (struct says){.ifindex = 1, .ifname = "eth1", .mac = 1});
    end_dump(changes, -EINTR);
}

static void a_kernel_that_refuses_queries_is_believed_after_more_dumps(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 2);
    interrupted(&changes);
    assert_int_equal(reconcile_unanswered(changes.reconcile, 2, true), 0);
    for (int i = 0; i < 3; i++)
        interrupted(&changes);
    assert_int_equal(table_count(changes.table), 2);
    interrupted(&changes);
    assert_no_query(&changes);
    assert_int_equal(table_count(changes.table), 1);
    finish(&changes);
}

/* --- dumps without a line */

static void two_empty_dumps_on_a_quiet_socket_are_the_truth_once_the_links_are_asked_for(
    void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, false);
    dump(&changes, 1, 5);
    begin_dump(&changes);
    end_dump(&changes, 0);
    assert_false(changes.verdict.empty);
    assert_no_query(&changes);
    begin_dump(&changes);
    end_dump(&changes, 0);
    assert_true(changes.verdict.empty);
    for (int ifindex = 1; ifindex <= 5; ifindex++)
        answer(&changes, ifindex, NULL);
    assert_int_equal(table_count(changes.table), 0);
    finish(&changes);
}

static void an_empty_dump_is_a_lie_where_a_link_that_is_asked_for_is_there(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, false);
    for (int i = 0; i < 2; i++) {
        begin_dump(&changes);
        end_dump(&changes, 0);
        answer(&changes, 1, i ? LINK(.ifindex = 1, .ifname = "lo") : NULL);
    }
    assert_int_equal(table_count(changes.table), 1);
    finish(&changes);
}

static void an_empty_dump_on_a_socket_that_had_more_to_receive_says_nothing(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, false);
    dump(&changes, 1, 2);
    for (int i = 0; i < 5; i++) {
        begin_dump(&changes);
        assert_int_equal(reconcile_dump_end(changes.reconcile, 0, false, &changes.verdict), 0);
        assert_false(changes.verdict.empty);
        assert_no_query(&changes);
    }
    assert_int_equal(table_count(changes.table), 2);
    finish(&changes);
}

/* --- one name, one bearer */

static void the_older_bearer_of_a_name_is_gone_before_the_newer_one_is_there(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 2);
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 9, .ifname = "eth2", .mac = 9);
    assert_int_equal(changes.count, 0);
    end_dump(&changes, 0);
    assert_int_equal(changes.count, 2);
    assert_change(&changes, 0, CHANGE_REMOVE, 2, "eth2", false);
    assert_change(&changes, 1, CHANGE_ADD, 9, "eth2", false);
    finish(&changes);
}

static void the_older_bearer_of_a_name_is_asked_for_where_a_dump_is_no_proof(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, false);
    dump(&changes, 1, 2);
    begin_dump(&changes);
    LINE(.ifindex = 9, .ifname = "eth2", .mac = 9);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    end_dump(&changes, 0);
    assert_int_equal(changes.count, 0);
    answer(&changes, 2, NULL);
    assert_change(&changes, 0, CHANGE_REMOVE, 2, "eth2", false);
    assert_change(&changes, 1, CHANGE_ADD, 9, "eth2", false);
    assert_no_query(&changes);
    finish(&changes);
}

static void an_older_bearer_that_was_renamed_is_renamed_first(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 2);
    notify(&changes, LINK(.ifindex = 9, .ifname = "eth2", .mac = 9));
    assert_int_equal(changes.count, 0);
    answer(&changes, 2, LINK(.ifindex = 2, .ifname = "old2", .mac = 2, .operstate = 2));
    assert_change(&changes, 0, CHANGE_CHANGE, 2, "old2", false);
    assert_change(&changes, 1, CHANGE_ADD, 9, "eth2", false);
    assert_int_equal(changes.at[1].source, CHANGE_BY_NOTIFICATION);
    assert_no_query(&changes);
    finish(&changes);
}

static void where_the_older_link_bears_the_name_the_newer_line_was_out_of_date(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, false);
    dump(&changes, 1, 2);
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    LINE(.ifindex = 9, .ifname = "eth2", .mac = 9);
    end_dump(&changes, 0);
    answer(&changes, 2, LINK(.ifindex = 2, .ifname = "eth2", .mac = 2));
    answer(&changes, 9, LINK(.ifindex = 9, .ifname = "new9", .mac = 9));
    assert_no_query(&changes);
    assert_int_equal(changes.count, 1);
    assert_change(&changes, 0, CHANGE_ADD, 9, "new9", false);
    finish(&changes);
}

static void links_that_contradict_each_other_for_ever_stay_as_they_were_and_the_rest_goes_on(
    void **state)
{
    struct changes changes;
    int rounds = 0, asked;

    (void)state;
    start(&changes, false);
    dump(&changes, 1, 3);
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "one", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    LINE(.ifindex = 3, .ifname = "eth3", .mac = 3);
    LINE(.ifindex = 9, .ifname = "eth2", .mac = 9);
    end_dump(&changes, 0);
    while ((asked = reconcile_query(changes.reconcile))) {
        assert_int_in_range(++rounds, 1, 20);
        answer(&changes, asked, LINK(.ifindex = asked, .ifname = "eth2"));
    }
    assert_int_equal(reconcile_unsettled(changes.reconcile), 1);
    assert_null(table_find(changes.table, 9));
    assert_string_equal(table_find(changes.table, 1)->ifname, "one");
    /* The next dump may be of one mind again. */
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "one", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    LINE(.ifindex = 3, .ifname = "eth3", .mac = 3);
    LINE(.ifindex = 9, .ifname = "eth9", .mac = 9);
    end_dump(&changes, 0);
    assert_int_equal(reconcile_unsettled(changes.reconcile), 0);
    assert_non_null(table_find(changes.table, 9));
    finish(&changes);
}

static void names_that_were_swapped_belong_together(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 3);
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth3", .mac = 2);
    LINE(.ifindex = 3, .ifname = "eth2", .mac = 3);
    end_dump(&changes, 0);
    assert_no_query(&changes);
    assert_int_equal(changes.count, 2);
    assert_change(&changes, 0, CHANGE_CHANGE, 2, "eth3", true);
    assert_change(&changes, 1, CHANGE_CHANGE, 3, "eth2", false);
    finish(&changes);
}

static void a_cycle_of_three_names_belongs_together_and_another_one_to_itself(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 5);
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "eth2", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth3", .mac = 2);
    LINE(.ifindex = 3, .ifname = "eth1", .mac = 3);
    LINE(.ifindex = 4, .ifname = "eth5", .mac = 4);
    LINE(.ifindex = 5, .ifname = "eth4", .mac = 5);
    end_dump(&changes, 0);
    assert_int_equal(changes.count, 5);
    assert_true(changes.at[0].more_follows && changes.at[1].more_follows &&
                !changes.at[2].more_follows);
    assert_true(changes.at[3].more_follows && !changes.at[4].more_follows);
    finish(&changes);
}

static void an_altname_that_was_a_name_comes_after_that_name_is_free(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 2);
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "eth1", .altname = "eth2", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth7", .mac = 2);
    end_dump(&changes, 0);
    assert_change(&changes, 0, CHANGE_CHANGE, 2, "eth7", false);
    assert_change(&changes, 1, CHANGE_CHANGE, 1, "eth1", false);
    assert_int_equal(table_bearer(changes.table, "eth2", 0), 1);
    /* And back: the altname is free before it is a name. */
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    end_dump(&changes, 0);
    assert_change(&changes, 0, CHANGE_CHANGE, 1, "eth1", false);
    assert_change(&changes, 1, CHANGE_CHANGE, 2, "eth2", false);
    finish(&changes);
}

/* --- no port of a master that is not there */

static void a_master_is_there_before_its_ports_wherever_it_is_in_the_dump(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    begin_dump(&changes);
    LINE(.ifindex = 2, .ifname = "port", .master = 9);
    LINE(.ifindex = 9, .ifname = "bridge");
    end_dump(&changes, 0);
    assert_change(&changes, 0, CHANGE_ADD, 9, "bridge", false);
    assert_change(&changes, 1, CHANGE_ADD, 2, "port", false);
    finish(&changes);
}

static void a_notification_that_names_an_unknown_master_asks_for_it_at_once(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, false);
    dump(&changes, 1, 2);
    notify(&changes, LINK(.ifindex = 2, .ifname = "eth2", .mac = 2, .master = 9));
    assert_int_equal(changes.count, 0);
    answer(&changes, 9, LINK(.ifindex = 9, .ifname = "bridge"));
    assert_change(&changes, 0, CHANGE_ADD, 9, "bridge", false);
    assert_change(&changes, 1, CHANGE_CHANGE, 2, "eth2", false);
    finish(&changes);
}

static void a_port_whose_master_can_not_be_had_is_shown_without_it(void **state)
{
    struct changes changes;
    int asked;

    (void)state;
    start(&changes, false);
    dump(&changes, 1, 1);
    notify(&changes, LINK(.ifindex = 2, .ifname = "port", .master = 9));
    for (int i = 0; (asked = reconcile_query(changes.reconcile)); i++) {
        assert_int_in_range(i, 0, 20);
        answer(&changes, asked,
               asked == 9 ? NULL : LINK(.ifindex = 2, .ifname = "port", .master = 9));
    }
    assert_change(&changes, 0, CHANGE_ADD, 2, "port", false);
    assert_false(table_find(changes.table, 2)->known & LINK_FIELD_BIT(MASTER));
    assert_int_equal(reconcile_unsettled(changes.reconcile), 1);
    finish(&changes);
}

static void a_bridge_that_was_made_anew_under_its_ports_belongs_together(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    begin_dump(&changes);
    LINE(.ifindex = 5, .ifname = "br0", .mac = 5);
    LINE(.ifindex = 6, .ifname = "port", .master = 5);
    end_dump(&changes, 0);
    begin_dump(&changes);
    LINE(.ifindex = 6, .ifname = "port", .master = 7);
    LINE(.ifindex = 7, .ifname = "br0", .mac = 7);
    end_dump(&changes, 0);
    assert_no_query(&changes);
    assert_change(&changes, 0, CHANGE_REMOVE, 5, "br0", true);
    assert_change(&changes, 1, CHANGE_ADD, 7, "br0", true);
    assert_change(&changes, 2, CHANGE_CHANGE, 6, "port", false);
    finish(&changes);
}

static void the_ports_of_a_master_that_is_gone_are_asked_for(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    begin_dump(&changes);
    LINE(.ifindex = 5, .ifname = "br0");
    LINE(.ifindex = 6, .ifname = "port", .master = 5);
    end_dump(&changes, 0);
    changes.count = 0;
    notify_gone(&changes, 5);
    assert_int_equal(changes.count, 0);
    answer(&changes, 6, LINK(.ifindex = 6, .ifname = "port", .operstate = 2));
    assert_change(&changes, 0, CHANGE_CHANGE, 6, "port", false);
    assert_change(&changes, 1, CHANGE_REMOVE, 5, "br0", false);
    finish(&changes);
}

/* --- notifications and dumps */

static void a_line_that_may_be_older_than_a_notification_is_asked_for(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 3);
    begin_dump(&changes);
    notify(&changes, LINK(.ifindex = 2, .ifname = "eth2", .mac = 2, .mtu = 1400, .operstate = 2));
    notify_gone(&changes, 3);
    changes.count = 0;
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    LINE(.ifindex = 3, .ifname = "eth3", .mac = 3);
    end_dump(&changes, 0);
    assert_int_equal(changes.count, 0);
    answer(&changes, 2,
           LINK(.ifindex = 2, .ifname = "eth2", .mac = 2, .mtu = 1400, .operstate = 2));
    answer(&changes, 3, NULL);
    assert_no_query(&changes);
    assert_int_equal(changes.count, 0);
    assert_int_equal(table_find(changes.table, 2)->mtu, 1400);
    assert_null(table_find(changes.table, 3));
    finish(&changes);
}

static void a_line_that_repeats_a_notification_causes_no_query(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 2);
    begin_dump(&changes);
    notify(&changes, LINK(.ifindex = 2, .ifname = "new", .mac = 2, .operstate = 2));
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "new", .mac = 2);
    end_dump(&changes, 0);
    assert_no_query(&changes);
    assert_int_equal(changes.count, 1);
    finish(&changes);
}

static void a_link_notified_of_during_a_dump_is_not_missing(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 2);
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    notify(&changes, LINK(.ifindex = 2, .ifname = "renamed", .mac = 2, .operstate = 2));
    notify(&changes, LINK(.ifindex = 9, .ifname = "new", .operstate = 2));
    end_dump(&changes, 0);
    assert_no_query(&changes);
    assert_int_equal(table_count(changes.table), 3);
    finish(&changes);
}

/* --- the same link, or another one */

static void a_change_that_was_notified_of_is_one_of_the_same_link(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 2);
    notify(&changes, LINK(.ifindex = 2, .ifname = "tap", .mac = 7, .type = ARPHRD_NONE));
    assert_int_equal(changes.count, 1);
    assert_change(&changes, 0, CHANGE_CHANGE, 2, "tap", false);
    finish(&changes);
}

static void after_an_overrun_a_notification_may_be_of_another_link(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, true);
    dump(&changes, 1, 2);
    reconcile_overrun(changes.reconcile);
    notify(&changes, LINK(.ifindex = 2, .ifname = "tap", .mac = 7, .operstate = 2));
    assert_change(&changes, 0, CHANGE_REMOVE, 2, "eth2", false);
    assert_change(&changes, 1, CHANGE_ADD, 2, "tap", false);
    dump(&changes, 1, 2);
    notify(&changes, LINK(.ifindex = 2, .ifname = "tap", .mac = 8, .operstate = 2));
    assert_int_equal(changes.count, 1);
    finish(&changes);
}

static void links_whose_indexes_began_anew_are_other_links(void **state)
{
    struct changes changes;

    (void)state;
    start(&changes, false);
    dump(&changes, 1, 3);
    begin_dump(&changes);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth3", .mac = 13);
    LINE(.ifindex = 3, .ifname = "eth2", .mac = 12);
    end_dump(&changes, 0);
    assert_no_query(&changes);
    assert_int_equal(changes.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_not_equal(changes.at[i].type, CHANGE_CHANGE);
    finish(&changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_native_dump_proves_an_absence),
        cmocka_unit_test(after_an_interrupted_dump_the_missing_link_is_asked_for),
        cmocka_unit_test(where_dumps_prove_nothing_the_missing_link_is_asked_for),
        cmocka_unit_test(where_many_are_missing_another_dump_is_cheaper),
        cmocka_unit_test(a_dump_that_failed_says_nothing_of_what_it_did_not_show),
        cmocka_unit_test(a_native_dump_without_room_for_all_its_lines_proves_an_absence),
        cmocka_unit_test(a_query_without_an_answer_leaves_the_link_as_it_was),
        cmocka_unit_test(a_kernel_that_refuses_queries_is_believed_after_more_dumps),
        cmocka_unit_test(
            two_empty_dumps_on_a_quiet_socket_are_the_truth_once_the_links_are_asked_for),
        cmocka_unit_test(an_empty_dump_is_a_lie_where_a_link_that_is_asked_for_is_there),
        cmocka_unit_test(an_empty_dump_on_a_socket_that_had_more_to_receive_says_nothing),
        cmocka_unit_test(the_older_bearer_of_a_name_is_gone_before_the_newer_one_is_there),
        cmocka_unit_test(the_older_bearer_of_a_name_is_asked_for_where_a_dump_is_no_proof),
        cmocka_unit_test(an_older_bearer_that_was_renamed_is_renamed_first),
        cmocka_unit_test(where_the_older_link_bears_the_name_the_newer_line_was_out_of_date),
        cmocka_unit_test(
            links_that_contradict_each_other_for_ever_stay_as_they_were_and_the_rest_goes_on),
        cmocka_unit_test(names_that_were_swapped_belong_together),
        cmocka_unit_test(a_cycle_of_three_names_belongs_together_and_another_one_to_itself),
        cmocka_unit_test(an_altname_that_was_a_name_comes_after_that_name_is_free),
        cmocka_unit_test(a_master_is_there_before_its_ports_wherever_it_is_in_the_dump),
        cmocka_unit_test(a_notification_that_names_an_unknown_master_asks_for_it_at_once),
        cmocka_unit_test(a_port_whose_master_can_not_be_had_is_shown_without_it),
        cmocka_unit_test(a_bridge_that_was_made_anew_under_its_ports_belongs_together),
        cmocka_unit_test(the_ports_of_a_master_that_is_gone_are_asked_for),
        cmocka_unit_test(a_line_that_may_be_older_than_a_notification_is_asked_for),
        cmocka_unit_test(a_line_that_repeats_a_notification_causes_no_query),
        cmocka_unit_test(a_link_notified_of_during_a_dump_is_not_missing),
        cmocka_unit_test(a_change_that_was_notified_of_is_one_of_the_same_link),
        cmocka_unit_test(after_an_overrun_a_notification_may_be_of_another_link),
        cmocka_unit_test(links_whose_indexes_began_anew_are_other_links),
    };

    return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
