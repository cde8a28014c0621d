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
                      struct picture *picture, struct steps *steps)
{
    int r;

    if (picture_get(picture, linkwatch_link_ifindex(step->now)))
        return -EBADMSG;
    r = steps_add(steps, MESSAGE_ADD, NULL, step->now, &step->event);
    return r < 0 ? r : picture_put_within(picture, step->now, context->limit);
}

static int follow_remove(const struct apply_context *context, const struct step *step,
                         struct picture *picture, struct steps *steps)
{
    int ifindex = linkwatch_link_ifindex(step->now);
    int r;

    if (!picture_get(picture, ifindex))
        return context->filtered ? 0 : -EBADMSG;
    r = steps_add(steps, MESSAGE_REMOVE, step->now, NULL, &step->event);
    if (r >= 0)
        picture_drop(picture, ifindex);
    return r;
}

/* A link that wasn't told came into the filter, or is passing it on its way. */
static int follow_change_of_unknown(const struct apply_context *context, const struct step *step,
                                    struct picture *picture, struct steps *steps)
{
    struct linkwatch_event event = by_filter(&step->event);
    int r;

    if (!context->filtered)
        return -EBADMSG;
    if (!linkwatch_filter_matches(context->filter, step->now))
        return 0;
    r = steps_add(steps, MESSAGE_ADD, NULL, step->now, &event);
    return r < 0 ? r : picture_put_within(picture, step->now, context->limit);
}

static int follow_change(const struct apply_context *context, const struct step *step,
                         struct picture *picture, struct steps *steps)
{
    int ifindex = linkwatch_link_ifindex(step->now);
    struct linkwatch_link *before = picture_get(picture, ifindex);
    struct linkwatch_event event = by_filter(&step->event);
    bool left;
    int r;

    if (!before)
        return follow_change_of_unknown(context, step, picture, steps);
    left = apply_leaves(context->filter, before, step->now);
    r = steps_add(steps, MESSAGE_CHANGE, before, step->now, &step->event);
    if (r >= 0 && left)
        r = steps_add(steps, MESSAGE_REMOVE, step->now, NULL, &event);
    if (r < 0)
        return r;
    if (!left)
        return picture_put_within(picture, step->now, context->limit);
    picture_drop(picture, ifindex);
    return 0;
}

int apply_all(const struct apply_context *context, const struct steps *events,
              struct picture *picture, struct steps *ret_told)
{
    int r = 0;

    for (size_t i = 0; i < events->count && r >= 0; i++) {
        const struct step *step = &events->at[i];

        if (step->type == MESSAGE_ADD)
            r = follow_add(context, step, picture, ret_told);
        else if (step->type == MESSAGE_REMOVE)
            r = follow_remove(context, step, picture, ret_told);
        else
            r = follow_change(context, step, picture, ret_told);
    }
    return r;
}
