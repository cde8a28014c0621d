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
    struct tracer *tracer;
};

static int begin(void *user, pid_t program)
{
    struct job *job = user;

    return tracer_new(program, job->path, &job->range, &job->tracer);
}

static int run(void *user)
{
    return tracer_run(((struct job *)user)->tracer);
}

static void end(void *user)
{
    tracer_free(((struct job *)user)->tracer);
}

static const struct detached tracing = {begin, run, end};

int start_tracer(const char *path)
{
    struct job job = {.path = path};
    int r = range_choose(&job.range);

    if (r < 0)
        return r;
    /* Where only a parent may trace, we let it; that ends when the program is executed, and
     * where there is no such rule it fails. */
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    r = detach(&tracing, &job);
    prctl(PR_SET_PTRACER, 0, 0, 0, 0);
    if (r >= 0)
        r = filter_install(&job.range);
    if (r >= 0)
        tracer_try();
    return r;
}
