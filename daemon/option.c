/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/option.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

#include "daemon/log.h"
#include "daemon/standing.h"

struct unit {
    const char *name;
    double factor;
};

static const struct unit times[] = {{"us", 1}, {"ms", 1e3},  {"s", 1e6},
                                    {"", 1e6}, {"min", 6e7}, {"h", 3.6e9}};
static const struct unit sizes[] = {{"", 1}, {"K", 1024.}, {"M", 1048576.}, {"G", 1073741824.}};
static const struct unit shares[] = {{"%", 1e4}};
static const struct unit counts[] = {{"", 1}};

/* A number with one of the units, in the smallest one. */
static int read_number(const char *text, const struct unit *units, size_t unit_count, int64_t *ret)
{
    char *end;
    double number;

    if (*text < '0' || *text > '9')
        return -EINVAL;
    number = strtod(text, &end);
    for (size_t i = 0; i < unit_count; i++) {
        if (strcasecmp(end, units[i].name) != 0)
            continue;
        number *= units[i].factor;
        if (!(number <= (double)(INT64_MAX / 2)))
            return -ERANGE;
        *ret = (int64_t)(number + 0.5);
        return 0;
    }
    return -EINVAL;
}

static int read_octal(const char *text, int64_t *ret)
{
    char *end;
    unsigned long mode;

    if (*text < '0' || *text > '7')
        return -EINVAL;
    mode = strtoul(text, &end, 8);
    if (*end)
        return -EINVAL;
    *ret = mode > INT32_MAX ? INT32_MAX : (int64_t)mode;
    return 0;
}

static int read_source(const char *text, int64_t *ret)
{
    static const char *const names[STANDING_MODE_COUNT] = {
        [STANDING_AUTO] = "auto", [STANDING_SUBSCRIBE] = "subscribe", [STANDING_POLL] = "poll"};

    for (int mode = 0; mode < STANDING_MODE_COUNT; mode++) {
        if (strcmp(names[mode], text) != 0)
            continue;
        *ret = mode;
        return 0;
    }
    return -EINVAL;
}

static int read_level(const char *text, int64_t *ret)
{
    int level = log_level_from_name(text);

    if (level < 0)
        return -EINVAL;
    *ret = level;
    return 0;
}

#define UNITS(units) units, sizeof(units) / sizeof((units)[0])

static int read_value(enum option_type type, const char *text, int64_t *ret)
{
    switch (type) {
    case OPTION_MODE:
        return read_octal(text, ret);
    case OPTION_LEVEL:
        return read_level(text, ret);
    case OPTION_SOURCE:
        return read_source(text, ret);
    case OPTION_SHARE:
        return read_number(text, UNITS(shares), ret);
    case OPTION_TIME:
        return read_number(text, UNITS(times), ret);
    case OPTION_SIZE:
        return read_number(text, UNITS(sizes), ret);
    case OPTION_COUNT:
        return read_number(text, UNITS(counts), ret);
    case OPTION_PATH:
        break;
    }
    return -EINVAL;
}

static int set_path(const struct option_row *row, const char *text, char *member)
{
    if (!*text)
        return -EINVAL;
    if (strlen(text) >= row->size)
        return -ERANGE;
    memset(member, 0, row->size);
    memcpy(member, text, strlen(text) + 1);
    return 0;
}

static void store(const struct option_row *row, int64_t value, void *member)
{
    switch (row->type) {
    case OPTION_MODE:
        *(mode_t *)member = (mode_t)value;
        break;
    case OPTION_LEVEL:
        *(int *)member = (int)value;
        break;
    case OPTION_SOURCE:
        *(enum standing_mode *)member = (enum standing_mode)value;
        break;
    case OPTION_SHARE:
        *(uint32_t *)member = (uint32_t)value;
        break;
    case OPTION_TIME:
        *(int64_t *)member = value;
        break;
    case OPTION_SIZE:
    case OPTION_COUNT:
        *(size_t *)member = (size_t)value;
        break;
    case OPTION_PATH:
        break;
    }
}

static bool has_bounds(const struct option_row *row)
{
    return row->type != OPTION_LEVEL && row->type != OPTION_SOURCE;
}

int option_set(const struct option_row *row, const char *text, struct config *config)
{
    void *member = (char *)config + row->offset;
    int64_t value;
    int r;

    if (row->type == OPTION_PATH)
        return set_path(row, text, member);
    r = read_value(row->type, text, &value);
    if (r < 0)
        return r;
    if (has_bounds(row) && (value < row->min || value > row->max))
        return -ERANGE;
    /* Sizes of which a machine of 32 bits can't even dream. */
    if ((row->type == OPTION_SIZE || row->type == OPTION_COUNT) && (uint64_t)value > SIZE_MAX)
        return -ERANGE;
    store(row, value, member);
    return 0;
}

static void describe_time(int64_t usec, char *text, size_t size)
{
    if (usec % 1000000 == 0)
        snprintf(text, size, "%" PRId64 "s", usec / 1000000);
    else
        snprintf(text, size, "%" PRId64 "ms", usec / 1000);
}

static void describe_bound(enum option_type type, int64_t value, char *text, size_t size)
{
    switch (type) {
    case OPTION_MODE:
        snprintf(text, size, "%04" PRIo64, (uint64_t)value);
        break;
    case OPTION_SHARE:
        snprintf(text, size, "%g%%", (double)value / 1e4);
        break;
    case OPTION_TIME:
        describe_time(value, text, size);
        break;
    case OPTION_SIZE:
        snprintf(text, size, "%" PRId64 "%s", value >= 1024 ? value / 1024 : value,
                 value >= 1024 ? "K" : "");
        break;
    case OPTION_COUNT:
    case OPTION_LEVEL:
    case OPTION_SOURCE:
    case OPTION_PATH:
        snprintf(text, size, "%" PRId64, value);
        break;
    }
}

static const char *kind_of(enum option_type type)
{
    switch (type) {
    case OPTION_PATH:
        return "a path";
    case OPTION_MODE:
        return "an octal mode";
    case OPTION_LEVEL:
        return "one of debug, info, notice, warning, err";
    case OPTION_SOURCE:
        return "one of auto, subscribe, poll";
    case OPTION_SHARE:
        return "a percentage of one CPU";
    case OPTION_TIME:
        return "a time with a unit (us, ms, s, min, h)";
    case OPTION_SIZE:
        return "a size in bytes, or with the suffix K, M or G";
    case OPTION_COUNT:
        return "a number";
    }
    return "";
}

void option_describe(const struct option_row *row, char *text, size_t size)
{
    char min[32], max[32];

    if (row->type == OPTION_PATH) {
        snprintf(text, size, "a path of at most %zu bytes", row->size - 1);
    } else if (!has_bounds(row)) {
        snprintf(text, size, "%s", kind_of(row->type));
    } else {
        describe_bound(row->type, row->min, min, sizeof(min));
        describe_bound(row->type, row->max, max, sizeof(max));
        snprintf(text, size, "%s, from %s to %s", kind_of(row->type), min, max);
    }
}

const char *option_placeholder(const struct option_row *row)
{
    switch (row->type) {
    case OPTION_PATH:
        return "PATH";
    case OPTION_MODE:
        return "MODE";
    case OPTION_LEVEL:
        return "LEVEL";
    case OPTION_SOURCE:
        return "auto|subscribe|poll";
    case OPTION_SHARE:
        return "PERCENT";
    case OPTION_TIME:
        return "TIME";
    case OPTION_SIZE:
        return "SIZE";
    case OPTION_COUNT:
        return "NUMBER";
    }
    return "";
}
