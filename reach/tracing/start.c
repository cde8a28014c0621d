/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/start.h"

#include <stddef.h>
#include <sys/prctl.h>

#include "reach/detach.h"
#include "reach/tracing/seccomp.h"
#include "reach/tracing/tracer.h"

struct job {
    const char *path;
    struct range range;
};

/* The tracer's life. Its word is whether it took hold of the program. */
static int trace(void *user, pid_t program, int channel)
{
    const struct job *job = user;
    struct tracer *tracer = NULL;
    int r, said;

    r = tracer_new(program, job->path, &job->range, &tracer);
    said = detached_say(channel, r);
    if (r >= 0)
        r = said;
    if (r >= 0)
        r = tracer_run(tracer);
    tracer_free(tracer);
    return r;
}

int start_tracer(const char *path)
{
    struct job job = {.path = path};
    int r = range_choose(&job.range);

    if (r < 0)
        return r;
    /* Where only a parent may trace, we let it; that ends when the program is executed, and
     * where there is no such rule it fails. */
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    r = detach(trace, &job);
    prctl(PR_SET_PTRACER, 0, 0, 0, 0);
    if (r >= 0)
        r = filter_install(&job.range);
    if (r >= 0)
        tracer_try();
    return r;
}
