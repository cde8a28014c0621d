/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reconcile: what a kernel says goes in, and at no moment the table shows what none has. */
#include "tests/unit/support.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "daemon/reconcile.h"

#define TOLD_MAX 16

struct told {
    size_t count;
    struct {
        enum change_type type;
        enum change_source source;
        int ifindex;
        char name[IF_NAMESIZE];
        bool more_follows;
    } at[TOLD_MAX];
    struct table *table;
    struct reconcile *reconcile;
    struct reconcile_verdict verdict;
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
    struct told *told = user;
    const struct link *link = change_link(change);

    assert_int_equal(change->more_follows, !is_possible(told->table));
    if (told->count < TOLD_MAX) {
        told->at[told->count].type = change->type;
        told->at[told->count].source = change->source;
        told->at[told->count].ifindex = link->ifindex;
        told->at[told->count].more_follows = change->more_follows;
        memcpy(told->at[told->count].name, link->ifname, IF_NAMESIZE);
    }
    told->count++;
}

static void start(struct told *told, bool native)
{
    *told = (struct told){.operstate = native ? 2 : 0};
    told->table = table_new(on_change, told);
    assert_non_null(told->table);
    told->reconcile = reconcile_new(told->table);
    assert_non_null(told->reconcile);
}

static void finish(struct told *told)
{
    assert_true(is_possible(told->table));
    reconcile_free(told->reconcile);
    table_free(told->table);
}

static void notify(struct told *told, struct link *link)
{
    assert_int_equal(reconcile_notified(told->reconcile, link), 0);
    link_unref(link);
}

static void notify_gone(struct told *told, int ifindex)
{
    struct link *link = LINK(.ifindex = ifindex, .ifname = "gone");

    assert_int_equal(reconcile_notified_gone(told->reconcile, link), 0);
    link_unref(link);
}

static void answer(struct told *told, int ifindex, struct link *link)
{
    assert_int_equal(reconcile_query(told->reconcile), ifindex);
    assert_int_equal(reconcile_answered(told->reconcile, ifindex, link), 0);
    link_unref(link);
}

static void line(struct told *told, struct says says)
{
    struct link *link;

    says.operstate = told->operstate;
    link = make_link(&says);
    assert_int_equal(reconcile_dump_line(told->reconcile, link, 0), 0);
    link_unref(link);
}

#define LINE(...) line(&told, (struct says){__VA_ARGS__})

static void begin_dump(struct told *told)
{
    told->count = 0;
    reconcile_dump_begin(told->reconcile);
}

static void end_dump(struct told *told, int error)
{
    assert_int_equal(reconcile_dump_end(told->reconcile, error, true, &told->verdict), 0);
}

/* A whole dump of links that are called by their index. */
static void dump(struct told *told, int first, int last)
{
    char name[IF_NAMESIZE];

    begin_dump(told);
    for (int ifindex = first; ifindex <= last; ifindex++) {
        snprintf(name, sizeof(name), "eth%d", ifindex);
        line(told, (struct says){.ifindex = ifindex, .ifname = name, .mac = (uint8_t)ifindex});
    }
    end_dump(told, 0);
    told->count = 0;
}

static void assert_told(const struct told *told, size_t at, enum change_type type, int ifindex,
                        const char *name, bool more_follows)
{
    assert_true(at < told->count);
    assert_int_equal(told->at[at].type, type);
    assert_int_equal(told->at[at].ifindex, ifindex);
    assert_string_equal(told->at[at].name, name);
    assert_int_equal(told->at[at].more_follows, more_follows);
}

static void assert_no_question(const struct told *told)
{
    assert_int_equal(reconcile_query(told->reconcile), 0);
}

/* --- links that are missing */

static void a_whole_native_dump_proves_an_absence(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    dump(&told, 1, 9);
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    end_dump(&told, 0);
    assert_no_question(&told);
    assert_int_equal(told.verdict.missing, 0);
    assert_int_equal(told.count, 8);
    assert_int_equal(table_count(told.table), 1);
    finish(&told);
}

static void after_an_interrupted_dump_the_missing_link_is_asked_for(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    dump(&told, 1, 4);
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    end_dump(&told, -EINTR);
    assert_int_equal(told.count, 0);
    answer(&told, 3, LINK(.ifindex = 3, .ifname = "eth3", .mac = 3, .operstate = 2));
    answer(&told, 4, NULL);
    assert_no_question(&told);
    assert_told(&told, 0, CHANGE_REMOVE, 4, "eth4", false);
    assert_int_equal(told.at[0].source, CHANGE_BY_DUMP);
    assert_int_equal(told.count, 1);
    finish(&told);
}

static void where_dumps_prove_nothing_the_missing_link_is_asked_for(void **state)
{
    struct told told;

    (void)state;
    start(&told, false);
    dump(&told, 1, 3);
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    end_dump(&told, 0);
    assert_int_equal(told.count, 0);
    answer(&told, 3, NULL);
    assert_told(&told, 0, CHANGE_REMOVE, 3, "eth3", false);
    finish(&told);
}

static void where_many_are_missing_another_dump_is_cheaper(void **state)
{
    struct told told;

    (void)state;
    start(&told, false);
    dump(&told, 1, 9);
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    end_dump(&told, 0);
    assert_no_question(&told);
    assert_int_equal(told.verdict.missing, 8);
    assert_int_equal(table_count(told.table), 9);
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    end_dump(&told, 0);
    assert_no_question(&told);
    assert_int_equal(told.count, 8);
    finish(&told);
}

static void a_dump_that_failed_says_nothing_of_what_it_did_not_show(void **state)
{
    static const int errors[] = {-EBUSY, -EMSGSIZE, -ENOMEM};
    struct told told;

    (void)state;
    start(&told, true);
    dump(&told, 1, 3);
    for (size_t i = 0; i < 3; i++) {
        begin_dump(&told);
        LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
        end_dump(&told, errors[i]);
        assert_no_question(&told);
        assert_int_equal(table_count(told.table), 3);
    }
    finish(&told);
}

static void a_question_without_an_answer_leaves_the_link_as_it_was(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    dump(&told, 1, 3);
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    end_dump(&told, -EINTR);
    assert_int_equal(reconcile_unanswered(told.reconcile, 3, false), 0);
    assert_no_question(&told);
    assert_int_equal(reconcile_unsettled(told.reconcile), 1);
    assert_int_equal(table_count(told.table), 3);
    finish(&told);
}

static void interrupted(struct told *told)
{
    begin_dump(told);
    line(told, (struct says){.ifindex = 1, .ifname = "eth1", .mac = 1});
    end_dump(told, -EINTR);
}

static void a_kernel_that_refuses_questions_is_believed_after_more_dumps(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    dump(&told, 1, 2);
    interrupted(&told);
    assert_int_equal(reconcile_unanswered(told.reconcile, 2, true), 0);
    for (int i = 0; i < 3; i++)
        interrupted(&told);
    assert_int_equal(table_count(told.table), 2);
    interrupted(&told);
    assert_no_question(&told);
    assert_int_equal(table_count(told.table), 1);
    finish(&told);
}

/* --- dumps without a line */

static void two_empty_dumps_on_a_quiet_socket_are_the_truth_once_the_links_are_asked_for(
    void **state)
{
    struct told told;

    (void)state;
    start(&told, false);
    dump(&told, 1, 5);
    begin_dump(&told);
    end_dump(&told, 0);
    assert_false(told.verdict.empty);
    assert_no_question(&told);
    begin_dump(&told);
    end_dump(&told, 0);
    assert_true(told.verdict.empty);
    for (int ifindex = 1; ifindex <= 5; ifindex++)
        answer(&told, ifindex, NULL);
    assert_int_equal(table_count(told.table), 0);
    finish(&told);
}

static void an_empty_dump_is_a_lie_where_a_link_that_is_asked_for_is_there(void **state)
{
    struct told told;

    (void)state;
    start(&told, false);
    for (int i = 0; i < 2; i++) {
        begin_dump(&told);
        end_dump(&told, 0);
        answer(&told, 1, i ? LINK(.ifindex = 1, .ifname = "lo") : NULL);
    }
    assert_int_equal(table_count(told.table), 1);
    finish(&told);
}

static void an_empty_dump_on_a_socket_that_had_more_to_receive_says_nothing(void **state)
{
    struct told told;

    (void)state;
    start(&told, false);
    dump(&told, 1, 2);
    for (int i = 0; i < 5; i++) {
        begin_dump(&told);
        assert_int_equal(reconcile_dump_end(told.reconcile, 0, false, &told.verdict), 0);
        assert_false(told.verdict.empty);
        assert_no_question(&told);
    }
    assert_int_equal(table_count(told.table), 2);
    finish(&told);
}

/* --- one name, one bearer */

static void the_older_bearer_of_a_name_is_gone_before_the_newer_one_is_there(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    dump(&told, 1, 2);
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 9, .ifname = "eth2", .mac = 9);
    assert_int_equal(told.count, 0);
    end_dump(&told, 0);
    assert_int_equal(told.count, 2);
    assert_told(&told, 0, CHANGE_REMOVE, 2, "eth2", false);
    assert_told(&told, 1, CHANGE_ADD, 9, "eth2", false);
    finish(&told);
}

static void the_older_bearer_of_a_name_is_asked_for_where_a_dump_is_no_proof(void **state)
{
    struct told told;

    (void)state;
    start(&told, false);
    dump(&told, 1, 2);
    begin_dump(&told);
    LINE(.ifindex = 9, .ifname = "eth2", .mac = 9);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    end_dump(&told, 0);
    assert_int_equal(told.count, 0);
    answer(&told, 2, NULL);
    assert_told(&told, 0, CHANGE_REMOVE, 2, "eth2", false);
    assert_told(&told, 1, CHANGE_ADD, 9, "eth2", false);
    assert_no_question(&told);
    finish(&told);
}

static void an_older_bearer_that_was_renamed_is_renamed_first(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    dump(&told, 1, 2);
    notify(&told, LINK(.ifindex = 9, .ifname = "eth2", .mac = 9));
    assert_int_equal(told.count, 0);
    answer(&told, 2, LINK(.ifindex = 2, .ifname = "old2", .mac = 2, .operstate = 2));
    assert_told(&told, 0, CHANGE_CHANGE, 2, "old2", false);
    assert_told(&told, 1, CHANGE_ADD, 9, "eth2", false);
    assert_int_equal(told.at[1].source, CHANGE_BY_NOTIFICATION);
    assert_no_question(&told);
    finish(&told);
}

static void where_the_older_link_bears_the_name_the_newer_line_was_out_of_date(void **state)
{
    struct told told;

    (void)state;
    start(&told, false);
    dump(&told, 1, 2);
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    LINE(.ifindex = 9, .ifname = "eth2", .mac = 9);
    end_dump(&told, 0);
    answer(&told, 2, LINK(.ifindex = 2, .ifname = "eth2", .mac = 2));
    answer(&told, 9, LINK(.ifindex = 9, .ifname = "new9", .mac = 9));
    assert_no_question(&told);
    assert_int_equal(told.count, 1);
    assert_told(&told, 0, CHANGE_ADD, 9, "new9", false);
    finish(&told);
}

static void links_that_contradict_each_other_for_ever_stay_as_they_were_and_the_rest_goes_on(
    void **state)
{
    struct told told;
    int rounds = 0, asked;

    (void)state;
    start(&told, false);
    dump(&told, 1, 3);
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "one", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    LINE(.ifindex = 3, .ifname = "eth3", .mac = 3);
    LINE(.ifindex = 9, .ifname = "eth2", .mac = 9);
    end_dump(&told, 0);
    while ((asked = reconcile_query(told.reconcile))) {
        assert_int_in_range(++rounds, 1, 20);
        answer(&told, asked, LINK(.ifindex = asked, .ifname = "eth2"));
    }
    assert_int_equal(reconcile_unsettled(told.reconcile), 1);
    assert_null(table_find(told.table, 9));
    assert_string_equal(table_find(told.table, 1)->ifname, "one");
    /* The next dump may be of one mind again. */
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "one", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    LINE(.ifindex = 3, .ifname = "eth3", .mac = 3);
    LINE(.ifindex = 9, .ifname = "eth9", .mac = 9);
    end_dump(&told, 0);
    assert_int_equal(reconcile_unsettled(told.reconcile), 0);
    assert_non_null(table_find(told.table, 9));
    finish(&told);
}

static void names_that_were_swapped_belong_together(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    dump(&told, 1, 3);
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth3", .mac = 2);
    LINE(.ifindex = 3, .ifname = "eth2", .mac = 3);
    end_dump(&told, 0);
    assert_no_question(&told);
    assert_int_equal(told.count, 2);
    assert_told(&told, 0, CHANGE_CHANGE, 2, "eth3", true);
    assert_told(&told, 1, CHANGE_CHANGE, 3, "eth2", false);
    finish(&told);
}

static void a_cycle_of_three_names_belongs_together_and_another_one_to_itself(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    dump(&told, 1, 5);
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "eth2", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth3", .mac = 2);
    LINE(.ifindex = 3, .ifname = "eth1", .mac = 3);
    LINE(.ifindex = 4, .ifname = "eth5", .mac = 4);
    LINE(.ifindex = 5, .ifname = "eth4", .mac = 5);
    end_dump(&told, 0);
    assert_int_equal(told.count, 5);
    assert_true(told.at[0].more_follows && told.at[1].more_follows && !told.at[2].more_follows);
    assert_true(told.at[3].more_follows && !told.at[4].more_follows);
    finish(&told);
}

static void an_altname_that_was_a_name_comes_after_that_name_is_free(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    dump(&told, 1, 2);
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "eth1", .altname = "eth2", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth7", .mac = 2);
    end_dump(&told, 0);
    assert_told(&told, 0, CHANGE_CHANGE, 2, "eth7", false);
    assert_told(&told, 1, CHANGE_CHANGE, 1, "eth1", false);
    assert_int_equal(table_bearer(told.table, "eth2", 0), 1);
    /* And back: the altname is free before it is a name. */
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    end_dump(&told, 0);
    assert_told(&told, 0, CHANGE_CHANGE, 1, "eth1", false);
    assert_told(&told, 1, CHANGE_CHANGE, 2, "eth2", false);
    finish(&told);
}

/* --- no port of a master that is not there */

static void a_master_is_there_before_its_ports_wherever_it_is_in_the_dump(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    begin_dump(&told);
    LINE(.ifindex = 2, .ifname = "port", .master = 9);
    LINE(.ifindex = 9, .ifname = "bridge");
    end_dump(&told, 0);
    assert_told(&told, 0, CHANGE_ADD, 9, "bridge", false);
    assert_told(&told, 1, CHANGE_ADD, 2, "port", false);
    finish(&told);
}

static void a_notification_that_names_an_unknown_master_asks_for_it_at_once(void **state)
{
    struct told told;

    (void)state;
    start(&told, false);
    dump(&told, 1, 2);
    notify(&told, LINK(.ifindex = 2, .ifname = "eth2", .mac = 2, .master = 9));
    assert_int_equal(told.count, 0);
    answer(&told, 9, LINK(.ifindex = 9, .ifname = "bridge"));
    assert_told(&told, 0, CHANGE_ADD, 9, "bridge", false);
    assert_told(&told, 1, CHANGE_CHANGE, 2, "eth2", false);
    finish(&told);
}

static void a_port_whose_master_can_not_be_had_is_shown_without_it(void **state)
{
    struct told told;
    int asked;

    (void)state;
    start(&told, false);
    dump(&told, 1, 1);
    notify(&told, LINK(.ifindex = 2, .ifname = "port", .master = 9));
    for (int i = 0; (asked = reconcile_query(told.reconcile)); i++) {
        assert_int_in_range(i, 0, 20);
        answer(&told, asked, asked == 9 ? NULL : LINK(.ifindex = 2, .ifname = "port", .master = 9));
    }
    assert_told(&told, 0, CHANGE_ADD, 2, "port", false);
    assert_false(table_find(told.table, 2)->known & LINK_FIELD_BIT(MASTER));
    assert_int_equal(reconcile_unsettled(told.reconcile), 1);
    finish(&told);
}

static void a_bridge_that_was_made_anew_under_its_ports_belongs_together(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    begin_dump(&told);
    LINE(.ifindex = 5, .ifname = "br0", .mac = 5);
    LINE(.ifindex = 6, .ifname = "port", .master = 5);
    end_dump(&told, 0);
    begin_dump(&told);
    LINE(.ifindex = 6, .ifname = "port", .master = 7);
    LINE(.ifindex = 7, .ifname = "br0", .mac = 7);
    end_dump(&told, 0);
    assert_no_question(&told);
    assert_told(&told, 0, CHANGE_REMOVE, 5, "br0", true);
    assert_told(&told, 1, CHANGE_ADD, 7, "br0", true);
    assert_told(&told, 2, CHANGE_CHANGE, 6, "port", false);
    finish(&told);
}

static void the_ports_of_a_master_that_is_gone_are_asked_for(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    begin_dump(&told);
    LINE(.ifindex = 5, .ifname = "br0");
    LINE(.ifindex = 6, .ifname = "port", .master = 5);
    end_dump(&told, 0);
    told.count = 0;
    notify_gone(&told, 5);
    assert_int_equal(told.count, 0);
    answer(&told, 6, LINK(.ifindex = 6, .ifname = "port", .operstate = 2));
    assert_told(&told, 0, CHANGE_CHANGE, 6, "port", false);
    assert_told(&told, 1, CHANGE_REMOVE, 5, "br0", false);
    finish(&told);
}

/* --- notifications and dumps */

static void a_line_that_may_be_older_than_a_notification_is_asked_for(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    dump(&told, 1, 3);
    begin_dump(&told);
    notify(&told, LINK(.ifindex = 2, .ifname = "eth2", .mac = 2, .mtu = 1400, .operstate = 2));
    notify_gone(&told, 3);
    told.count = 0;
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth2", .mac = 2);
    LINE(.ifindex = 3, .ifname = "eth3", .mac = 3);
    end_dump(&told, 0);
    assert_int_equal(told.count, 0);
    answer(&told, 2, LINK(.ifindex = 2, .ifname = "eth2", .mac = 2, .mtu = 1400, .operstate = 2));
    answer(&told, 3, NULL);
    assert_no_question(&told);
    assert_int_equal(told.count, 0);
    assert_int_equal(table_find(told.table, 2)->mtu, 1400);
    assert_null(table_find(told.table, 3));
    finish(&told);
}

static void a_line_that_says_what_a_notification_said_raises_no_question(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    dump(&told, 1, 2);
    begin_dump(&told);
    notify(&told, LINK(.ifindex = 2, .ifname = "new", .mac = 2, .operstate = 2));
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "new", .mac = 2);
    end_dump(&told, 0);
    assert_no_question(&told);
    assert_int_equal(told.count, 1);
    finish(&told);
}

static void a_link_notified_of_during_a_dump_is_not_missing(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    dump(&told, 1, 2);
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    notify(&told, LINK(.ifindex = 2, .ifname = "renamed", .mac = 2, .operstate = 2));
    notify(&told, LINK(.ifindex = 9, .ifname = "new", .operstate = 2));
    end_dump(&told, 0);
    assert_no_question(&told);
    assert_int_equal(table_count(told.table), 3);
    finish(&told);
}

/* --- the same link, or another one */

static void a_change_that_was_notified_of_is_one_of_the_same_link(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    dump(&told, 1, 2);
    notify(&told, LINK(.ifindex = 2, .ifname = "tap", .mac = 7, .type = ARPHRD_NONE));
    assert_int_equal(told.count, 1);
    assert_told(&told, 0, CHANGE_CHANGE, 2, "tap", false);
    finish(&told);
}

static void after_an_overrun_a_notification_may_be_of_another_link(void **state)
{
    struct told told;

    (void)state;
    start(&told, true);
    dump(&told, 1, 2);
    reconcile_overrun(told.reconcile);
    notify(&told, LINK(.ifindex = 2, .ifname = "tap", .mac = 7, .operstate = 2));
    assert_told(&told, 0, CHANGE_REMOVE, 2, "eth2", false);
    assert_told(&told, 1, CHANGE_ADD, 2, "tap", false);
    dump(&told, 1, 2);
    notify(&told, LINK(.ifindex = 2, .ifname = "tap", .mac = 8, .operstate = 2));
    assert_int_equal(told.count, 1);
    finish(&told);
}

static void links_whose_indexes_began_anew_are_other_links(void **state)
{
    struct told told;

    (void)state;
    start(&told, false);
    dump(&told, 1, 3);
    begin_dump(&told);
    LINE(.ifindex = 1, .ifname = "eth1", .mac = 1);
    LINE(.ifindex = 2, .ifname = "eth3", .mac = 13);
    LINE(.ifindex = 3, .ifname = "eth2", .mac = 12);
    end_dump(&told, 0);
    assert_no_question(&told);
    assert_int_equal(told.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_not_equal(told.at[i].type, CHANGE_CHANGE);
    finish(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_native_dump_proves_an_absence),
        cmocka_unit_test(after_an_interrupted_dump_the_missing_link_is_asked_for),
        cmocka_unit_test(where_dumps_prove_nothing_the_missing_link_is_asked_for),
        cmocka_unit_test(where_many_are_missing_another_dump_is_cheaper),
        cmocka_unit_test(a_dump_that_failed_says_nothing_of_what_it_did_not_show),
        cmocka_unit_test(a_question_without_an_answer_leaves_the_link_as_it_was),
        cmocka_unit_test(a_kernel_that_refuses_questions_is_believed_after_more_dumps),
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
        cmocka_unit_test(a_line_that_says_what_a_notification_said_raises_no_question),
        cmocka_unit_test(a_link_notified_of_during_a_dump_is_not_missing),
        cmocka_unit_test(a_change_that_was_notified_of_is_one_of_the_same_link),
        cmocka_unit_test(after_an_overrun_a_notification_may_be_of_another_link),
        cmocka_unit_test(links_whose_indexes_began_anew_are_other_links),
    };

    return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
