/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UTF-8, and escapes for displaying untrusted text safely. Pure, and independent of the locale. */
#ifndef LINKWATCH_PROTOCOL_UTF8_H
#define LINKWATCH_PROTOCOL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes the first character of a non-empty text, and returns its number of bytes; 0 if they are
 * not valid UTF-8. */
size_t utf8_decode(const char *text, uint32_t *ret);

bool utf8_is_valid(const char *text);

/* Whether a character could control a terminal, end a line, or change how the text around it is
 * displayed: control characters (C0, DEL, C1), line separators, marks of the writing direction, and
 * invisible characters. */
bool utf8_misleads(uint32_t character);

/* The size of the longest escape, including the NUL. */
#define UTF8_ESCAPE_SIZE 11

/* Writes the escape for the first character, or for the first byte if that is not valid UTF-8, and
 * returns its length; *ret_bytes is the number of bytes that it replaces. Escapes are \\ for a
 * backslash, \xNN for an ASCII control character and for a byte that is not valid UTF-8, and \uNNNN
 * and \UNNNNNNNN for other characters. Each text has exactly one notation, and no two texts have
 * the same. */
size_t utf8_escape(const char *text, char to[UTF8_ESCAPE_SIZE], size_t *ret_bytes);

/* Copies a text, with escapes for misleading characters, bytes that are not valid UTF-8, and
 * backslashes. Characters that do not fit are omitted. */
void utf8_copy_clean(const char *text, char *to, size_t size);

#endif
