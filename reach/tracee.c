/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracee.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* A fork, a new thread and what it starts with are followed; if we die, they do. */
#define OPTIONS                                                                                 \
    (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
     PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

int tracee_seize(pid_t pid)
{
    return ptrace(PTRACE_SEIZE, pid, NULL, OPTIONS) < 0 ? -errno : 0;
}

int tracee_hold(pid_t tid, const struct user_regs_struct *registers)
{
    struct user_regs_struct now = {0};
    int r;

    if (ptrace(PTRACE_SETOPTIONS, tid, NULL, OPTIONS | PTRACE_O_TRACEEXIT) < 0)
        return -errno;
    r = tracee_get_registers(tid, &now);
    if (r < 0)
        return r;
    if (now.rip == registers->rip && now.rsp == registers->rsp &&
        now.orig_rax == registers->orig_rax)
        return 0;
    tracee_release(tid);
    return -ESRCH;
}

void tracee_release(pid_t tid)
{
    /* If it is gone, so is that. */
    (void)ptrace(PTRACE_SETOPTIONS, tid, NULL, OPTIONS);
}

int tracee_get_registers(pid_t tid, struct user_regs_struct *ret)
{
    struct user_regs_struct registers;

    if (ptrace(PTRACE_GETREGS, tid, NULL, &registers) < 0)
        return -errno;
    *ret = registers;
    return 0;
}

int tracee_set_registers(pid_t tid, const struct user_regs_struct *registers)
{
    return ptrace(PTRACE_SETREGS, tid, NULL, registers) < 0 ? -errno : 0;
}

/* What ptrace() takes for a request. */
#ifdef __GLIBC__
typedef enum __ptrace_request ptrace_request;
#else
typedef int ptrace_request;
#endif

int tracee_resume(pid_t tid, int request, int number)
{
    return ptrace((ptrace_request)request, tid, NULL, (long)number) < 0 ? -errno : 0;
}

int tracee_interrupt(pid_t tid)
{
    return ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) < 0 ? -errno : 0;
}

int tracee_get_message(pid_t tid, unsigned long *ret)
{
    unsigned long message;

    if (ptrace(PTRACE_GETEVENTMSG, tid, NULL, &message) < 0)
        return -errno;
    *ret = message;
    return 0;
}

int tracee_get_blocked(pid_t tid, uint64_t *ret)
{
    uint64_t blocked;

    if (ptrace(PTRACE_GETSIGMASK, tid, sizeof(blocked), &blocked) < 0)
        return -errno;
    *ret = blocked;
    return 0;
}

int tracee_set_blocked(pid_t tid, uint64_t blocked)
{
    return ptrace(PTRACE_SETSIGMASK, tid, sizeof(blocked), &blocked) < 0 ? -errno : 0;
}

static ssize_t read_through_proc(pid_t tid, uint64_t address, void *buffer, size_t size)
{
    char path[64];
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/mem", (int)tid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    n = pread(fd, buffer, size, (off_t)address);
    if (n < 0)
        n = -errno;
    close(fd);
    return n;
}

ssize_t tracee_read(pid_t tid, uint64_t address, void *buffer, size_t size)
{
    struct iovec ours = {.iov_base = buffer, .iov_len = size};
    struct iovec theirs = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
    ssize_t n = process_vm_readv(tid, &ours, 1, &theirs, 1, 0);

    if (n >= 0)
        return n;
    /* gVisor of 2022 has no such call. */
    return read_through_proc(tid, address, buffer, size);
}

int tracee_poke(pid_t tid, uint64_t address, const void *data, size_t size)
{
    for (size_t done = 0; done < size; done += sizeof(long)) {
        size_t part = size - done < sizeof(long) ? size - done : sizeof(long);
        long word = 0;

        /* What isn't ours in the last word stays. */
        if (part < sizeof(long)) {
            errno = 0;
            word = ptrace(PTRACE_PEEKDATA, tid, address + done, NULL);
            if (errno != 0)
                return -errno;
        }
        memcpy(&word, (const char *)data + done, part);
        if (ptrace(PTRACE_POKEDATA, tid, address + done, word) < 0)
            return -errno;
    }
    return 0;
}

int tracee_write(pid_t tid, uint64_t address, const void *data, size_t size)
{
    struct iovec ours = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct iovec theirs = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
    ssize_t n = process_vm_writev(tid, &ours, 1, &theirs, 1, 0);

    if (n < 0)
        /* gVisor of 2022 has no such call, and some filters forbid it. */
        return errno == EFAULT ? -errno : tracee_poke(tid, address, data, size);
    return n == (ssize_t)size ? 0 : -EFAULT;
}

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

pid_t tracee_process(pid_t tid)
{
    return status_number(tid, "Tgid:", (int)tid);
}

pid_t tracee_parent(pid_t tid)
{
    return status_number(tid, "PPid:", 0);
}

uint64_t tracee_socket(pid_t pid, int fd)
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

bool tracee_lives(pid_t pid)
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
    return (lstat(path, &status) == 0 || errno == ENOENT) && tracee_lives(pid);
}

/* 1 if one of the thread's descriptors is that socket; -errno where it can't be seen. */
static int has_socket(pid_t tid, uint64_t inode)
{
    const struct dirent *entry;
    char path[64];
    DIR *directory;
    int found = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)tid);
    directory = opendir(path);
    if (!directory)
        return -errno;
    while (!found && (entry = readdir(directory)))
        found = entry->d_name[0] != '.' && tracee_socket(tid, atoi(entry->d_name)) == inode;
    closedir(directory);
    return found;
}

/* The first thread of a process may have ended before the others: then it has nothing. */
static bool others_have_socket(pid_t pid, uint64_t inode)
{
    const struct dirent *entry;
    char path[64];
    DIR *directory;
    bool found = false;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    directory = opendir(path);
    if (!directory)
        return false;
    while (!found && (entry = readdir(directory)))
        found = entry->d_name[0] != '.' && has_socket((pid_t)atoi(entry->d_name), inode) > 0;
    closedir(directory);
    return found;
}

bool tracee_has_socket(pid_t pid, int fd, uint64_t inode, bool copied)
{
    int r;

    if (tracee_socket(pid, fd) == inode)
        return true;
    if (!copied && can_be_seen(pid, fd))
        return false;
    r = has_socket(pid, inode);
    if (r == 0 && !tracee_lives(pid))
        return others_have_socket(pid, inode);
    return r > 0 || ((r == -EACCES || r == -EPERM) && tracee_lives(pid));
}

static int compare_inodes(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static int add_inode(struct tracee_sockets *sockets, uint64_t inode)
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

/* -errno where that thread's can't be seen. */
static int list_thread(pid_t tid, struct tracee_sockets *sockets)
{
    const struct dirent *entry;
    char path[64];
    DIR *directory;
    int r = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)tid);
    directory = opendir(path);
    if (!directory)
        return -errno;
    while (r >= 0 && (entry = readdir(directory))) {
        uint64_t inode = entry->d_name[0] == '.' ? 0 : tracee_socket(tid, atoi(entry->d_name));

        if (inode != 0)
            r = add_inode(sockets, inode);
    }
    closedir(directory);
    return r;
}

/* Its first thread has ended: the others have what it had. */
static void list_others(pid_t pid, struct tracee_sockets *sockets)
{
    const struct dirent *entry;
    char path[64];
    DIR *directory;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    directory = opendir(path);
    if (!directory)
        return;
    while (sockets->count == 0 && (entry = readdir(directory)))
        if (entry->d_name[0] != '.' && list_thread((pid_t)atoi(entry->d_name), sockets) == -ENOMEM)
            sockets->unseen = true;
    closedir(directory);
}

void tracee_list_sockets(pid_t pid, struct tracee_sockets *ret)
{
    int r;

    *ret = (struct tracee_sockets){.count = 0};
    r = list_thread(pid, ret);
    if (r == -ENOMEM)
        ret->unseen = true;
    else if (ret->count == 0 && !tracee_lives(pid))
        list_others(pid, ret);
    else
        ret->unseen = r < 0;
    if (ret->count > 1)
        qsort(ret->inodes, ret->count, sizeof(*ret->inodes), compare_inodes);
}

bool tracee_sockets_have(const struct tracee_sockets *sockets, uint64_t inode)
{
    return sockets->unseen ||
           (sockets->count > 0 &&
            bsearch(&inode, sockets->inodes, sockets->count, sizeof(inode), compare_inodes));
}

void tracee_free_sockets(struct tracee_sockets *sockets)
{
    free(sockets->inodes);
    *sockets = (struct tracee_sockets){.count = 0};
}

int tracee_get_network(pid_t tid, struct tracee_network *ret)
{
    struct stat status;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)tid);
    if (stat(path, &status) < 0)
        return -errno;
    *ret = (struct tracee_network){.device = status.st_dev, .inode = status.st_ino};
    return 0;
}
