/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl metrics. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/ctl.h"
#include "client/ctl/exposition.h"
#include "client/ctl/fetch.h"
#include "client/ctl/link_rows.h"
#include "client/ctl/output.h"
#include "client/ctl/replace_file.h"
#include "client/ctl/text.h"
#include "protocol/metrics.h"
#include "protocol/utf8.h"

#define NUMBER_SIZE 32
#define MEMBER_SIZE 64
#define LABELS_MAX  4
#define NAME_SIZE   (IFNAMSIZ * UTF8_ESCAPE_SIZE)

/* What the metrics are made of. */
struct sources {
    bool json;
    struct statuses got;
    struct linkwatch_list *list; /* NULL if the links are not known */
    struct fetch named;          /* links that have metrics of their own */
};

/* --- values */

static bool get_number(const struct sources *sources, const char *member, int64_t *ret)
{
    bool flag;

    if (linkwatch_status_get_bool(sources->got.status, member, &flag) >= 0) {
        *ret = flag;
        return true;
    }
    return linkwatch_status_get_number(sources->got.status, member, ret) >= 0 ||
           (sources->got.statistics &&
            linkwatch_status_get_number(sources->got.statistics, member, ret) >= 0);
}

static const char *format(int64_t number, bool is_usec, char text[NUMBER_SIZE])
{
    if (is_usec)
        snprintf(text, NUMBER_SIZE, "%lld.%06lld", (long long)number / 1000000,
                 (long long)number % 1000000);
    else
        snprintf(text, NUMBER_SIZE, "%lld", (long long)number);
    return text;
}

static struct family family_of(const struct metric *metric)
{
    return (struct family){.prefix = METRICS_TEXT_PREFIX,
                           .name = metric->text_name,
                           .type = metric->type == METRIC_COUNTER ? "counter" : "gauge",
                           .unit = metric->unit,
                           .help = metric->description};
}

/* Adds what stands there, if anything does; a text is the label of a 1. */
static void add_member(struct exposition *exposition, const struct sources *sources,
                       const struct metric *metric, struct family *family, const char *member,
                       const char *subject)
{
    bool is_usec = metric->unit && strcmp(metric->unit, "seconds") == 0;
    struct label labels[LABELS_MAX];
    char text[NUMBER_SIZE];
    size_t count = 0;
    int64_t number = 1;

    if (subject)
        labels[count++] = (struct label){"subject", subject};
    if (metric->type == METRIC_STRING) {
        labels[count].name = metric->text_name;
        if (linkwatch_status_get_text(sources->got.status, member, &labels[count++].value) < 0)
            return;
    } else if (!get_number(sources, member, &number)) {
        return;
    }
    exposition_add(exposition, family, metric->type == METRIC_COUNTER ? "_total" : "", labels,
                   count, format(number, is_usec, text));
}

static void add_value(struct exposition *exposition, const struct sources *sources,
                      const struct metric *metric)
{
    struct family family = family_of(metric);

    add_member(exposition, sources, metric, &family, metric->member,
               metric->address_member ? "links" : NULL);
    if (metric->address_member)
        add_member(exposition, sources, metric, &family, metric->address_member, "addresses");
}

static void add_delays(struct exposition *exposition, const struct sources *sources,
                       const struct metric *metric)
{
    struct family family = family_of(metric);
    struct label label = {.name = "le"};
    char member[MEMBER_SIZE], text[NUMBER_SIZE];
    int64_t sum, count, within;

    family.type = "histogram";
    if (!get_number(sources, "delays.sum_usec", &sum) ||
        !get_number(sources, "delays.count", &count))
        return;
    for (size_t i = 0; i < METRIC_BOUNDS; i++) {
        snprintf(member, sizeof(member), "delays.within_%s", metric_bounds[i].name);
        label.value = metric_bounds[i].seconds;
        if (get_number(sources, member, &within))
            exposition_add(exposition, &family, "_bucket", &label, 1, format(within, false, text));
    }
    label.value = "+Inf";
    exposition_add(exposition, &family, "_bucket", &label, 1, format(count, false, text));
    exposition_add(exposition, &family, "_sum", NULL, 0, format(sum, true, text));
    exposition_add(exposition, &family, "_count", NULL, 0, format(count, false, text));
}

/* --- the number of links */

struct group {
    const char *state; /* NULL if the kernel doesn't report it */
    const char *kind;
    int64_t count;
};

static const char *kind_of(const struct linkwatch_link *link)
{
    return link_kind(link) ? link_kind(link) : METRICS_OTHER;
}

static bool is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The group of a link; where there is no room for another one, that of the others. */
static struct group *group_of(struct group groups[METRICS_GROUPS_MAX + 1], size_t *count,
                              const struct linkwatch_link *link)
{
    struct group wanted = {.state = link_operstate(link), .kind = kind_of(link)};
    size_t i = 0;

    while (i < *count &&
           !(is_same(groups[i].state, wanted.state) && is_same(groups[i].kind, wanted.kind)))
        i++;
    if (i == METRICS_GROUPS_MAX)
        return &groups[METRICS_GROUPS_MAX];
    if (i == *count)
        groups[(*count)++] = wanted;
    return &groups[i];
}

static void add_group(struct exposition *exposition, struct family *family,
                      const struct group *group)
{
    struct label labels[LABELS_MAX];
    char text[NUMBER_SIZE];
    size_t count = 0;

    if (group->state)
        labels[count++] = (struct label){"operstate", group->state};
    labels[count++] = (struct label){"kind", group->kind};
    exposition_add(exposition, family, "", labels, count, format(group->count, false, text));
}

static void add_links(struct exposition *exposition, const struct sources *sources,
                      const struct metric *metric)
{
    struct group groups[METRICS_GROUPS_MAX + 1] = {[METRICS_GROUPS_MAX] = {.kind = METRICS_OTHER}};
    struct family family = family_of(metric);
    size_t count = 0;

    for (size_t i = 0; sources->list && i < linkwatch_list_count(sources->list); i++)
        group_of(groups, &count, linkwatch_list_get(sources->list, i))->count++;
    for (size_t i = 0; i < count; i++)
        add_group(exposition, &family, &groups[i]);
    if (groups[METRICS_GROUPS_MAX].count > 0)
        add_group(exposition, &family, &groups[METRICS_GROUPS_MAX]);
}

/* --- metrics of one link each */

static int64_t link_up(const struct linkwatch_link *link)
{
    return linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "UP");
}

static int64_t link_carrier(const struct linkwatch_link *link)
{
    bool carrier;
    int r = linkwatch_link_get_boolean(link, LINKWATCH_FIELD_CARRIER, &carrier);

    return r < 0 ? r : carrier;
}

static int64_t link_usable(const struct linkwatch_link *link)
{
    return linkwatch_link_usable(link, NULL);
}

static int64_t link_carrier_changes(const struct linkwatch_link *link)
{
    int64_t changes = -1;

    linkwatch_link_get_integer(link, LINKWATCH_FIELD_CARRIER_CHANGES, &changes);
    return changes;
}

static const struct link_metric {
    const char *name;
    const char *type;
    const char *help;
    /* Negative: it is not known. NULL: 1, and all is in labels. */
    int64_t (*get)(const struct linkwatch_link *link);
} link_metrics[] = {
    {"link_info", "gauge", "Index, kind and operational state of the link", NULL},
    {"link_up", "gauge", "1 if the link is administratively up", link_up},
    {"link_carrier", "gauge", "1 if the link has a carrier", link_carrier},
    {"link_usable", "gauge", "1 if the link can be expected to carry traffic", link_usable},
    {"link_carrier_changes", "counter", "Changes of the carrier, as the kernel counts them",
     link_carrier_changes},
};

static void add_link(struct exposition *exposition, const struct link_metric *metric,
                     struct family *family, const struct linkwatch_link *link)
{
    struct label labels[LABELS_MAX];
    char index[NUMBER_SIZE], text[NUMBER_SIZE], name[NAME_SIZE];
    int64_t value = metric->get ? metric->get(link) : 1;
    size_t count = 0;

    if (value < 0)
        return;
    utf8_copy_clean(linkwatch_link_ifname(link), name, sizeof(name));
    labels[count++] = (struct label){"device", name};
    if (!metric->get) {
        labels[count++] =
            (struct label){"ifindex", format(linkwatch_link_ifindex(link), false, index)};
        labels[count++] = (struct label){"kind", kind_of(link)};
        if (link_operstate(link))
            labels[count++] = (struct label){"operstate", link_operstate(link)};
    }
    exposition_add(exposition, family, strcmp(metric->type, "counter") == 0 ? "_total" : "", labels,
                   count, format(value, false, text));
}

static void add_link_metrics(struct exposition *exposition, const struct fetch *named)
{
    for (size_t i = 0; i < sizeof(link_metrics) / sizeof(link_metrics[0]); i++) {
        const struct link_metric *metric = &link_metrics[i];
        struct family family = {.prefix = METRICS_TEXT_PREFIX,
                                .name = metric->name,
                                .type = metric->type,
                                .help = metric->help};

        for (size_t j = 0; j < named->count; j++)
            for (size_t k = 0; k < named->items[j].count; k++)
                add_link(exposition, metric, &family, named->items[j].links[k]);
    }
}

/* --- all of it */

static void write_metrics(struct exposition *exposition, const struct sources *sources)
{
    for (const struct metric *metric = metrics; metric->name; metric++) {
        if (!metric->text_name)
            continue;
        switch (metric->content) {
        case METRIC_VALUE:
            add_value(exposition, sources, metric);
            break;
        case METRIC_LINKS:
            add_links(exposition, sources, metric);
            break;
        case METRIC_DELAYS:
            add_delays(exposition, sources, metric);
            break;
        }
    }
    add_link_metrics(exposition, &sources->named);
}

static int print(const struct ctl *ctl, const char *text)
{
    struct output output;

    output_begin(&output, WHEN_NEVER, false);
    if (ctl->json)
        ctl_print_json(ctl, text);
    else
        fputs(text, stdout);
    return output_end(&output, EXIT_MET);
}

static int save(const struct ctl *ctl, const char *text)
{
    int r = replace_file(AT_FDCWD, ctl->output, 0666, text);

    if (r < 0)
        ctl_error("%s cannot be written: %s", ctl->output, strerror(-r));
    return r < 0 ? EXIT_FAILED : EXIT_MET;
}

static void write_all(FILE *to, const void *what)
{
    const struct sources *sources = what;
    struct exposition exposition;

    exposition_begin(&exposition, to, sources->json);
    write_metrics(&exposition, sources);
    exposition_end(&exposition);
}

static int expose(const struct ctl *ctl, const struct sources *sources)
{
    char *text = text_of(write_all, sources);
    int code;

    if (!text)
        return ctl_out_of_memory();
    code = ctl->output ? save(ctl, text) : print(ctl, text);
    free(text);
    return code == EXIT_MET ? fetch_check(&sources->named, ctl) : code;
}

static int get_sources(struct linkwatch *connection, void *user)
{
    struct sources *sources = user;
    int r = ctl_get_statuses(connection, &sources->got);

    return r < 0 ? r : ctl_get_list(connection, &sources->list);
}

int ctl_metrics(const struct ctl *ctl)
{
    struct sources sources = {.json = ctl->json};
    int code = ctl_call(ctl, get_sources, &sources);

    if (code == EXIT_MET && ctl->count > 0)
        code = fetch_all(ctl, FETCH_LINKS, &sources.named);
    if (code == EXIT_MET)
        code = expose(ctl, &sources);
    linkwatch_list_free(sources.list);
    ctl_free_statuses(&sources.got);
    fetch_clear(&sources.named);
    return code;
}
