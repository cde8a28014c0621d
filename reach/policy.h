/* What a program has asked for on an rtnetlink socket, and who does it. */
#ifndef REACH_POLICY_H
#define REACH_POLICY_H

#include <stdbool.h>

struct membership {
    bool wanted;  /* the program is subscribed to links */
    bool granted; /* by the kernel, which sends updates itself, if not all of them */
    bool pktinfo; /* it wants to have the group of each message, which the kernel refuses */
};

#endif
