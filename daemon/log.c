/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/log.h"

#include <bsd/sys/queue.h>
#include <ctype.h>
#include <errno.h>
#include <ev.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/console.h"
#include "daemon/journal.h"
#include "protocol/clock.h"
#include "protocol/utf8.h"

/* So many lines in so many microseconds; more come when the links or the consumers
 * are in a storm, and would add nothing. */
#define BURST  50
#define PERIOD INT64_C(10000000)

/* Of one line's text, with its NUL. */
#define LINE_MAX_BYTES 1024

/* All of a link's fields, before and after, and some more. */
#define FIELDS_MAX 96

/* A storm of links must not hide a warning. */
enum importance { CHATTER, WARNINGS, IMPORTANCE_COUNT };

struct quota {
    int64_t began;
    unsigned written;
    unsigned suppressed;
};

STAILQ_HEAD(log_lines, log_line);

struct log {
    int level;
    bool to_journal;
    int journal; /* -errno if there is none */
    struct console console;
    struct quota quotas[IMPORTANCE_COUNT];
    struct ev_loop *loop;
    struct ev_timer period_over;
    struct log_lines ended; /* that are not written yet */
    struct ev_prepare idle;
};

struct log_line {
    STAILQ_ENTRY(log_line) entry;
    struct log *log;
    int priority;
    char *text; /* for standard error */
    size_t count;
    struct iovec fields[FIELDS_MAX + 1]; /* the text is the last one */
};

static const char *const message_ids[LOG_KIND_COUNT] = {
#define X(name, id) [LOG_KIND_##name] = id,
    LOG_KINDS(X)
#undef X
};

static struct log_line *new_line(struct log *log, int priority)
{
    struct log_line *line = calloc(1, sizeof(*line));

    if (!line)
        return NULL;
    line->log = log;
    line->priority = priority;
    log_number(line, "PRIORITY", priority);
    return line;
}

static struct log_line *new_line_of_kind(struct log *log, int priority, enum log_kind kind)
{
    struct log_line *line = new_line(log, priority);

    log_text(line, "", "MESSAGE_ID", message_ids[kind]);
    return line;
}

/* Names of links are bytes that anybody may have chosen. None may steer a terminal or
 * pretend to be another line, and journalctl prints fields within its explanations. */
static void add_field(struct log_line *line, const char *prefix, const char *name,
                      const char *value)
{
    size_t before_value = strlen(prefix) + strlen(name);
    size_t size = before_value + strlen(value) * UTF8_ESCAPE_SIZE + sizeof("=");
    char *text = malloc(size);
    int length;

    if (!text)
        return;
    length = snprintf(text, size, "%s%s=", prefix, name);
    utf8_copy_clean(value, text + length, size - (size_t)length);
    for (size_t i = 0; i < before_value; i++)
        text[i] = (char)toupper((unsigned char)text[i]);
    line->fields[line->count++] = (struct iovec){.iov_base = text, .iov_len = strlen(text)};
}

void log_text(struct log_line *line, const char *prefix, const char *name, const char *value)
{
    if (line && line->log->to_journal && line->count < FIELDS_MAX)
        add_field(line, prefix, name, value);
}

void log_number(struct log_line *line, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, value);
    log_text(line, "", name, text);
}

static bool write_text(const struct log *log, const char *text)
{
    char clean[LINE_MAX_BYTES];
    char line[LINE_MAX_BYTES + sizeof("linkwatchd: \n")];
    int length;

    utf8_copy_clean(text, clean, sizeof(clean));
    length = snprintf(line, sizeof(line), "linkwatchd: %s\n", clean);

    return console_write(&log->console, line, (size_t)length);
}

/* It is not written yet. */
static int set_text(struct log_line *line, const char *text)
{
    if (line->log->to_journal) {
        add_field(line, "", "MESSAGE", text);
        return 0;
    }
    line->text = strdup(text);
    return line->text ? 0 : -ENOMEM;
}

static struct log_line *free_line(struct log_line *line)
{
    for (size_t i = 0; i < line->count; i++)
        free(line->fields[i].iov_base);
    free(line->text);
    free(line);
    return NULL;
}

static bool send_entry(const struct log *log, const struct log_line *line)
{
    return log->journal >= 0 && journal_send(log->journal, line->fields, line->count) >= 0;
}

/* Frees it; false if it could not be written. */
static bool write_line(struct log_line *line)
{
    bool written = line->text ? write_text(line->log, line->text) : send_entry(line->log, line);

    free_line(line);
    return written;
}

static void start_period(struct log *log)
{
    if (!log->loop || ev_is_active(&log->period_over))
        return;
    ev_timer_set(&log->period_over, (double)PERIOD / 1e6, 0.);
    ev_timer_start(log->loop, &log->period_over);
}

static enum importance importance_of(int priority)
{
    return priority <= LOG_WARNING ? WARNINGS : CHATTER;
}

static void suppress(struct log *log, int priority)
{
    log->quotas[importance_of(priority)].suppressed++;
    start_period(log);
}

static void write_ended(struct log *log)
{
    while (!STAILQ_EMPTY(&log->ended)) {
        struct log_line *line = STAILQ_FIRST(&log->ended);
        int priority = line->priority;

        STAILQ_REMOVE_HEAD(&log->ended, entry);
        if (!write_line(line))
            suppress(log, priority);
    }
}

static void report_suppressed(struct log *log, enum importance importance)
{
    struct quota *quota = &log->quotas[importance];
    struct log_line *line;
    unsigned count = quota->suppressed;
    char text[64];

    *quota = (struct quota){0};
    if (count == 0)
        return;
    write_ended(log);
    line = new_line_of_kind(log, LOG_NOTICE, LOG_KIND_SUPPRESSED);
    log_number(line, "SUPPRESSED", count);
    snprintf(text, sizeof(text), "%u more %s suppressed", count,
             importance == WARNINGS ? "warnings were" : "log lines were");
    if (line && set_text(line, text) < 0)
        line = free_line(line);
    if (line && write_line(line))
        return;
    quota->suppressed = count;
    start_period(log);
}

static void on_period_over(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct log *log = timer->data;

    (void)loop;
    (void)events;
    for (enum importance i = 0; i < IMPORTANCE_COUNT; i++)
        report_suppressed(log, i);
}

static void on_idle(struct ev_loop *loop, struct ev_prepare *idle, int events)
{
    (void)events;
    ev_prepare_stop(loop, idle);
    write_ended(idle->data);
}

struct log *log_new(int level)
{
    struct log *log = calloc(1, sizeof(*log));

    if (!log)
        return NULL;
    log->level = level;
    log->to_journal = journal_is_stderr();
    log->journal = log->to_journal ? journal_open() : -ENOENT;
    console_open(&log->console);
    ev_timer_init(&log->period_over, on_period_over, (double)PERIOD / 1e6, 0.);
    log->period_over.data = log;
    STAILQ_INIT(&log->ended);
    ev_prepare_init(&log->idle, on_idle);
    log->idle.data = log;
    return log;
}

struct log *log_free(struct log *log)
{
    if (!log)
        return NULL;
    log_attach(log, NULL);
    if (log->journal >= 0)
        close(log->journal);
    console_close(&log->console);
    free(log);
    return NULL;
}

void log_set_level(struct log *log, int level)
{
    log->level = level;
}

void log_attach(struct log *log, struct ev_loop *loop)
{
    if (log->loop) {
        ev_timer_stop(log->loop, &log->period_over);
        ev_prepare_stop(log->loop, &log->idle);
    }
    log->loop = NULL;
    write_ended(log);
    for (enum importance i = 0; i < IMPORTANCE_COUNT; i++)
        report_suppressed(log, i);
    log->loop = loop;
}

/* False if a line of that priority is one too many. */
static bool admit(struct log *log, int priority)
{
    enum importance importance = importance_of(priority);
    struct quota *quota = &log->quotas[importance];
    int64_t now = clock_usec(CLOCK_MONOTONIC);

    if (quota->written == 0 || now - quota->began >= PERIOD) {
        report_suppressed(log, importance);
        quota->began = now;
    }
    if (quota->written < BURST) {
        quota->written++;
        return true;
    }
    suppress(log, priority);
    return false;
}

struct log_line *log_begin(struct log *log, int priority, enum log_kind kind)
{
    if (priority > log->level || !admit(log, priority))
        return NULL;
    return new_line_of_kind(log, priority, kind);
}

/* A line that is mostly about just that, and plain text comes into the journal too. */
static void end_without_memory(struct log *log, int priority, const char *text)
{
    if (!write_text(log, text))
        suppress(log, priority);
}

/* In a loop, what can wait for the log comes first. */
static void end_admitted(struct log_line *line, const char *text)
{
    struct log *log = line->log;

    if (set_text(line, text) < 0) {
        end_without_memory(log, line->priority, text);
        free_line(line);
        return;
    }
    STAILQ_INSERT_TAIL(&log->ended, line, entry);
    if (log->loop)
        ev_prepare_start(log->loop, &log->idle);
    else
        write_ended(log);
}

void log_end(struct log_line *line, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    va_list arguments;

    if (!line)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    end_admitted(line, text);
}

void log_write(struct log *log, int priority, const char *format, ...)
{
    struct log_line *line;
    char text[LINE_MAX_BYTES];
    va_list arguments;

    if (priority > log->level || !admit(log, priority))
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    line = new_line(log, priority);
    if (line)
        end_admitted(line, text);
    else
        end_without_memory(log, priority, text);
}
