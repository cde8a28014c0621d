/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* intake: what becomes of answers and claims that can't be kept. */
#include "tests/unit/support.h"

#include <errno.h>
#include <linux/rtnetlink.h>

#include "daemon/intake.h"
#include "daemon/link_subject.h"

struct world {
    struct quota total;
    struct quota own;
    struct link_objects links;
    struct budget budget;
    struct budget_part part;
    struct standing *standing;
    struct intake_counters counters;
    struct intake intake;
};

static void on_change(void *user, const struct change *change)
{
    (void)user;
    (void)change;
}

static void begin(struct world *world)
{
    static const struct standing_config config = {.audit_usec = 60000000};

    *world = (struct world){.total.max = 1 << 20, .own.above = &world->total};
    budget_set(&world->budget, 5000, 50000, 5000000);
    world->part.budget = &world->budget;
    world->links.table = table_new(on_change, world);
    world->links.quota = &world->own;
    world->links.reconcile = reconcile_new(world->links.table, world->links.quota);
    world->standing = standing_new(&config, &link_subject.words, &world->part, NULL, NULL);
    world->intake = (struct intake){.subject = &link_subject,
                                    .objects = &world->links,
                                    .standing = world->standing,
                                    .quota = &world->own,
                                    .counters = &world->counters};
}

static void end(struct world *world)
{
    standing_free(world->standing);
    reconcile_free(world->links.reconcile);
    table_free(world->links.table);
    assert_int_equal(world->own.used, 0);
}

static void receive(struct world *world, enum rtnl_event event, struct nl_msg *message)
{
    intake_receive(&world->intake, event, message ? nlmsg_hdr(message) : NULL, 0);
    nlmsg_free(message);
}

/* A dump under which a notification says something else of the link. */
static void contradict(struct world *world)
{
    intake_dump_begin(&world->intake, true);
    world->intake.dumping = true;
    receive(world, RTNL_NOTIFICATION, named_message(2, "new"));
    receive(world, RTNL_DUMP_LINE, named_message(2, "old"));
    receive(world, RTNL_DUMP_DONE, NULL);
    world->intake.asked = link_subject.query(&world->links);
    assert_int_equal(world->intake.asked, 2);
}

static void an_answer_ends_the_query(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    contradict(&world);
    receive(&world, RTNL_ANSWER, named_message(2, "new"));
    assert_int_equal(link_subject.query(&world.links), 0);
    assert_int_equal(link_subject.unsettled(&world.links), 0);
    end(&world);
}

static void an_answer_that_has_no_room_ends_it_too(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    contradict(&world);
    world.total.max = world.own.used;
    receive(&world, RTNL_ANSWER, named_message(2, "new"));
    assert_true(world.own.refused);
    assert_int_equal(link_subject.query(&world.links), 0);
    end(&world);
}

static void an_answer_about_another_link_ends_it_too(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    contradict(&world);
    receive(&world, RTNL_ANSWER, named_message(3, "other"));
    assert_int_equal(link_subject.query(&world.links), 0);
    assert_int_equal(world.counters.malformed, 1);
    end(&world);
}

static void begin_dump(struct world *world)
{
    intake_dump_begin(&world->intake, true);
    world->intake.dumping = true;
}

/* A port of a master that is not known. */
static struct nl_msg *port_message(int ifindex)
{
    struct nl_msg *message = named_message(ifindex, "port");

    nla_put_u32(message, IFLA_MASTER, 100000);
    return message;
}

/* What is left is there for another one. */
static void assert_no_more_than_the_share(struct world *world)
{
    struct quota other = {.above = &world->total};

    assert_true(world->own.refused);
    assert_true(world->own.used <= world->total.max / 2);
    assert_true(quota_take(&other, world->total.max / 5));
    quota_give(&other, other.used);
}

/* Once there are fewer, a dump brings everything. */
static void assert_recovers(struct world *world)
{
    begin_dump(world);
    receive(world, RTNL_DUMP_LINE, named_message(2, "two"));
    receive(world, RTNL_DUMP_LINE, named_message(3, "three"));
    receive(world, RTNL_DUMP_DONE, NULL);
    assert_int_equal(world->intake.dump.error, 0);
    assert_int_equal(table_count(world->links.table), 2);
}

static void removals_that_a_dump_may_not_know_are_remembered_in_the_share(void **state)
{
    struct world world;
    size_t used;

    (void)state;
    begin(&world);
    begin_dump(&world);
    receive(&world, RTNL_DUMP_LINE, named_message(2, "two"));
    used = world.own.used;
    for (int i = 3; i < 10000; i++) {
        struct nl_msg *message = named_message(i, "gone");

        nlmsg_hdr(message)->nlmsg_type = RTM_DELLINK;
        receive(&world, RTNL_NOTIFICATION, message);
    }
    assert_no_more_than_the_share(&world);
    receive(&world, RTNL_DUMP_DONE, NULL);
    assert_int_equal(world.own.used, used);
    assert_recovers(&world);
    end(&world);
}

static void links_that_wait_for_others_do_so_in_the_share(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    begin_dump(&world);
    for (int i = 3; i < 10000; i++)
        receive(&world, RTNL_DUMP_LINE, port_message(i));
    assert_no_more_than_the_share(&world);
    receive(&world, RTNL_DUMP_DONE, NULL);
    assert_int_equal(world.intake.dump.error, -EDQUOT);
    reconcile_reset(world.links.reconcile);
    assert_recovers(&world);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_ends_the_query),
        cmocka_unit_test(an_answer_that_has_no_room_ends_it_too),
        cmocka_unit_test(an_answer_about_another_link_ends_it_too),
        cmocka_unit_test(removals_that_a_dump_may_not_know_are_remembered_in_the_share),
        cmocka_unit_test(links_that_wait_for_others_do_so_in_the_share),
    };

    return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
