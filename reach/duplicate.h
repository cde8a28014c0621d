/* Duplicates of the program's sockets. Linux gives them to a tracer; where it doesn't
 * (gVisor), the program is made to send them to a socket of ours. */
#ifndef REACH_DUPLICATE_H
#define REACH_DUPLICATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "reach/call.h"

struct duplicator;

int duplicator_new(struct duplicator **ret);
struct duplicator *duplicator_free(struct duplicator *duplicator);

/* Whether the calls that are given below must have a page. */
bool duplicator_needs_page(const struct duplicator *duplicator);

/* Takes a duplicate of a descriptor of the process whose call that is; inode says which
 * socket it must be. */
int duplicator_take(struct duplicator *duplicator, struct call *call, pid_t process, int fd,
                    uint64_t inode, int *ret);

#endif
