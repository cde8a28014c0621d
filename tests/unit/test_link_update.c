/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* update and last_updates: link updates that the kernel would have sent, and who bears which name.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "reach/last_updates.h"
#include "reach/link_update.h"

#define UP (IFF_UP | IFF_RUNNING | IFF_LOWER_UP | IFF_BROADCAST)

/* What a link is made of here; texts may be NULL, the master 0. */
struct traits {
    int ifindex;
    const char *name;
    const char *altname;
    unsigned flags;
    int master;
};

static struct nl_msg *describe(const struct traits *traits)
{
    struct nl_msg *message = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_MULTI);
    const struct ifinfomsg info = {.ifi_index = traits->ifindex, .ifi_flags = traits->flags};
    struct nlattr *nest;

    assert_non_null(message);
    nlmsg_hdr(message)->nlmsg_seq = 7;
    nlmsg_append(message, (void *)(uintptr_t)&info, sizeof(info), NLMSG_ALIGNTO);
    nla_put_string(message, IFLA_IFNAME, traits->name);
    nla_put_u8(message, IFLA_OPERSTATE, traits->flags & IFF_UP ? IF_OPER_UP : IF_OPER_DOWN);
    nla_put_u32(message, IFLA_PROMISCUITY, traits->master != 0);
    nla_put_string(message, IFLA_QDISC, "fq");
    if (traits->master != 0)
        nla_put_u32(message, IFLA_MASTER, (uint32_t)traits->master);
    nest = nla_nest_start(message, IFLA_LINKINFO);
    nla_put_string(message, IFLA_INFO_KIND, "veth");
    nla_put_string(message, IFLA_INFO_SLAVE_KIND, "bridge");
    nla_nest_end(message, nest);
    if (traits->altname) {
        nest = nla_nest_start(message, IFLA_PROP_LIST);
        nla_put_string(message, IFLA_ALT_IFNAME, traits->altname);
        nla_nest_end(message, nest);
    }
    return message;
}

static struct update *update_of(const struct traits *traits, const struct update *before)
{
    struct nl_msg *message = describe(traits);
    struct update *update = link_update_from_answer(nlmsg_hdr(message), before);

    assert_non_null(update);
    nlmsg_free(message);
    return update;
}

static const struct nlmsghdr *header_of(const struct update *update)
{
    return (const struct nlmsghdr *)(const void *)update->data;
}

static const struct ifinfomsg *info_of(const struct update *update)
{
    return NLMSG_DATA(header_of(update));
}

static struct nlattr *attribute_of(const struct update *update, int type)
{
    return nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)header_of(update),
                           sizeof(struct ifinfomsg), type);
}

static void assert_update(const struct update *update, unsigned type, unsigned flags,
                          unsigned change)
{
    assert_int_equal(header_of(update)->nlmsg_type, type);
    assert_int_equal(header_of(update)->nlmsg_len, update->size);
    assert_int_equal(header_of(update)->nlmsg_flags, 0);
    assert_int_equal(header_of(update)->nlmsg_seq, 0);
    assert_int_equal(info_of(update)->ifi_flags, flags);
    assert_int_equal(info_of(update)->ifi_change, change);
}

static void all_flags_of_a_new_link_changed(void **state)
{
    struct update *update =
        update_of(&(struct traits){.ifindex = 3, .name = "a", .flags = UP}, NULL);

    (void)state;
    assert_update(update, RTM_NEWLINK, UP, ~0U);
    update_unref(update);
}

static void what_nobody_set_is_no_change(void **state)
{
    struct update *before =
        update_of(&(struct traits){.ifindex = 3, .name = "a", .flags = IFF_BROADCAST}, NULL);
    struct update *now =
        update_of(&(struct traits){.ifindex = 3, .name = "a", .flags = UP}, before);

    (void)state;
    assert_update(now, RTM_NEWLINK, UP, IFF_UP);
    update_unref(before);
    update_unref(now);
}

static void a_link_is_taken_down_and_loses_what_others_attached(void **state)
{
    struct update *last =
        update_of(&(struct traits){.ifindex = 3, .name = "a", .flags = UP, .master = 9}, NULL);
    struct update *down = link_update_taken_down(last), *removed = link_update_removed(down, NULL);
    struct nlattr *linkinfo;

    (void)state;
    assert_update(down, RTM_NEWLINK, IFF_BROADCAST, IFF_UP | IFF_RUNNING);
    assert_int_equal(link_update_master(down), 9);
    assert_int_equal(nla_get_u8(attribute_of(down, IFLA_OPERSTATE)), IF_OPER_DOWN);
    assert_update(removed, RTM_DELLINK, IFF_BROADCAST, ~0U);
    assert_null(attribute_of(removed, IFLA_MASTER));
    assert_string_equal(nla_get_string(attribute_of(removed, IFLA_QDISC)), "noop");
    assert_int_equal(nla_get_u32(attribute_of(removed, IFLA_PROMISCUITY)), 0);
    linkinfo = attribute_of(removed, IFLA_LINKINFO);
    assert_non_null(nla_find(nla_data(linkinfo), nla_len(linkinfo), IFLA_INFO_KIND));
    assert_null(nla_find(nla_data(linkinfo), nla_len(linkinfo), IFLA_INFO_SLAVE_KIND));
    assert_null(attribute_of(removed, IFLA_NEW_NETNSID));
    update_unref(last);
    update_unref(down);
    update_unref(removed);
}

static void a_removal_never_bears_up(void **state)
{
    struct update *last = update_of(&(struct traits){.ifindex = 3, .name = "a", .flags = UP}, NULL);
    struct update *removed =
        link_update_removed(last, &(struct link_move){.netnsid = 4, .ifindex = 5});

    (void)state;
    assert_update(removed, RTM_DELLINK, IFF_BROADCAST, ~0U);
    assert_int_equal(nla_get_u8(attribute_of(removed, IFLA_OPERSTATE)), IF_OPER_DOWN);
    assert_int_equal(nla_get_u32(attribute_of(removed, IFLA_NEW_NETNSID)), 4);
    assert_int_equal(nla_get_u32(attribute_of(removed, IFLA_NEW_IFINDEX)), 5);
    update_unref(last);
    update_unref(removed);
}

static void a_longer_name_fits(void **state)
{
    static const char longest[] = "rename123456789";
    struct update *last =
        update_of(&(struct traits){.ifindex = 3, .name = "a", .altname = "b", .flags = UP}, NULL);
    struct update *renamed = link_update_renamed(last, longest);

    (void)state;
    assert_update(renamed, RTM_NEWLINK, UP, 0);
    assert_string_equal(link_update_next_name(renamed, NULL), longest);
    assert_null(link_update_next_name(renamed, link_update_next_name(renamed, NULL)));
    assert_false(link_update_is_same(last, renamed));
    assert_true(link_update_is_same(last, last));
    update_unref(last);
    update_unref(renamed);
}

static void a_name_is_found_by_its_bearer(void **state)
{
    struct last_updates *last = last_updates_new();
    struct update *one =
        update_of(&(struct traits){.ifindex = 3, .name = "a", .altname = "b", .master = 4}, NULL);
    struct update *other = update_of(&(struct traits){.ifindex = 4, .name = "c"}, NULL);
    const int ports[] = {3};

    (void)state;
    assert_int_equal(last_updates_set(last, one), 0);
    assert_int_equal(last_updates_set(last, other), 0);
    assert_int_equal(last_updates_find_name(last, "b", 4), 3);
    assert_int_equal(last_updates_find_name(last, "b", 3), 0);
    assert_int_equal(last_updates_find_port(last, 4, NULL, 0), 3);
    assert_int_equal(last_updates_find_port(last, 4, ports, 1), 0);
    last_updates_remove(last, 3);
    assert_int_equal(last_updates_find_name(last, "a", 0), 0);
    assert_null(last_updates_find(last, 3));
    assert_ptr_equal(last_updates_find(last, 4), other);
    update_unref(one);
    update_unref(other);
    last_updates_free(last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_flags_of_a_new_link_changed),
        cmocka_unit_test(what_nobody_set_is_no_change),
        cmocka_unit_test(a_link_is_taken_down_and_loses_what_others_attached),
        cmocka_unit_test(a_removal_never_bears_up),
        cmocka_unit_test(a_longer_name_fits),
        cmocka_unit_test(a_name_is_found_by_its_bearer),
    };

    return cmocka_run_group_tests_name("update", tests, NULL, NULL);
}
