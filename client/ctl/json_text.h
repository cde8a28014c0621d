/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON that linkwatchctl writes: what jansson does not write as it is promised. Pure. */
#ifndef LINKWATCH_CLIENT_CTL_JSON_TEXT_H
#define LINKWATCH_CLIENT_CTL_JSON_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Writes any text as a string, in ASCII. False if it is not UTF-8: then U+FFFD stands for each byte
 * that is not. */
bool json_write_string(FILE *to, const char *text);

/* A member of an object that has one before. */
void json_write_position(FILE *to, const char *instance, int64_t sequence);

/* Writes valid JSON with line breaks, and two blanks for each level. Numbers stay as they are:
 * jansson rounds those of metrics. */
void json_write_pretty(FILE *to, const char *value);

/* An object of the members in which two objects differ, with their values before; null for what
 * there was not. To be freed; NULL without memory. */
char *json_old(const char *before, const char *now);

#endif
