/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/journal_reader.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol/array.h"

#define ARGUMENTS_MAX 24
/* As a shell reports a program that does not exist. */
#define EXIT_NOT_FOUND 127

struct journal_entry {
    char *fields; /* "NAME=VALUE", each ended by a NUL */
    size_t length;
    size_t capacity;
};

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
                                        "--output=export"};
    size_t count = 5;

    while (*arguments && count < ARGUMENTS_MAX - 1)
        words[count++] = *arguments++;
    signal(SIGPIPE, SIG_DFL);
    dup2(out, STDOUT_FILENO);
    execvp(words[0], (char **)words);
    _exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_FAILURE);
}

const char *journal_field(const struct journal_entry *entry, const char *name)
{
    size_t length = strlen(name), at = 0;

    for (; at < entry->length; at += strlen(entry->fields + at) + 1)
        if (strncmp(entry->fields + at, name, length) == 0 && entry->fields[at + length] == '=')
            return entry->fields + at + length + 1;
    return NULL;
}

static int add_field(struct journal_entry *entry, const char *field)
{
    size_t size = strlen(field) + 1;

    if (array_grow(&entry->fields, &entry->capacity, entry->length + size, 1) < 0)
        return -ENOMEM;
    memcpy(entry->fields + entry->length, field, size);
    entry->length += size;
    return 1;
}

/* What follows the name of a field that is not printable: the number of its bytes, they themselves,
 * and a newline. The daemon writes none. */
static void skip_bytes(FILE *from)
{
    uint64_t left;

    if (fread(&left, sizeof(left), 1, from) != 1)
        return;
    for (left = le64toh(left); left > 0 && getc(from) != EOF; left--)
        ;
    (void)getc(from);
}

/* An entry is one field a line, and an empty line at its end. 0 if callback() returned false, else
 * 1, or -ENOMEM. */
static int read_entries(FILE *from, journal_callback *callback, void *user)
{
    struct journal_entry entry = {.fields = NULL};
    char *line = NULL;
    size_t size = 0;
    int r = 1;

    while (r > 0 && getline(&line, &size, from) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (!*line) {
            r = callback(user, &entry);
            entry.length = 0;
        } else if (strchr(line, '=')) {
            r = add_field(&entry, line);
        } else {
            skip_bytes(from);
        }
    }
    free(line);
    free(entry.fields);
    return r;
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

int journal_read(const char *const arguments[], journal_callback *callback, void *user)
{
    int fds[2], r, ended;
    pid_t child;
    FILE *from;

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
    r = read_entries(from, callback, user);
    fclose(from);
    ended = reap(child);
    return r > 0 ? ended : r;
}
