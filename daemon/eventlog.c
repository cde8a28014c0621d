/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/eventlog.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/encode.h"

/* What administrators want to read; the rest is for debugging. */
#define NOTABLE_FIELDS                                                              \
    (LINK_FIELD_BIT(IFNAME) | LINK_FIELD_BIT(OPERSTATE) | LINK_FIELD_BIT(CARRIER) | \
     LINK_FIELD_BIT(MTU) | LINK_FIELD_BIT(ADDRESS) | LINK_FIELD_BIT(MASTER) |       \
     LINK_FIELD_BIT(MASTER_IFINDEX))
/* They are among the journal's fields; in the text, the carrier or a name itself says it. */
#define MINOR_FIELDS                                                       \
    (LINK_FIELD_BIT(CARRIER_CHANGES) | LINK_FIELD_BIT(CARRIER_UP_COUNT) |  \
     LINK_FIELD_BIT(CARRIER_DOWN_COUNT) | LINK_FIELD_BIT(MASTER_IFINDEX) | \
     LINK_FIELD_BIT(LINK_IFINDEX))

/* A line of text that is put together; what does not fit is left out. */
struct text {
    char bytes[900];
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format, ...)
{
    va_list arguments;
    size_t space = sizeof(text->bytes) - text->length;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text->bytes + text->length, space, format, arguments);
    va_end(arguments);
    if (length > 0)
        text->length += (size_t)length < space ? (size_t)length : space - 1;
}

static void add_value(struct log_line *line, const char *prefix, const struct link *link,
                      enum link_field field)
{
    char *value = encode_value(link, field);

    if (value)
        log_text(line, prefix, field_name(SUBJECT_LINKS, field), value);
    free(value);
}

static bool has_flag(const struct encoded_flags *flags, const char *name)
{
    for (size_t i = 0; i < flags->count; i++)
        if (strcmp(flags->names[i], name) == 0)
            return true;
    return false;
}

/* Those of the flags that the others have not. */
static void append_flags(struct text *text, const struct encoded_flags *flags,
                         const struct encoded_flags *others, char sign)
{
    for (size_t i = 0; i < flags->count; i++)
        if (!has_flag(others, flags->names[i]))
            append(text, " %c%s", sign, flags->names[i]);
}

static void describe_flags(struct text *text, const struct link *before, const struct link *after)
{
    struct encoded_flags old_flags, new_flags;

    encode_flags(before, &old_flags);
    encode_flags(after, &new_flags);
    append_flags(text, &new_flags, &old_flags, '+');
    append_flags(text, &old_flags, &new_flags, '-');
}

static void describe_values(struct text *text, const struct link *before, const struct link *after,
                            enum link_field field)
{
    char *old_value = encode_value(before, field);
    char *new_value = encode_value(after, field);

    if (old_value && new_value)
        append(text, " %s -> %s", old_value, new_value);
    free(old_value);
    free(new_value);
}

static void describe_field(struct text *text, const struct change *change, enum link_field field)
{
    append(text, "%s %s", text->length ? "," : "", field_name(SUBJECT_LINKS, field));
    if (field == LINK_FIELD_FLAGS)
        describe_flags(text, as_link(change->before), as_link(change->after));
    else
        describe_values(text, as_link(change->before), as_link(change->after), field);
}

static void describe_change(struct text *text, const struct change *change)
{
    link_fields fields = change->fields;

    if (fields & ~MINOR_FIELDS)
        fields &= ~MINOR_FIELDS;
    FOREACH_FIELD (field, fields)
        describe_field(text, change, field);
    if (change->flaps)
        append(text, "%s unseen carrier changes: %u", text->length ? "," : "", change->flaps);
}

static void add_fields(struct log_line *line, const struct change *change)
{
    const struct link *before = as_link(change->before);
    const struct link *after = as_link(change->after);
    link_fields fields =
        change->type == CHANGE_CHANGE ? change->fields : change_link(change)->known;

    FOREACH_FIELD (field, fields) {
        if (before)
            add_value(line, "OLD_", before, field);
        if (after)
            add_value(line, "NEW_", after, field);
    }
}

/* Which link, by its name before, too: then a search for it finds how it got another. */
static void add_link(struct log_line *line, const struct change *change)
{
    const struct link *link = change_link(change);

    log_text(line, "", "INTERFACE", link->ifname);
    if (change->type == CHANGE_CHANGE && strcmp(as_link(change->before)->ifname, link->ifname) != 0)
        log_text(line, "", "INTERFACE", as_link(change->before)->ifname);
    log_number(line, "IFINDEX", link->ifindex);
    if (link->info_kind)
        log_text(line, "", "KIND", link->info_kind);
    log_text(line, "", "LEARNED", change->source == CHANGE_BY_DUMP ? "dump" : "notification");
    if (change->flaps)
        log_number(line, "FLAPS", change->flaps);
}

static const char *verb_of(const struct change *change)
{
    const struct link_destination *to = &change->moved_to;

    if (change->type == CHANGE_ADD)
        return "appeared";
    return to->has_netnsid || to->ifindex ? "moved to another namespace" : "was removed";
}

static void end_line(struct log_line *line, const struct change *change)
{
    const struct link *link = change_link(change);
    struct text text = {.length = 0};

    if (change->type == CHANGE_CHANGE) {
        describe_change(&text, change);
        log_end(line, "%s:%s", link->ifname, text.bytes);
        return;
    }
    log_end(line, "%s %s (index %d%s%s)", link->ifname, verb_of(change), link->ifindex,
            link->info_kind ? ", " : "", link->info_kind ? link->info_kind : "");
}

static bool is_notable(const struct change *change)
{
    if (change->type != CHANGE_CHANGE)
        return true;
    if (change->derived)
        return false;
    return (change->fields & NOTABLE_FIELDS) || change->flaps ||
           ((as_link(change->before)->flags ^ as_link(change->after)->flags) & IFF_UP);
}

static enum log_kind kind_of(enum change_type type)
{
    switch (type) {
    case CHANGE_ADD:
        return LOG_KIND_LINK_ADDED;
    case CHANGE_REMOVE:
        return LOG_KIND_LINK_REMOVED;
    case CHANGE_CHANGE:
        break;
    }
    return LOG_KIND_LINK_CHANGED;
}

static void add_position(struct log_line *line, struct eventlog_position position)
{
    log_text(line, "", "INSTANCE", position.instance);
    log_number(line, "SEQUENCE", (int64_t)position.sequence);
}

void eventlog_change(struct log *log, const struct change *change,
                     struct eventlog_position position, bool first_dump)
{
    int priority = first_dump || !is_notable(change) ? LOG_DEBUG : LOG_INFO;
    struct log_line *line = log_begin(log, priority, kind_of(change->type));

    if (!line)
        return;
    add_link(line, change);
    add_position(line, position);
    add_fields(line, change);
    end_line(line, change);
}

static const char *error_name(int error)
{
    const char *name = error ? strerrorname_np(error) : NULL;

    return name ? name : "";
}

static void add_report(struct log_line *line, const struct standing_report *report,
                       const char *reason, int error)
{
    log_text(line, "", "STANDING", standing_name(report->standing));
    log_text(line, "", "REASON", reason);
    if (error) {
        log_number(line, "ERRNO", error);
        log_text(line, "", "ERRNO_NAME", error_name(error));
    }
}

static void log_stale(struct log *log, const struct standing_report *report)
{
    struct log_line *line = log_begin(log, LOG_WARNING, LOG_KIND_STALE);

    add_report(line, report, report->dump_reason, report->dump_error);
    log_end(line, "the links cannot be dumped: %s: %s; %s", report->dump_reason,
            error_name(report->dump_error),
            report->last_dump_usec < 0 ? "no links are known"
                                       : "the last known links are published");
}

static void log_fresh(struct log *log, const struct standing_report *report)
{
    struct log_line *line = log_begin(log, LOG_NOTICE, LOG_KIND_FRESH);

    add_report(line, report, report->reason, 0);
    log_end(line, "the links can be dumped again, and are up to date");
}

/* How it came to a standing at the start is no change of it. */
static void log_standing(struct log *log, const struct standing_report *before,
                         const struct standing_report *after, bool serving)
{
    bool polls = after->standing == STANDING_DENIED || after->standing == STANDING_INCOMPLETE;
    bool changed = serving && before->standing != after->standing;
    struct log_line *line = log_begin(log, polls ? LOG_NOTICE : LOG_INFO, LOG_KIND_STANDING);

    if (changed)
        log_text(line, "OLD_", "STANDING", standing_name(before->standing));
    add_report(line, after, after->reason, after->error);
    log_end(line, "the subscription is %s%s%s%s: %s%s%s", standing_name(after->standing),
            changed ? " (was " : "", changed ? standing_name(before->standing) : "",
            changed ? ")" : "", after->reason, after->error ? ": " : "", error_name(after->error));
}

void eventlog_report(struct log *log, const struct standing_report *before,
                     const struct standing_report *after, bool serving)
{
    /* While no links are known, the standing says nothing more. */
    if (after->stale) {
        if (serving)
            log_stale(log, after);
        return;
    }
    if (serving && before->stale)
        log_fresh(log, after);
    if (before->standing != after->standing || before->error != after->error ||
        strcmp(before->reason, after->reason) != 0)
        log_standing(log, before, after, serving);
}

void eventlog_start(struct log *log, const struct standing_report *report,
                    struct eventlog_position position, size_t links, const char *socket)
{
    struct log_line *line = log_begin(log, LOG_INFO, LOG_KIND_STARTED);

    add_report(line, report, report->reason, report->error);
    add_position(line, position);
    log_number(line, "LINKS", (int64_t)links);
    log_end(line, "version %s listening on %s, links: %zu", PACKAGE_VERSION, socket, links);
    if (report->stale)
        log_stale(log, report);
}
