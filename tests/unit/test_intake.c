/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* intake: what becomes of answers that can't be kept. */
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
    world->links.reconcile = reconcile_new(world->links.table);
    world->links.quota = &world->own;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_ends_the_query),
        cmocka_unit_test(an_answer_that_has_no_room_ends_it_too),
        cmocka_unit_test(an_answer_about_another_link_ends_it_too),
    };

    return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
