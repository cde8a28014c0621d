/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/timespan.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* About thirty years: more is a mistake. */
#define SPAN_MAX INT64_C(1000000000000000)

static const struct {
    const char *name;
    int64_t usec;
} units[] = {
    {"", 1000000}, {"ms", 1000}, {"s", 1000000}, {"min", 60000000}, {"h", INT64_C(3600000000)},
};

static int64_t unit_of(const char *name)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(units[i].name, name) == 0)
            return units[i].usec;
    return 0;
}

int timespan_parse(const char *text, int64_t *ret)
{
    const char *point = NULL;
    int64_t number = 0;
    int64_t scale = 1;
    int64_t unit;
    int digits = 0;

    for (; isdigit((unsigned char)*text) || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = text;
            continue;
        }
        /* Below a microsecond nothing counts. */
        if (point && scale > 1000000)
            continue;
        number = number * 10 + (*text - '0');
        scale *= point ? 10 : 1;
        digits++;
        if (number > SPAN_MAX)
            return -EINVAL;
    }
    text += strspn(text, " ");
    unit = unit_of(text);
    if (digits == 0 || unit == 0 || number / scale > SPAN_MAX / unit)
        return -EINVAL;
    *ret = number / scale * unit + number % scale * unit / scale;
    return 0;
}

const char *timespan_format(int64_t usec, char text[TIMESPAN_SIZE])
{
    int64_t seconds = usec / 1000000;

    if (usec < 1000)
        snprintf(text, TIMESPAN_SIZE, "%lld us", (long long)usec);
    else if (usec < 1000000)
        snprintf(text, TIMESPAN_SIZE, "%lld ms", (long long)usec / 1000);
    else if (usec < 10000000)
        snprintf(text, TIMESPAN_SIZE, "%.3g s", (double)usec / 1e6);
    else if (seconds < 120)
        snprintf(text, TIMESPAN_SIZE, "%lld s", (long long)seconds);
    else if (seconds < 7200)
        snprintf(text, TIMESPAN_SIZE, "%lld min %lld s", (long long)seconds / 60,
                 (long long)seconds % 60);
    else if (seconds < 172800)
        snprintf(text, TIMESPAN_SIZE, "%lld h %lld min", (long long)seconds / 3600,
                 (long long)seconds / 60 % 60);
    else
        snprintf(text, TIMESPAN_SIZE, "%lld days %lld h", (long long)seconds / 86400,
                 (long long)seconds / 3600 % 24);
    return text;
}
