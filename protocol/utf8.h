/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UTF-8, and escapes that make untrusted text safe to display. Pure, and independent of the locale.
 */
#ifndef LINKWATCH_PROTOCOL_UTF8_H
#define LINKWATCH_PROTOCOL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the first character of a text that isn't empty: how many bytes it has, 0 if they
 * are not UTF-8. */
size_t utf8_decode(const char *text, uint32_t *ret);

bool utf8_is_valid(const char *text);

/* Whether a character could steer a terminal, end a line, or change how what stands around
 * it is read: controls (C0, DEL, C1), line separators, marks of the direction of writing,
 * and what has no shape of its own. */
bool utf8_misleads(uint32_t character);

/* The longest escape, and its NUL. */
#define UTF8_ESCAPE_SIZE 11

/* Writes the escape of the first character, or of the first byte if that is no UTF-8, and
 * returns its length; *ret_bytes is how many bytes of the text it stands for. Escapes are
 * \\ for a backslash, \xNN for a control character of ASCII and for a byte that is not
 * UTF-8, \uNNNN and \UNNNNNNNN for other characters: each text has one notation, and no two
 * have the same. */
size_t utf8_escape(const char *text, char to[UTF8_ESCAPE_SIZE], size_t *ret_bytes);

/* Copies a text, with what misleads, is not UTF-8, or is a backslash as escapes; what has
 * no room is left out. */
void utf8_copy_clean(const char *text, char *to, size_t size);

#endif
