/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/event_type.h"

const char *event_type_name(enum event_type type)
{
    static const char *const names[EVENT_TYPE_COUNT] = {
        [EVENT_ADD] = "add",   [EVENT_CHANGE] = "change",   [EVENT_REMOVE] = "remove",
        [EVENT_LOST] = "lost", [EVENT_STARTED] = "started", [EVENT_SUPPRESSED] = "suppressed",
    };

    return names[type];
}

const char *event_learned_name(enum linkwatch_learned learned)
{
    switch (learned) {
    case LINKWATCH_LEARNED_NOTIFICATION:
        return "notification";
    case LINKWATCH_LEARNED_DUMP:
        return "dump";
    case LINKWATCH_LEARNED_SNAPSHOT:
        return "snapshot";
    case LINKWATCH_LEARNED_FILTER:
        return "filter";
    case LINKWATCH_LEARNED_OTHER:
        break;
    }
    return "other";
}
