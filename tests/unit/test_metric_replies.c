/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* metric_replies: replies to GetStatus and GetStatistics, and links, become metrics. */
#include "tests/unit/support.h"

#include <string.h>

#include "daemon/metric_replies.h"
#include "protocol/metrics.h"

static void ignore(void *user, const struct change *change)
{
    (void)user;
    (void)change;
}

static void add(struct table *table, struct link *link)
{
    assert_int_equal(table_put(table, link, CHANGE_BY_DUMP), 0);
    link_unref(link);
}

/* The parameters of all replies, an array; only the last one may be the last. */
static json_t *parameters_of(struct buffer *replies)
{
    json_t *all = json_array();
    const char *end = replies->data + replies->length;

    for (const char *at = replies->data; at < end; at += strlen(at) + 1) {
        json_t *reply = json_loads(at, 0, NULL);
        bool is_last = at + strlen(at) + 1 == end;

        assert_non_null(reply);
        assert_int_equal(json_is_true(json_object_get(reply, "continues")), !is_last);
        json_array_append(all, json_object_get(reply, "parameters"));
        json_decref(reply);
    }
    buffer_unref(replies);
    return all;
}

/* In slices of one link each. */
static void count_in_slices(struct metric_groups *groups, const struct table *table)
{
    size_t slices = 0;
    bool done;

    do {
        struct slice slice = slice_of(1);

        done = metric_groups_count(groups, table, &slice);
        slices++;
    } while (!done);
    assert_int_equal(slices, table_count(table) + 1);
}

static json_t *list(const char *status, const char *statistics, const struct table *table)
{
    json_t *status_json = json_loads(status, 0, NULL);
    json_t *statistics_json = json_loads(statistics, 0, NULL);
    struct metric_groups groups = {.count = 0};
    struct buffer *replies;

    if (table)
        count_in_slices(&groups, table);
    assert_int_equal(metric_replies_list(status_json, statistics_json, &groups, &replies), 0);
    metric_groups_clear(&groups);
    json_decref(status_json);
    json_decref(statistics_json);
    return parameters_of(replies);
}

static void assert_listed(json_t *listed, const char *text)
{
    json_t *expected = json_loads(text, 0, NULL);

    assert_int_equal(json_equal(listed, expected), 1);
    json_decref(expected);
    json_decref(listed);
}

static void what_is_there_is_listed_and_nothing_else(void **state)
{
    (void)state;
    assert_listed(
        list("{\"version\":\"1\",\"source\":{\"standing\":\"denied\",\"stale\":true},"
             "\"address_source\":{\"stale\":false}}",
             "{\"sessions\":3,\"counters\":{\"dumps\":4},"
             "\"delays\":{\"count\":2,\"within_1s\":1}}",
             NULL),
        "[{\"name\":\"org.linkwatch.Version\",\"value\":\"1\"},"
        "{\"name\":\"org.linkwatch.Standing\",\"fields\":{\"subject\":\"links\"},"
        "\"value\":\"denied\"},"
        "{\"name\":\"org.linkwatch.Stale\",\"fields\":{\"subject\":\"links\"},\"value\":1},"
        "{\"name\":\"org.linkwatch.Stale\",\"fields\":{\"subject\":\"addresses\"},"
        "\"value\":0},"
        "{\"name\":\"org.linkwatch.Dumps\",\"fields\":{\"subject\":\"links\"},\"value\":4},"
        "{\"name\":\"org.linkwatch.DeliveryDelays\",\"fields\":{\"within\":\"1s\"},"
        "\"value\":1},"
        "{\"name\":\"org.linkwatch.DeliveryDelayCount\",\"value\":2},"
        "{\"name\":\"org.linkwatch.Consumers\",\"value\":3}]");
}

static void links_are_counted_by_state_and_kind(void **state)
{
    struct table *table = table_new(ignore, NULL);

    (void)state;
    add(table, LINK(.ifindex = 1, .ifname = "a", .kind = "veth", .operstate = 6));
    add(table, LINK(.ifindex = 2, .ifname = "b", .operstate = 6));
    add(table, LINK(.ifindex = 3, .ifname = "c", .kind = "veth", .operstate = 6));
    add(table, LINK(.ifindex = 4, .ifname = "d", .kind = "veth", .operstate = 2));
    add(table, LINK(.ifindex = 5, .ifname = "e", .kind = "\"\xff"));
    assert_listed(
        list("{}", "{}", table),
        "[{\"name\":\"org.linkwatch.Links\",\"fields\":{\"operstate\":\"UP\",\"kind\":\"veth\"},"
        "\"value\":2},"
        "{\"name\":\"org.linkwatch.Links\",\"fields\":{\"operstate\":\"UP\",\"kind\":\"ether\"},"
        "\"value\":1},"
        "{\"name\":\"org.linkwatch.Links\",\"fields\":{\"operstate\":\"DOWN\",\"kind\":\"veth\"},"
        "\"value\":1},"
        "{\"name\":\"org.linkwatch.Links\",\"fields\":{\"kind\":\"\\\"\\ufffd\"},\"value\":1}]");
    table_free(table);
}

static void however_many_kinds_there_are_the_list_is_bounded(void **state)
{
    struct table *table = table_new(ignore, NULL);
    json_t *listed, *last;

    (void)state;
    for (int i = 1; i <= METRICS_GROUPS_MAX + 10; i++) {
        char name[16];

        snprintf(name, sizeof(name), "k%d", i);
        add(table, LINK(.ifindex = i, .ifname = name, .kind = name));
    }
    listed = list("{}", "{}", table);
    assert_int_equal(json_array_size(listed), METRICS_GROUPS_MAX + 1);
    last = json_array_get(listed, METRICS_GROUPS_MAX);
    assert_int_equal(json_integer_value(json_object_get(last, "value")), 10);
    assert_string_equal(json_string_value(json_object_get(json_object_get(last, "fields"), "kind")),
                        METRICS_OTHER);
    json_decref(listed);
    table_free(table);
}

static void each_family_is_described(void **state)
{
    struct buffer *replies;
    json_t *described, *family;
    size_t i;

    (void)state;
    assert_int_equal(metric_replies_describe(&replies), 0);
    described = parameters_of(replies);
    json_array_foreach (described, i, family) {
        const char *name = json_string_value(json_object_get(family, "name"));

        assert_memory_equal(name, METRICS_PREFIX, strlen(METRICS_PREFIX));
        assert_string_equal(name + strlen(METRICS_PREFIX), metrics[i].name);
        assert_string_equal(json_string_value(json_object_get(family, "description")),
                            metrics[i].description);
        assert_non_null(json_object_get(family, "type"));
    }
    assert_null(metrics[i].name);
    json_decref(described);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_is_listed_and_nothing_else),
        cmocka_unit_test(links_are_counted_by_state_and_kind),
        cmocka_unit_test(however_many_kinds_there_are_the_list_is_bounded),
        cmocka_unit_test(each_family_is_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
