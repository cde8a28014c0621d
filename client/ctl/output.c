/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/ctl/failure.h"
#include "client/ctl/pager.h"
#include "client/ctl/text.h"
#include "protocol/array.h"

static const char *const sequences[COLOUR_COUNT] = {
    [PLAIN] = "\033[0m", [BOLD] = "\033[1m",   [FAINT] = "\033[2m",
    [RED] = "\033[31m",  [GREEN] = "\033[32m", [YELLOW] = "\033[33m",
};

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value && *value;
}

static bool terminal_is_dumb(void)
{
    const char *term = getenv("TERM");

    return !term || strcmp(term, "dumb") == 0;
}

static size_t terminal_columns(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void output_begin(struct output *output, enum when colour, bool want_pager)
{
    bool terminal = isatty(STDOUT_FILENO) && !terminal_is_dumb();

    output->error = 0;
    output->coloured =
        colour == WHEN_ALWAYS || (colour == WHEN_AUTO && terminal && !is_set("NO_COLOR"));
    output->columns = terminal ? terminal_columns() : 0;
    output->pager = terminal && want_pager ? pager_start() : 0;
}

/* What is larger than the buffer is written past it, and leaves nothing behind that would fail
 * again: another byte does. */
static int why_it_failed(void)
{
    clearerr(stdout);
    errno = 0;
    putchar('\n');
    fflush(stdout);
    return errno ? errno : EIO;
}

bool output_flush(struct output *output)
{
    if (output->error)
        return false;
    /* stdio keeps that a write failed, but not why: each write is at a flush of ours, or
     * of a full buffer's, which then fails again here. */
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    output->error = errno ? errno : why_it_failed();
    return false;
}

int output_end(struct output *output, int code)
{
    output_flush(output);
    if (output->pager)
        pager_finish(output->pager);
    if (!output->error || output->error == EPIPE)
        return code;
    ctl_error("cannot write the output: %s", strerror(output->error));
    return EXIT_FAILED;
}

void output_colour(const struct output *output, enum colour colour)
{
    if (output->coloured)
        fputs(sequences[colour], stdout);
}

static void print_clean(char *clean)
{
    fputs(clean ? clean : "?", stdout);
    free(clean);
}

void output_escaped(const char *text)
{
    print_clean(text_clean_again(text));
}

void output_text(const char *text)
{
    size_t width;

    print_clean(text_clean(text, &width));
}

void output_member(const char *name, char *text)
{
    if (!text)
        return;
    printf(", %s%s", name ? name : "", name ? " " : "");
    output_text(text);
    free(text);
}

static void print_value(const struct output *output, char *text, enum colour colour)
{
    output_colour(output, colour);
    output_text(text ? text : "none");
    output_colour(output, PLAIN);
    free(text);
}

void output_change(const struct output *output, char *before, char *now,
                   enum colour (*colour)(const char *text))
{
    print_value(output, before, colour ? colour(before) : PLAIN);
    printf(" %s ", text_is_utf8() ? "→" : "->");
    print_value(output, now, colour ? colour(now) : PLAIN);
}

struct cell {
    char *text;
    size_t width;
    enum colour colour;
};

struct table {
    size_t columns;
    size_t count;
    size_t capacity;
    bool failed; /* for want of memory */
    struct cell *cells;
};

struct table *table_new(size_t columns)
{
    struct table *table = calloc(1, sizeof(*table));

    if (table)
        table->columns = columns;
    return table;
}

struct table *table_free(struct table *table)
{
    if (!table)
        return NULL;
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i].text);
    free(table->cells);
    free(table);
    return NULL;
}

static void add_cell(struct table *table, struct cell cell)
{
    if (!cell.text ||
        array_grow(&table->cells, &table->capacity, table->count + 1, sizeof(struct cell)) < 0) {
        free(cell.text);
        table->failed = true;
        return;
    }
    table->cells[table->count++] = cell;
}

void table_add(struct table *table, const char *text, enum colour colour)
{
    struct cell cell = {.colour = text ? colour : FAINT};

    if (!table || table->failed)
        return;
    cell.text = text_clean(text ? text : "-", &cell.width);
    add_cell(table, cell);
}

void table_take(struct table *table, char *text, enum colour colour)
{
    table_add(table, text, colour);
    free(text);
}

void table_add_clean(struct table *table, const char *text, enum colour colour)
{
    if (table && !table->failed)
        add_cell(table, (struct cell){strdup(text), text_width(text), colour});
}

static size_t width_of_column(const struct table *table, size_t column)
{
    size_t width = 0;

    for (size_t i = column; i < table->count; i += table->columns)
        if (table->cells[i].width > width)
            width = table->cells[i].width;
    return width;
}

static void print_cell(const struct cell *cell, size_t width, const struct output *output)
{
    if (cell->colour != PLAIN)
        output_colour(output, cell->colour);
    fputs(cell->text, stdout);
    if (cell->colour != PLAIN)
        output_colour(output, PLAIN);
    if (width > cell->width)
        printf("%*s", (int)(width - cell->width), "");
}

/* Cuts the cells of the last column, before which the others take that many columns. */
static int cut_last(struct table *table, size_t before, size_t columns)
{
    size_t room = columns > before ? columns - before : 1;

    for (size_t i = table->columns - 1; i < table->count; i += table->columns) {
        table->cells[i].text = text_cut(table->cells[i].text, room);
        if (!table->cells[i].text)
            return -ENOMEM;
    }
    return 0;
}

int table_print(struct table *table, const struct output *output, bool full)
{
    size_t *widths = table && !table->failed ? calloc(table->columns, sizeof(*widths)) : NULL;
    size_t before = 0;

    if (!widths)
        return -ENOMEM;
    /* The last column needs no padding. */
    for (size_t column = 0; column + 1 < table->columns; column++) {
        widths[column] = width_of_column(table, column) + 2;
        before += widths[column];
    }
    if (!full && output->columns > 0 && cut_last(table, before, output->columns) < 0) {
        free(widths);
        return -ENOMEM;
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns;

        print_cell(&table->cells[i], widths[column], output);
        if (column + 1 == table->columns)
            putchar('\n');
    }
    free(widths);
    return 0;
}
