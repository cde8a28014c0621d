/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/steps.h"

#include <errno.h>
#include <stdlib.h>

static struct linkwatch_link *ref(struct linkwatch_link *link)
{
    return link ? linkwatch_link_ref(link) : NULL;
}

int steps_add(struct steps *steps, enum message_type type, struct linkwatch_link *before,
              struct linkwatch_link *now, const struct linkwatch_event *event)
{
    if (steps->count == steps->capacity) {
        size_t capacity = steps->capacity ? steps->capacity * 2 : 4;
        struct step *at = reallocarray(steps->at, capacity, sizeof(*at));

        if (!at)
            return -ENOMEM;
        steps->at = at;
        steps->capacity = capacity;
    }
    steps->at[steps->count++] =
        (struct step){.type = type, .before = ref(before), .now = ref(now), .event = *event};
    return 0;
}

void steps_clear(struct steps *steps)
{
    for (size_t i = 0; i < steps->count; i++) {
        linkwatch_link_unref(steps->at[i].before);
        linkwatch_link_unref(steps->at[i].now);
    }
    free(steps->at);
    *steps = (struct steps){0};
}
