/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/journal_reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol/json.h"

#define ARGUMENTS_MAX 24
/* As a shell reports a program that does not exist. */
#define EXIT_NOT_FOUND 127

/* Whether one of the machine's journals below that folder may be read: 0, -EACCES, -ENOENT. */
static int access_below(const char *folder)
{
    DIR *directory = opendir(folder);
    const struct dirent *entry;
    int r = directory ? -ENOENT : -errno;

    while (directory && r < 0 && (entry = readdir(directory))) {
        char *path;

        if (entry->d_name[0] == '.')
            continue;
        if (asprintf(&path, "%s/%s/system.journal", folder, entry->d_name) < 0)
            break;
        /* Also where the folder must not be searched. */
        if (access(path, R_OK) == 0)
            r = 0;
        else if (errno == EACCES)
            r = -EACCES;
        free(path);
    }
    if (directory)
        closedir(directory);
    return r;
}

/* To a user who may not read the system's journal, journalctl shows an empty one or his own,
 * without an error. */
int journal_access(void)
{
    int persistent = access_below("/var/log/journal");
    int r = persistent == 0 ? 0 : access_below("/run/log/journal");

    return r == -ENOENT ? persistent : r;
}

static void become(const char *const arguments[], int out)
{
    const char *words[ARGUMENTS_MAX] = {"journalctl", "--quiet", "--no-pager", "--system",
                                        "--output=json"};
    size_t count = 5;

    while (*arguments && count < ARGUMENTS_MAX - 1)
        words[count++] = *arguments++;
    signal(SIGPIPE, SIG_DFL);
    dup2(out, STDOUT_FILENO);
    execvp(words[0], (char **)words);
    _exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_FAILURE);
}

/* Returns false if entry() returned false. */
static bool read_lines(FILE *from, bool (*entry)(void *user, const json_t *entry), void *user)
{
    char *line = NULL;
    size_t size = 0;
    bool goes_on = true;
    json_t *json;

    while (goes_on && getline(&line, &size, from) > 0)
        if (json_read(line, strlen(line), 0, NULL, &json) >= 0) {
            goes_on = entry(user, json);
            json_decref(json);
        }
    free(line);
    return goes_on;
}

static int reap(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_FOUND)
        return -ENOENT;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

int journal_read(const char *const arguments[], bool (*entry)(void *user, const json_t *entry),
                 void *user)
{
    bool goes_on;
    int fds[2];
    pid_t child;
    FILE *from;
    int r;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    child = fork();
    if (child == 0)
        become(arguments, fds[1]);
    r = child < 0 ? -errno : 0;
    close(fds[1]);
    from = r < 0 ? NULL : fdopen(fds[0], "r");
    if (!from) {
        close(fds[0]);
        return r < 0 ? r : reap(child);
    }
    goes_on = read_lines(from, entry, user);
    fclose(from);
    r = reap(child);
    return goes_on ? r : 0;
}
