/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/event_lines.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "client/ctl/changes.h"
#include "client/ctl/event_json.h"
#include "protocol/clock.h"

static int day_of(const struct tm *tm)
{
    return ((tm->tm_year + 1900) * 100 + tm->tm_mon + 1) * 100 + tm->tm_mday;
}

int lines_today(void)
{
    time_t seconds = (time_t)(clock_usec(CLOCK_REALTIME) / 1000000);
    struct tm tm;

    return localtime_r(&seconds, &tm) ? day_of(&tm) : 0;
}

/* What was learned before midnight may be printed after it: just a later day is printed. */
static void print_day(const struct lines *lines, const struct tm *tm)
{
    int day = day_of(tm);

    if (day <= *lines->day)
        return;
    *lines->day = day;
    printf("-- %04d-%02d-%02d --\n", tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday);
}

/* Microseconds since 1970 as the time of the day here. */
static void print_time(const struct lines *lines, int64_t realtime)
{
    time_t seconds = (time_t)(realtime / 1000000);
    char text[16] = "--:--:--";
    struct tm tm;

    if (localtime_r(&seconds, &tm)) {
        print_day(lines, &tm);
        strftime(text, sizeof(text), "%H:%M:%S", &tm);
    }
    printf("%s.%03d ", text, (int)(realtime / 1000 % 1000));
}

static void begin_line(const struct lines *lines, int64_t realtime, char sign, enum colour colour)
{
    output_colour(lines->output, FAINT);
    print_time(lines, realtime);
    output_colour(lines->output, PLAIN);
    if (lines->label)
        printf("%s ", lines->label);
    output_colour(lines->output, colour);
    putchar(sign);
    output_colour(lines->output, PLAIN);
    putchar(' ');
}

void lines_begin(const struct lines *lines, const char *ifname, int ifindex,
                 const struct linkwatch_event *event, char sign, enum colour colour)
{
    int64_t realtime;

    if (linkwatch_event_get_realtime(event, &realtime) < 0)
        realtime = clock_usec(CLOCK_REALTIME);
    begin_line(lines, realtime, sign, colour);
    output_colour(lines->output, BOLD);
    output_text(ifname);
    output_colour(lines->output, PLAIN);
    printf(" (%d)", ifindex);
}

static void begin_event(const struct lines *lines, const struct linkwatch_link *link,
                        const struct linkwatch_event *event, char sign, enum colour colour)
{
    lines_begin(lines, linkwatch_link_ifname(link), linkwatch_link_ifindex(link), event, sign,
                colour);
}

/* As ip(8) prints it. */
static void print_destination(const struct linkwatch_event *event)
{
    int64_t number;

    if (linkwatch_event_get_new_netnsid(event, &number) >= 0)
        printf(" new-netnsid %lld", (long long)number);
    if (linkwatch_event_get_new_ifindex(event, &number) >= 0)
        printf(" new-ifindex %lld", (long long)number);
}

void lines_end(const struct lines *lines, const struct linkwatch_event *event)
{
    int64_t flaps = linkwatch_event_flaps(event);

    print_destination(event);
    if (flaps > 0) {
        output_colour(lines->output, YELLOW);
        printf("; %s %lld more time%s, %s",
               lines->holds ? "the state changed" : "the carrier changed", (long long)flaps,
               flaps == 1 ? "" : "s", lines->holds ? "not shown" : "unseen");
        output_colour(lines->output, PLAIN);
    }
    output_colour(lines->output, FAINT);
    printf(" [%s]", event_json_learned(linkwatch_event_learned(event)));
    output_colour(lines->output, PLAIN);
    putchar('\n');
}

void lines_add(const struct lines *lines, const struct linkwatch_link *link,
               const struct linkwatch_event *event)
{
    begin_event(lines, link, event, '+', GREEN);
    changes_print_link(link, lines->output);
    lines_end(lines, event);
}

void lines_change(const struct lines *lines, const struct linkwatch_link *before,
                  const struct linkwatch_link *link, linkwatch_fields fields,
                  const struct linkwatch_event *event)
{
    begin_event(lines, before, event, '~', YELLOW);
    changes_print(before, link, fields, lines->output);
    lines_end(lines, event);
}

void lines_remove(const struct lines *lines, const struct linkwatch_link *link,
                  const struct linkwatch_event *event)
{
    begin_event(lines, link, event, '-', RED);
    if (linkwatch_event_learned(event) == LINKWATCH_LEARNED_FILTER)
        fputs(" still exists, but no longer matches", stdout);
    else
        changes_print_link(link, lines->output);
    lines_end(lines, event);
}

void lines_entry(const struct lines *lines, int64_t realtime, char sign, enum colour colour,
                 const char *prefix, const char *text)
{
    begin_line(lines, realtime, sign, colour);
    fputs(prefix, stdout);
    output_escaped(text);
    output_colour(lines->output, FAINT);
    fputs(" [journal]", stdout);
    output_colour(lines->output, PLAIN);
    putchar('\n');
}

void lines_notice(const struct lines *lines, const char *text)
{
    begin_line(lines, clock_usec(CLOCK_REALTIME), '!', RED);
    output_text(text);
    putchar('\n');
}
