/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool is_same(const struct standing_report *a, const struct standing_report *b)
{
    return a->standing == b->standing && a->error == b->error && a->stale == b->stale &&
           a->dump_error == b->dump_error && strcmp(a->reason, b->reason) == 0 &&
           strcmp(a->dump_reason, b->dump_reason) == 0;
}

static void remember_reported(struct report *report)
{
    report->reported = report->now;
    report->reported.reason =
        memcpy(report->reported_reason, report->reason, sizeof(report->reason));
    report->reported.dump_reason =
        memcpy(report->reported_dump_reason, report->dump_reason, sizeof(report->dump_reason));
}

void report_init(struct report *report, standing_handler handler, void *user)
{
    *report = (struct report){.now = {.standing = STANDING_DENIED,
                                      .reason = report->reason,
                                      .dump_reason = report->dump_reason,
                                      .stale = true,
                                      .last_dump_usec = -1,
                                      .dump_cost_usec = -1},
                              .reason = "starting",
                              .handler = handler,
                              .user = user};
    remember_reported(report);
}

void report_publish(struct report *report)
{
    struct standing_report before = report->reported;
    char reason[sizeof(report->reason)];
    char dump_reason[sizeof(report->dump_reason)];

    if (is_same(&before, &report->now))
        return;
    before.reason = memcpy(reason, report->reported_reason, sizeof(reason));
    before.dump_reason = memcpy(dump_reason, report->reported_dump_reason, sizeof(dump_reason));
    remember_reported(report);
    if (report->handler)
        report->handler(report->user, &before, &report->now);
}

void report_standing(struct report *report, enum standing_value value, int error,
                     const char *reason, ...)
{
    va_list arguments;

    va_start(arguments, reason);
    vsnprintf(report->reason, sizeof(report->reason), reason, arguments);
    va_end(arguments);
    report->now.standing = value;
    report->now.error = -error;
    if (!report->now.stale)
        report_publish(report);
}

void report_stale(struct report *report, int error, const char *reason, const char *hint)
{
    report->now.stale = true;
    report->now.dump_error = -error;
    snprintf(report->dump_reason, sizeof(report->dump_reason), "%s%s%s", reason, hint ? "; " : "",
             hint ? hint : "");
}

void report_fresh(struct report *report)
{
    report->now.stale = false;
    report->now.dump_error = 0;
    report->dump_reason[0] = '\0';
}

const char *report_reason(const struct standing_report *report, int *ret_error)
{
    bool failed = report->stale && report->dump_error;

    *ret_error = failed ? report->dump_error : report->error;
    return failed ? report->dump_reason : report->reason;
}

const char *standing_name(enum standing_value value)
{
    static const char *const names[STANDING_COUNT] = {
        [STANDING_DENIED] = "denied",
        [STANDING_UNPROVEN] = "unproven",
        [STANDING_TRUSTED] = "trusted",
        [STANDING_INCOMPLETE] = "incomplete",
    };

    return names[value];
}

const char *standing_cadence_name(enum standing_cadence cadence_)
{
    static const char *const names[STANDING_CADENCE_COUNT] = {
        [STANDING_POLLING] = "polling", [STANDING_PROVING] = "proving", [STANDING_AUDIT] = "audit",
        [STANDING_RETRY] = "retry",     [STANDING_IDLE] = "idle",
    };

    return names[cadence_];
}
