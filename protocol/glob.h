/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which names a name in a filter means, for both sides of the socket. Pure, and without a
 * locale.
 *
 * A text means the name that is exactly it, byte for byte, and all names that it matches as
 * a shell glob: "*" any text, "?" one character, "[abc]" "[a-z]" "[!a]" "[[:digit:]]" one
 * of a set. A backslash takes the special meaning from the character behind it; \xNN is a
 * byte and \uNNNN and \UNNNNNNNN are a character, as utf8_escape() writes them. A character
 * is one of UTF-8, or a single byte where a name isn't UTF-8. */
#ifndef LINKWATCH_PROTOCOL_GLOB_H
#define LINKWATCH_PROTOCOL_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* What holding a link against a filter costs, and a request's size, would else have no bound:
 * values in one field of a filter, and characters of a name. */
#define FILTER_VALUES_MAX 256
#define FILTER_GLOB_MAX   127

/* It takes at most about as many steps as the product of both lengths. */
bool glob_matches(const char *glob, const char *name);

/* How many characters the text has, an escape counting as one. */
size_t glob_length(const char *glob);

#endif
