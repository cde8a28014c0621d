/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libsystemd's sd_journal_sendv() waits for a journal that does not read; so the entries are put
 * together here, in the journal's native protocol. */
#include "daemon/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What is asked for, as libsystemd does; the kernel gives less without privilege. */
#define SEND_BUFFER (8 << 20)

struct entry {
    struct iovec pieces[(JOURNAL_FIELDS_MAX + 1) * 2];
    size_t piece_count;
};

static const struct sockaddr_un journal_address = {.sun_family = AF_UNIX,
                                                   .sun_path = "/run/systemd/journal/socket"};

bool journal_is_stderr(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    unsigned long long device, inode;

    /* NOLINTNEXTLINE(cert-err34-c): what is no device and inode of ours does not match */
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(2, &status) == 0 &&
           status.st_dev == device && status.st_ino == inode;
}

int journal_open(void)
{
    int size = SEND_BUFFER;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    return fd;
}

static void add_field(struct entry *entry, const struct iovec *field)
{
    static const struct iovec end_of_line = {.iov_base = "\n", .iov_len = 1};

    entry->pieces[entry->piece_count++] = *field;
    entry->pieces[entry->piece_count++] = end_of_line;
}

static int send_message(int fd, struct msghdr *message)
{
    message->msg_name = (void *)&journal_address;
    message->msg_namelen = sizeof(journal_address);
    return sendmsg(fd, message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* In memory that nobody can change any more, which the journal insists on. */
static int put_into_memory(const struct entry *entry)
{
    int fd = memfd_create("linkwatchd-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int r = 0;

    if (fd < 0)
        return -errno;
    if (writev(fd, entry->pieces, (int)entry->piece_count) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0) {
        r = -errno;
        close(fd);
    }
    return r < 0 ? r : fd;
}

/* An entry that is too long for a datagram. */
static int send_memory(int fd, const struct entry *entry)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_control = &control, .msg_controllen = sizeof(control)};
    int memory = put_into_memory(entry);
    int r;

    if (memory < 0)
        return memory;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &memory, sizeof(memory));
    r = send_message(fd, &message);
    close(memory);
    return r;
}

int journal_send(int fd, const struct iovec *fields, size_t count)
{
    static const struct iovec identifier = {.iov_base = "SYSLOG_IDENTIFIER=linkwatchd",
                                            .iov_len = sizeof("SYSLOG_IDENTIFIER=linkwatchd") - 1};
    struct entry entry = {.piece_count = 0};
    struct msghdr message = {.msg_iov = entry.pieces};
    int r;

    assert(count <= JOURNAL_FIELDS_MAX);
    add_field(&entry, &identifier);
    for (size_t i = 0; i < count; i++)
        add_field(&entry, &fields[i]);
    message.msg_iovlen = entry.piece_count;
    r = send_message(fd, &message);
    return r == -EMSGSIZE || r == -ENOBUFS ? send_memory(fd, &entry) : r;
}
