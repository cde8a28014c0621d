/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/hook_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl/failure.h"
#include "client/ctl/replace_file.h"

/* Between two times that it is saved; and after one that failed. */
#define INTERVAL INT64_C(1000000)
#define RETRY    INT64_C(10000000)
#define NAME     "state"
/* More is no state of ours. */
#define SIZE_LIMIT ((size_t)1 << 28)

int hook_state_open(struct hook_state *state, const char *path)
{
    *state = (struct hook_state){.directory = -1};
    if (!path)
        path = getenv("RUNTIME_DIRECTORY");
    if (!path || !*path)
        return EXIT_MET;
    state->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (state->directory >= 0)
        return EXIT_MET;
    ctl_error("the directory for the state, %s, cannot be opened: %s", path, strerror(errno));
    return EXIT_FAILED;
}

void hook_state_close(struct hook_state *state)
{
    if (state->directory >= 0)
        close(state->directory);
}

/* The file as text, to be freed; NULL with errno. */
static char *read_file(int directory)
{
    int fd = openat(directory, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    char *text = NULL;
    size_t room = 0;
    ssize_t length;

    if (!file) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    length = getdelim(&text, &room, '\0', file);
    if (length < 0 || (size_t)length > SIZE_LIMIT) {
        free(text);
        text = NULL;
        errno = EINVAL;
    }
    fclose(file);
    return text;
}

void hook_state_restore(const struct hook_state *state, struct linkwatch_mirror *mirror)
{
    char *text = state->directory < 0 ? NULL : read_file(state->directory);
    int r;

    if (!text) {
        if (state->directory >= 0 && errno != ENOENT)
            ctl_error("the saved state cannot be read: %s; beginning anew", strerror(errno));
        return;
    }
    r = linkwatch_mirror_restore(mirror, text);
    if (r == -EINVAL)
        ctl_error("the saved state is one of other links, or damaged; beginning anew");
    else if (r < 0)
        ctl_error("the saved state cannot be used: %s; beginning anew", strerror(-r));
    free(text);
}

int64_t hook_state_due(const struct hook_state *state)
{
    if (state->directory < 0 || !state->changed)
        return INT64_MAX;
    return state->saved + (state->failed ? RETRY : INTERVAL);
}

void hook_state_save(struct hook_state *state, const struct linkwatch_mirror *mirror, int64_t now)
{
    char *text;
    int r;

    if (state->directory < 0 || !state->changed)
        return;
    r = linkwatch_mirror_save(mirror, &text);
    if (r >= 0) {
        r = replace_file(state->directory, NAME, 0600, text);
        free(text);
    }
    /* Without data, what comes next is a change. */
    state->changed = r < 0 && r != -ENODATA;
    if (state->changed && !state->failed)
        ctl_error("the state cannot be saved: %s", strerror(-r));
    state->failed = state->changed;
    state->saved = now;
}
