/* The tracer beside the program, which keeps this process. */
#ifndef REACH_START_H
#define REACH_START_H

#include <stdbool.h>

struct start {
    const char *path; /* of the daemon's socket */
    bool completes;   /* subscriptions that the kernel accepts, too */
};

/* Starts it and puts this process under its filter. -errno: nothing happened, but that a
 * process may have lost the gain of privilege by set-user-ID programs. */
int start_tracer(const struct start *start);

#endif
