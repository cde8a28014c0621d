/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iproute2's names for the flags of a link: the protocol uses the names, the kernel the numbers.
 * Shared by the daemon and the library. IFF_RUNNING has no name: a link that is up without it is
 * NO-CARRIER in the protocol. */
#ifndef LINKWATCH_PROTOCOL_LINK_FLAGS_H
#define LINKWATCH_PROTOCOL_LINK_FLAGS_H

#include <stdint.h>

/* Size of a buffer for any of the names. */
#define LINK_FLAG_NAME_SIZE 9

/* Removes the first of these flags (IFF_*), in the order in which ip prints them, and returns its
 * name; the last name stands for all flags without a name. NULL if none is left. */
const char *link_flag_next(uint32_t *flags, char room[LINK_FLAG_NAME_SIZE]);

/* The flags that link_flag_next() removes for that name; 0 for an unknown name. */
uint32_t link_flag_from_name(const char *name);

#endif
