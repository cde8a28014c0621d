/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/steps.h"

#include <errno.h>
#include <stdlib.h>

#include "protocol/array.h"

static struct linkwatch_link *ref(struct linkwatch_link *link)
{
    return link ? linkwatch_link_ref(link) : NULL;
}

static struct linkwatch_address *ref_address(struct linkwatch_address *address)
{
    return address ? linkwatch_address_ref(address) : NULL;
}

static int make_room(struct steps *steps)
{
    return array_grow(&steps->at, &steps->capacity, steps->count + 1, sizeof(struct step));
}

int steps_add(struct steps *steps, enum message_type type, struct linkwatch_link *before,
              struct linkwatch_link *now, const struct linkwatch_event *event)
{
    if (make_room(steps) < 0)
        return -ENOMEM;
    steps->at[steps->count++] =
        (struct step){.type = type, .before = ref(before), .now = ref(now), .event = *event};
    return 0;
}

int steps_add_address(struct steps *steps, enum message_type type, struct linkwatch_address *before,
                      struct linkwatch_address *now, const struct linkwatch_event *event)
{
    if (make_room(steps) < 0)
        return -ENOMEM;
    steps->at[steps->count++] = (struct step){.type = type,
                                              .address_before = ref_address(before),
                                              .address_now = ref_address(now),
                                              .event = *event};
    return 0;
}

void steps_clear(struct steps *steps)
{
    for (size_t i = 0; i < steps->count; i++) {
        linkwatch_link_unref(steps->at[i].before);
        linkwatch_link_unref(steps->at[i].now);
        linkwatch_address_unref(steps->at[i].address_before);
        linkwatch_address_unref(steps->at[i].address_now);
    }
    free(steps->at);
    *steps = (struct steps){0};
}
