/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* address, address_table: what is read from messages, and what notifications and dumps make of it.
 */
#include "tests/unit/support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "daemon/address_table.h"
#include "daemon/encode_address.h"

#define SEC        INT64_C(1000000)
#define EVENTS_MAX 32

static const struct ifa_cacheinfo forever = {.ifa_prefered = UINT32_MAX, .ifa_valid = UINT32_MAX};

/* --- messages */

static struct nl_msg *address_message(int ifindex, uint8_t family, uint8_t prefixlen,
                                      uint32_t flags)
{
    struct ifaddrmsg info = {.ifa_family = family,
                             .ifa_prefixlen = prefixlen,
                             .ifa_flags = (uint8_t)flags,
                             .ifa_index = (uint32_t)ifindex};
    struct nl_msg *message = nlmsg_alloc_simple(RTM_NEWADDR, 0);

    assert_non_null(message);
    assert_int_equal(nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO), 0);
    nla_put_u32(message, IFA_FLAGS, flags);
    return message;
}

static void put_ip(struct nl_msg *message, int attribute, const char *text)
{
    unsigned char bytes[16];
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;

    assert_int_equal(inet_pton(family, text, bytes), 1);
    nla_put(message, attribute, family == AF_INET ? 4 : 16, bytes);
}

/* As Linux reports it: of IPv4 with IFA_LOCAL, of IPv6 without. */
static struct nl_msg *native_message(int ifindex, const char *local,
                                     const struct ifa_cacheinfo *info)
{
    bool is_inet6 = strchr(local, ':');
    struct nl_msg *message = address_message(ifindex, is_inet6 ? AF_INET6 : AF_INET,
                                             is_inet6 ? 64 : 24, IFA_F_PERMANENT);

    put_ip(message, IFA_ADDRESS, local);
    if (!is_inet6)
        put_ip(message, IFA_LOCAL, local);
    nla_put(message, IFA_CACHEINFO, sizeof(*info), info);
    return message;
}

static struct address *parsed(struct nl_msg *message, int64_t now)
{
    struct address *address = NULL;

    assert_int_equal(address_parse(nlmsg_hdr(message), now, &address), 0);
    nlmsg_free(message);
    return address;
}

static int parse_fails(struct nl_msg *message)
{
    struct address *address = NULL;
    int r = address_parse(nlmsg_hdr(message), 0, &address);

    assert_null(address);
    nlmsg_free(message);
    return r;
}

static void a_point_to_point_address_has_a_peer(void **state)
{
    struct nl_msg *message = address_message(7, AF_INET, 32, IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE);
    struct address *address;

    (void)state;
    put_ip(message, IFA_LOCAL, "10.0.0.1");
    put_ip(message, IFA_ADDRESS, "10.0.0.2");
    nla_put_u32(message, IFA_RT_PRIORITY, 5);
    nla_put_string(message, IFA_LABEL, "ppp0");
    address = parsed(message, 0);
    assert_int_equal(address->known, ADDRESS_FIELD_BIT(IFINDEX) | ADDRESS_FIELD_BIT(IFNAME) |
                                         ADDRESS_FIELD_BIT(FAMILY) | ADDRESS_FIELD_BIT(LOCAL) |
                                         ADDRESS_FIELD_BIT(ADDRESS) | ADDRESS_FIELD_BIT(PREFIXLEN) |
                                         ADDRESS_FIELD_BIT(METRIC) | ADDRESS_FIELD_BIT(SCOPE) |
                                         ADDRESS_FIELD_BIT(FLAGS) | ADDRESS_FIELD_BIT(LABEL));
    assert_memory_equal(address->key.local, "\x0a\0\0\x01", 4);
    assert_memory_equal(address->key.peer, "\x0a\0\0\x02", 4);
    assert_int_equal(address->metric, 5);
    assert_int_equal(address->flags, IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE);
    assert_string_equal(address->label, "ppp0");
    address_unref(address);
}

static void an_address_without_local_is_its_own(void **state)
{
    struct address *address = parsed(native_message(3, "2001:db8::1", &forever), 0);

    (void)state;
    assert_memory_equal(address->key.local, address->key.peer, 16);
    assert_int_equal(address->known & ADDRESS_FIELD_BIT(ADDRESS), 0);
    address_unref(address);
}

static void what_is_no_address_is_refused(void **state)
{
    struct nl_msg *message = address_message(1, AF_INET, 24, 0);

    (void)state;
    assert_int_equal(parse_fails(message), -EBADMSG); /* no address */
    message = address_message(0, AF_INET, 24, 0);
    put_ip(message, IFA_LOCAL, "10.0.0.1");
    assert_int_equal(parse_fails(message), -EBADMSG); /* no link */
    message = address_message(1, AF_INET, 33, 0);
    put_ip(message, IFA_LOCAL, "10.0.0.1");
    assert_int_equal(parse_fails(message), -EBADMSG);
    message = address_message(1, AF_INET, 24, 0);
    put_ip(message, IFA_LOCAL, "2001:db8::1");
    assert_int_equal(parse_fails(message), -EBADMSG); /* of the other family's size */
    message = address_message(1, AF_PHONET, 8, 0);
    put_ip(message, IFA_LOCAL, "10.0.0.1");
    assert_int_equal(parse_fails(message), -ENOMSG);
}

static void a_lifetime_that_runs_down_is_no_difference(void **state)
{
    struct ifa_cacheinfo info = {.ifa_prefered = 50, .ifa_valid = 100, .cstamp = 7, .tstamp = 9};
    struct address *before = parsed(native_message(1, "10.0.0.1", &info), 10 * SEC), *after;

    (void)state;
    info.ifa_valid = 60;
    info.ifa_prefered = 10;
    after = parsed(native_message(1, "10.0.0.1", &info), 50 * SEC);
    assert_int_equal(address_compare(before, after), 0);
    address_unref(after);
    /* Read late. */
    after = parsed(native_message(1, "10.0.0.1", &info), 90 * SEC);
    assert_int_equal(address_compare(before, after), 0);
    address_unref(after);
    /* Set anew: later; or at once, to more, or to less. */
    info.tstamp = 10;
    after = parsed(native_message(1, "10.0.0.1", &info), 50 * SEC);
    assert_int_equal(address_compare(before, after),
                     ADDRESS_FIELD_BIT(VALID_LIFE_TIME) | ADDRESS_FIELD_BIT(PREFERRED_LIFE_TIME));
    address_unref(after);
    info = (struct ifa_cacheinfo){.ifa_prefered = 51, .ifa_valid = 90, .cstamp = 7, .tstamp = 9};
    after = parsed(native_message(1, "10.0.0.1", &info), 11 * SEC);
    assert_int_equal(address_compare(before, after),
                     ADDRESS_FIELD_BIT(VALID_LIFE_TIME) | ADDRESS_FIELD_BIT(PREFERRED_LIFE_TIME));
    address_unref(after);
    info.ifa_valid = UINT32_MAX;
    info.ifa_prefered = 50;
    after = parsed(native_message(1, "10.0.0.1", &info), 11 * SEC);
    assert_int_equal(address_compare(before, after), ADDRESS_FIELD_BIT(VALID_LIFE_TIME));
    address_unref(after);
    address_unref(before);
}

/* --- the table */

struct world {
    struct table *links;
    struct address_table *addresses;
    char events[EVENTS_MAX][96]; /* "+10.0.0.1", "-10.0.0.1", "~10.0.0.1" */
    size_t count;
    struct dump_verdict verdict;
};

static int64_t clock_now(void)
{
    return 1000 * SEC;
}

static void on_address(void *user, const struct change *change)
{
    struct world *world = user;
    const struct address *address = as_address(change_object(change));
    char text[INET6_ADDRSTRLEN];

    assert_true(world->count < EVENTS_MAX);
    assert_non_null(address->object.link);
    inet_ntop(address->key.family, address->key.local, text, sizeof(text));
    snprintf(world->events[world->count++], sizeof(world->events[0]), "%c%s%s", "+-~"[change->type],
             text, change -> more_follows ? " more" : "");
}

static void on_link(void *user, const struct change *change)
{
    struct world *world = user;

    address_table_before_link(world->addresses, change, false);
    if (world->count < EVENTS_MAX)
        snprintf(world->events[world->count++], sizeof(world->events[0]), "%c%s",
                 "+-~"[change->type], change_link(change) -> ifname);
    address_table_after_link(world->addresses, change);
}

static void add_link(struct world *world, int ifindex, const char *name)
{
    struct nl_msg *message = named_message(ifindex, name);
    struct link *link;

    assert_int_equal(link_parse(nlmsg_hdr(message), &link), 0);
    nlmsg_free(message);
    assert_int_equal(table_put(world->links, link, CHANGE_BY_NOTIFICATION), 0);
    link_unref(link);
}

static void begin(struct world *world)
{
    *world = (struct world){.links = table_new(on_link, world)};
    world->addresses = address_table_new(world->links, NULL, clock_now, on_address, world);
    address_table_report(world->addresses);
    add_link(world, 2, "eth0");
    world->count = 0;
}

static void end(struct world *world)
{
    address_table_free(world->addresses);
    table_free(world->links);
}

static void assert_events(struct world *world, const char *expected)
{
    char seen[EVENTS_MAX * 96] = "";

    for (size_t i = 0; i < world->count; i++) {
        strcat(seen, i ? ", " : "");
        strcat(seen, world->events[i]);
    }
    assert_string_equal(seen, expected);
    world->count = 0;
}

static int notify(struct world *world, uint16_t type, struct nl_msg *message)
{
    int ifindex = 0;
    int r;

    nlmsg_hdr(message)->nlmsg_type = type;
    r = address_subject.notified(world->addresses, nlmsg_hdr(message), &ifindex);
    nlmsg_free(message);
    return r;
}

static void line(struct world *world, struct nl_msg *message)
{
    assert_int_equal(address_subject.dump_line(world->addresses, nlmsg_hdr(message)), 0);
    nlmsg_free(message);
}

static void end_dump(struct world *world, int error)
{
    assert_int_equal(address_subject.dump_end(world->addresses, error, true, &world->verdict), 0);
}

/* One without IFA_CACHEINFO, as gVisor has it. */
static struct nl_msg *bare(const char *local)
{
    struct nl_msg *message = address_message(2, AF_INET, 24, IFA_F_PERMANENT);

    put_ip(message, IFA_LOCAL, local);
    put_ip(message, IFA_ADDRESS, local);
    return message;
}

static void a_dump_shows_what_came_and_went(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    for (int i = 0; i < 2; i++) {
        address_subject.dump_begin(world.addresses);
        line(&world, native_message(2, "10.0.0.1", &forever));
        line(&world, native_message(2, "2001:db8::1", &forever));
        end_dump(&world, 0);
        assert_events(&world, i ? "" : "+10.0.0.1, +2001:db8::1");
    }
    assert_true(world.verdict.native);
    address_subject.dump_begin(world.addresses);
    line(&world, native_message(2, "2001:db8::1", &forever));
    end_dump(&world, 0);
    assert_events(&world, "-10.0.0.1");
    assert_int_equal(world.verdict.missing, 0);
    assert_int_equal(address_table_count(world.addresses), 1);
    end(&world);
}

static void a_dump_without_room_for_all_its_lines_shows_what_went(void **state)
{
    static const char *const listed[] = {"10.0.0.3", "10.0.0.4"};
    struct world world;

    (void)state;
    begin(&world);
    address_subject.dump_begin(world.addresses);
    line(&world, native_message(2, "10.0.0.1", &forever));
    line(&world, native_message(2, "10.0.0.2", &forever));
    line(&world, native_message(2, "10.0.0.3", &forever));
    end_dump(&world, 0);
    world.count = 0;
    address_subject.dump_begin(world.addresses);
    line(&world, native_message(2, "10.0.0.1", &forever));
    for (int i = 0; i < 2; i++) {
        struct nl_msg *message = native_message(2, listed[i], &forever);

        address_subject.dump_line_without_room(world.addresses, nlmsg_hdr(message));
        nlmsg_free(message);
    }
    end_dump(&world, -EDQUOT);
    assert_events(&world, "-10.0.0.2");
    end(&world);
}

static void elsewhere_it_must_be_missing_twice(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    address_subject.dump_begin(world.addresses);
    line(&world, bare("10.0.0.1"));
    line(&world, bare("10.0.0.2"));
    end_dump(&world, 0);
    assert_events(&world, "+10.0.0.1, +10.0.0.2");
    for (int i = 0; i < 2; i++) {
        address_subject.dump_begin(world.addresses);
        line(&world, bare("10.0.0.1"));
        end_dump(&world, 0);
        assert_events(&world, i ? "-10.0.0.2" : "");
        assert_int_equal(world.verdict.missing, !i);
    }
    end(&world);
}

static void an_interrupted_dump_proves_nothing(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    assert_int_equal(notify(&world, RTM_NEWADDR, native_message(2, "10.0.0.1", &forever)), 0);
    world.count = 0;
    for (int i = 0; i < 5; i++) {
        address_subject.dump_begin(world.addresses);
        line(&world, native_message(2, "10.0.0.2", &forever));
        end_dump(&world, -EINTR);
        assert_events(&world, i == 0 ? "+10.0.0.2" : i < 4 ? "" : "-10.0.0.1");
    }
    /* And one that failed shows nothing, whatever it lacks. */
    address_subject.dump_begin(world.addresses);
    end_dump(&world, -EBUSY);
    assert_events(&world, "");
    end(&world);
}

static void an_empty_dump_is_the_truth_at_once_where_no_address_is_known(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    address_subject.dump_begin(world.addresses);
    end_dump(&world, 0);
    assert_false(world.verdict.empty);
    address_subject.reset(world.addresses);
    address_table_set_native(world.addresses, true);
    address_subject.dump_begin(world.addresses);
    end_dump(&world, 0);
    assert_true(world.verdict.empty);
    assert_int_equal(notify(&world, RTM_NEWADDR, native_message(2, "10.0.0.1", &forever)), 0);
    address_subject.reset(world.addresses);
    world.count = 0;
    for (int i = 0; i < 2; i++) {
        address_subject.dump_begin(world.addresses);
        end_dump(&world, 0);
        assert_events(&world, i ? "-10.0.0.1" : "");
        assert_int_equal(world.verdict.empty && address_table_count(world.addresses) == 0, i);
    }
    end(&world);
}

static void a_line_is_no_younger_than_a_notification_under_the_dump(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    assert_int_equal(notify(&world, RTM_NEWADDR, native_message(2, "10.0.0.1", &forever)), 0);
    world.count = 0;
    address_subject.dump_begin(world.addresses);
    assert_int_equal(notify(&world, RTM_DELADDR, native_message(2, "10.0.0.1", &forever)), 0);
    assert_int_equal(notify(&world, RTM_NEWADDR, native_message(2, "10.0.0.2", &forever)), 0);
    assert_events(&world, "-10.0.0.1, +10.0.0.2");
    line(&world, native_message(2, "10.0.0.1", &forever));
    end_dump(&world, 0);
    /* 10.0.0.2 has no line, and is no less there. Another dump decides. */
    assert_events(&world, "");
    assert_int_equal(address_subject.unsettled(world.addresses), 1);
    address_subject.dump_begin(world.addresses);
    line(&world, native_message(2, "10.0.0.2", &forever));
    end_dump(&world, 0);
    assert_events(&world, "");
    assert_int_equal(address_subject.unsettled(world.addresses), 0);
    assert_int_equal(address_table_count(world.addresses), 1);
    end(&world);
}

static void an_address_waits_for_its_link(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    assert_int_equal(notify(&world, RTM_NEWADDR, native_message(3, "10.0.3.1", &forever)), 0);
    assert_events(&world, "");
    assert_true(address_table_lacks_link(world.addresses));
    assert_false(address_table_lacks_link(world.addresses));
    assert_null(address_table_next(world.addresses, NULL));
    add_link(&world, 3, "eth1");
    assert_events(&world, "+eth1, +10.0.3.1");
    assert_non_null(address_table_next(world.addresses, NULL));
    add_link(&world, 3, "eth2");
    assert_events(&world, "~eth2, ~10.0.3.1");
    table_remove(world.links, 3, CHANGE_BY_NOTIFICATION, NULL);
    assert_events(&world, "-10.0.3.1, -eth2");
    /* The kernel's own removal comes too late to be one. */
    assert_int_equal(notify(&world, RTM_DELADDR, native_message(3, "10.0.3.1", &forever)), 0);
    assert_events(&world, "");
    assert_int_equal(address_table_count(world.addresses), 0);
    end(&world);
}

static void a_rename_for_which_there_was_no_room_is_found_by_the_next_dump(void **state)
{
    struct quota total = {.max = 1 << 20}, quota = {.above = &total};
    struct world world;

    (void)state;
    begin(&world);
    address_table_free(world.addresses);
    world.addresses = address_table_new(world.links, &quota, clock_now, on_address, &world);
    address_table_report(world.addresses);
    for (int i = 0; i < 2; i++) {
        address_subject.dump_begin(world.addresses);
        line(&world, native_message(2, "10.0.0.1", &forever));
        end_dump(&world, 0);
        assert_events(&world, i ? "~10.0.0.1" : "+10.0.0.1");
        total.max = 0;
        add_link(&world, 2, i ? "eth1" : "eth9");
        assert_events(&world, i ? "~eth1" : "~eth9");
        total.max = 1 << 20;
    }
    assert_int_equal(notify(&world, RTM_NEWADDR, native_message(2, "10.0.0.1", &forever)), 0);
    assert_events(&world, "~10.0.0.1");
    assert_string_equal(address_table_next(world.addresses, NULL)->object.link->ifname, "eth1");
    end(&world);
}

static void one_that_was_made_anew_is_another_one(void **state)
{
    struct ifa_cacheinfo later = forever;
    struct nl_msg *message;
    struct world world;

    (void)state;
    begin(&world);
    assert_int_equal(notify(&world, RTM_NEWADDR, native_message(2, "10.0.0.1", &forever)), 0);
    world.count = 0;
    later.cstamp = 5;
    address_subject.dump_begin(world.addresses);
    line(&world, native_message(2, "10.0.0.1", &later));
    end_dump(&world, 0);
    assert_events(&world, "-10.0.0.1 more, +10.0.0.1");
    /* So is one with another peer, for the peer is a part of its name. */
    assert_int_equal(notify(&world, RTM_NEWADDR, native_message(2, "2001:db8::1", &forever)), 0);
    world.count = 0;
    message = native_message(2, "2001:db8::2", &forever);
    put_ip(message, IFA_LOCAL, "2001:db8::1");
    assert_int_equal(notify(&world, RTM_NEWADDR, message), 0);
    assert_events(&world, "-2001:db8::1 more, +2001:db8::1");
    end(&world);
}

static void lines_may_come_in_any_order(void **state)
{
    static const char *const orders[][3] = {{"10.0.0.1", "10.0.0.2", "10.0.0.3"},
                                            {"10.0.0.3", "10.0.0.1", "10.0.0.2"},
                                            {"10.0.0.2", "10.0.0.2", "10.0.0.1"},
                                            {"10.0.0.3", "10.0.0.2", "10.0.0.1"}};
    struct world world;

    (void)state;
    begin(&world);
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        address_subject.dump_begin(world.addresses);
        for (size_t j = 0; j < 3; j++)
            line(&world, native_message(2, orders[i][j], &forever));
        end_dump(&world, 0);
    }
    assert_events(&world, "+10.0.0.1, +10.0.0.2, +10.0.0.3, -10.0.0.3, +10.0.0.3");
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_to_point_address_has_a_peer),
        cmocka_unit_test(an_address_without_local_is_its_own),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_lifetime_that_runs_down_is_no_difference),
        cmocka_unit_test(a_dump_shows_what_came_and_went),
        cmocka_unit_test(a_dump_without_room_for_all_its_lines_shows_what_went),
        cmocka_unit_test(elsewhere_it_must_be_missing_twice),
        cmocka_unit_test(an_interrupted_dump_proves_nothing),
        cmocka_unit_test(an_empty_dump_is_the_truth_at_once_where_no_address_is_known),
        cmocka_unit_test(a_line_is_no_younger_than_a_notification_under_the_dump),
        cmocka_unit_test(an_address_waits_for_its_link),
        cmocka_unit_test(a_rename_for_which_there_was_no_room_is_found_by_the_next_dump),
        cmocka_unit_test(one_that_was_made_anew_is_another_one),
        cmocka_unit_test(lines_may_come_in_any_order),
    };

    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
