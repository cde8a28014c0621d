/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/object.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Texts stand one behind the other, and are known by their place among them, from 1; 0 is none. */
struct value {
    int64_t number; /* the number or truth; for TEXTS and NAMES, how many */
    size_t text;    /* TEXT, NAME; the first of TEXTS and NAMES; for INFO, info_kind */
};

struct object {
    unsigned references;
    size_t bytes; /* of memory, with the JSON */
    const struct object_type *type;
    uint64_t known;
    size_t slave_kind; /* for INFO */
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

static int read_kind(struct object *object, const json_t *info, const char *name, size_t *ret)
{
    const json_t *kind = json_object_get(info, name);

    return !kind || json_is_null(kind) ? 0 : put_string(object, kind, ret);
}

static int read_info(struct object *object, struct value *value, const json_t *json)
{
    int r;

    if (!json_is_object(json))
        return -EBADMSG;
    r = read_kind(object, json, "info_kind", &value->text);
    return r < 0 ? r : read_kind(object, json, "info_slave_kind", &object->slave_kind);
}

static int read_value(struct object *object, int field, const json_t *json, const json_t *bytes)
{
    struct value *value = &object->values[field];

    switch (object->type->forms[field]) {
    case NUMBER:
        value->number = json_integer_value(json);
        return json_is_integer(json) ? 0 : -EBADMSG;
    case TRUTH:
        value->number = json_is_true(json);
        return json_is_boolean(json) ? 0 : -EBADMSG;
    case TEXT:
        return put_string(object, json, &value->text);
    case TEXTS:
        return read_texts(object, value, json, put_string);
    case NAME:
        return bytes ? put_bytes(object, bytes, &value->text)
                     : put_string(object, json, &value->text);
    case NAMES:
        return bytes ? read_texts(object, value, bytes, put_bytes)
                     : read_texts(object, value, json, put_string);
    case INFO:
        return read_info(object, value, json);
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
    const struct object_type *type = object->type;

    for (int field = 0; field < type->count + type->extras; field++) {
        const json_t *value = member(json, type->name(field));
        int r;

        if (!value)
            continue;
        /* What a name really is, where JSON couldn't hold it. */
        r = read_value(object, field, value, member(json, type->bytes_name(field)));
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
    size_t count = (size_t)type->count + (size_t)type->extras;
    size_t size = sizeof(struct object) + count * sizeof(struct value);
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

const char *object_slave_kind(const struct object *object)
{
    return text_at(object, object->slave_kind);
}

static bool has_form(const struct object *object, int field, enum form form)
{
    return field >= 0 && field < object->type->count && object->type->forms[field] == form;
}

/* Whether a field of that number can have a value of that form, and the object has it. */
static int check_field(const struct object *object, int field, bool is_form)
{
    if (field < 0 || field >= object->type->count)
        return -ENODATA;
    if (!is_form)
        return -EINVAL;
    return object_knows(object, field) ? 0 : -ENODATA;
}

int object_get_integer(const struct object *object, int field, int64_t *ret)
{
    int r = check_field(object, field, has_form(object, field, NUMBER));

    if (r >= 0)
        *ret = object_number(object, field);
    return r;
}

int object_get_boolean(const struct object *object, int field, bool *ret)
{
    int r = check_field(object, field, has_form(object, field, TRUTH));

    if (r >= 0)
        *ret = object_number(object, field);
    return r;
}

int object_get_string(const struct object *object, int field, const char **ret)
{
    int r = check_field(object, field,
                        has_form(object, field, TEXT) || has_form(object, field, NAME) ||
                            has_form(object, field, INFO));

    if (r < 0)
        return r;
    if (!object_text(object, field))
        return -ENODATA;
    *ret = object_text(object, field);
    return 0;
}

const char *object_next_text(const struct object *object, int field, const char *text)
{
    const char *next = object_text(object, field);

    for (int64_t i = 0; i < object_number(object, field); i++) {
        if (!text)
            return next;
        if (next == text)
            text = NULL;
        next += strlen(next) + 1;
    }
    return NULL;
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
    switch (a->type->forms[field]) {
    case NUMBER:
    case TRUTH:
        return object_number(a, field) == object_number(b, field);
    case TEXT:
    case NAME:
        return same_text(object_text(a, field), object_text(b, field));
    case TEXTS:
    case NAMES:
        return same_texts(a, b, field);
    case INFO:
        return same_text(object_text(a, field), object_text(b, field)) &&
               same_text(object_slave_kind(a), object_slave_kind(b));
    }
    return false;
}

uint64_t object_compare(const struct object *a, const struct object *b)
{
    uint64_t fields = 0;

    if (strcmp(a->json, b->json) == 0)
        return 0;
    for (int field = 0; field < a->type->count; field++)
        if (!object_same(a, b, field))
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

static char *format_info(const char *kind, const char *slave_kind)
{
    char *line;
    int n = kind && slave_kind ? asprintf(&line, "%s, port of %s", kind, slave_kind)
            : slave_kind       ? asprintf(&line, "port of %s", slave_kind)
                               : asprintf(&line, "%s", kind ? kind : "");

    return n < 0 ? NULL : line;
}

int object_format(const struct object *object, int field, char **ret)
{
    char *line = NULL;

    if (field < 0 || field >= object->type->count)
        return -EINVAL;
    if (!object_knows(object, field))
        return -ENODATA;
    switch (object->type->forms[field]) {
    case NUMBER:
        line = format_number(object_number(object, field));
        break;
    case TRUTH:
        line = strdup(object_number(object, field) ? "yes" : "no");
        break;
    case TEXT:
    case NAME:
        line = strdup(object_text(object, field));
        break;
    case TEXTS:
    case NAMES:
        line = format_texts(object, field);
        break;
    case INFO:
        line = format_info(object_text(object, field), object_slave_kind(object));
        break;
    }
    if (!line)
        return -ENOMEM;
    *ret = line;
    return 0;
}
