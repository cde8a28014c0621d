/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/hook_job.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/ctl/child.h"
#include "client/ctl/ctl.h"

/* Between SIGTERM and SIGKILL, in microseconds. */
#define GRACE INT64_C(5000000)

extern char **environ;

struct hook_job {
    const struct hook_commands *commands;
    struct hook_event event;
    char **environment;
    int input;             /* the event as JSON */
    struct dirent **names; /* in the directory */
    int name_count;
    int next;  /* the name to run next */
    pid_t pid; /* 0 while none runs */
    char *path;
    int64_t end;     /* when the time is up; INT64_MAX for never */
    bool terminated; /* SIGTERM was sent */
    bool overdue;    /* for its time was up, and not to stop all */
    bool stopped;    /* no other command is to run */
};

/* What package managers and editors leave, and what is hidden, is none. */
static int is_hook_name(const struct dirent *entry)
{
    const char *suffix = strrchr(entry->d_name, '.');
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' && entry->d_name[length - 1] != '~' &&
           !(suffix && (strncmp(suffix, ".dpkg-", 6) == 0 || strncmp(suffix, ".ucf-", 5) == 0 ||
                        strcmp(suffix, ".rpmsave") == 0 || strcmp(suffix, ".rpmnew") == 0));
}

/* Why that file must not be run, NULL if it may. What others could change is not run with
 * the rights of this process. */
static const char *why_not(const char *path)
{
    struct stat status;

    if (stat(path, &status) < 0)
        return strerror(errno);
    if (!S_ISREG(status.st_mode))
        return "it is not a regular file";
    if (access(path, X_OK) < 0)
        return "it is not executable";
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return "it belongs to another user";
    if (status.st_mode & (S_IWGRP | S_IWOTH))
        return "others may write to it";
    return NULL;
}

/* A file in memory: a command may leave it unread. */
static int make_input(const struct hook_event *event)
{
    char *json = hook_event_json(event);
    size_t length = json ? strlen(json) : 0;
    int fd = json ? memfd_create("event", MFD_CLOEXEC) : -1;

    if (!json)
        errno = ENOMEM;
    if (fd >= 0 && write(fd, json, length) != (ssize_t)length) {
        close(fd);
        fd = -1;
    }
    free(json);
    return fd >= 0 ? fd : -errno;
}

static int begin(struct hook_job *job, char *const *command, int64_t now)
{
    int r = lseek(job->input, 0, SEEK_SET) < 0 ? -errno : 0;

    if (r >= 0)
        r = child_spawn(command, job->environment, job->input, STDIN_FILENO, &job->pid);
    if (r < 0) {
        job->pid = 0;
        ctl_error("cannot run %s: %s", command[0], strerror(-r));
        return r;
    }
    job->terminated = job->overdue = false;
    job->end = job->commands->time_limit == LINKWATCH_FOREVER ? INT64_MAX
                                                              : now + job->commands->time_limit;
    return 0;
}

/* The next one of the directory that can be begun. 0 if there is none. */
static int begin_next(struct hook_job *job, int64_t now)
{
    while (job->next < job->name_count) {
        const char *name = job->names[job->next++]->d_name;
        const char *reason;
        char *command[] = {NULL, NULL};

        free(job->path);
        job->path = NULL;
        if (asprintf(&job->path, "%s/%s", job->commands->directory, name) < 0) {
            job->path = NULL;
            return -ENOMEM;
        }
        reason = why_not(job->path);
        command[0] = job->path;
        if (reason)
            ctl_error("%s is not run: %s", job->path, reason);
        else if (begin(job, command, now) >= 0)
            return 1;
    }
    return 0;
}

static int begin_first(struct hook_job *job, int64_t now)
{
    int r;

    if (job->commands->command) {
        job->path = strdup(job->commands->command[0]);
        r = job->path ? begin(job, job->commands->command, now) : -ENOMEM;
        return r < 0 ? r : 1;
    }
    job->name_count = scandir(job->commands->directory, &job->names, is_hook_name, alphasort);
    if (job->name_count >= 0)
        return begin_next(job, now);
    r = -errno;
    job->name_count = 0;
    ctl_error("cannot read %s: %s", job->commands->directory, strerror(-r));
    return r;
}

int hook_job_new(const struct hook_commands *commands, struct hook_event *event, int64_t now,
                 struct hook_job **ret)
{
    struct hook_job *job = calloc(1, sizeof(*job));
    int r;

    *ret = NULL;
    if (!job) {
        hook_event_clear(event);
        return -ENOMEM;
    }
    job->commands = commands;
    job->event = *event;
    job->environment = hook_event_environment(event, environ);
    job->input = job->environment ? make_input(event) : -ENOMEM;
    r = job->input < 0 ? job->input : begin_first(job, now);
    if (r > 0)
        *ret = job;
    else
        hook_job_free(job);
    return r < 0 ? r : 0;
}

struct hook_job *hook_job_free(struct hook_job *job)
{
    if (!job)
        return NULL;
    if (job->pid > 0) {
        kill(-job->pid, SIGKILL);
        waitpid(job->pid, NULL, 0);
    }
    for (int i = 0; i < job->name_count; i++)
        free(job->names[i]);
    free(job->names);
    free(job->path);
    hook_environment_free(job->environment);
    hook_event_clear(&job->event);
    if (job->input >= 0)
        close(job->input);
    free(job);
    return NULL;
}

const struct hook_event *hook_job_event(const struct hook_job *job)
{
    return &job->event;
}

pid_t hook_job_pid(const struct hook_job *job)
{
    return job->pid;
}

static void report(const struct hook_job *job, int status)
{
    if (job->overdue)
        ctl_error("%s did not end within its time limit and was ended", job->path);
    else if (job->stopped)
        return;
    else if (WIFSIGNALED(status))
        ctl_error("%s was ended by signal %d (%s)", job->path, WTERMSIG(status),
                  strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        ctl_error("%s failed with exit code %d", job->path, WEXITSTATUS(status));
}

bool hook_job_ended(struct hook_job *job, int status, int64_t now)
{
    report(job, status);
    /* What it left behind in its group would run beside the next one. */
    if (job->terminated)
        kill(-job->pid, SIGKILL);
    job->pid = 0;
    return job->stopped || begin_next(job, now) <= 0;
}

void hook_job_tick(struct hook_job *job, int64_t now)
{
    if (job->pid == 0 || now < job->end)
        return;
    kill(-job->pid, job->terminated ? SIGKILL : SIGTERM);
    job->end = job->terminated ? INT64_MAX : now + GRACE;
    job->overdue |= !job->stopped;
    job->terminated = true;
}

int64_t hook_job_deadline(const struct hook_job *job)
{
    return job->pid == 0 ? INT64_MAX : job->end;
}

void hook_job_stop(struct hook_job *job, int64_t now)
{
    job->stopped = true;
    if (job->terminated)
        return;
    job->end = now;
    hook_job_tick(job, now);
}
