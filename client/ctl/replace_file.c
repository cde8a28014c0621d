/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* mkostemp() makes a file for its owner alone. */
static int allow_as_usual(int fd)
{
    mode_t mask = umask(0);

    umask(mask);
    return fchmod(fd, 0666 & ~mask) < 0 ? -errno : 0;
}

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

static int write_file(const char *path, int fd, const char *temporary, const char *text)
{
    int r = allow_as_usual(fd);

    if (r >= 0)
        r = write_all(fd, text);
    /* Some file systems report only here that there was no room. */
    if (close(fd) < 0 && r >= 0)
        r = -errno;
    if (r >= 0 && rename(temporary, path) < 0)
        r = -errno;
    if (r < 0)
        (void)unlink(temporary);
    return r;
}

int replace_file(const char *path, const char *text)
{
    char *temporary;
    int fd, r;

    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return -ENOMEM;
    fd = mkostemp(temporary, O_CLOEXEC);
    r = fd < 0 ? -errno : write_file(path, fd, temporary, text);
    free(temporary);
    return r;
}
