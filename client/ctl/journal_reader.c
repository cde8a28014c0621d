/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/journal_reader.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl/child.h"
#include "protocol/array.h"

#define ARGUMENTS_MAX 24

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

int journal_read(const char *const arguments[], journal_callback *callback, void *user)
{
    const char *words[ARGUMENTS_MAX] = {"journalctl", "--quiet", "--no-pager", "--system",
                                        "--output=export"};
    int fd, r, code;
    pid_t child;
    FILE *from;

    for (size_t count = 5; *arguments && count < ARGUMENTS_MAX - 1; count++)
        words[count] = *arguments++;
    r = child_start((char *const *)words, STDOUT_FILENO, &child, &fd);
    if (r < 0)
        return r;
    from = fdopen(fd, "r");
    r = from ? read_entries(from, callback, user) : -ENOMEM;
    if (from)
        fclose(from);
    else
        close(fd);
    code = child_wait(child);
    return r > 0 && code != 0 ? -EIO : r;
}
