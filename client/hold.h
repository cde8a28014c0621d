/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hold-down: a link that comes and goes, or whose carrier does, is reported when it stayed so for
 * some time.
 *
 * A link has a rank: absent, present, connected, usable (see link_state.h). The consumer knows it
 * at a rank, which may be another one than it has. For each boundary between two ranks it is kept
 * when the link last crossed it, by which event, and how the link was just before.
 *
 *  1. A boundary is reported when the link has been beyond it for the hold time without an
 *     interruption: the time for up if the rank is the higher one, else that for down. So it may be
 *     reported that a link is there while it isn't yet that it is usable, because its carrier keeps
 *     flapping. Then the link is reported as it was before it crossed the next boundary.
 *  2. A link that is back where the consumer knows it before that is not reported. How often it
 *     crossed is counted, and added to the flaps of the next event about it. Flaps that nobody saw
 *     are counted too, and are interruptions.
 *  3. What else changes is reported at once, with the state that the consumer knows: carrier,
 *     operational state, the flags that go with them and the counters and times of their changes.
 *     So are changes of these that leave the rank as it is, but for counters alone.
 *  4. What is reported late has the number and times of the event that crossed the boundary.
 *  5. A link that is gone and whose removal is held is how it was last. If another link takes its
 *     name, or if another link has its index now, or if the held ones take more memory than the
 *     limit, the removal is reported at once, after that of links which refer to it as their master
 *     or lower link. A link that is there again is the same if index and name are, and nothing
 *     proves the contrary. One that leaves the consumer's filter is reported at once.
 *  6. A link to which one that is reported refers as its master or lower link is reported with it.
 *  7. Addresses are not held. Those of a link that isn't reported yet follow when it is.
 *  8. The links of the first snapshot are reported at once. A later one is compared with what the
 *     consumer knows; what differs is held from then on, or if it was held already, from before.
 *
 * What happens at once is reported at once: after each call the consumer knows links as they may be
 * together. Pure: the clock is the caller's, in microseconds. */
#ifndef LINKWATCH_CLIENT_HOLD_H
#define LINKWATCH_CLIENT_HOLD_H

#include "client/hold_report.h"

void hold_clear(struct hold *hold);
bool hold_is_active(const struct hold *hold);

/* The first snapshot. -ENOMEM. */
int hold_begin(struct hold *hold, const struct snapshot *snapshot);

/* Steps that happened at once become steps that are to be reported at once, until the next call of
 * one of these. -ENOMEM: what is in ret_steps is to be reported in any case; the rest can be found
 * by a snapshot only. */
int hold_take(struct hold *hold, const struct steps *steps, uint64_t time, struct steps *ret_steps);

/* The same of those from what the consumer knows to a later snapshot. */
int hold_take_snapshot(struct hold *hold, const struct snapshot *snapshot,
                       const struct steps *steps, uint64_t time, struct steps *ret_steps);

/* The same of what is due. */
int hold_report_due(struct hold *hold, uint64_t time, struct steps *ret_steps);

/* When something is due, UINT64_MAX for never. */
uint64_t hold_deadline(const struct hold *hold);

#endif
