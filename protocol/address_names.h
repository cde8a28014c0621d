/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iproute2's names for the numeric values of an address: the protocol uses the names, the kernel
 * the numbers. Shared by the daemon and the library. */
#ifndef LINKWATCH_PROTOCOL_ADDRESS_NAMES_H
#define LINKWATCH_PROTOCOL_ADDRESS_NAMES_H

#include <stdint.h>

/* Size of a buffer for any of the names. */
#define ADDRESS_NAME_SIZE 16

/* Functions that return a name return room or a constant; those that return a number return -ENOENT
 * for an unknown name. */

/* RT_SCOPE_*. */
const char *address_scope_name(uint8_t scope, char room[ADDRESS_NAME_SIZE]);
int address_scope_from_name(const char *name);

/* IFAPROT_*: the origin of the address. */
const char *address_protocol_name(uint8_t protocol, char room[ADDRESS_NAME_SIZE]);
int address_protocol_from_name(const char *name);

/* AF_INET or AF_INET6. */
const char *address_family_name(uint8_t family);
int address_family_from_name(const char *name);

/* The flags to be named: those that are set, and IFA_F_PERMANENT ("dynamic") if it is not set. */
uint32_t address_flags_named(uint32_t flags);
/* Removes the first of these flags, in the order in which ip prints them, and returns its name; the
 * last name stands for all flags without a name. NULL if none is left. */
const char *address_flag_next(uint32_t *named, uint8_t family, char room[ADDRESS_NAME_SIZE]);
/* The flags that address_flag_next() removes for that name; 0 for an unknown name. */
uint32_t address_flag_from_name(const char *name);

#endif
