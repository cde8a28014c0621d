/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a mirror knows, as text that outlives its process. Pure. */
#ifndef LINKWATCH_CLIENT_SAVED_STATE_H
#define LINKWATCH_CLIENT_SAVED_STATE_H

#include "client/mirror_state.h"

/* The position, the links and addresses as JSON of one line, to be freed. -ENODATA if there is no
 * position that can be resumed from, -ENOMEM. */
int saved_state_write(const struct mirror_state *state, char **ret);

/* Reads such a text into a state that knows nothing yet. -EINVAL if it is none, or is one of
 * another filter or without the addresses that are followed; -E2BIG beyond the state's limit;
 * -ENOMEM. Then the state is as before. */
int saved_state_read(struct mirror_state *state, const char *text);

#endif
