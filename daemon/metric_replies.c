/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metric_replies.h"

#include <stdio.h>
#include <string.h>

#include "daemon/encode.h"
#include "daemon/writer.h"
#include "protocol/metrics.h"

/* Room for the name of a member. */
#define MEMBER_SIZE 64

/* Whether a reply is the last one is known only when there is another one. */
struct replies {
    struct writer writer;
    bool begun;
};

static void finish(struct replies *replies, const char *end)
{
    if (replies->begun)
        writer_add(&replies->writer, end, strlen(end) + 1);
}

/* Begins a reply about that metric; more members may follow. */
static void begin(struct replies *replies, const struct metric *metric)
{
    finish(replies, "},\"continues\":true}");
    replies->begun = true;
    writer_open(&replies->writer);
    writer_key(&replies->writer, "parameters");
    writer_open(&replies->writer);
    writer_key(&replies->writer, "name");
    writer_put(&replies->writer, "\"" METRICS_PREFIX);
    writer_put(&replies->writer, metric->name);
    writer_put(&replies->writer, "\"");
}

static int end(struct replies *replies, struct buffer **ret)
{
    finish(replies, "}}");
    return writer_to_buffer(&replies->writer, ret);
}

/* --- values */

struct lister {
    struct replies replies;
    const json_t *status;
    const json_t *statistics;
    const struct metric_groups *groups;
};

/* A member of an object, or of an object in it; NULL if it is not there. */
static json_t *member_of(const json_t *object, const char *name)
{
    const char *dot = strchr(name, '.');
    char outer[MEMBER_SIZE];

    if (!dot)
        return json_object_get(object, name);
    snprintf(outer, sizeof(outer), "%.*s", (int)(dot - name), name);
    return json_object_get(json_object_get(object, outer), dot + 1);
}

/* NULL if neither has it. */
static const json_t *value_of(const struct lister *lister, const char *name)
{
    const json_t *value = member_of(lister->status, name);

    return value ? value : member_of(lister->statistics, name);
}

static void put_value(struct writer *writer, const json_t *value)
{
    writer_key(writer, "value");
    if (json_is_string(value))
        writer_put_string(writer, json_string_value(value));
    else if (json_is_boolean(value))
        writer_put_integer(writer, json_is_true(value));
    else
        writer_put_integer(writer, json_integer_value(value));
}

/* Adds what stands there, if anything does. field: NULL for a value without one. */
static void add_member(struct lister *lister, const struct metric *metric, const char *member,
                       const char *field, const char *field_value)
{
    const json_t *value = member ? value_of(lister, member) : NULL;
    struct writer *writer = &lister->replies.writer;

    if (!value)
        return;
    begin(&lister->replies, metric);
    if (field) {
        writer_key(writer, "fields");
        writer_open(writer);
        writer_put_key(writer, field);
        writer_put_string(writer, field_value);
        writer_close(writer);
    }
    put_value(writer, value);
}

static void add_members(struct lister *lister, const struct metric *metric)
{
    if (!metric->address_member) {
        add_member(lister, metric, metric->member, NULL, NULL);
        return;
    }
    add_member(lister, metric, metric->member, "subject", "links");
    add_member(lister, metric, metric->address_member, "subject", "addresses");
}

static void add_delays(struct lister *lister, const struct metric *metric)
{
    char member[MEMBER_SIZE];

    for (size_t i = 0; i < METRIC_BOUNDS; i++) {
        snprintf(member, sizeof(member), "delays.within_%s", metric_bounds[i].name);
        add_member(lister, metric, member, "within", metric_bounds[i].name);
    }
}

/* --- links */

static bool has(const struct link *link, enum link_field field)
{
    return link->known & (UINT64_C(1) << field);
}

static bool is_same_kind(const struct link *a, const struct link *b)
{
    if (a->info_kind && b->info_kind)
        return strcmp(a->info_kind, b->info_kind) == 0;
    return !a->info_kind && !b->info_kind && a->type == b->type;
}

static bool belongs(const struct link *a, const struct link *b)
{
    bool known = has(a, LINK_FIELD_OPERSTATE);

    return known == has(b, LINK_FIELD_OPERSTATE) && (!known || a->operstate == b->operstate) &&
           is_same_kind(a, b);
}

static struct metric_group *group_of(struct metric_groups *groups, struct link *link)
{
    size_t i = 0;

    while (i < groups->count && !belongs(groups->groups[i].link, link))
        i++;
    if (i == groups->count && i < METRICS_GROUPS_MAX) {
        groups->groups[i].link = link_ref(link);
        groups->count++;
    }
    return &groups->groups[i];
}

bool metric_groups_count(struct metric_groups *groups, const struct table *table,
                         const struct slice *slice)
{
    struct link *link;

    while ((link = table_next(table, groups->passed))) {
        group_of(groups, link)->count++;
        groups->passed = link->ifindex;
        if (slice_is_over(slice))
            return false;
    }
    return true;
}

void metric_groups_clear(struct metric_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++)
        link_unref(groups->groups[i].link);
    *groups = (struct metric_groups){.count = 0};
}

static void add_group(struct lister *lister, const struct metric *metric,
                      const struct metric_group *group)
{
    struct writer *writer = &lister->replies.writer;

    begin(&lister->replies, metric);
    writer_key(writer, "fields");
    writer_open(writer);
    if (group->link && has(group->link, LINK_FIELD_OPERSTATE)) {
        writer_key(writer, "operstate");
        encode_operstate(writer, group->link);
    }
    writer_key(writer, "kind");
    if (group->link)
        encode_kind(writer, group->link);
    else
        writer_put_string(writer, METRICS_OTHER);
    writer_close(writer);
    writer_key(writer, "value");
    writer_put_integer(writer, (int64_t)group->count);
}

static void add_links(struct lister *lister, const struct metric *metric)
{
    const struct metric_group *groups = lister->groups->groups;

    for (size_t i = 0; i < lister->groups->count; i++)
        add_group(lister, metric, &groups[i]);
    if (groups[METRICS_GROUPS_MAX].count > 0)
        add_group(lister, metric, &groups[METRICS_GROUPS_MAX]);
}

int metric_replies_list(const json_t *status, const json_t *statistics,
                        const struct metric_groups *groups, struct buffer **ret)
{
    struct lister lister = {.status = status, .statistics = statistics, .groups = groups};

    writer_init(&lister.replies.writer);
    for (const struct metric *metric = metrics; metric->name; metric++)
        switch (metric->content) {
        case METRIC_VALUE:
            add_members(&lister, metric);
            break;
        case METRIC_LINKS:
            add_links(&lister, metric);
            break;
        case METRIC_DELAYS:
            add_delays(&lister, metric);
            break;
        }
    return end(&lister.replies, ret);
}

int metric_replies_describe(struct buffer **ret)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_STRING] = "string"};
    struct replies replies = {.begun = false};

    writer_init(&replies.writer);
    for (const struct metric *metric = metrics; metric->name; metric++) {
        begin(&replies, metric);
        writer_key(&replies.writer, "description");
        writer_put_string(&replies.writer, metric->description);
        writer_key(&replies.writer, "type");
        writer_put_string(&replies.writer, types[metric->type]);
    }
    return end(&replies, ret);
}
