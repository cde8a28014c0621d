/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/json_members.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/linkwatch.h"

/* Behind the string that begins there. */
static const char *skip_string(const char *at)
{
    for (at++; *at && *at != '"'; at++)
        if (*at == '\\' && at[1])
            at++;
    return *at ? at + 1 : at;
}

/* Behind the value that begins there: at a comma or a bracket that is not part of it. */
static const char *skip_value(const char *at)
{
    int depth = 0;

    while (*at) {
        if (*at == '"') {
            at = skip_string(at);
            continue;
        }
        if (depth == 0 && (*at == ',' || *at == '}' || *at == ']'))
            break;
        if (*at == '{' || *at == '[')
            depth++;
        if (*at == '}' || *at == ']')
            depth--;
        at++;
    }
    return at;
}

bool json_next(const char **at, struct json_member *ret)
{
    const char *text = *at;

    if (*text != '{' && *text != ',')
        return false;
    text++;
    if (*text != '"')
        return false;
    ret->name = text + 1;
    text = skip_string(text);
    ret->name_length = (size_t)(text - ret->name) - 1;
    if (*text != ':')
        return false;
    ret->value = text + 1;
    text = skip_value(ret->value);
    ret->value_length = (size_t)(text - ret->value);
    *at = text;
    return true;
}

bool json_find(const char *object, const char *name, size_t name_length, struct json_member *ret)
{
    struct json_member member;

    while (json_next(&object, &member))
        if (member.name_length == name_length && memcmp(member.name, name, name_length) == 0) {
            *ret = member;
            return true;
        }
    return false;
}

bool json_is_text(const struct json_member *member, const char *text)
{
    size_t length = strlen(text);

    return member->value_length == length + 2 && member->value[0] == '"' &&
           memcmp(member->value + 1, text, length) == 0;
}

static void write_member(FILE *to, const char *separator, const struct json_member *member,
                         bool is_null)
{
    fprintf(to, "%s\"%.*s\":", separator, (int)member->name_length, member->name);
    if (is_null)
        fputs("null", to);
    else
        fwrite(member->value, 1, member->value_length, to);
}

static bool is_same(const struct json_member *a, const struct json_member *b)
{
    return a->value_length == b->value_length && memcmp(a->value, b->value, a->value_length) == 0;
}

/* Times of a link are no fields, and so not among what changed. */
static bool is_time(const struct json_member *member)
{
    static const char *const names[] = {"since_usec", "since_first_dump", "last_up_usec",
                                        "last_down_usec"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (member->name_length == strlen(names[i]) &&
            memcmp(member->name, names[i], member->name_length) == 0)
            return true;
    return false;
}

void json_write_old(FILE *to, const char *before, const char *now)
{
    const char *separator = "";
    const char *at = before;
    struct json_member member, other;

    putc('{', to);
    while (json_next(&at, &member))
        if (!is_time(&member) && (!json_find(now, member.name, member.name_length, &other) ||
                                  !is_same(&member, &other))) {
            write_member(to, separator, &member, false);
            separator = ",";
        }
    at = now;
    while (json_next(&at, &member))
        if (!is_time(&member) && !json_find(before, member.name, member.name_length, &other)) {
            write_member(to, separator, &member, true);
            separator = ",";
        }
    putc('}', to);
}

/* One escape of linkwatch_escape(), or one character of ASCII, as JSON; what follows it. */
static const char *convert(const char *from, FILE *to, bool *ret_is_text)
{
    unsigned long character;
    char digits[9] = "";

    if (*from != '\\') {
        fprintf(to, *from == '"' ? "\\%c" : "%c", *from);
        return from + 1;
    }
    if (from[1] == '\\') {
        fputs("\\\\", to);
        return from + 2;
    }
    strncpy(digits, from + 2, from[1] == 'x' ? 2 : from[1] == 'u' ? 4 : 8);
    character = strtoul(digits, NULL, 16);
    if (from[1] == 'x' && character >= 0x80) {
        *ret_is_text = false;
        character = 0xfffd;
    }
    if (character >= 0x10000)
        fprintf(to, "\\u%04lx\\u%04lx", 0xd800 + ((character - 0x10000) >> 10),
                0xdc00 + (character & 0x3ff));
    else
        fprintf(to, "\\u%04lx", character);
    return from + 2 + strlen(digits);
}

int json_write_string(FILE *to, const char *text)
{
    bool is_text = true;
    char *escaped;

    if (linkwatch_escape(text, true, &escaped) < 0)
        return -ENOMEM;
    putc('"', to);
    for (const char *from = escaped; *from;)
        from = convert(from, to, &is_text);
    putc('"', to);
    free(escaped);
    return is_text;
}

static void break_line(FILE *to, int level)
{
    fprintf(to, "\n%*s", level * 2, "");
}

void json_write_pretty(FILE *to, const char *value)
{
    int level = 0;

    while (*value) {
        const char *end = *value == '"' ? skip_string(value) : value + 1;
        bool opens = *value == '{' || *value == '[';
        bool closes = *value == '}' || *value == ']';

        if (closes)
            break_line(to, --level);
        fwrite(value, 1, (size_t)(end - value), to);
        if (*value == ':')
            putc(' ', to);
        if (opens && (*end == '}' || *end == ']'))
            putc(*end++, to);
        else if (opens)
            break_line(to, ++level);
        else if (*value == ',')
            break_line(to, level);
        value = end;
    }
}

static char *put_character(char *to, uint32_t character)
{
    if (character < 0x80) {
        *to++ = (char)character;
        return to;
    }
    if (character < 0x800) {
        *to++ = (char)(0xc0 | character >> 6);
    } else {
        if (character < 0x10000) {
            *to++ = (char)(0xe0 | character >> 12);
        } else {
            *to++ = (char)(0xf0 | character >> 18);
            *to++ = (char)(0x80 | (character >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (character >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (character & 0x3f));
    return to;
}

static uint32_t hex_digits(const char *at)
{
    char digits[5] = "";

    memcpy(digits, at, strnlen(at, 4));
    return (uint32_t)strtoul(digits, NULL, 16);
}

/* The character of \uXXXX, or of two that are one; *at is behind the u, then behind it all. */
static uint32_t escaped_character(const char **at)
{
    uint32_t character = hex_digits(*at);

    *at += strnlen(*at, 4);
    if (character >> 10 == 0xd800 >> 10 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        uint32_t low = hex_digits(*at + 2);

        *at += 2 + strnlen(*at + 2, 4);
        return 0x10000 + ((character & 0x3ff) << 10 | (low & 0x3ff));
    }
    return character ? character : '?';
}

static char escaped_letter(char letter)
{
    static const char letters[] = "bfnrt";
    static const char meanings[] = "\b\f\n\r\t";
    const char *at = strchr(letters, letter);

    return (char)(at ? meanings[at - letters] : letter);
}

/* What is written never takes more room than how it is written. */
char *json_text(const struct json_member *member)
{
    const char *at = member->value;
    char *text, *to;

    at += *at == '[';
    if (*at != '"')
        return NULL;
    text = to = malloc(member->value_length + 1);
    if (!text)
        return NULL;
    for (at++; *at && *at != '"';) {
        if (*at != '\\' || !at[1]) {
            *to++ = *at++;
            continue;
        }
        at += 2;
        if (at[-1] == 'u')
            to = put_character(to, escaped_character(&at));
        else
            *to++ = escaped_letter(at[-1]);
    }
    *to = '\0';
    return text;
}
