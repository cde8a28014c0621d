/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "protocol/glob.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "protocol/utf8.h"

/* A unit is a character, or beyond all of those, a byte that is not UTF-8. */
#define RAW_BYTE UINT32_C(0x110000)

static size_t read_unit(const char *text, uint32_t *ret)
{
    size_t length;

    /* Most are of ASCII, here and below, and many are read for each event. */
    if ((unsigned char)*text < 0x80) {
        *ret = (unsigned char)*text;
        return 1;
    }
    length = utf8_decode(text, ret);
    if (length)
        return length;
    *ret = RAW_BYTE + (unsigned char)*text;
    return 1;
}

static bool read_hex(const char *text, int digits, uint32_t *ret)
{
    uint32_t value = 0;

    for (int i = 0; i < digits; i++) {
        int c = tolower((unsigned char)text[i]);

        if (!isxdigit(c))
            return false;
        value = value << 4 | (uint32_t)(isdigit(c) ? c - '0' : c - 'a' + 10);
    }
    *ret = value;
    return true;
}

/* The byte that stands at this place of a glob, plain or behind a backslash. Returns how
 * long that is. */
static size_t read_byte(const char *glob, char *ret)
{
    uint32_t value;

    if (glob[0] == '\\' && glob[1] == 'x' && read_hex(glob + 2, 2, &value)) {
        *ret = (char)value;
        return 4;
    }
    if (glob[0] == '\\' && glob[1]) {
        *ret = glob[1];
        return 2;
    }
    *ret = glob[0];
    return 1;
}

static size_t read_character_escape(const char *glob, uint32_t *ret)
{
    if (glob[0] != '\\')
        return 0;
    if (glob[1] == 'u' && read_hex(glob + 2, 4, ret))
        return 6;
    return glob[1] == 'U' && read_hex(glob + 2, 8, ret) ? 10 : 0;
}

/* The unit that stands at this place. Its bytes may be plain, escapes, or both. */
static size_t read_literal(const char *glob, uint32_t *ret)
{
    size_t lengths[4] = {0};
    char bytes[5] = "";
    size_t length;
    size_t count = 0;

    if ((unsigned char)*glob < 0x80 && *glob != '\\')
        return read_unit(glob, ret);
    length = read_character_escape(glob, ret);
    if (length)
        return length;
    do
        length += lengths[count] = read_byte(glob + length, &bytes[count]);
    while (++count < 4 && glob[length] && (unsigned char)bytes[0] >= 0x80);
    count = read_unit(bytes, ret);
    length = 0;
    for (size_t i = 0; i < count; i++)
        length += lengths[i];
    return length;
}

/* "[:digit:]" within a set: its length, 0 if it is none. Of ASCII, whatever the locale. */
static size_t read_class(const char *glob, uint32_t unit, bool *has)
{
    static const struct {
        const char *name;
        int (*holds)(int c);
    } classes[] = {
        {"[:alnum:]", isalnum}, {"[:alpha:]", isalpha}, {"[:blank:]", isblank},
        {"[:cntrl:]", iscntrl}, {"[:digit:]", isdigit}, {"[:graph:]", isgraph},
        {"[:lower:]", islower}, {"[:print:]", isprint}, {"[:punct:]", ispunct},
        {"[:space:]", isspace}, {"[:upper:]", isupper}, {"[:xdigit:]", isxdigit},
    };

    if (glob[0] != '[' || glob[1] != ':')
        return 0;
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        size_t length = strlen(classes[i].name);

        if (strncmp(glob, classes[i].name, length) != 0)
            continue;
        *has |= unit < 0x80 && classes[i].holds((int)unit);
        return length;
    }
    return 0;
}

/* A character, a range or a class. */
static size_t read_member(const char *glob, uint32_t unit, bool *has)
{
    size_t length = read_class(glob, unit, has);
    uint32_t first, last;

    if (length)
        return length;
    length = read_literal(glob, &first);
    last = first;
    if (glob[length] == '-' && glob[length + 1] && glob[length + 1] != ']')
        length += 1 + read_literal(glob + length + 1, &last);
    *has |= unit >= first && unit <= last;
    return length;
}

/* The set that begins here: its length, 0 if it has no end and so is none. */
static size_t read_set(const char *glob, uint32_t unit, bool *ret_has)
{
    bool inverted = glob[1] == '!' || glob[1] == '^';
    const char *at = glob + 1 + inverted;
    bool has = false;

    /* A "]" at the beginning is a member. */
    do
        at += *at ? read_member(at, unit, &has) : 0;
    while (*at && *at != ']');
    if (!*at)
        return 0;
    *ret_has = has != inverted;
    return (size_t)(at + 1 - glob);
}

/* Where one set has no end, none behind it has; only what was a class in it may be a set by
 * itself. That is remembered, for a glob of nothing but "[" would else take a step for each
 * pair of them. */
static bool may_be_set(const char *glob, const char *endless)
{
    return *glob == '[' && (!endless || glob < endless || glob[1] == ':');
}

/* How much of the glob matches this unit, 0 if it doesn't. */
static size_t match_unit(const char *glob, uint32_t unit, const char **endless)
{
    uint32_t literal;
    size_t length;
    bool has;

    if (*glob == '\0')
        return 0;
    if (*glob == '?')
        return 1;
    if (may_be_set(glob, *endless)) {
        length = read_set(glob, unit, &has);
        if (length)
            return has ? length : 0;
        *endless = glob;
    }
    length = read_literal(glob, &literal);
    return literal == unit ? length : 0;
}

static bool matches_as_glob(const char *glob, const char *name)
{
    const char *behind_star = NULL; /* the last one: what an earlier one takes is settled */
    const char *taken = NULL;       /* by it, up to here */
    const char *endless = NULL;     /* the first set without an end that was seen */

    while (*name) {
        uint32_t unit;
        size_t length = read_unit(name, &unit);
        size_t matched;

        if (*glob == '*') {
            behind_star = ++glob;
            taken = name;
            continue;
        }
        matched = match_unit(glob, unit, &endless);
        if (matched) {
            glob += matched;
            name += length;
        } else if (behind_star) {
            glob = behind_star;
            name = taken += read_unit(taken, &unit);
        } else {
            return false;
        }
    }
    return glob[strspn(glob, "*")] == '\0';
}

bool glob_matches(const char *glob, const char *name)
{
    return strcmp(glob, name) == 0 || matches_as_glob(glob, name);
}

size_t glob_length(const char *glob)
{
    size_t count = 0;
    uint32_t unit;

    for (; *glob; count++)
        glob += read_literal(glob, &unit);
    return count;
}
