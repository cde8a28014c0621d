/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "daemon/standing.h"

enum form { FORM_TEXT, FORM_OCTAL, FORM_NUMBER, FORM_CHOICE };

/* A unit of a number, as multiple of the smallest one; or a choice. */
struct word {
    const char *name;
    int64_t value;
};

#define WORDS_MAX 6

static const struct type {
    const char *placeholder;
    const char *expected;
    enum form form;
    struct word words[WORDS_MAX];
} types[OPTION_TYPE_COUNT] = {
    [OPTION_PATH] = {"PATH", "a path", FORM_TEXT, {{0}}},
    [OPTION_MODE] = {"MODE", "an octal mode", FORM_OCTAL, {{0}}},
    [OPTION_LEVEL] = {"LEVEL",
                      "one of",
                      FORM_CHOICE,
                      {{"debug", LOG_DEBUG},
                       {"info", LOG_INFO},
                       {"notice", LOG_NOTICE},
                       {"warning", LOG_WARNING},
                       {"err", LOG_ERR}}},
    [OPTION_SOURCE] = {"MODE",
                       "one of",
                       FORM_CHOICE,
                       {{"auto", STANDING_AUTO},
                        {"subscribe", STANDING_SUBSCRIBE},
                        {"poll", STANDING_POLL}}},
    [OPTION_SHARE] = {"PERCENT", "a percentage of one CPU", FORM_NUMBER, {{"%", 10000}}},
    [OPTION_TIME] = {"TIME",
                     "a time with a unit (us, ms, s, min, h)",
                     FORM_NUMBER,
                     {{"us", 1},
                      {"ms", 1000},
                      {"", 1000000},
                      {"s", 1000000},
                      {"min", 60 * INT64_C(1000000)},
                      {"h", 3600 * INT64_C(1000000)}}},
    [OPTION_SIZE] = {"SIZE",
                     "a size in bytes, or with the suffix K, M or G",
                     FORM_NUMBER,
                     {{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}}},
    [OPTION_COUNT] = {"NUMBER", "a number", FORM_NUMBER, {{"", 1}}},
};

static const struct type *type_of(const struct option_row *row)
{
    return &types[row->type];
}

/* The next choice or unit of a type, the first for NULL; NULL at the end. */
static const struct word *next_word(const struct type *type, const struct word *word)
{
    word = word ? word + 1 : type->words;
    return word < type->words + WORDS_MAX && word->name ? word : NULL;
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

static int read_choice(const struct type *type, const char *text, int64_t *ret)
{
    const struct word *choice = NULL;

    while ((choice = next_word(type, choice)))
        if (strcmp(choice->name, text) == 0) {
            *ret = choice->value;
            return 0;
        }
    return -EINVAL;
}

static int read_number(const struct type *type, const char *text, int64_t *ret)
{
    const struct word *unit = NULL;
    double number;
    char *end;

    if (*text < '0' || *text > '9')
        return -EINVAL;
    number = strtod(text, &end);
    while ((unit = next_word(type, unit)))
        if (strcasecmp(end, unit->name) == 0)
            break;
    if (!unit)
        return -EINVAL;
    number *= (double)unit->value;
    if (!(number <= (double)(INT64_MAX / 2)))
        return -ERANGE;
    *ret = (int64_t)(number + 0.5);
    return 0;
}

static int read_value(const struct option_row *row, const char *text, int64_t *ret)
{
    const struct type *type = type_of(row);
    int r;

    if (type->form == FORM_CHOICE)
        return read_choice(type, text, ret);
    r = type->form == FORM_OCTAL ? read_octal(text, ret) : read_number(type, text, ret);
    return r < 0 ? r : *ret < row->min || *ret > row->max ? -ERANGE : 0;
}

static int set_text(const struct option_row *row, const char *text, char *member)
{
    if (!*text)
        return -EINVAL;
    if (strlen(text) >= row->size)
        return -ERANGE;
    memset(member, 0, row->size);
    memcpy(member, text, strlen(text) + 1);
    return 0;
}

int option_set(const struct option_row *row, const char *text, struct config *config)
{
    void *member = (char *)config + row->offset;
    uint32_t small;
    int64_t value;
    int r;

    if (type_of(row)->form == FORM_TEXT)
        return set_text(row, text, member);
    r = read_value(row, text, &value);
    if (r < 0)
        return r;
    small = (uint32_t)value;
    if (row->size == sizeof(value))
        memcpy(member, &value, sizeof(value));
    else if (value == small)
        memcpy(member, &small, sizeof(small));
    else
        return -ERANGE; /* a size that a machine of 32 bits does not have */
    return 0;
}

/* In the largest unit of which it is a multiple. */
static int print_value(const struct type *type, int64_t value, char *text, size_t size)
{
    const struct word *unit = NULL, *best = type->words;

    if (type->form == FORM_OCTAL)
        return snprintf(text, size, "%04o", (unsigned)value);
    while ((unit = next_word(type, unit)))
        if (value && value % unit->value == 0)
            best = unit;
    return snprintf(text, size, "%.15g%s", (double)value / (double)best->value, best->name);
}

void option_bounds(const struct option_row *row, char *text, size_t size)
{
    const struct type *type = type_of(row);
    const struct word *choice = NULL;
    char min[32], max[32];
    int length = 0;

    switch (type->form) {
    case FORM_TEXT:
        snprintf(text, size, "of at most %zu bytes", row->size - 1);
        break;
    case FORM_OCTAL:
    case FORM_NUMBER:
        print_value(type, row->min, min, sizeof(min));
        print_value(type, row->max, max, sizeof(max));
        snprintf(text, size, "from %s to %s", min, max);
        break;
    case FORM_CHOICE:
        while ((size_t)length < size && (choice = next_word(type, choice)))
            length += snprintf(text + length, size - (size_t)length, "%s%s", length ? ", " : "",
                               choice->name);
        break;
    }
}

void option_describe(const struct option_row *row, char *text, size_t size)
{
    char bounds[80];

    option_bounds(row, bounds, sizeof(bounds));
    snprintf(text, size, "%s%s%s", type_of(row)->expected,
             type_of(row)->form == FORM_NUMBER ? ", " : " ", bounds);
}

const char *option_placeholder(const struct option_row *row)
{
    return type_of(row)->placeholder;
}
