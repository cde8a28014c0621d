/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reconcile: what a kernel says goes in, and at no moment the table shows what none has. */
#include "tests/unit/support.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/reconcile.h"

/* On a native Linux, whose dumps prove what they don't show; and on another kernel. */
#define NATIVE(test)  cmocka_unit_test_setup_teardown(test, start_native, stop)
#define FOREIGN(test) cmocka_unit_test_setup_teardown(test, start_foreign, stop)

struct trial {
    char words[512]; /* the changes, in the order they were reported: "remove 2 eth2; add 9 eth2" */
    size_t count;    /* of them */
    enum change_source source; /* of the last one */
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

/* Between changes that belong together there is a comma. */
static void write_down(struct trial *trial, const struct change *change)
{
    static const char *const types[] = {
        [CHANGE_ADD] = "add", [CHANGE_CHANGE] = "change", [CHANGE_REMOVE] = "remove"};
    const struct link *link = change_link(change);
    size_t length = strlen(trial->words);

    snprintf(trial->words + length, sizeof(trial->words) - length, "%s %d %s%s",
             types[change->type], link->ifindex, link->ifname, change->more_follows ? ", " : "; ");
}

static void on_change(void *user, const struct change *change)
{
    struct trial *trial = user;

    assert_int_equal(change->more_follows, !is_possible(trial->table));
    write_down(trial, change);
    trial->source = change->source;
    trial->count++;
}

static int start(void **state, bool native)
{
    struct trial *trial = calloc(1, sizeof(*trial));

    assert_non_null(trial);
    trial->operstate = native ? 2 : 0;
    trial->table = table_new(on_change, trial);
    assert_non_null(trial->table);
    trial->reconcile = reconcile_new(trial->table, NULL);
    assert_non_null(trial->reconcile);
    *state = trial;
    return 0;
}

static int start_native(void **state)
{
    return start(state, true);
}

static int start_foreign(void **state)
{
    return start(state, false);
}

static int stop(void **state)
{
    struct trial *trial = *state;

    assert_true(is_possible(trial->table));
    reconcile_free(trial->reconcile);
    table_free(trial->table);
    free(trial);
    return 0;
}

static void clear(struct trial *trial)
{
    trial->words[0] = '\0';
    trial->count = 0;
}

/* What was reported since it was cleared. */
static void expect(struct trial *trial, const char *words)
{
    size_t length = strlen(trial->words);

    if (length > 0)
        trial->words[length - strlen("; ")] = '\0';
    assert_string_equal(trial->words, words);
    clear(trial);
}

static void notify(struct trial *trial, struct link *link)
{
    assert_int_equal(reconcile_notified(trial->reconcile, link), 0);
    link_unref(link);
}

static void notify_gone(struct trial *trial, int ifindex)
{
    struct link *link = LINK(.ifindex = ifindex, .ifname = "gone");

    assert_int_equal(reconcile_notified_gone(trial->reconcile, link), 0);
    link_unref(link);
}

static void answer(struct trial *trial, int ifindex, struct link *link)
{
    assert_int_equal(reconcile_query(trial->reconcile), ifindex);
    assert_int_equal(reconcile_answered(trial->reconcile, ifindex, link), 0);
    link_unref(link);
}

static void line(struct trial *trial, struct says says)
{
    struct link *link;

    says.operstate = trial->operstate;
    link = make_link(&says);
    assert_int_equal(reconcile_dump_line(trial->reconcile, link, 0), 0);
    link_unref(link);
}

#define LINE(...) line(trial, (struct says){__VA_ARGS__})

static void show(struct trial *trial, int ifindex, const char *ifname)
{
    line(trial, (struct says){.ifindex = ifindex, .ifname = ifname, .mac = (uint8_t)ifindex});
}

/* Links that are called by their index. */
static void show_same(struct trial *trial, int first, int last)
{
    char name[IF_NAMESIZE];

    for (int ifindex = first; ifindex <= last; ifindex++) {
        snprintf(name, sizeof(name), "eth%d", ifindex);
        show(trial, ifindex, name);
    }
}

static void begin_dump(struct trial *trial)
{
    clear(trial);
    reconcile_dump_begin(trial->reconcile);
}

static void end_dump(struct trial *trial, int error)
{
    assert_int_equal(reconcile_dump_end(trial->reconcile, error, true, &trial->verdict), 0);
}

/* A dump of such links. */
static void show_dump(struct trial *trial, int first, int last, int error)
{
    begin_dump(trial);
    show_same(trial, first, last);
    end_dump(trial, error);
}

/* One that they become known by. */
static void dump(struct trial *trial, int first, int last)
{
    show_dump(trial, first, last, 0);
    clear(trial);
}

static void assert_no_query(const struct trial *trial)
{
    assert_int_equal(reconcile_query(trial->reconcile), 0);
}

/* --- links that are missing */

static void a_whole_native_dump_proves_an_absence(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 9);
    show_dump(trial, 1, 1, 0);
    assert_no_query(trial);
    assert_int_equal(trial->verdict.missing, 0);
    assert_int_equal(trial->count, 8);
    assert_int_equal(table_count(trial->table), 1);
}

static void after_an_interrupted_dump_the_missing_link_is_asked_for(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 4);
    show_dump(trial, 1, 2, -EINTR);
    expect(trial, "");
    answer(trial, 3, LINK(.ifindex = 3, .ifname = "eth3", .mac = 3, .operstate = 2));
    answer(trial, 4, NULL);
    assert_no_query(trial);
    expect(trial, "remove 4 eth4");
    assert_int_equal(trial->source, CHANGE_BY_DUMP);
}

static void where_dumps_prove_nothing_the_missing_link_is_asked_for(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 3);
    show_dump(trial, 1, 2, 0);
    expect(trial, "");
    answer(trial, 3, NULL);
    expect(trial, "remove 3 eth3");
}

static void where_many_are_missing_another_dump_is_cheaper(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 9);
    show_dump(trial, 1, 1, 0);
    assert_no_query(trial);
    assert_int_equal(trial->verdict.missing, 8);
    assert_int_equal(table_count(trial->table), 9);
    show_dump(trial, 1, 1, 0);
    assert_no_query(trial);
    assert_int_equal(trial->count, 8);
}

static void a_dump_that_failed_says_nothing_of_what_it_did_not_show(void **state)
{
    struct trial *trial = *state;
    static const int errors[] = {-EBUSY, -EMSGSIZE, -ENOMEM};

    dump(trial, 1, 3);
    for (size_t i = 0; i < 3; i++) {
        show_dump(trial, 1, 1, errors[i]);
        assert_no_query(trial);
        assert_int_equal(table_count(trial->table), 3);
    }
}

static void a_native_dump_without_room_for_all_its_lines_proves_an_absence(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 3);
    begin_dump(trial);
    reconcile_dump_line_without_room(trial->reconcile, 1);
    reconcile_dump_line_without_room(trial->reconcile, 3);
    reconcile_dump_line_without_room(trial->reconcile, 4);
    end_dump(trial, -EDQUOT);
    expect(trial, "remove 2 eth2");
}

static void a_query_without_an_answer_leaves_the_link_as_it_was(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 3);
    show_dump(trial, 1, 2, -EINTR);
    assert_int_equal(reconcile_unanswered(trial->reconcile, 3, false), 0);
    assert_no_query(trial);
    assert_int_equal(reconcile_unsettled(trial->reconcile), 1);
    assert_int_equal(table_count(trial->table), 3);
}

static void a_kernel_that_refuses_queries_is_believed_after_more_dumps(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 2);
    show_dump(trial, 1, 1, -EINTR);
    assert_int_equal(reconcile_unanswered(trial->reconcile, 2, true), 0);
    for (int i = 0; i < 3; i++)
        show_dump(trial, 1, 1, -EINTR);
    assert_int_equal(table_count(trial->table), 2);
    show_dump(trial, 1, 1, -EINTR);
    assert_no_query(trial);
    assert_int_equal(table_count(trial->table), 1);
}

/* --- dumps without a line */

static void two_empty_dumps_on_a_quiet_socket_are_the_truth_once_the_links_are_asked_for(
    void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 5);
    begin_dump(trial);
    end_dump(trial, 0);
    assert_false(trial->verdict.empty);
    assert_no_query(trial);
    begin_dump(trial);
    end_dump(trial, 0);
    assert_true(trial->verdict.empty);
    for (int ifindex = 1; ifindex <= 5; ifindex++)
        answer(trial, ifindex, NULL);
    assert_int_equal(table_count(trial->table), 0);
}

static void an_empty_dump_is_a_lie_where_a_link_that_is_asked_for_is_there(void **state)
{
    struct trial *trial = *state;

    for (int i = 0; i < 2; i++) {
        begin_dump(trial);
        end_dump(trial, 0);
        answer(trial, 1, i ? LINK(.ifindex = 1, .ifname = "lo") : NULL);
    }
    assert_int_equal(table_count(trial->table), 1);
}

static void an_empty_dump_on_a_socket_that_had_more_to_receive_says_nothing(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 2);
    for (int i = 0; i < 5; i++) {
        begin_dump(trial);
        assert_int_equal(reconcile_dump_end(trial->reconcile, 0, false, &trial->verdict), 0);
        assert_false(trial->verdict.empty);
        assert_no_query(trial);
    }
    assert_int_equal(table_count(trial->table), 2);
}

/* --- one name, one bearer */

static void the_older_bearer_of_a_name_is_gone_before_the_newer_one_is_there(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 2);
    begin_dump(trial);
    show_same(trial, 1, 1);
    show(trial, 9, "eth2");
    expect(trial, "");
    end_dump(trial, 0);
    expect(trial, "remove 2 eth2; add 9 eth2");
}

static void the_older_bearer_of_a_name_is_asked_for_where_a_dump_is_no_proof(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 2);
    begin_dump(trial);
    show(trial, 9, "eth2");
    show_same(trial, 1, 1);
    end_dump(trial, 0);
    expect(trial, "");
    answer(trial, 2, NULL);
    expect(trial, "remove 2 eth2; add 9 eth2");
    assert_no_query(trial);
}

static void an_older_bearer_that_was_renamed_is_renamed_first(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 2);
    notify(trial, LINK(.ifindex = 9, .ifname = "eth2", .mac = 9));
    expect(trial, "");
    answer(trial, 2, LINK(.ifindex = 2, .ifname = "old2", .mac = 2, .operstate = 2));
    expect(trial, "change 2 old2; add 9 eth2");
    assert_int_equal(trial->source, CHANGE_BY_NOTIFICATION);
    assert_no_query(trial);
}

static void where_the_older_link_bears_the_name_the_newer_line_was_out_of_date(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 2);
    begin_dump(trial);
    show_same(trial, 1, 2);
    show(trial, 9, "eth2");
    end_dump(trial, 0);
    answer(trial, 2, LINK(.ifindex = 2, .ifname = "eth2", .mac = 2));
    answer(trial, 9, LINK(.ifindex = 9, .ifname = "new9", .mac = 9));
    assert_no_query(trial);
    expect(trial, "add 9 new9");
}

static void links_that_contradict_each_other_for_ever_stay_as_they_were_and_the_rest_goes_on(
    void **state)
{
    struct trial *trial = *state;
    int rounds = 0, asked;

    dump(trial, 1, 3);
    begin_dump(trial);
    show(trial, 1, "one");
    show_same(trial, 2, 3);
    show(trial, 9, "eth2");
    end_dump(trial, 0);
    while ((asked = reconcile_query(trial->reconcile))) {
        assert_int_in_range(++rounds, 1, 20);
        answer(trial, asked, LINK(.ifindex = asked, .ifname = "eth2"));
    }
    assert_int_equal(reconcile_unsettled(trial->reconcile), 1);
    assert_null(table_find(trial->table, 9));
    assert_string_equal(table_find(trial->table, 1)->ifname, "one");
    /* The next dump may be of one mind again. */
    begin_dump(trial);
    show(trial, 1, "one");
    show_same(trial, 2, 3);
    show_same(trial, 9, 9);
    end_dump(trial, 0);
    assert_int_equal(reconcile_unsettled(trial->reconcile), 0);
    assert_non_null(table_find(trial->table, 9));
}

static void names_that_were_swapped_belong_together(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 3);
    begin_dump(trial);
    show_same(trial, 1, 1);
    show(trial, 2, "eth3");
    show(trial, 3, "eth2");
    end_dump(trial, 0);
    assert_no_query(trial);
    expect(trial, "change 2 eth3, change 3 eth2");
}

static void a_cycle_of_three_names_belongs_together_and_another_one_to_itself(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 5);
    begin_dump(trial);
    show(trial, 1, "eth2");
    show(trial, 2, "eth3");
    show(trial, 3, "eth1");
    show(trial, 4, "eth5");
    show(trial, 5, "eth4");
    end_dump(trial, 0);
    expect(trial, "change 1 eth2, change 3 eth1, change 2 eth3; change 4 eth5, change 5 eth4");
}

static void an_altname_that_was_a_name_comes_after_that_name_is_free(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 2);
    begin_dump(trial);
    LINE(.ifindex = 1, .ifname = "eth1", .altname = "eth2", .mac = 1);
    show(trial, 2, "eth7");
    end_dump(trial, 0);
    expect(trial, "change 2 eth7; change 1 eth1");
    assert_int_equal(table_bearer(trial->table, "eth2", 0), 1);
    /* And back: the altname is free before it is a name. */
    show_dump(trial, 1, 2, 0);
    expect(trial, "change 1 eth1; change 2 eth2");
}

/* --- no port of a master that is not there */

static void a_master_is_there_before_its_ports_wherever_it_is_in_the_dump(void **state)
{
    struct trial *trial = *state;

    begin_dump(trial);
    LINE(.ifindex = 2, .ifname = "port", .master = 9);
    LINE(.ifindex = 9, .ifname = "bridge");
    end_dump(trial, 0);
    expect(trial, "add 9 bridge; add 2 port");
}

static void a_notification_that_names_an_unknown_master_asks_for_it_at_once(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 2);
    notify(trial, LINK(.ifindex = 2, .ifname = "eth2", .mac = 2, .master = 9));
    expect(trial, "");
    answer(trial, 9, LINK(.ifindex = 9, .ifname = "bridge"));
    expect(trial, "add 9 bridge; change 2 eth2");
}

static void a_port_whose_master_can_not_be_had_is_shown_without_it(void **state)
{
    struct trial *trial = *state;
    int asked;

    dump(trial, 1, 1);
    notify(trial, LINK(.ifindex = 2, .ifname = "port", .master = 9));
    for (int i = 0; (asked = reconcile_query(trial->reconcile)); i++) {
        assert_int_in_range(i, 0, 20);
        answer(trial, asked, asked == 9 ? NULL : LINK(.ifindex = 2, .ifname = "port", .master = 9));
    }
    expect(trial, "add 2 port");
    assert_false(table_find(trial->table, 2)->known & LINK_FIELD_BIT(MASTER));
    assert_int_equal(reconcile_unsettled(trial->reconcile), 1);
}

static void a_bridge_that_was_made_anew_under_its_ports_belongs_together(void **state)
{
    struct trial *trial = *state;

    begin_dump(trial);
    show(trial, 5, "br0");
    LINE(.ifindex = 6, .ifname = "port", .master = 5);
    end_dump(trial, 0);
    begin_dump(trial);
    LINE(.ifindex = 6, .ifname = "port", .master = 7);
    show(trial, 7, "br0");
    end_dump(trial, 0);
    assert_no_query(trial);
    expect(trial, "remove 5 br0, add 7 br0, change 6 port");
}

static void the_ports_of_a_master_that_is_gone_are_asked_for(void **state)
{
    struct trial *trial = *state;

    begin_dump(trial);
    LINE(.ifindex = 5, .ifname = "br0");
    LINE(.ifindex = 6, .ifname = "port", .master = 5);
    end_dump(trial, 0);
    clear(trial);
    notify_gone(trial, 5);
    expect(trial, "");
    answer(trial, 6, LINK(.ifindex = 6, .ifname = "port", .operstate = 2));
    expect(trial, "change 6 port; remove 5 br0");
}

/* --- notifications and dumps */

static void a_line_that_may_be_older_than_a_notification_is_asked_for(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 3);
    begin_dump(trial);
    notify(trial, LINK(.ifindex = 2, .ifname = "eth2", .mac = 2, .mtu = 1400, .operstate = 2));
    notify_gone(trial, 3);
    clear(trial);
    show_same(trial, 1, 3);
    end_dump(trial, 0);
    expect(trial, "");
    answer(trial, 2, LINK(.ifindex = 2, .ifname = "eth2", .mac = 2, .mtu = 1400, .operstate = 2));
    answer(trial, 3, NULL);
    assert_no_query(trial);
    expect(trial, "");
    assert_int_equal(table_find(trial->table, 2)->mtu, 1400);
    assert_null(table_find(trial->table, 3));
}

static void a_line_that_repeats_a_notification_causes_no_query(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 2);
    begin_dump(trial);
    notify(trial, LINK(.ifindex = 2, .ifname = "new", .mac = 2, .operstate = 2));
    show_same(trial, 1, 1);
    show(trial, 2, "new");
    end_dump(trial, 0);
    assert_no_query(trial);
    assert_int_equal(trial->count, 1);
}

static void a_link_notified_of_during_a_dump_is_not_missing(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 2);
    begin_dump(trial);
    show_same(trial, 1, 1);
    notify(trial, LINK(.ifindex = 2, .ifname = "renamed", .mac = 2, .operstate = 2));
    notify(trial, LINK(.ifindex = 9, .ifname = "new", .operstate = 2));
    end_dump(trial, 0);
    assert_no_query(trial);
    assert_int_equal(table_count(trial->table), 3);
}

/* --- the same link, or another one */

static void a_change_that_was_notified_of_is_one_of_the_same_link(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 2);
    notify(trial, LINK(.ifindex = 2, .ifname = "tap", .mac = 7, .type = ARPHRD_NONE));
    expect(trial, "change 2 tap");
}

static void after_an_overrun_a_notification_may_be_of_another_link(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 2);
    reconcile_overrun(trial->reconcile);
    notify(trial, LINK(.ifindex = 2, .ifname = "tap", .mac = 7, .operstate = 2));
    expect(trial, "remove 2 eth2; add 2 tap");
    dump(trial, 1, 2);
    notify(trial, LINK(.ifindex = 2, .ifname = "tap", .mac = 8, .operstate = 2));
    assert_int_equal(trial->count, 1);
}

static void links_whose_indexes_began_anew_are_other_links(void **state)
{
    struct trial *trial = *state;

    dump(trial, 1, 3);
    begin_dump(trial);
    show_same(trial, 1, 1);
    LINE(.ifindex = 2, .ifname = "eth3", .mac = 13);
    LINE(.ifindex = 3, .ifname = "eth2", .mac = 12);
    end_dump(trial, 0);
    assert_no_query(trial);
    expect(trial, "remove 2 eth2; add 2 eth3, remove 3 eth3; add 3 eth2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NATIVE(a_whole_native_dump_proves_an_absence),
        NATIVE(after_an_interrupted_dump_the_missing_link_is_asked_for),
        FOREIGN(where_dumps_prove_nothing_the_missing_link_is_asked_for),
        FOREIGN(where_many_are_missing_another_dump_is_cheaper),
        NATIVE(a_dump_that_failed_says_nothing_of_what_it_did_not_show),
        NATIVE(a_native_dump_without_room_for_all_its_lines_proves_an_absence),
        NATIVE(a_query_without_an_answer_leaves_the_link_as_it_was),
        NATIVE(a_kernel_that_refuses_queries_is_believed_after_more_dumps),
        FOREIGN(two_empty_dumps_on_a_quiet_socket_are_the_truth_once_the_links_are_asked_for),
        FOREIGN(an_empty_dump_is_a_lie_where_a_link_that_is_asked_for_is_there),
        FOREIGN(an_empty_dump_on_a_socket_that_had_more_to_receive_says_nothing),
        NATIVE(the_older_bearer_of_a_name_is_gone_before_the_newer_one_is_there),
        FOREIGN(the_older_bearer_of_a_name_is_asked_for_where_a_dump_is_no_proof),
        NATIVE(an_older_bearer_that_was_renamed_is_renamed_first),
        FOREIGN(where_the_older_link_bears_the_name_the_newer_line_was_out_of_date),
        FOREIGN(links_that_contradict_each_other_for_ever_stay_as_they_were_and_the_rest_goes_on),
        NATIVE(names_that_were_swapped_belong_together),
        NATIVE(a_cycle_of_three_names_belongs_together_and_another_one_to_itself),
        NATIVE(an_altname_that_was_a_name_comes_after_that_name_is_free),
        NATIVE(a_master_is_there_before_its_ports_wherever_it_is_in_the_dump),
        FOREIGN(a_notification_that_names_an_unknown_master_asks_for_it_at_once),
        FOREIGN(a_port_whose_master_can_not_be_had_is_shown_without_it),
        NATIVE(a_bridge_that_was_made_anew_under_its_ports_belongs_together),
        NATIVE(the_ports_of_a_master_that_is_gone_are_asked_for),
        NATIVE(a_line_that_may_be_older_than_a_notification_is_asked_for),
        NATIVE(a_line_that_repeats_a_notification_causes_no_query),
        NATIVE(a_link_notified_of_during_a_dump_is_not_missing),
        NATIVE(a_change_that_was_notified_of_is_one_of_the_same_link),
        NATIVE(after_an_overrun_a_notification_may_be_of_another_link),
        FOREIGN(links_whose_indexes_began_anew_are_other_links),
    };

    return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
