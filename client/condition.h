/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conditions on a link, beyond what linkwatch.h has. */
#ifndef LINKWATCH_CLIENT_CONDITION_H
#define LINKWATCH_CLIENT_CONDITION_H

#include "client/linkwatch.h"

/* Whether it is met by there being no link. */
bool condition_is_absent(const struct linkwatch_condition *condition);

/* Whether it is about addresses. */
bool condition_needs_addresses(const struct linkwatch_condition *condition);

/* As linkwatch_condition_met(), with the addresses of the mirror that has the link. */
bool condition_met_in(const struct linkwatch_condition *condition,
                      const struct linkwatch_mirror *mirror, const struct linkwatch_link *link,
                      const struct linkwatch_link *first);

/* Whether a link must be followed under another name for it. */
bool condition_follows(const struct linkwatch_condition *condition);

#endif
