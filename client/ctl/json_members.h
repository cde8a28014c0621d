/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON, and the members of an object, as the library writes it: valid, in one line. Pure. */
#ifndef LINKWATCH_CLIENT_CTL_JSON_MEMBERS_H
#define LINKWATCH_CLIENT_CTL_JSON_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Both are parts of the object's text: the name without its quotes, the value as it stands. */
struct json_member {
    const char *name;
    size_t name_length;
    const char *value;
    size_t value_length;
};

/* The next member; *at is the object's text at the beginning. False at the end. */
bool json_next(const char **at, struct json_member *ret);

/* The member of that name. */
bool json_find(const char *object, const char *name, size_t name_length, struct json_member *ret);

/* Whether the value is that string. */
bool json_is_text(const struct json_member *member, const char *text);

/* Writes any text as a string, in ASCII. 1, or 0 if it is not UTF-8: then U+FFFD stands for each
 * byte that is not; -ENOMEM, and nothing is written. */
int json_write_string(FILE *to, const char *text);

/* A string, or the first one of an array of them, to be freed; NULL if it is none, or without
 * memory. */
char *json_text(const struct json_member *member);

/* Writes any value with line breaks, and two blanks for each level. */
void json_write_pretty(FILE *to, const char *value);

/* Writes an object of the members in which two objects differ, with their values before; null
 * for what there was not. */
void json_write_old(FILE *to, const char *before, const char *now);

#endif
