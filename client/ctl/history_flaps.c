/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "client/ctl/history_parts.h"
#include "client/ctl/json_text.h"

void history_know_since(struct history *history, int64_t time)
{
    if (history->known == INT64_MAX)
        history->known = time;
}

void history_count(struct history *history, const char *name, int64_t time, uint64_t downs)
{
    if (flap_counts_add(&history->flaps, name, time, downs) < 0)
        history_out_of_memory(history);
}

static void write_flaps(FILE *to, const void *what)
{
    const struct history *history = what;
    const struct flap_counts *flaps = &history->flaps;

    fprintf(to, "{\"type\":\"flaps\",\"realtime_usec\":%" PRId64 ",\"known_since_usec\":%" PRId64,
            history->now, history->known);
    fprintf(to, ",\"journal\":%s,\"links\":[", history->has_journal ? "true" : "false");
    for (size_t i = 0; i < flaps->count; i++) {
        fprintf(to, "%s{\"ifname\":", i ? "," : "");
        json_write_string(to, flaps->at[i].name);
        fprintf(to, ",\"last_hour\":%" PRIu64 ",\"last_day\":%" PRIu64 "}", flaps->at[i].hour,
                flaps->at[i].day);
    }
    fputs("]}", to);
}

static void add_number(struct table *table, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, number);
    table_add(table, text, PLAIN);
}

static int print_table(const struct history *history)
{
    static const char *const head[] = {"WENT DOWN", "LAST HOUR", "LAST DAY"};
    const struct flap_counts *flaps = &history->flaps;
    struct table *table = ctl_table_new(history->ctl, head, 3);
    int r;

    for (size_t i = 0; i < flaps->count; i++) {
        table_add_clean(table, flaps->at[i].name, BOLD);
        add_number(table, flaps->at[i].hour);
        add_number(table, flaps->at[i].day);
    }
    r = table_print(table, &history->output, history->ctl->full);
    table_free(table);
    return r;
}

static void print_text(struct history *history)
{
    char moment[MOMENT_SIZE];

    if (history->flaps.count > 0 && print_table(history) < 0)
        history_out_of_memory(history);
    if (history->ctl->no_legend)
        return;
    if (history->flaps.count == 0)
        puts("No link went down in the last day.");
    /* Then the numbers are lower bounds. */
    if (history->known > history->now - FLAP_DAY)
        printf("Nothing is known of the time before %s.\n", ctl_moment(history->known, moment));
}

void history_print_flaps(struct history *history)
{
    history_know_since(history, history->now);
    if (!history->ctl->json)
        print_text(history);
    else if (ctl_write_json(history->ctl, write_flaps, history) < 0)
        history_out_of_memory(history);
}
