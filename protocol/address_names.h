/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iproute2's names for the numeric values of an address: the protocol uses the names, the kernel
 * the numbers. Shared by the daemon and the library. */
#ifndef LINKWATCH_PROTOCOL_ADDRESS_NAMES_H
#define LINKWATCH_PROTOCOL_ADDRESS_NAMES_H

#include <stdint.h>

/* Room for the name of any of them. */
#define ADDRESS_NAME_SIZE 16

/* The names return room, or a constant; the numbers are -ENOENT for a name that stands for none. */

/* RT_SCOPE_*. */
const char *address_scope_name(uint8_t scope, char room[ADDRESS_NAME_SIZE]);
int address_scope_from_name(const char *name);

/* IFAPROT_*: who made the address. */
const char *address_protocol_name(uint8_t protocol, char room[ADDRESS_NAME_SIZE]);
int address_protocol_from_name(const char *name);

/* AF_INET or AF_INET6. */
const char *address_family_name(uint8_t family);
int address_family_from_name(const char *name);

/* Flags that are named where IFA_F_* are set, and "dynamic" where IFA_F_PERMANENT is not. */
uint32_t address_flags_named(uint32_t flags);
/* The name of the first of these, in the order in which ip prints them, which it takes away; the
 * last name stands for all that have none. NULL if none is left. */
const char *address_flag_next(uint32_t *named, uint8_t family, char room[ADDRESS_NAME_SIZE]);
/* What address_flag_next() took away for that name; 0 if it is none. */
uint32_t address_flag_from_name(const char *name);

#endif
