/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/preload/launch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reach/detach.h"
#include "reach/handover.h"
#include "reach/preload/helper.h"
#include "reach/preload/protocol.h"

/* Stands in for where the library is installed, for tests of what isn't. Who can set it can
 * preload what they want anyway. */
#define LIBRARY_VARIABLE "LINKWATCH_RUN_LIBRARY"

/* What the loader takes for the end of a name, and for a part that it is to replace. */
#define NO_NAME_HAS " :$"

#define PRELOAD "LD_PRELOAD"

const char *launch_library(void)
{
    const char *path = getenv(LIBRARY_VARIABLE);

    return path ? path : PRELOAD_LIBRARY;
}

/* In the process beside the program. */
_Noreturn static void help(const struct detached *detached, const char *address, const char *path)
{
    struct helper *helper = NULL;
    int r = detached_begun(detached, helper_new(detached->program, address, path, &helper));

    if (r >= 0)
        r = helper_run(helper);
    helper_free(helper);
    detached_end(r);
}

/* Before others that are preloaded, so that they see only what the kernel did. */
static int preload(const char *library)
{
    const char *others = getenv(PRELOAD);
    char *all;
    int r;

    if (!others || others[0] == '\0')
        return setenv(PRELOAD, library, 1) < 0 ? -errno : 0;
    if (asprintf(&all, "%s:%s", library, others) < 0)
        return -ENOMEM;
    r = setenv(PRELOAD, all, 1) < 0 ? -errno : 0;
    free(all);
    return r;
}

int launch_preload(const char *path)
{
    const char *library = launch_library();
    char address[HANDOVER_NAME_SIZE];
    struct detached detached;
    int r;

    if (access(library, R_OK) < 0)
        return -errno;
    if (library[0] != '/' || strpbrk(library, NO_NAME_HAS))
        return -EINVAL;
    r = handover_choose_name(address);
    if (r >= 0)
        r = detach(&detached);
    if (r > 0)
        help(&detached, address, path);
    if (r >= 0 && setenv(PRELOAD_ADDRESS, address, 1) < 0)
        r = -errno;
    return r < 0 ? r : preload(library);
}
