/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/process.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A number that the status of a thread has under that name; other if that can't be read. */
static int status_number(pid_t tid, const char *name, int other)
{
    char path[64], line[128];
    int number = other;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
    file = fopen(path, "re");
    if (!file)
        return other;
    while (fgets(line, sizeof(line), file))
        if (strncmp(line, name, strlen(name)) == 0) {
            number = atoi(line + strlen(name));
            break;
        }
    fclose(file);
    return number;
}

pid_t process_of_thread(pid_t tid)
{
    return status_number(tid, "Tgid:", (int)tid);
}

pid_t process_parent(pid_t tid)
{
    return status_number(tid, "PPid:", 0);
}

uint64_t process_socket(pid_t pid, int fd)
{
    char path[64], target[64];
    uint64_t inode = 0;
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
    n = readlink(path, target, sizeof(target) - 1);
    if (n < 0)
        return 0;
    target[n] = '\0';
    return sscanf(target, "socket:[%" SCNu64 "]", &inode) == 1 ? inode : 0;
}

bool process_lives(pid_t pid)
{
    char path[64], line[256], state = 'X';
    const char *end = NULL;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "re");
    if (!file)
        return false;
    /* Behind the name, which may have parentheses of its own. */
    if (fgets(line, sizeof(line), file))
        end = strrchr(line, ')');
    if (end && sscanf(end, ") %c", &state) != 1)
        state = 'X';
    fclose(file);
    return state != 'X' && state != 'Z';
}

/* Whether what is, or is not, under that number is the truth: what has ended has no descriptors
 * either, while other threads of it may. */
static bool can_be_seen(pid_t pid, int fd)
{
    struct stat status;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
    return (lstat(path, &status) == 0 || errno == ENOENT) && process_lives(pid);
}

/* Calls the function for each entry of a folder of that process whose name is a number, until it
 * returns something else than 0. Returns that, or -errno if the folder cannot be read. */
static int walk(pid_t pid, const char *folder, int (*visit)(pid_t pid, int number, void *user),
                void *user)
{
    const struct dirent *entry;
    char path[64];
    DIR *directory;
    int r = 0;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, folder);
    directory = opendir(path);
    if (!directory)
        return -errno;
    while (r == 0 && (entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            r = visit(pid, atoi(entry->d_name), user);
    closedir(directory);
    return r;
}

int process_each_thread(pid_t pid, int (*visit)(pid_t pid, pid_t tid, void *user), void *user)
{
    return walk(pid, "task", visit, user);
}

static int compare_inodes(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static int add_inode(struct process_sockets *sockets, uint64_t inode)
{
    /* Room for as many again each time that their number is a power of two. */
    if ((sockets->count & (sockets->count - 1)) == 0) {
        size_t room = sockets->count ? 2 * sockets->count : 1;
        uint64_t *inodes = reallocarray(sockets->inodes, room, sizeof(*inodes));

        if (!inodes)
            return -ENOMEM;
        sockets->inodes = inodes;
    }
    sockets->inodes[sockets->count++] = inode;
    return 0;
}

static int list_descriptor(pid_t tid, int fd, void *user)
{
    uint64_t inode = process_socket(tid, fd);

    return inode != 0 ? add_inode(user, inode) : 0;
}

/* Ends with the first thread that has any. */
static int list_thread(pid_t pid, pid_t tid, void *user)
{
    const struct process_sockets *sockets = user;
    int r = walk(tid, "fd", list_descriptor, user);

    (void)pid;
    return r == -ENOMEM ? r : sockets->count > 0;
}

void process_list_sockets(pid_t pid, struct process_sockets *ret)
{
    int r;

    *ret = (struct process_sockets){.count = 0};
    r = walk(pid, "fd", list_descriptor, ret);
    /* The first thread of a process may have ended before the others: then it has nothing. */
    if (r != -ENOMEM && ret->count == 0 && !process_lives(pid)) {
        r = process_each_thread(pid, list_thread, ret);
        ret->unseen = r == -ENOMEM;
    } else {
        ret->unseen = r < 0;
    }
    if (ret->count > 1)
        qsort(ret->inodes, ret->count, sizeof(*ret->inodes), compare_inodes);
}

bool process_sockets_have(const struct process_sockets *sockets, uint64_t inode)
{
    return sockets->unseen ||
           (sockets->count > 0 &&
            bsearch(&inode, sockets->inodes, sockets->count, sizeof(inode), compare_inodes));
}

void process_free_sockets(struct process_sockets *sockets)
{
    free(sockets->inodes);
    *sockets = (struct process_sockets){.count = 0};
}

bool process_has_socket(pid_t pid, int fd, uint64_t inode, bool copied)
{
    struct process_sockets sockets;
    bool has;

    if (process_socket(pid, fd) == inode)
        return true;
    if (!copied && can_be_seen(pid, fd))
        return false;
    process_list_sockets(pid, &sockets);
    has = process_sockets_have(&sockets, inode);
    process_free_sockets(&sockets);
    return has;
}

int process_get_network(pid_t tid, struct process_network *ret)
{
    struct stat status;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)tid);
    if (stat(path, &status) < 0)
        return -errno;
    *ret = (struct process_network){.device = status.st_dev, .inode = status.st_ino};
    return 0;
}
