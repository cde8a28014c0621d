/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Matches the names in a filter, for the daemon and the library. Pure, and independent of the
 * locale.
 *
 * A text matches the name that equals it, byte for byte, and all names that it matches as a shell
 * glob: "*" is any text, "?" one character, and "[abc]" "[a-z]" "[!a]" "[[:digit:]]" one character
 * of a set. A backslash removes the special meaning of the next character; \xNN is a byte, and
 * \uNNNN and \UNNNNNNNN are a character, as written by utf8_escape(). A character is one of UTF-8,
 * or a single byte if the name is not valid UTF-8. */
#ifndef LINKWATCH_PROTOCOL_GLOB_H
#define LINKWATCH_PROTOCOL_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Bounds for the cost of matching a link against a filter, and for the size of a request: the
 * values in one field of a filter, and the characters of a name. */
#define FILTER_VALUES_MAX 256
#define FILTER_GLOB_MAX   127

/* The number of steps is bounded by about the product of both lengths. */
bool glob_matches(const char *glob, const char *name);

/* The number of characters in the text; an escape counts as one. */
size_t glob_length(const char *glob);

#endif
