/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/json_text.h"

#include <jansson.h>
#include <string.h>

#include "protocol/json.h"
#include "protocol/utf8.h"

/* Times of a link are no fields, and so not among what changed. */
static void drop_times(json_t *link)
{
    static const char *const names[] = {"since_usec", "since_first_dump", "last_up_usec",
                                        "last_down_usec"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        json_object_del(link, names[i]);
}

static char *format_old(json_t *before, json_t *now)
{
    json_t *old = json_object(), *value;
    const char *name;
    char *text;
    int r = 0;

    drop_times(before);
    drop_times(now);
    json_object_foreach (before, name, value)
        if (!json_equal(value, json_object_get(now, name)))
            r |= json_object_set(old, name, value);
    json_object_foreach (now, name, value)
        if (!json_object_get(before, name))
            r |= json_object_set_new(old, name, json_null());
    text = r < 0 ? NULL : json_dumps(old, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(old);
    return text;
}

char *json_old(const char *before, const char *now)
{
    json_t *first = NULL, *second = NULL;
    char *text = NULL;

    if (json_read(before, strlen(before), 0, NULL, &first) >= 0 &&
        json_read(now, strlen(now), 0, NULL, &second) >= 0)
        text = format_old(first, second);
    json_decref(first);
    json_decref(second);
    return text;
}

static void write_character(FILE *to, uint32_t character)
{
    if (character == '"' || character == '\\')
        fprintf(to, "\\%c", (int)character);
    else if (character >= 0x20 && character < 0x7f)
        putc((int)character, to);
    else if (character < 0x10000)
        fprintf(to, "\\u%04x", (unsigned)character);
    else
        fprintf(to, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((character - 0x10000) >> 10)),
                (unsigned)(0xdc00 + (character & 0x3ff)));
}

bool json_write_string(FILE *to, const char *text)
{
    bool is_text = true;

    putc('"', to);
    while (*text) {
        uint32_t character;
        size_t bytes = utf8_decode(text, &character);

        write_character(to, bytes > 0 ? character : 0xfffd);
        is_text = is_text && bytes > 0;
        text += bytes > 0 ? bytes : 1;
    }
    putc('"', to);
    return is_text;
}

void json_write_position(FILE *to, const char *instance, int64_t sequence)
{
    fputs(",\"position\":{\"instance\":", to);
    json_write_string(to, instance);
    fprintf(to, ",\"sequence\":%lld}", (long long)sequence);
}

/* Behind the string that begins there. */
static const char *skip_string(const char *at)
{
    for (at++; *at && *at != '"'; at++)
        if (*at == '\\' && at[1])
            at++;
    return *at ? at + 1 : at;
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
