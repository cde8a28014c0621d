/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/apply.h"

#include <errno.h>

bool apply_leaves(const struct linkwatch_filter *filter, const struct linkwatch_link *before,
                  const struct linkwatch_link *now)
{
    return linkwatch_filter_matches(filter, before) && !linkwatch_filter_matches(filter, now);
}

static struct linkwatch_event by_filter(const struct linkwatch_event *event)
{
    struct linkwatch_event copy = *event;

    copy.learned = LINKWATCH_LEARNED_FILTER;
    return copy;
}

static int follow_add(const struct apply_context *context, const struct step *step,
                      struct link_set *set, struct steps *steps)
{
    int r;

    if (link_set_get(set, linkwatch_link_ifindex(step->now)))
        return -EBADMSG;
    r = steps_add(steps, MESSAGE_ADD, NULL, step->now, &step->event);
    return r < 0 ? r : link_set_put_within(set, step->now, context->limit);
}

static int follow_remove(const struct apply_context *context, const struct step *step,
                         struct link_set *set, struct steps *steps)
{
    int ifindex = linkwatch_link_ifindex(step->now);
    int r;

    if (!link_set_get(set, ifindex))
        return context->filtered ? 0 : -EBADMSG;
    r = steps_add(steps, MESSAGE_REMOVE, step->now, NULL, &step->event);
    if (r >= 0)
        link_set_drop(set, ifindex);
    return r;
}

/* A link that isn't known came into the filter, or is passing it on its way. */
static int follow_change_of_unknown(const struct apply_context *context, const struct step *step,
                                    struct link_set *set, struct steps *steps)
{
    struct linkwatch_event event = by_filter(&step->event);
    int r;

    if (!context->filtered)
        return -EBADMSG;
    if (!linkwatch_filter_matches(context->filter, step->now))
        return 0;
    r = steps_add(steps, MESSAGE_ADD, NULL, step->now, &event);
    return r < 0 ? r : link_set_put_within(set, step->now, context->limit);
}

static int follow_change(const struct apply_context *context, const struct step *step,
                         struct link_set *set, struct steps *steps)
{
    int ifindex = linkwatch_link_ifindex(step->now);
    struct linkwatch_link *before = link_set_get(set, ifindex);
    struct linkwatch_event event = by_filter(&step->event);
    bool left;
    int r;

    if (!before)
        return follow_change_of_unknown(context, step, set, steps);
    left = apply_leaves(context->filter, before, step->now);
    r = steps_add(steps, MESSAGE_CHANGE, before, step->now, &step->event);
    if (r >= 0 && left)
        r = steps_add(steps, MESSAGE_REMOVE, step->now, NULL, &event);
    if (r < 0)
        return r;
    if (!left)
        return link_set_put_within(set, step->now, context->limit);
    link_set_drop(set, ifindex);
    return 0;
}

int apply_all(const struct apply_context *context, const struct steps *events, struct link_set *set,
              struct steps *ret_steps)
{
    int r = 0;

    for (size_t i = 0; i < events->count && r >= 0; i++) {
        const struct step *step = &events->at[i];

        if (step->type == MESSAGE_ADD)
            r = follow_add(context, step, set, ret_steps);
        else if (step->type == MESSAGE_REMOVE)
            r = follow_remove(context, step, set, ret_steps);
        else
            r = follow_change(context, step, set, ret_steps);
    }
    return r;
}
