/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/event_lines.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "protocol/clock.h"

static const struct {
    char sign;
    enum colour colour;
} marks[EVENT_TYPE_COUNT] = {
    [EVENT_ADD] = {'+', GREEN}, [EVENT_CHANGE] = {'~', YELLOW}, [EVENT_REMOVE] = {'-', RED},
    [EVENT_LOST] = {'!', RED},  [EVENT_STARTED] = {'!', RED},   [EVENT_SUPPRESSED] = {'!', RED},
};

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

static void begin_line(const struct lines *lines, int64_t realtime, enum event_type type)
{
    output_colour(lines->output, FAINT);
    print_time(lines, realtime);
    output_colour(lines->output, PLAIN);
    if (lines->label)
        printf("%s ", lines->label);
    output_colour(lines->output, marks[type].colour);
    putchar(marks[type].sign);
    output_colour(lines->output, PLAIN);
    putchar(' ');
}

void lines_begin(const struct lines *lines, const char *ifname, int ifindex, enum event_type type,
                 const struct linkwatch_event *event)
{
    int64_t realtime;

    if (linkwatch_event_get_realtime(event, &realtime) < 0)
        realtime = clock_usec(CLOCK_REALTIME);
    begin_line(lines, realtime, type);
    output_colour(lines->output, BOLD);
    output_text(ifname);
    output_colour(lines->output, PLAIN);
    printf(" (%d)", ifindex);
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
    printf(" [%s]", event_learned_name(linkwatch_event_learned(event)));
    output_colour(lines->output, PLAIN);
    putchar('\n');
}

void lines_entry(const struct lines *lines, int64_t realtime, enum event_type type,
                 const char *text)
{
    begin_line(lines, realtime, type);
    if (type == EVENT_STARTED)
        fputs("linkwatchd started: ", stdout);
    output_escaped(text);
    output_colour(lines->output, FAINT);
    fputs(" [journal]", stdout);
    output_colour(lines->output, PLAIN);
    putchar('\n');
}

void lines_notice(const struct lines *lines, const char *text)
{
    begin_line(lines, clock_usec(CLOCK_REALTIME), EVENT_LOST);
    output_text(text);
    putchar('\n');
}
