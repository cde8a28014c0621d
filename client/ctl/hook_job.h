/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands that run for one event, one after the other: each in a process group of its own,
 * with the event in its environment and as JSON on its standard input. */
#ifndef LINKWATCH_CLIENT_CTL_HOOK_JOB_H
#define LINKWATCH_CLIENT_CTL_HOOK_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "client/ctl/hook_event.h"

/* What is run: one command with its arguments, or the executables of a directory. */
struct hook_commands {
    char *const *command;  /* NULL with a directory */
    const char *directory; /* read anew for each event */
    int64_t time_limit;    /* of each of them, in microseconds; LINKWATCH_FOREVER for none */
};

struct hook_job;

/* Begins with the first one. Takes the event, whose references it drops in the end. -errno if there
 * is nothing that could be begun, with a message on stderr; 0 if there is nothing to run, and *ret
 * is NULL. Then the event is cleared. */
int hook_job_new(const struct hook_commands *commands, struct hook_event *event, int64_t now,
                 struct hook_job **ret);

/* Kills what runs, and waits for it. */
struct hook_job *hook_job_free(struct hook_job *job);

const struct hook_event *hook_job_event(const struct hook_job *job);

/* The process that runs. */
pid_t hook_job_pid(const struct hook_job *job);

/* It ended, with that status of waitpid(). True if all is done; else the next one runs. */
bool hook_job_ended(struct hook_job *job, int status, int64_t now);

/* Ends what runs longer than it may, first with SIGTERM; and when to call that, in microseconds of
 * CLOCK_MONOTONIC, INT64_MAX for never. */
void hook_job_tick(struct hook_job *job, int64_t now);
int64_t hook_job_deadline(const struct hook_job *job);

/* Ends it now, first with SIGTERM; nothing more of it runs. */
void hook_job_stop(struct hook_job *job, int64_t now);

#endif
