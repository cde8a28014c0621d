#include "daemon/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>

#include "daemon/clock.h"

/* So many lines in so many microseconds; more come when the links or the consumers
 * are in a storm, and tell nothing new. */
#define BURST  50
#define PERIOD INT64_C(10000000)

struct log {
    int level;
    bool to_journal;
    int64_t period_began;
    unsigned in_period;
    unsigned held_back;
};

/* systemd tells a service by device and inode that its standard error is the journal:
 * then lines can go there with their priority. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    unsigned long long device, inode;

    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(2, &status) == 0 &&
           status.st_dev == device && status.st_ino == inode;
}

struct log *log_new(int level)
{
    struct log *log = calloc(1, sizeof(*log));

    if (!log)
        return NULL;
    log->level = level;
    log->to_journal = stderr_is_journal();
    return log;
}

struct log *log_free(struct log *log)
{
    free(log);
    return NULL;
}

void log_set_level(struct log *log, int level)
{
    log->level = level;
}

static void emit(const struct log *log, int priority, const char *text)
{
    if (log->to_journal)
        (void)sd_journal_send("MESSAGE=%s", text, "PRIORITY=%i", priority, NULL);
    else
        fprintf(stderr, "linkwatchd: %s\n", text);
}

/* False if this line is one too many. */
static bool admit(struct log *log)
{
    int64_t now = clock_usec(CLOCK_MONOTONIC);
    char text[80];

    if (now - log->period_began >= PERIOD) {
        if (log->held_back) {
            snprintf(text, sizeof(text), "%u log lines were held back", log->held_back);
            emit(log, LOG_NOTICE, text);
        }
        log->period_began = now;
        log->in_period = log->held_back = 0;
    }
    if (log->in_period < BURST) {
        log->in_period++;
        return true;
    }
    log->held_back++;
    return false;
}

void log_write(struct log *log, int priority, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    if (priority > log->level || !admit(log))
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    emit(log, priority, text);
}

int log_level_from_name(const char *name)
{
    static const struct {
        const char *name;
        int level;
    } levels[] = {
        {"err", LOG_ERR},   {"error", LOG_ERR},     {"warning", LOG_WARNING},
        {"info", LOG_INFO}, {"notice", LOG_NOTICE}, {"debug", LOG_DEBUG},
    };

    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (strcmp(levels[i].name, name) == 0)
            return levels[i].level;
    return -EINVAL;
}
