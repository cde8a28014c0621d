/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/netns_dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/array.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define NAMED  "/run/netns/"
#define DOCKER "/run/docker/netns/"

static const char *const directories[] = {NAMED, DOCKER};

/* What is watched, from the top: a directory that isn't there yet comes into the one before. */
static const char *const watched[] = {"/run", "/run/docker", "/run/netns", "/run/docker/netns"};

void netns_names_clear(struct netns_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i].path);
    free(names->items);
    *names = (struct netns_names){0};
}

static bool is_docker(const struct netns_name *name)
{
    return name->name == name->path;
}

int netns_name_compare(const struct netns_name *a, const struct netns_name *b)
{
    if (is_docker(a) != is_docker(b))
        return is_docker(a) ? 1 : -1;
    return strcmp(a->path, b->path);
}

static int by_name(const void *a, const void *b)
{
    return netns_name_compare(a, b);
}

static int by_file(const void *a, const void *b)
{
    const struct netns_name *one = a, *other = b;

    if (one->device != other->device)
        return one->device < other->device ? -1 : 1;
    if (one->inode != other->inode)
        return one->inode < other->inode ? -1 : 1;
    return netns_name_compare(one, other);
}

bool netns_name_is_same_file(const struct netns_name *a, const struct netns_name *b)
{
    return a->device == b->device && a->inode == b->inode;
}

bool netns_name_is_none(int error)
{
    return error == -EINVAL || error == -ENOENT || error == -ENOTDIR || error == -ENXIO ||
           error == -ENODEV || error == -ELOOP;
}

int netns_name_identify(const char *path, struct netns_name *ret)
{
    struct stat status;

    if (stat(path, &status) < 0)
        return -errno;
    ret->device = status.st_dev;
    ret->inode = status.st_ino;
    return 0;
}

static int add(struct netns_names *names, const char *directory, const char *file)
{
    struct netns_name name = {0};

    if (asprintf(&name.path, "%s%s", directory, file) < 0)
        return -ENOMEM;
    name.name = strcmp(directory, NAMED) == 0 ? name.path + strlen(NAMED) : name.path;
    /* It may be gone again; or what it is can't be seen until it is opened. */
    if (netns_name_identify(name.path, &name) == -ENOENT) {
        free(name.path);
        return 0;
    }
    if (array_grow(&names->items, &names->capacity, names->count + 1, sizeof(name)) < 0) {
        free(name.path);
        return -ENOMEM;
    }
    names->items[names->count++] = name;
    return 0;
}

static int read_directory(struct netns_names *names, const char *directory)
{
    DIR *stream = opendir(directory);
    const struct dirent *entry;
    int r = 0;

    if (!stream)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
    errno = 0;
    while (r >= 0 && (entry = readdir(stream)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = add(names, directory, entry->d_name);
    closedir(stream);
    return r;
}

/* Leaves the first name of each file, and none of the one to skip. */
static void leave_one_each(struct netns_names *names, const struct netns_name *skip)
{
    size_t left = 0;

    if (names->count == 0)
        return;
    qsort(names->items, names->count, sizeof(names->items[0]), by_file);
    for (size_t i = 0; i < names->count; i++) {
        struct netns_name *name = &names->items[i];
        bool known = left > 0 && netns_name_is_same_file(name, &names->items[left - 1]);

        /* A file without a known inode is like no other. */
        if (name->inode != 0 && (known || netns_name_is_same_file(name, skip)))
            free(name->path);
        else
            names->items[left++] = *name;
    }
    names->count = left;
    qsort(names->items, names->count, sizeof(names->items[0]), by_name);
}

int netns_names_read(const struct netns_name *skip, struct netns_names *ret,
                     const char **ret_directory)
{
    struct netns_names names = {0};
    int failed = 0;

    for (size_t i = 0; i < COUNT_OF(directories); i++) {
        int r = read_directory(&names, directories[i]);

        if (r == -ENOMEM) {
            netns_names_clear(&names);
            return r;
        }
        if (r < 0 && failed == 0) {
            failed = r;
            *ret_directory = directories[i];
        }
    }
    leave_one_each(&names, skip);
    *ret = names;
    return failed;
}

void netns_dirs_init(struct netns_dirs *dirs)
{
    dirs->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    dirs->mountinfo_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; i < COUNT_OF(dirs->watches); i++)
        dirs->watches[i] = -1;
}

void netns_dirs_clear(struct netns_dirs *dirs)
{
    if (dirs->inotify_fd >= 0)
        close(dirs->inotify_fd);
    if (dirs->mountinfo_fd >= 0)
        close(dirs->mountinfo_fd);
}

void netns_dirs_watch(struct netns_dirs *dirs)
{
    static const uint32_t changes =
        IN_CREATE | IN_DELETE | IN_MOVE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

    if (dirs->inotify_fd < 0)
        return;
    /* A directory that is watched already keeps its watch; one that was replaced gets another,
     * and the old one goes with the old directory, at the latest with this program. */
    for (size_t i = 0; i < COUNT_OF(watched); i++)
        dirs->watches[i] = inotify_add_watch(dirs->inotify_fd, watched[i], changes);
}

void netns_dirs_prepare(const struct netns_dirs *dirs, struct pollfd fds[NETNS_DIRS_FDS])
{
    fds[0] = (struct pollfd){.fd = dirs->inotify_fd, .events = POLLIN};
    /* Each poll() returns once for mounts that changed since the one before. */
    fds[1] = (struct pollfd){.fd = dirs->mountinfo_fd, .events = POLLPRI};
}

/* Much else happens in /run. */
static bool concerns(const struct netns_dirs *dirs, const struct inotify_event *event)
{
    if (event->wd != dirs->watches[0] || event->len == 0)
        return true;
    return strcmp(event->name, "netns") == 0 || strcmp(event->name, "docker") == 0;
}

static bool read_events(const struct netns_dirs *dirs)
{
    char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool changed = false;
    ssize_t n;

    while ((n = read(dirs->inotify_fd, buffer, sizeof(buffer))) > 0)
        for (char *at = buffer; at < buffer + n;) {
            const struct inotify_event *event = (const void *)at;

            changed = changed || concerns(dirs, event);
            at += sizeof(*event) + event->len;
        }
    return changed;
}

bool netns_dirs_changed(struct netns_dirs *dirs, const struct pollfd fds[NETNS_DIRS_FDS])
{
    bool changed = fds[1].revents != 0;

    if (fds[0].revents && read_events(dirs))
        changed = true;
    return changed;
}
