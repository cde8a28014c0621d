/* Whether the program needs us at all: what happens here to those who subscribe. */
#ifndef REACH_NEED_H
#define REACH_NEED_H

enum need {
    NEED_NOTHING,    /* the kernel tells everything */
    NEED_COMPLETION, /* it accepts subscriptions, and doesn't tell everything */
    NEED_ALL         /* it denies them */
};

/* Tries to subscribe, and asks the daemon at that path. -errno: there are no rtnetlink
 * sockets here. */
int need_find(const char *path);

#endif
