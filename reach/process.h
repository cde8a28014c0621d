/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the state of a process or thread from /proc, mainly its sockets. */
#ifndef REACH_PROCESS_H
#define REACH_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The process that the thread belongs to. */
pid_t process_of_thread(pid_t tid);
/* The process that made that one, or has it now; 0 if that can't be found out. */
pid_t process_parent(pid_t tid);

/* The inode of the socket that is this process's or thread's descriptor fd, 0 if that is
 * none. */
uint64_t process_socket(pid_t pid, int fd);

/* Whether there is such a process, and more of it than its exit status. */
bool process_lives(pid_t pid);

/* Whether the process has that socket, as fd or, if the descriptor may have been duplicated, as any
 * of its descriptors. True if these cannot be read. */
bool process_has_socket(pid_t pid, int fd, uint64_t inode, bool copied);

/* The sockets of a process. */
struct process_sockets {
    uint64_t *inodes; /* in ascending order */
    size_t count;
    bool unseen; /* they can't be seen: it may have any */
};

void process_list_sockets(pid_t pid, struct process_sockets *ret);
bool process_sockets_have(const struct process_sockets *sockets, uint64_t inode);
void process_free_sockets(struct process_sockets *sockets);

/* Calls the function for each thread of a process, until it returns something else than 0. Returns
 * that, or -errno. */
int process_each_thread(pid_t pid, int (*visit)(pid_t pid, pid_t tid, void *user), void *user);

/* Identifies a network namespace. */
struct process_network {
    dev_t device;
    ino_t inode;
};

/* That of the thread now. */
int process_get_network(pid_t tid, struct process_network *ret);

#endif
