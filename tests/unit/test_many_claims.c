/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reconcile: four times as many links that stand in each other's way take about four times the
 * work. The modules that do it are compiled into this program once more, with a call of
 * count_work() at each branch. */
#include "tests/unit/count_work.h"
#include "tests/unit/support.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/reconcile.h"

#define FEW  250
#define MANY 1000
/* Trees grow deeper, too. What is done for each pair of links takes 16 times the work. */
#define GROWTH_MAX 6
/* The kernel's limit of one message. */
#define MESSAGE_MAX 65536

struct trial {
    struct table *table;
    struct reconcile *reconcile;
    int count; /* of links, or of names */
    bool more_follows;
};

static void on_change(void *user, const struct change *change)
{
    struct trial *trial = user;

    trial->more_follows = change->more_follows;
}

static void put_name(struct nl_msg *message, int attribute, int number)
{
    char name[IF_NAMESIZE];

    snprintf(name, sizeof(name), "name%d", number);
    assert_int_equal(nla_put_string(message, attribute, name), 0);
}

/* A line about a link that is called by a number, as are so many alternative names. */
struct line {
    int name;
    int master;
    int altname; /* the first one */
    int altnames;
};

static struct link *read_line(int ifindex, struct line line)
{
    struct nl_msg *message = nlmsg_alloc_size(MESSAGE_MAX);
    struct ifinfomsg info = {.ifi_index = ifindex, .ifi_type = ARPHRD_ETHER};
    struct nlattr *list;

    nlmsg_put(message, 0, 0, RTM_NEWLINK, 0, 0);
    nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO);
    put_name(message, IFLA_IFNAME, line.name);
    nla_put_u8(message, IFLA_OPERSTATE, 2);
    if (line.master)
        nla_put_u32(message, IFLA_MASTER, (uint32_t)line.master);
    list = nla_nest_start(message, IFLA_PROP_LIST);
    for (int i = 0; i < line.altnames; i++)
        put_name(message, IFLA_ALT_IFNAME, line.altname + i);
    nla_nest_end(message, list);
    return parse(message);
}

static void show(struct trial *trial, int ifindex, struct line line)
{
    struct link *link = read_line(ifindex, line);

    assert_int_equal(reconcile_dump_line(trial->reconcile, link, 0), 0);
    link_unref(link);
}

/* Line by line, what a dump shows. */
typedef void (*shower)(struct trial *trial);

static void dump(struct trial *trial, shower show_all)
{
    struct dump_verdict verdict;

    reconcile_dump_begin(trial->reconcile);
    show_all(trial);
    assert_int_equal(reconcile_dump_end(trial->reconcile, 0, true, &verdict), 0);
}

/* What a dump takes after another one. */
static uint64_t work_of(int count, shower before, shower after)
{
    struct trial trial = {.count = count};
    uint64_t work;

    trial.table = table_new(on_change, &trial);
    assert_non_null(trial.table);
    trial.reconcile = reconcile_new(trial.table, NULL);
    assert_non_null(trial.reconcile);
    dump(&trial, before);
    work = work_counted();
    dump(&trial, after);
    work = work_counted() - work;
    assert_int_equal(reconcile_query(trial.reconcile), 0);
    assert_false(trial.more_follows);
    assert_int_equal(table_contradictions(trial.table), 0);
    reconcile_free(trial.reconcile);
    table_free(trial.table);
    return work;
}

static void assert_grows_with_their_number(shower before, shower after)
{
    uint64_t few = work_of(FEW, before, after);
    uint64_t many = work_of(MANY, before, after);

    print_message("%ju steps for %d, %ju for %d\n", (uintmax_t)few, FEW, (uintmax_t)many, MANY);
    assert_true(few >= FEW);
    assert_true(many < few * GROWTH_MAX);
}

/* Links that are called by their index. */
static void show_own_names(struct trial *trial)
{
    for (int i = 1; i <= trial->count; i++)
        show(trial, i, (struct line){.name = i});
}

/* --- cycles */

static void show_names_of_next(struct trial *trial)
{
    for (int i = 1; i <= trial->count; i++)
        show(trial, i, (struct line){.name = i % trial->count + 1});
}

static void show_names_of_previous(struct trial *trial)
{
    for (int i = 1; i <= trial->count; i++)
        show(trial, i, (struct line){.name = i > 1 ? i - 1 : trial->count});
}

static void show_swapped_pairs(struct trial *trial)
{
    for (int i = 1; i <= trial->count; i++)
        show(trial, i, (struct line){.name = i % 2 ? i + 1 : i - 1});
}

static void one_cycle_of_all_names(void **state)
{
    (void)state;
    assert_grows_with_their_number(show_own_names, show_names_of_next);
    assert_grows_with_their_number(show_own_names, show_names_of_previous);
}

static void a_cycle_of_each_two_names(void **state)
{
    (void)state;
    assert_grows_with_their_number(show_own_names, show_swapped_pairs);
}

/* --- chains */

static void show_each_behind_the_next(struct trial *trial)
{
    for (int i = 1; i <= trial->count; i++)
        show(trial, i, (struct line){.name = i + 1});
}

static void show_each_behind_the_previous(struct trial *trial)
{
    for (int i = 1; i <= trial->count; i++)
        show(trial, i, (struct line){.name = i > 1 ? i - 1 : trial->count + 1});
}

static void a_chain_of_names_of_which_the_last_one_is_free(void **state)
{
    (void)state;
    assert_grows_with_their_number(show_own_names, show_each_behind_the_next);
    assert_grows_with_their_number(show_own_names, show_each_behind_the_previous);
}

/* Its kernel answers no query. */
static void show_a_chain_to_a_name_that_stays(struct trial *trial)
{
    reconcile_unanswered(trial->reconcile, 1, true);
    for (int i = 1; i <= trial->count; i++)
        show(trial, i, (struct line){.name = i < trial->count ? i + 1 : i});
}

static void show_a_chain_from_a_name_that_stays(struct trial *trial)
{
    reconcile_unanswered(trial->reconcile, 1, true);
    for (int i = 1; i <= trial->count; i++)
        show(trial, i, (struct line){.name = i > 1 ? i - 1 : i});
}

static void a_chain_that_is_given_up_because_its_last_name_is_not_free(void **state)
{
    (void)state;
    assert_grows_with_their_number(show_own_names, show_a_chain_to_a_name_that_stays);
    assert_grows_with_their_number(show_own_names, show_a_chain_from_a_name_that_stays);
}

/* --- alternative names */

#define BEARERS 8

/* Eight links have all altnames, and each the same number of them. */
static void show_altnames_from(struct trial *trial, int first)
{
    int each = trial->count;

    for (int i = 0; i < BEARERS; i++)
        show(trial, i + 1,
             (struct line){
                 .name = i, .altname = BEARERS + (i + first) % BEARERS * each, .altnames = each});
}

static void show_altnames(struct trial *trial)
{
    show_altnames_from(trial, 0);
}

static void show_altnames_of_next(struct trial *trial)
{
    show_altnames_from(trial, 1);
}

static void a_cycle_of_links_with_many_altnames(void **state)
{
    (void)state;
    assert_grows_with_their_number(show_altnames, show_altnames_of_next);
}

#define ALTNAME 10000

static void show_one_altname_each(struct trial *trial)
{
    show(trial, 1, (struct line){.name = 1});
    for (int i = 2; i <= trial->count + 1; i++)
        show(trial, i, (struct line){.name = i, .altname = ALTNAME + i, .altnames = 1});
}

/* Which those that were swapped free one after the other. */
static void show_one_with_all_altnames(struct trial *trial)
{
    show(trial, 1, (struct line){.name = 1, .altname = ALTNAME + 2, .altnames = trial->count});
    for (int i = 2; i <= trial->count + 1; i++)
        show(trial, i, (struct line){.name = i % 2 ? i - 1 : i + 1});
}

static void a_link_that_waits_for_an_altname_of_each_other(void **state)
{
    (void)state;
    assert_grows_with_their_number(show_one_altname_each, show_one_with_all_altnames);
}

/* --- one name for all */

static void show_one_name(struct trial *trial)
{
    int query;

    for (int i = 1; i <= trial->count; i++)
        show(trial, i, (struct line){.name = 0});
    reconcile_dump_end(trial->reconcile, 0, true, &(struct dump_verdict){.lines = 0});
    while ((query = reconcile_query(trial->reconcile))) {
        struct link *link = read_line(query, (struct line){.name = query % 2 ? 0 : query});

        assert_int_equal(reconcile_answered(trial->reconcile, query, link), 0);
        link_unref(link);
    }
    reconcile_dump_begin(trial->reconcile);
    show(trial, 1, (struct line){.name = 1});
}

static void one_name_that_each_link_claims(void **state)
{
    (void)state;
    assert_grows_with_their_number(show_own_names, show_one_name);
}

/* --- masters */

static void show_ports_before_their_masters(struct trial *trial)
{
    for (int i = 1; i <= trial->count; i++)
        show(trial, i, (struct line){.name = i, .master = trial->count + i});
    for (int i = trial->count; i >= 1; i--)
        show(trial, trial->count + i, (struct line){.name = trial->count + i});
}

static void show_ports_of_one(struct trial *trial)
{
    show(trial, 1, (struct line){.name = 0});
    for (int i = 2; i <= trial->count; i++)
        show(trial, i, (struct line){.name = i, .master = 1});
}

static void show_ports_of_another_one(struct trial *trial)
{
    int last = trial->count + 1;

    for (int i = 2; i < last; i++)
        show(trial, i, (struct line){.name = i, .master = last});
    show(trial, last, (struct line){.name = 0});
}

static void ports_with_a_master_each_that_comes_later(void **state)
{
    (void)state;
    assert_grows_with_their_number(show_own_names, show_ports_before_their_masters);
}

static void a_master_with_many_ports_that_was_made_anew(void **state)
{
    (void)state;
    assert_grows_with_their_number(show_ports_of_one, show_ports_of_another_one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_cycle_of_all_names),
        cmocka_unit_test(a_cycle_of_each_two_names),
        cmocka_unit_test(a_chain_of_names_of_which_the_last_one_is_free),
        cmocka_unit_test(a_chain_that_is_given_up_because_its_last_name_is_not_free),
        cmocka_unit_test(a_cycle_of_links_with_many_altnames),
        cmocka_unit_test(a_link_that_waits_for_an_altname_of_each_other),
        cmocka_unit_test(one_name_that_each_link_claims),
        cmocka_unit_test(ports_with_a_master_each_that_comes_later),
        cmocka_unit_test(a_master_with_many_ports_that_was_made_anew),
    };

    return cmocka_run_group_tests_name("many claims", tests, NULL, NULL);
}
