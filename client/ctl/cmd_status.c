/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/ctl.h"
#include "client/ctl/output.h"

/* Room for the name of a member, with dots between levels. */
#define NAME_SIZE 64

struct word {
    const char *name;
    const char *meaning;
    enum colour colour;
};

static const struct word standings[] = {
    {"denied", "the kernel refuses notifications", YELLOW},
    {"unproven", "the kernel sends notifications; dumps have yet to confirm that none are missing",
     YELLOW},
    {"trusted", "the kernel sends notifications, and dumps agree with them", GREEN},
    {"incomplete", "the kernel does not report every change, so the daemon polls", YELLOW},
    {NULL, NULL, PLAIN},
};

static const struct word cadences[] = {
    {"polling", "notifications are not reliable", PLAIN},
    {"proving", "longer after each dump that agrees with the notifications", PLAIN},
    {"audit", "to verify the notifications", PLAIN},
    {"retry", "the last dump failed", YELLOW},
    {"idle", "no consumer is connected", PLAIN},
    {NULL, NULL, PLAIN},
};

/* What the members of one subject are called. */
struct subject {
    const char *label;
    const char *source; /* an object */
    const char *count;  /* and what is counted */
    const char *interval;
    const char *cadence;
    const char *dump_cost;
};

static const struct subject links = {"Links",         "source",  "links",
                                     "interval_usec", "cadence", "dump_cost_usec"};
static const struct subject addresses = {"Addresses",       "address_source",
                                         "addresses",       "address_interval_usec",
                                         "address_cadence", "address_dump_cost_usec"};

static const struct word *find_word(const struct word *words, const char *name)
{
    while (words->name && strcmp(words->name, name) != 0)
        words++;
    return words;
}

/* Values that are needed for a line; 0 where an older daemon doesn't send them. None is below
 * that. */
static int64_t number(const struct linkwatch_status *status, const char *name)
{
    int64_t value = 0;

    linkwatch_status_get_number(status, name, &value);
    return value > 0 ? value : 0;
}

static const char *text(const struct linkwatch_status *status, const char *name)
{
    const char *value = "?";

    linkwatch_status_get_text(status, name, &value);
    return value;
}

/* "1 dump", "2 dumps", "2 addresses" */
static void print_count(const struct linkwatch_status *status, const char *name, const char *thing)
{
    int64_t count = number(status, name);
    size_t length = strlen(thing);
    const char *plural = thing[length - 1] == 's' ? "es" : "s";

    printf("%lld %s%s", (long long)count, thing, count == 1 ? "" : plural);
}

static void label(const char *name)
{
    printf("%12s: ", name);
}

static void print_word(const struct word *word, const char *name, const struct output *output)
{
    output_colour(output, word->colour);
    output_text(name);
    if (word->colour != PLAIN)
        output_colour(output, PLAIN);
    if (word->meaning)
        printf(": %s", word->meaning);
}

/* The name of a member in an object. */
static const char *in(const char *object, const char *name, char room[NAME_SIZE])
{
    snprintf(room, NAME_SIZE, "%s.%s", object, name);
    return room;
}

static bool is_stale(const struct linkwatch_status *status, const struct subject *subject)
{
    char name[NAME_SIZE];
    bool stale = false;

    linkwatch_status_get_bool(status, in(subject->source, "stale", name), &stale);
    return stale;
}

/* Whether nothing is known, for no dump ever worked. */
static bool never_dumped(const struct linkwatch_status *status, const struct subject *subject)
{
    char name[NAME_SIZE];
    int64_t last_dump;

    return linkwatch_status_get_number(status, in(subject->source, "last_dump_usec", name),
                                       &last_dump) < 0;
}

static void print_reason(const struct linkwatch_status *status, const struct subject *subject)
{
    char name[NAME_SIZE];
    const char *error;

    output_text(text(status, in(subject->source, "reason", name)));
    if (linkwatch_status_get_text(status, in(subject->source, "errno_name", name), &error) >= 0) {
        fputs(" (", stdout);
        output_text(error);
        putchar(')');
    }
    putchar('\n');
}

static void print_standing(const struct linkwatch_status *status, const struct subject *subject,
                           const struct output *output)
{
    char name[NAME_SIZE];
    const char *standing = text(status, in(subject->source, "standing", name));

    label("Standing");
    print_word(find_word(standings, standing), standing, output);
    if (strcmp(standing, "denied") == 0 && !is_stale(status, subject))
        fputs(", so the daemon polls", stdout);
    putchar('\n');
    label("Because");
    print_reason(status, subject);
}

static void print_age(int64_t realtime)
{
    char span[TIMESPAN_SIZE];

    printf("last dump %s ago", ctl_age(realtime, span));
}

static void print_cost(const struct linkwatch_status *statistics, const struct subject *subject)
{
    char span[TIMESPAN_SIZE];
    int64_t cost;

    if (linkwatch_status_get_number(statistics, subject->dump_cost, &cost) >= 0)
        printf(" (it cost %s of CPU time)", timespan_format(cost > 0 ? cost : 0, span));
}

static void print_objects(const struct linkwatch_status *status,
                          const struct linkwatch_status *statistics, const struct subject *subject,
                          const char *thing, const struct output *output)
{
    bool stale = is_stale(status, subject);
    char name[NAME_SIZE];

    label(subject->label);
    output_colour(output, stale ? RED : GREEN);
    fputs(!stale ? "fresh" : never_dumped(status, subject) ? "unknown" : "stale", stdout);
    output_colour(output, PLAIN);
    if (stale && never_dumped(status, subject)) {
        fputs(": the daemon has never been able to dump them\n", stdout);
        return;
    }
    if (stale)
        fputs(": the daemon cannot dump them; these are the last known ones", stdout);
    fputs(", ", stdout);
    print_count(status, subject->count, thing);
    fputs(", ", stdout);
    if (never_dumped(status, subject))
        fputs("no dump yet", stdout);
    else
        print_age(number(status, in(subject->source, "last_dump_usec", name)));
    if (statistics)
        print_cost(statistics, subject);
    putchar('\n');
}

static void print_cadence(const struct linkwatch_status *status, const struct subject *subject,
                          const struct output *output)
{
    const char *cadence = text(status, subject->cadence);
    char span[TIMESPAN_SIZE];

    label("Cadence");
    printf("a dump every %s, ", timespan_format(number(status, subject->interval), span));
    print_word(find_word(cadences, cadence), cadence, output);
    putchar('\n');
}

/* They are followed while a consumer wants them; an older daemon does not know them. */
static void print_addresses(const struct linkwatch_status *status,
                            const struct linkwatch_status *statistics, const struct output *output)
{
    const char *standing;
    int64_t dumps;

    if (linkwatch_status_get_text(status, "address_source.standing", &standing) >= 0) {
        print_objects(status, statistics, &addresses, "address", output);
        print_standing(status, &addresses, output);
        print_cadence(status, &addresses, output);
    } else if (statistics &&
               linkwatch_status_get_number(statistics, "address_counters.dumps", &dumps) >= 0) {
        label(addresses.label);
        puts("not followed: no consumer wants them");
    }
}

static void print_bytes(int64_t bytes)
{
    if (bytes < 1024)
        printf("%lld bytes", (long long)bytes);
    else if (bytes < INT64_C(10) << 20)
        printf("%lld KiB", (long long)bytes >> 10);
    else
        printf("%lld MiB", (long long)bytes >> 20);
}

static void print_history(const struct linkwatch_status *statistics)
{
    label("History");
    print_count(statistics, "history.events", "event");
    fputs(", ", stdout);
    print_bytes(number(statistics, "history.bytes"));
    fputs(" of at most ", stdout);
    print_bytes(number(statistics, "history.bytes_max"));
    printf("; %lld since the start", (long long)number(statistics, "counters.events"));
    if (number(statistics, "address_counters.events") > 0)
        printf(", %lld of addresses", (long long)number(statistics, "address_counters.events"));
    putchar('\n');
}

static void print_consumers(const struct linkwatch_status *statistics)
{
    label("Consumers");
    printf("%lld now, of at most %lld (%lld per user); %lld since the start, %lld refused\n",
           (long long)number(statistics, "sessions"), (long long)number(statistics, "sessions_max"),
           (long long)number(statistics, "sessions_per_user_max"),
           (long long)number(statistics, "counters.sessions"),
           (long long)number(statistics, "counters.sessions_refused"));
    label("Lost");
    print_count(statistics, "counters.events_lost", "event");
    fputs(", by consumers that were too slow\n", stdout);
}

static void print_received(const struct linkwatch_status *statistics, const char *counters)
{
    char name[NAME_SIZE];
    int64_t overruns;

    print_count(statistics, in(counters, "notifications", name), "notification");
    fputs(", ", stdout);
    print_count(statistics, in(counters, "contradictions", name), "contradiction");
    fputs(", ", stdout);
    /* The socket's, which are among those of the links. */
    if (linkwatch_status_get_number(statistics, in(counters, "overruns", name), &overruns) >= 0) {
        print_count(statistics, name, "overrun");
        fputs(", ", stdout);
    }
    print_count(statistics, in(counters, "malformed", name), "malformed message");
    putchar('\n');
}

static void print_dumps(const struct linkwatch_status *statistics, const char *counters)
{
    char name[NAME_SIZE];

    printf("%lld, of which ", (long long)number(statistics, in(counters, "dumps", name)));
    printf("%lld failed\n", (long long)number(statistics, in(counters, "dumps_failed", name)));
}

/* Those of links, and of addresses if they were followed. */
static void print_counters(const struct linkwatch_status *statistics, const char *name,
                           void (*print)(const struct linkwatch_status *, const char *counters))
{
    label(name);
    print(statistics, "counters");
    if (number(statistics, "address_counters.dumps") == 0)
        return;
    label("of addresses");
    print(statistics, "address_counters");
}

static void print_socket(const struct linkwatch_status *statistics)
{
    int64_t size;

    label("Netlink");
    fputs("opened ", stdout);
    print_count(statistics, "counters.opens", "time");
    fputs(", tried to join ", stdout);
    print_count(statistics, "counters.joins", "time");
    if (linkwatch_status_get_number(statistics, "receive_buffer", &size) >= 0) {
        fputs(", receive buffer of ", stdout);
        print_bytes(size);
    }
    putchar('\n');
}

/* statistics: NULL if the daemon has none. */
static void print_text(const struct linkwatch_status *status,
                       const struct linkwatch_status *statistics, const struct ctl *ctl,
                       const struct output *output)
{
    char span[TIMESPAN_SIZE];

    output_colour(output, BOLD);
    fputs("linkwatchd ", stdout);
    output_text(text(status, "version"));
    output_colour(output, PLAIN);
    fputs(" at ", stdout);
    output_text(ctl->path);
    printf(", up for %s\n", timespan_format(number(status, "uptime_usec"), span));
    print_standing(status, &links, output);
    print_objects(status, statistics, &links, "link", output);
    print_cadence(status, &links, output);
    print_addresses(status, statistics, output);
    if (!statistics)
        return;
    print_history(statistics);
    print_consumers(statistics);
    print_counters(statistics, "Received", print_received);
    print_counters(statistics, "Dumps", print_dumps);
    print_socket(statistics);
}

/* The members of both in one object. */
static int print_json(const struct linkwatch_status *status,
                      const struct linkwatch_status *statistics, const struct ctl *ctl)
{
    const char *first = linkwatch_status_json(status);
    const char *second = statistics ? linkwatch_status_json(statistics) : "{}";
    bool both = first[1] != '}' && second[1] != '}';
    char *json;

    if (asprintf(&json, "%.*s%s%s", (int)strlen(first) - 1, first, both ? "," : "", second + 1) < 0)
        return ctl_out_of_memory();
    ctl_print_json(ctl, json);
    free(json);
    return EXIT_MET;
}

static int print_status(const struct linkwatch_status *status,
                        const struct linkwatch_status *statistics, const struct ctl *ctl)
{
    struct output output;
    int code = EXIT_MET;

    output_begin(&output, ctl->colour, !ctl->no_pager && !ctl->json);
    if (ctl->json)
        code = print_json(status, statistics, ctl);
    else
        print_text(status, statistics, ctl, &output);
    return output_end(&output, code);
}

int ctl_status(const struct ctl *ctl)
{
    struct statuses got = {.status = NULL};
    int code = ctl_call(ctl, ctl_get_statuses, &got);

    if (code == EXIT_MET)
        code = print_status(got.status, got.statistics, ctl);
    ctl_free_statuses(&got);
    return code;
}
