/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A digest of bytes: 64 bits, so that two that differ have the same one as rarely as memory fails;
 * never 0. Not for what somebody else may choose in order to deceive. Pure. */
#ifndef LINKWATCH_DAEMON_DIGEST_H
#define LINKWATCH_DAEMON_DIGEST_H

#include <stddef.h>
#include <stdint.h>

uint64_t digest(const void *bytes, size_t length);

#endif
