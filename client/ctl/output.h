/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text for people: safe, coloured, aligned, paged. */
#ifndef LINKWATCH_CLIENT_CTL_OUTPUT_H
#define LINKWATCH_CLIENT_CTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum colour { PLAIN, BOLD, FAINT, RED, GREEN, YELLOW, COLOUR_COUNT };

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

struct output {
    bool coloured;
    size_t columns; /* of the terminal; 0 for no limit */
    pid_t pager;    /* 0 without one */
    int error;      /* errno of the first write that failed, 0 for none */
};

/* Finds out where the output goes, and starts a pager if there shall be one. */
void output_begin(struct output *output, enum when colour, bool want_pager);

/* Flushes, and waits for the pager. The exit code: a reader that went away is no
 * failure, a full disk is. */
int output_end(struct output *output, int code);

/* Flushes the output. False if it can no longer be written. */
bool output_flush(struct output *output);

/* Switches to a colour; PLAIN ends it. */
void output_colour(const struct output *output, enum colour colour);

/* Prints text that others chose: what could disturb a terminal is shown as an escape. */
void output_text(const char *text);

/* The same of text in which that was done before: its backslashes stay as they are. */
void output_escaped(const char *text);

/* ", name text", or ", text" without a name, unless the text is NULL. Frees it. */
void output_member(const char *name, char *text);

/* "text → text", as far as the locale has an arrow, in the colours of each; "none" for NULL. Frees
 * them. */
void output_change(const struct output *output, char *before, char *now,
                   enum colour (*colour)(const char *text));

/* A table, whose columns are as wide as they must be. */
struct table;

/* Makes one of that many columns. Without memory it returns NULL, which the other functions take: a
 * lack of memory is reported by table_print() alone. */
struct table *table_new(size_t columns);
struct table *table_free(struct table *table);

/* Adds a cell, row by row; NULL for what is not known. */
void table_add(struct table *table, const char *text, enum colour colour);

/* The same with text that it frees. */
void table_take(struct table *table, char *text, enum colour colour);

/* The same with text that was made safe before. */
void table_add_clean(struct table *table, const char *text, enum colour colour);

/* The last column is cut to the terminal's width, if full is false. -ENOMEM if there wasn't enough
 * memory for it. */
int table_print(struct table *table, const struct output *output, bool full);

#endif
