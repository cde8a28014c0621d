/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/link_state.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "client/link_object.h"
#include "protocol/json.h"

#define COUNTERS                                                                      \
    (LINKWATCH_FIELD_MASK(CARRIER_CHANGES) | LINKWATCH_FIELD_MASK(CARRIER_UP_COUNT) | \
     LINKWATCH_FIELD_MASK(CARRIER_DOWN_COUNT))

/* Of the flags, some. */
#define STATE                                                                     \
    (COUNTERS | LINKWATCH_FIELD_MASK(CARRIER) | LINKWATCH_FIELD_MASK(OPERSTATE) | \
     LINKWATCH_FIELD_MASK(FLAGS))

static const char *const state_members[] = {
    "carrier",      "operstate",      "carrier_changes", "carrier_up_count", "carrier_down_count",
    "last_up_usec", "last_down_usec",
};

static const char *const state_flags[] = {"UP",         "LOWER_UP", "RUNNING",
                                          "NO-CARRIER", "DORMANT",  "M-DOWN"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum link_rank link_rank(const struct linkwatch_link *link)
{
    bool carrier = false;
    bool known;

    if (!link)
        return RANK_ABSENT;
    known = linkwatch_link_get_boolean(link, LINKWATCH_FIELD_CARRIER, &carrier) >= 0;
    if (linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "UP") == 0 || (known && !carrier))
        return RANK_PRESENT;
    /* M-DOWN comes some milliseconds before the carrier goes, and leaves after it is back. */
    if (linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "M-DOWN") == 1)
        return RANK_CONNECTED;
    return linkwatch_link_usable(link, NULL) ? RANK_USABLE : RANK_CONNECTED;
}

bool link_differs(const struct linkwatch_link *a, const struct linkwatch_link *b)
{
    return linkwatch_link_compare(a, b) & ~COUNTERS;
}

static bool is_state_flag(const char *flag)
{
    for (size_t i = 0; i < COUNT(state_flags); i++)
        if (strcmp(flag, state_flags[i]) == 0)
            return true;
    return false;
}

static const char *next_other_flag(const struct linkwatch_link *link, const char *flag)
{
    do
        flag = linkwatch_link_next_text(link, LINKWATCH_FIELD_FLAGS, flag);
    while (flag && is_state_flag(flag));
    return flag;
}

static bool same_other_flags(const struct linkwatch_link *a, const struct linkwatch_link *b)
{
    const char *of_a = NULL;
    const char *of_b = NULL;

    do {
        of_a = next_other_flag(a, of_a);
        of_b = next_other_flag(b, of_b);
    } while (of_a && of_b && strcmp(of_a, of_b) == 0);
    return !of_a && !of_b;
}

/* The other's flags in their order, but for those that are not of the state and gone; then what
 * there is besides. */
static json_t *merge_flags(const struct linkwatch_link *link, const struct linkwatch_link *state)
{
    json_t *flags = json_array();
    const char *flag = NULL;
    int r = 0;

    while (r == 0 && (flag = linkwatch_link_next_text(state, LINKWATCH_FIELD_FLAGS, flag)))
        if (is_state_flag(flag) || linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, flag) > 0)
            r = json_array_append_new(flags, json_string(flag));
    while (r == 0 && (flag = next_other_flag(link, flag)))
        if (linkwatch_link_has_text(state, LINKWATCH_FIELD_FLAGS, flag) == 0)
            r = json_array_append_new(flags, json_string(flag));
    if (r == 0)
        return flags;
    json_decref(flags);
    return NULL;
}

static int take_state(json_t *json, const json_t *from)
{
    for (size_t i = 0; i < COUNT(state_members); i++) {
        json_t *value = json_object_get(from, state_members[i]);

        if (!value)
            json_object_del(json, state_members[i]);
        else if (json_object_set(json, state_members[i], value) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int merge(struct linkwatch_link *link, struct linkwatch_link *state, json_t *json,
                 const json_t *from, struct linkwatch_link **ret)
{
    int r = take_state(json, from);

    if (r >= 0 && linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "UP") >= 0 &&
        linkwatch_link_has_text(state, LINKWATCH_FIELD_FLAGS, "UP") >= 0)
        r = json_object_set_new(json, "flags", merge_flags(link, state));
    return r < 0 ? -ENOMEM : link_from_json(json, ret);
}

static int parse(const struct linkwatch_link *link, json_t **ret)
{
    const char *text = linkwatch_link_json(link);

    return json_read(text, strlen(text), 0, NULL, ret);
}

int link_with_state(struct linkwatch_link *link, struct linkwatch_link *state,
                    struct linkwatch_link **ret)
{
    json_t *json = NULL, *from = NULL;
    int r;

    if (!(linkwatch_link_compare(link, state) & ~STATE) && same_other_flags(link, state)) {
        *ret = linkwatch_link_ref(state);
        return 0;
    }
    r = parse(link, &json);
    if (r >= 0)
        r = parse(state, &from);
    if (r >= 0)
        r = merge(link, state, json, from, ret);
    json_decref(json);
    json_decref(from);
    return r;
}
