/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/object.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Texts stand one behind the other, and are known by their place among them, from 1; 0 is none. */
struct value {
    int64_t number; /* the number or truth; for TEXTS, how many */
    size_t text;    /* the text, or the first of TEXTS */
};

struct object {
    unsigned references;
    size_t bytes; /* of memory, with the JSON */
    const struct object_type *type;
    uint64_t known;
    char *json;
    char *texts;
    size_t texts_size;
    struct value values[];
};

static const char *text_at(const struct object *object, size_t place)
{
    return place ? object->texts + place - 1 : NULL;
}

/* There is room for all texts that the JSON can have, each of which has quotes in it. */
static size_t put(struct object *object, const char *bytes, size_t length)
{
    size_t place = object->texts_size + 1;

    memcpy(object->texts + object->texts_size, bytes, length);
    object->texts[object->texts_size + length] = '\0';
    object->texts_size += length + 1;
    return place;
}

static int put_string(struct object *object, const json_t *json, size_t *ret)
{
    if (!json_is_string(json))
        return -EBADMSG;
    *ret = put(object, json_string_value(json), strlen(json_string_value(json)));
    return 0;
}

static int digit_value(char digit)
{
    int c = tolower((unsigned char)digit);

    if (!isxdigit(c))
        return -EBADMSG;
    return isdigit(c) ? c - '0' : c - 'a' + 10;
}

/* Bytes, none of them NUL, from a string of two hexadecimal digits each. */
static int put_bytes(struct object *object, const json_t *json, size_t *ret)
{
    const char *digits = json_string_value(json);
    size_t place = object->texts_size + 1;

    if (!digits || !*digits)
        return -EBADMSG;
    for (; *digits; digits += 2) {
        int high = digit_value(digits[0]);
        int low = digit_value(digits[1]);

        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return -EBADMSG;
        object->texts[object->texts_size++] = (char)(high << 4 | low);
    }
    object->texts[object->texts_size++] = '\0';
    *ret = place;
    return 0;
}

static int read_texts(struct object *object, struct value *value, const json_t *json,
                      int (*put_one)(struct object *, const json_t *, size_t *))
{
    size_t i;
    json_t *element;

    if (!json_is_array(json))
        return -EBADMSG;
    value->number = (int64_t)json_array_size(json);
    json_array_foreach (json, i, element) {
        size_t text;
        int r = put_one(object, element, &text);

        if (r < 0)
            return r;
        if (i == 0)
            value->text = text;
    }
    return 0;
}

static int read_value(struct object *object, int field, const json_t *json, const json_t *bytes)
{
    struct value *value = &object->values[field];

    switch (object->type->fields[field].form) {
    case NUMBER:
        value->number = json_integer_value(json);
        return json_is_integer(json) ? 0 : -EBADMSG;
    case TRUTH:
        value->number = json_is_true(json);
        return json_is_boolean(json) ? 0 : -EBADMSG;
    case TEXT:
        return bytes ? put_bytes(object, bytes, &value->text)
                     : put_string(object, json, &value->text);
    case TEXTS:
        return bytes ? read_texts(object, value, bytes, put_bytes)
                     : read_texts(object, value, json, put_string);
    }
    return -EBADMSG;
}

static const json_t *member(const json_t *json, const char *name)
{
    const json_t *value = name ? json_object_get(json, name) : NULL;

    return json_is_null(value) ? NULL : value;
}

static int read_values(struct object *object, const json_t *json)
{
    for (int field = 0; field < object->type->count; field++) {
        const struct object_field *type = &object->type->fields[field];
        const json_t *parent = type->parent ? member(json, type->parent) : json;
        const json_t *value = member(parent, type->name);
        int r;

        if (parent && !json_is_object(parent))
            return -EBADMSG;
        if (!value)
            continue;
        r = read_value(object, field, value, member(parent, type->bytes));
        if (r < 0)
            return r;
        object->known |= UINT64_C(1) << field;
    }
    return 0;
}

/* What is left of the room that was made for the texts. */
static void shrink(struct object *object)
{
    char *texts = realloc(object->texts, object->texts_size ? object->texts_size : 1);

    if (texts)
        object->texts = texts;
}

int object_read(const struct object_type *type, const json_t *json, struct object **ret)
{
    size_t size = sizeof(struct object) + (size_t)type->count * sizeof(struct value);
    struct object *object;
    int r = -ENOMEM;

    if (!json_is_object(json))
        return -EBADMSG;
    object = calloc(1, size);
    if (!object)
        return r;
    object->references = 1;
    object->type = type;
    object->json = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (object->json)
        object->texts = malloc(strlen(object->json));
    if (object->texts)
        r = read_values(object, json);
    if (r < 0) {
        object_unref(object);
        return r;
    }
    shrink(object);
    object->bytes = size + object->texts_size + strlen(object->json) + 1;
    *ret = object;
    return 0;
}

struct object *object_ref(struct object *object)
{
    __atomic_add_fetch(&object->references, 1, __ATOMIC_RELAXED);
    return object;
}

struct object *object_unref(struct object *object)
{
    if (!object || __atomic_sub_fetch(&object->references, 1, __ATOMIC_ACQ_REL) > 0)
        return NULL;
    free(object->json);
    free(object->texts);
    free(object);
    return NULL;
}

size_t object_bytes(const struct object *object)
{
    return object->bytes;
}

const char *object_json(const struct object *object)
{
    return object->json;
}

const char *object_field_name(const struct object_type *type, int field)
{
    return field >= 0 && field < type->count ? type->fields[field].name : NULL;
}

int object_field_from_name(const struct object_type *type, const char *name)
{
    for (int field = 0; field < type->count; field++)
        if (strcmp(type->fields[field].name, name) == 0)
            return field;
    return -ENOENT;
}

bool object_knows(const struct object *object, int field)
{
    return object->known & (UINT64_C(1) << field);
}

int64_t object_number(const struct object *object, int field)
{
    return object->values[field].number;
}

const char *object_text(const struct object *object, int field)
{
    return text_at(object, object->values[field].text);
}

/* Whether a field of that number can have a value of that form, and the object has it. */
static int check_field(const struct object *object, int field, enum form form)
{
    if (field < 0 || field >= object->type->count)
        return -ENODATA;
    if (object->type->fields[field].form != form)
        return -EINVAL;
    return object_knows(object, field) ? 0 : -ENODATA;
}

int object_get_integer(const struct object *object, int field, int64_t *ret)
{
    int r = check_field(object, field, NUMBER);

    if (r >= 0)
        *ret = object_number(object, field);
    return r;
}

int object_get_boolean(const struct object *object, int field, bool *ret)
{
    int r = check_field(object, field, TRUTH);

    if (r >= 0)
        *ret = object_number(object, field);
    return r;
}

int object_get_string(const struct object *object, int field, const char **ret)
{
    int r = check_field(object, field, TEXT);

    if (r >= 0)
        *ret = object_text(object, field);
    return r;
}

const char *object_next_text(const struct object *object, int field, const char *text)
{
    const char *next;

    if (check_field(object, field, TEXTS) < 0)
        return NULL;
    next = object_text(object, field);
    for (int64_t i = 0; i < object_number(object, field); i++) {
        if (!text)
            return next;
        if (next == text)
            text = NULL;
        next += strlen(next) + 1;
    }
    return NULL;
}

int object_has_text(const struct object *object, int field, const char *text)
{
    const char *next = NULL;
    int r = check_field(object, field, TEXTS);

    if (r < 0)
        return r;
    while ((next = object_next_text(object, field, next)))
        if (strcmp(next, text) == 0)
            return 1;
    return 0;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_texts(const struct object *a, const struct object *b, int field)
{
    const char *in_a = NULL;
    const char *in_b = NULL;

    do {
        in_a = object_next_text(a, field, in_a);
        in_b = object_next_text(b, field, in_b);
    } while (in_a && in_b && strcmp(in_a, in_b) == 0);
    return !in_a && !in_b;
}

bool object_same(const struct object *a, const struct object *b, int field)
{
    if (object_knows(a, field) != object_knows(b, field))
        return false;
    switch (a->type->fields[field].form) {
    case NUMBER:
    case TRUTH:
        return object_number(a, field) == object_number(b, field);
    case TEXT:
        return same_text(object_text(a, field), object_text(b, field));
    case TEXTS:
        return same_texts(a, b, field);
    }
    return false;
}

uint64_t object_compare(const struct object *a, const struct object *b)
{
    uint64_t fields = 0;

    if (strcmp(a->json, b->json) == 0)
        return 0;
    for (int field = 0; field < a->type->count; field++)
        if (!a->type->fields[field].uncompared && !object_same(a, b, field))
            fields |= UINT64_C(1) << field;
    return fields;
}

static char *format_texts(const struct object *object, int field)
{
    const char *text = NULL;
    char *line = NULL;
    size_t size;
    FILE *stream = open_memstream(&line, &size);

    if (!stream)
        return NULL;
    while ((text = object_next_text(object, field, text)))
        fprintf(stream, "%s%s", ftell(stream) > 0 ? "," : "", text);
    if (fclose(stream) == 0)
        return line;
    free(line);
    return NULL;
}

static char *format_number(int64_t number)
{
    char *line;

    return asprintf(&line, "%lld", (long long)number) < 0 ? NULL : line;
}

int object_format(const struct object *object, int field, char **ret)
{
    char *line = NULL;

    if (field < 0 || field >= object->type->count)
        return -EINVAL;
    if (!object_knows(object, field))
        return -ENODATA;
    switch (object->type->fields[field].form) {
    case NUMBER:
        line = format_number(object_number(object, field));
        break;
    case TRUTH:
        line = strdup(object_number(object, field) ? "yes" : "no");
        break;
    case TEXT:
        line = strdup(object_text(object, field));
        break;
    case TEXTS:
        line = format_texts(object, field);
        break;
    }
    if (!line)
        return -ENOMEM;
    *ret = line;
    return 0;
}
