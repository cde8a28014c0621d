/* What counts as "you may not subscribe", for the tracer and for the preloaded library. */
#ifndef REACH_DENIAL_H
#define REACH_DENIAL_H

#include <errno.h>
#include <stdbool.h>

/* Not what a wrong call gets. */
static inline bool is_denial(int error)
{
    return error == EACCES || error == EPERM || error == EOPNOTSUPP || error == ENOPROTOOPT;
}

#endif
