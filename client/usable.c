/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a link can be expected to carry traffic. */
#include <string.h>

#include "client/linkwatch.h"

/* What the operational states mean that are neither UP nor UNKNOWN (RFC 2863). */
static const struct {
    const char *state;
    const char *reason;
} unusable[] = {
    {"DOWN", "its operational state is DOWN"},
    {"LOWERLAYERDOWN", "its lower link is down"},
    {"DORMANT", "it is waiting for an external event, such as authentication"},
    {"TESTING", "it is being tested"},
    {"NOTPRESENT", "its hardware is missing"},
};

/* Drivers that do not set an operational state, and kernels without one, leave the carrier. */
static const char *why_without_state(const struct linkwatch_link *link)
{
    bool carrier;

    if (linkwatch_link_get_boolean(link, LINKWATCH_FIELD_CARRIER, &carrier) >= 0 && !carrier)
        return "it has no carrier";
    return NULL;
}

static const char *why_not(const struct linkwatch_link *link)
{
    const char *state;
    int up = linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "UP");

    if (up < 0)
        return "the kernel does not report whether it is up";
    if (up == 0)
        return "it is down";
    if (linkwatch_link_get_string(link, LINKWATCH_FIELD_OPERSTATE, &state) < 0 ||
        strcmp(state, "UNKNOWN") == 0)
        return why_without_state(link);
    for (size_t i = 0; i < sizeof(unusable) / sizeof(unusable[0]); i++)
        if (strcmp(state, unusable[i].state) == 0)
            return unusable[i].reason;
    return strcmp(state, "UP") == 0 ? NULL : "its operational state is unknown to this version";
}

bool linkwatch_link_usable(const struct linkwatch_link *link, const char **ret_reason)
{
    const char *reason = why_not(link);

    if (reason && ret_reason)
        *ret_reason = reason;
    return !reason;
}
