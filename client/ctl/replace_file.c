/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int write_all(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t n = write(fd, text, left);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            text += n;
            left -= (size_t)n;
        }
    }
    return 0;
}

static int write_file(int fd, const char *text)
{
    int r = write_all(fd, text);

    /* Some file systems report only here that there was no room. */
    if (close(fd) < 0 && r >= 0)
        r = -errno;
    return r;
}

int replace_file(int directory, const char *path, mode_t mode, const char *text)
{
    char *temporary;
    uint32_t number;
    int fd, r;

    if (getentropy(&number, sizeof(number)) < 0)
        return -EIO;
    if (asprintf(&temporary, "%s.%06" PRIx32, path, number & 0xffffff) < 0)
        return -ENOMEM;
    fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    r = fd < 0 ? -errno : write_file(fd, text);
    if (r >= 0 && renameat(directory, temporary, directory, path) < 0)
        r = -errno;
    if (r < 0 && fd >= 0)
        (void)unlinkat(directory, temporary, 0);
    free(temporary);
    return r;
}
