/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text: as functions write it; and what others chose, made safe to show. Pure, but for the locale.
 */
#ifndef LINKWATCH_CLIENT_CTL_TEXT_H
#define LINKWATCH_CLIENT_CTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What a function writes, to be freed. NULL without memory. */
char *text_of(void (*write)(FILE *to, const void *what), const void *what);

/* Whether the locale's encoding is UTF-8. */
bool text_is_utf8(void);

/* A copy in which each byte or character that could disturb a terminal or mislead its
 * reader (controls, bytes that are not UTF-8, marks that change the direction of writing,
 * backslashes, and what the locale can't show) is an escape like \x1b or \u202e, as
 * linkwatch_escape() writes them. *ret_width is how many columns it takes. NULL without
 * memory. */
char *text_clean(const char *text, size_t *ret_width);

/* The same of text in which that was done before, or that was given in this notation: its
 * backslashes stay as they are. */
char *text_clean_again(const char *text);

/* The same without blanks, which are escapes, too. */
char *text_word(const char *text);

/* Cuts such a copy so that it takes no more columns, with an ellipsis at its end; it is made larger
 * for that if need be. NULL without memory, and then the copy is freed. */
char *text_cut(char *clean, size_t columns);

/* How many columns such a copy takes. */
size_t text_width(const char *clean);

#endif
