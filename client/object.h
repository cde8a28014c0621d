/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon publishes of one thing, read from its JSON: fields by number, each with a value
 * or without one. It never changes, and is shared by reference, between threads too. */
#ifndef LINKWATCH_CLIENT_OBJECT_H
#define LINKWATCH_CLIENT_OBJECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum form { NUMBER, TRUTH, TEXT, TEXTS };

struct object_field {
    enum form form;
    const char *name;   /* of the member */
    const char *bytes;  /* the member with the bytes of a name, where JSON can't hold it, or NULL */
    const char *parent; /* the member that the field is in; NULL for the object itself */
    bool uncompared;    /* it does not count where objects are compared */
};

/* The fields of one type of object, by their number. */
struct object_type {
    int count;
    const struct object_field *fields;
};

struct object;

/* Reads an object of that type. -EBADMSG if it isn't one, or a known field is of another form than
 * it has; -ENOMEM. Unknown fields are kept in the object's JSON and nothing else. The caller has
 * the one reference. */
int object_read(const struct object_type *type, const json_t *json, struct object **ret);
struct object *object_ref(struct object *object);
struct object *object_unref(struct object *object);

/* Bytes of memory that it takes; and its JSON, one line in ASCII. */
size_t object_bytes(const struct object *object);
const char *object_json(const struct object *object);

/* The name of the field of that number, NULL for none; the field of that name, or -ENOENT. */
const char *object_field_name(const struct object_type *type, int field);
int object_field_from_name(const struct object_type *type, const char *name);

/* Whether the field has a value. */
bool object_knows(const struct object *object, int field);

/* The values: 0, or -ENODATA without one or for a number that is no field, -EINVAL if it is of
 * another form. */
int object_get_integer(const struct object *object, int field, int64_t *ret);
int object_get_boolean(const struct object *object, int field, bool *ret);
int object_get_string(const struct object *object, int field, const char **ret);

/* The same of one that is known to be there: 0 and NULL without. */
int64_t object_number(const struct object *object, int field);
const char *object_text(const struct object *object, int field);

/* The text of a list after that one, the first for NULL; NULL at the end, or if it is no list. */
const char *object_next_text(const struct object *object, int field, const char *text);

/* Whether a list has a text: 1 or 0, or an error as above. */
int object_has_text(const struct object *object, int field, const char *text);

/* Whether a field, or the fields in which, two of one type differ. */
bool object_same(const struct object *a, const struct object *b, int field);
uint64_t object_compare(const struct object *a, const struct object *b);

/* The value of any field as one line of text, to be freed. -ENODATA, -EINVAL for a number that is
 * no field, -ENOMEM. */
int object_format(const struct object *object, int field, char **ret);

#endif
