/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iproute2's names for the flags of a link: the protocol uses the names, the kernel the numbers.
 * Shared by the daemon and the library. IFF_RUNNING has no name: a link that is up without it is
 * NO-CARRIER in the protocol. */
#ifndef LINKWATCH_PROTOCOL_LINK_FLAGS_H
#define LINKWATCH_PROTOCOL_LINK_FLAGS_H

#include <stdint.h>

/* Room for the name of any of them. */
#define LINK_FLAG_NAME_SIZE 9

/* The name of the first of these flags (IFF_*), in the order in which ip prints them, which it
 * takes away; the last name stands for all that have none. NULL if none is left. */
const char *link_flag_next(uint32_t *flags, char room[LINK_FLAG_NAME_SIZE]);

/* What link_flag_next() took away for that name; 0 if it is none. */
uint32_t link_flag_from_name(const char *name);

#endif
