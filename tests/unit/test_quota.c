/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* quota: memory that users share; and that links, tables and their JSON count in it. */
#include "tests/unit/support.h"

#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>

#include "daemon/message.h"
#include "daemon/quota.h"
#include "daemon/table.h"

#define MAX ((size_t)32 << 20)

static size_t take_all(struct quota *quota, size_t piece)
{
    size_t taken = 0;

    while (quota_take(quota, piece))
        taken += piece;
    return taken;
}

static void assert_near(size_t a, size_t b)
{
    assert_true(a <= b + MAX / 100 && b <= a + MAX / 100);
}

static void a_user_alone_gets_half_the_next_one_half_of_the_rest(void **state)
{
    struct quota total = {.max = MAX};
    struct quota one = {.above = &total}, other = {.above = &total};
    size_t shared = MAX - MAX / QUOTA_RESERVE;

    (void)state;
    assert_near(take_all(&one, 1000), shared / 2);
    assert_true(one.refused);
    assert_near(take_all(&other, 1000), shared / 4);
    quota_give(&one, one.used);
    assert_near(take_all(&other, 1000) + shared / 4, shared / 2);
}

static void a_part_is_there_for_the_privileged_however_many_others_take_what_they_get(void **state)
{
    struct quota total = {.max = MAX};
    struct quota many[1000], root = {.above = &total, .privileged = true};

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        many[i] = (struct quota){.above = &total};
        take_all(&many[i], 100);
    }
    assert_true(take_all(&root, 1000) >= MAX / QUOTA_RESERVE / 3);
}

static void what_a_user_has_is_shared_between_his_namespaces_in_the_same_way(void **state)
{
    struct quota total = {.max = MAX};
    struct quota user = {.above = &total}, other = {.above = &total};
    struct quota large = {.above = &user}, small = {.above = &user};

    (void)state;
    assert_near(take_all(&large, 1000), (MAX - MAX / QUOTA_RESERVE) / 3);
    assert_false(user.refused);
    for (int i = 0; i < 1000; i++)
        assert_true(quota_take(&small, 1000));
    assert_true(take_all(&other, 1000) > MAX / 5);
    quota_give(&large, large.used);
    assert_int_equal(user.used, small.used);
    assert_int_equal(total.used, small.used + other.used);
}

static void who_has_nothing_gets_one_piece_of_any_size(void **state)
{
    struct quota total = {.max = MAX};
    struct quota one = {.above = &total}, other = {.above = &total};

    (void)state;
    assert_true(quota_take(&one, 2 * MAX));
    assert_false(quota_take(&one, 1));
    assert_true(quota_take(&other, 1));
    quota_give(&one, 2 * MAX);
    quota_give(&other, 1);
    assert_int_equal(total.used, 0);
    assert_true(quota_take(NULL, MAX));
    quota_give(NULL, MAX);
}

static void pass_over(void *user, const struct change *change)
{
    (void)user;
    (void)change;
}

/* A link with so many alternative names that counts in the quota. */
static struct link *charged(struct quota *quota, int ifindex, unsigned altnames)
{
    char name[IF_NAMESIZE];
    struct nl_msg *message;
    struct nlattr *list;
    struct link *link;

    snprintf(name, sizeof(name), "l%d", ifindex);
    message = named_message(ifindex, name);
    list = nla_nest_start(message, IFLA_PROP_LIST);
    for (unsigned i = 0; i < altnames; i++) {
        snprintf(name, sizeof(name), "a%d.%u", ifindex, i);
        nla_put_string(message, IFLA_ALT_IFNAME, name);
    }
    nla_nest_end(message, list);
    link = parse(message);
    assert_true(object_charge(&link->object, quota));
    return link;
}

static void put(struct table *table, struct link *link, bool with_json)
{
    assert_int_equal(table_put(table, link, CHANGE_BY_DUMP), 0);
    if (with_json)
        buffer_unref(message_object_text(&link->object, 0));
    link_unref(link);
}

static void links_come_change_and_go_and_nothing_of_them_is_counted_any_more(void **state)
{
    struct quota total = {.max = SIZE_MAX / 4};
    struct quota quota = {.above = &total};
    struct table *table = table_new(pass_over, NULL);

    (void)state;
    srandom(1);
    for (int i = 0; i < 20000; i++) {
        int ifindex = 1 + (int)(random() % 50);

        if (random() % 3)
            put(table, charged(&quota, ifindex, (unsigned)(random() % 5)), random() % 2);
        else
            table_remove(table, ifindex, CHANGE_BY_DUMP, NULL);
        if (table_count(table) == 0)
            assert_int_equal(quota.used, 0);
        else
            assert_true(quota.used >= table_count(table) * sizeof(struct link));
    }
    for (int i = 1; i <= 25; i++)
        table_remove(table, i, CHANGE_BY_DUMP, NULL);
    table_free(table);
    assert_int_equal(quota.used, 0);
    assert_int_equal(total.used, 0);
}

static void without_room_a_link_stays_as_it_was_and_its_json_is_made_each_time(void **state)
{
    struct quota total = {.max = MAX};
    struct quota quota = {.above = &total};
    struct table *table = table_new(pass_over, NULL);
    struct link *link = charged(&quota, 2, 1), *next = charged(&quota, 2, 30);
    struct buffer *text;
    size_t used;

    (void)state;
    assert_int_equal(table_put(table, link, CHANGE_BY_DUMP), 0);
    used = quota.used;
    total.max = used;
    assert_int_equal(table_put(table, next, CHANGE_BY_DUMP), -ENOMEM);
    assert_true(quota.refused);
    assert_ptr_equal(table_find(table, 2), link);
    assert_null(link_copy(link));
    text = message_object_text(&link->object, 0);
    assert_non_null(text);
    assert_int_equal(text->references, 1);
    assert_int_equal(quota.used, used);
    buffer_unref(text);
    link_unref(link);
    link_unref(next);
    table_free(table);
    assert_int_equal(total.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_alone_gets_half_the_next_one_half_of_the_rest),
        cmocka_unit_test(a_part_is_there_for_the_privileged_however_many_others_take_what_they_get),
        cmocka_unit_test(what_a_user_has_is_shared_between_his_namespaces_in_the_same_way),
        cmocka_unit_test(who_has_nothing_gets_one_piece_of_any_size),
        cmocka_unit_test(links_come_change_and_go_and_nothing_of_them_is_counted_any_more),
        cmocka_unit_test(without_room_a_link_stays_as_it_was_and_its_json_is_made_each_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
