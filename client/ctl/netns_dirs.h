/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network namespaces that have a name: the files of /run/netns, as ip-netns(8) makes them,
 * and of /run/docker/netns. Either directory may come, go and be replaced at any time. */
#ifndef LINKWATCH_CLIENT_CTL_NETNS_DIRS_H
#define LINKWATCH_CLIENT_CTL_NETNS_DIRS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct netns_name {
    char *path;
    const char *name; /* as --netns takes it: the file's name in /run/netns, else the path */
    /* What the file is: another namespace under the same name is another file. */
    dev_t device;
    ino_t inode;
};

/* Each file once, under the first of its names: those of /run/netns come first, each directory
 * in the order of bytes. */
struct netns_names {
    struct netns_name *items;
    size_t count;
    size_t capacity;
};

void netns_names_clear(struct netns_names *names);

int netns_name_compare(const struct netns_name *a, const struct netns_name *b);
bool netns_name_is_same_file(const struct netns_name *a, const struct netns_name *b);

/* Reads the directories. A file may be no namespace at all: see linkwatch_netns_open(). skip
 * is a file to leave out; without an inode, none. -EACCES and the like: a directory could
 * not be read; then *ret has what the other one has, and *ret_directory names the first.
 * -ENOMEM: *ret is untouched. */
int netns_names_read(const struct netns_name *skip, struct netns_names *ret,
                     const char **ret_directory);

/* Whether that error of linkwatch_netns_open() means that the file is no network namespace, not
 * yet one, or none any more. */
bool netns_name_is_none(int error);

/* Finds out what a namespace's file is. -errno. */
int netns_name_identify(const char *path, struct netns_name *ret);

/* Becomes readable when the directories may have changed. */
struct netns_dirs {
    int inotify_fd;   /* files come and go; -1 if the kernel has none */
    int mountinfo_fd; /* and namespaces are mounted on them, or unmounted */
    int watches[4];   /* of inotify: /run, its subdirectories, and theirs */
};

#define NETNS_DIRS_FDS 2

void netns_dirs_init(struct netns_dirs *dirs);
void netns_dirs_clear(struct netns_dirs *dirs);

/* Watches what is there now; to be called before each reading. */
void netns_dirs_watch(struct netns_dirs *dirs);

/* What to poll for. */
void netns_dirs_prepare(const struct netns_dirs *dirs, struct pollfd fds[NETNS_DIRS_FDS]);

/* Whether the names are to be read again, after that poll. */
bool netns_dirs_changed(struct netns_dirs *dirs, const struct pollfd fds[NETNS_DIRS_FDS]);

#endif
