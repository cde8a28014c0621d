/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The value of one option: its type and bounds, and conversion from text. Pure. */
#ifndef LINKWATCH_DAEMON_OPTION_H
#define LINKWATCH_DAEMON_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;

enum option_type {
    OPTION_PATH,   /* char[] of the size of the row */
    OPTION_MODE,   /* mode_t, octal */
    OPTION_LEVEL,  /* int, a syslog priority */
    OPTION_SOURCE, /* enum standing_mode */
    OPTION_SHARE,  /* uint32_t, in millionths; as a percentage */
    OPTION_TIME,   /* int64_t, microseconds; in text with a unit, or in seconds */
    OPTION_SIZE,   /* size_t, bytes; with K, M or G, or plain */
    OPTION_COUNT,  /* size_t */
    OPTION_TYPE_COUNT
};

struct option_row {
    const char *name;    /* on the command line, without dashes */
    const char *section; /* in the file */
    const char *key;
    enum option_type type;
    size_t offset; /* in struct config */
    size_t size;
    /* Bounds in the unit of the type; not for paths, levels and modes of the source. */
    int64_t min;
    int64_t max;
    const char *fallback; /* default value, as text */
    const char *help;
    bool needs_restart;
};

/* Parses a value and stores it. -EINVAL if it is not a value of this type, -ERANGE if it is out of
 * bounds; nothing is changed then. */
int option_set(const struct option_row *row, const char *text, struct config *config);

/* Describes the valid values in words; the second function only lists the bounds or choices. */
void option_describe(const struct option_row *row, char *text, size_t size);
void option_bounds(const struct option_row *row, char *text, size_t size);

/* The placeholder for the value in the help text, such as "TIME". */
const char *option_placeholder(const struct option_row *row);

#endif
