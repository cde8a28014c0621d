/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A 64-bit digest of bytes, never 0. Different bytes have the same digest with negligible
 * probability, but it is not cryptographic: an adversary who chooses the bytes can produce a
 * collision. Pure. */
#ifndef LINKWATCH_DAEMON_DIGEST_H
#define LINKWATCH_DAEMON_DIGEST_H

#include <stddef.h>
#include <stdint.h>

uint64_t digest(const void *bytes, size_t length);

#endif
