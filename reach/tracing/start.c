/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/start.h"

#include <stddef.h>
#include <sys/prctl.h>

#include "reach/detach.h"
#include "reach/tracing/seccomp.h"
#include "reach/tracing/tracer.h"

/* In the process beside the program. */
_Noreturn static void trace(const struct detached *detached, const char *path,
                            const struct range *range)
{
    struct tracer *tracer = NULL;
    int r = detached_begun(detached, tracer_new(detached->program, path, range, &tracer));

    if (r >= 0)
        r = tracer_run(tracer);
    tracer_free(tracer);
    detached_end(r);
}

int start_tracer(const char *path)
{
    struct detached detached;
    struct range range;
    int r = range_choose(&range);

    if (r < 0)
        return r;
    /* Where only a parent may trace, we let it; that ends when the program is executed, and
     * where there is no such rule it fails. */
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    r = detach(&detached);
    if (r > 0)
        trace(&detached, path, &range);
    prctl(PR_SET_PTRACER, 0, 0, 0, 0);
    if (r >= 0)
        r = filter_install(&range);
    if (r >= 0)
        tracer_try();
    return r;
}
