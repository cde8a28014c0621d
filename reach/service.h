/* What we do about the program's calls on rtnetlink sockets, while it stands at their
 * entries: move its sockets into the range, make subscriptions of ours out of those that
 * the kernel denies.
 *
 * Each returns 0 or a positive number, with the thread stopped somewhere within or behind
 * the call, to be resumed; or -ESRCH if the thread is gone. enters says that a stop at
 * the entry comes yet. */
#ifndef REACH_SERVICE_H
#define REACH_SERVICE_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/user.h>

#include "reach/duplicate.h"
#include "reach/filter.h"
#include "reach/links.h"
#include "reach/subscription.h"

struct service {
    struct range range;
    bool completes; /* subscriptions that the kernel accepts, too */
    bool compares;  /* network namespaces can be told apart */
    struct subscriptions *subscriptions;
    struct links *links;
    struct duplicator *duplicator;
    bool said_groups;
    bool said_failure;
};

/* socket(AF_NETLINK, ..., NETLINK_ROUTE). 1 if one was made and moved. */
int service_socket(struct service *service, pid_t tid, const struct user_regs_struct *registers,
                   bool enters);
/* bind() and setsockopt(NETLINK_ADD_MEMBERSHIP). 1 if a subscription was made. */
int service_bind(struct service *service, pid_t tid, const struct user_regs_struct *registers,
                 bool enters);
int service_join(struct service *service, pid_t tid, const struct user_regs_struct *registers,
                 bool enters);
/* sendto(). */
int service_send(struct service *service, pid_t tid, const struct user_regs_struct *registers,
                 bool enters);
/* close(). */
int service_close(struct service *service, pid_t tid, const struct user_regs_struct *registers,
                  bool enters);

#endif
