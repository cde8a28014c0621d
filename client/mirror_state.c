/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/mirror_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/address_object.h"
#include "client/differences.h"
#include "client/link_filter.h"
#include "client/link_object.h"
#include "client/link_set.h"

int mirror_state_init(struct mirror_state *state, const struct linkwatch_filter *filter,
                      const struct linkwatch_callbacks *callbacks, void *user)
{
    int r;

    *state = (struct mirror_state){
        .user = user, .filtered = !filter_is_empty(filter), .limit = LIMIT_OF_LINKS};
    state->hold.limit = state->limit;
    r = copy_callbacks(callbacks, &state->callbacks);
    return r < 0 ? r : filter_copy(filter, &state->filter);
}

static void clear_group(struct mirror_state *state)
{
    steps_clear(&state->group);
    state->group_bytes = 0;
}

void mirror_state_clear(struct mirror_state *state)
{
    hold_clear(&state->hold);
    snapshot_clear(&state->current);
    snapshot_clear(&state->incoming);
    clear_group(state);
    linkwatch_filter_free(state->filter);
    free(state->instance);
    free(state->source);
    free(state->address_source);
    *state = (struct mirror_state){.ended = true};
}

static void collect(struct mirror_state *state)
{
    snapshot_clear(&state->incoming);
    clear_group(state);
    state->collecting = true;
    state->complete = false;
    state->ready = false;
}

void mirror_state_know(struct mirror_state *state, struct snapshot *snapshot, char *instance,
                       int64_t sequence)
{
    snapshot_replace(&state->current, snapshot);
    free(state->instance);
    state->instance = instance;
    state->sequence = state->reported = sequence;
    state->complete = sequence >= 0;
}

static int add_member(json_t *parameters, const char *name, json_t *value)
{
    return json_object_set_new(parameters, name, value);
}

json_t *mirror_state_begin(struct mirror_state *state)
{
    json_t *parameters = json_object();
    int r = 0;

    if (state->filtered)
        r = add_member(parameters, "filter", filter_to_json(state->filter));
    if (state->follows_addresses && r == 0)
        r = add_member(parameters, "subjects", json_pack("[s, s]", "links", "addresses"));
    if (state->complete && r == 0)
        r = add_member(parameters, "since",
                       json_pack("{s:s, s:I}", "instance", state->instance, "sequence",
                                 (json_int_t)state->reported));
    if (r < 0) {
        json_decref(parameters);
        return NULL;
    }
    state->is_new = true;
    if (!state->complete)
        collect(state);
    return parameters;
}

bool mirror_state_resumes(const struct mirror_state *state)
{
    return !state->collecting;
}

void mirror_state_break(struct mirror_state *state)
{
    snapshot_clear(&state->incoming);
    clear_group(state);
    state->sequence = state->reported;
    state->collecting = false;
    state->ready = false;
}

void mirror_state_move(struct mirror_state *state)
{
    bool ready = state->ready;

    mirror_state_break(state);
    state->ready = ready;
}

void mirror_state_forget_position(struct mirror_state *state)
{
    state->complete = false;
}

static int take_instance(struct mirror_state *state, const struct message *message)
{
    char *instance;

    if (state->instance && strcmp(state->instance, message->event.instance) == 0)
        return 0;
    instance = strdup(message->event.instance);
    if (!instance)
        return -ENOMEM;
    free(state->instance);
    state->instance = instance;
    return 0;
}

/* Whether it has a number of its own. */
static bool is_event(const struct message *message)
{
    switch (message->type) {
    case MESSAGE_SOURCE:
    case MESSAGE_OTHER:
        /* Without a time it is a state at that position. */
        return message->event.realtime >= 0;
    case MESSAGE_ADD:
    case MESSAGE_REMOVE:
    case MESSAGE_CHANGE:
        return true;
    case MESSAGE_SNAPSHOT:
    case MESSAGE_READY:
    case MESSAGE_LOST:
    case MESSAGE_TYPE_COUNT:
        break;
    }
    return false;
}

/* Whether the message's number can follow. Numbers are skipped where something isn't for this
 * mirror: by its filter, or since it is about what others want to know. What is lost is announced.
 */
static bool follows(const struct mirror_state *state, const struct message *message)
{
    int64_t step = message->event.sequence - state->sequence;

    return is_event(message) ? step > 0 : step >= 0;
}

static int check_position(struct mirror_state *state, const struct message *message)
{
    if (message->type == MESSAGE_LOST || (state->is_new && state->collecting))
        return take_instance(state, message);
    if (strcmp(state->instance, message->event.instance) != 0)
        return -EBADMSG;
    return follows(state, message) ? 0 : -EBADMSG;
}

static void report_address_step(struct mirror_state *state, const struct step *step)
{
    struct linkwatch_address *before = step->address_before;
    struct linkwatch_address *now = step->address_now;

    if (!before)
        MIRROR_CALL(state, address_add, now, &step->event);
    else if (!now)
        MIRROR_CALL(state, address_remove, before, &step->event);
    else
        MIRROR_CALL(state, address_change, before, now, linkwatch_address_compare(before, now),
                    &step->event);
}

static void report_step(struct mirror_state *state, const struct step *step)
{
    if (step->address_before || step->address_now)
        report_address_step(state, step);
    else if (!step->before)
        MIRROR_CALL(state, add, step->now, &step->event);
    else if (!step->now)
        MIRROR_CALL(state, remove, step->before, &step->event);
    else
        MIRROR_CALL(state, change, step->before, step->now,
                    linkwatch_link_compare(step->before, step->now), &step->event);
}

/* The links are as they are after all of the steps already: in between, the application never
 * sees two links of one name. */
static void report_steps(struct mirror_state *state, struct steps *steps)
{
    for (size_t i = 0; i < steps->count; i++) {
        steps->at[i].event.more_follows = i + 1 < steps->count;
        report_step(state, &steps->at[i]);
    }
    steps_clear(steps);
}

/* From what the application knows to the incoming snapshot. On failure the steps that are found are
 * to be reported, too. */
static int find_reports(struct mirror_state *state, struct steps *ret_steps)
{
    struct hold *hold = &state->hold;
    struct steps steps = {0};
    int r = find_differences(mirror_state_known(state), &state->incoming, &steps);

    if (r >= 0 && hold_is_active(hold) && hold->begun) {
        r = hold_take_snapshot(hold, &state->incoming, &steps, state->now, ret_steps);
    } else if (r >= 0) {
        r = hold_is_active(hold) ? hold_begin(hold, &state->incoming) : 0;
        if (r >= 0) {
            *ret_steps = steps;
            return 0;
        }
    }
    steps_clear(&steps);
    return r;
}

/* The snapshot is complete: reports how it differs from what the application knows. */
static int take_complete_snapshot(struct mirror_state *state)
{
    struct steps reports = {0};
    int r = find_reports(state, &reports);

    if (r >= 0) {
        snapshot_replace(&state->current, &state->incoming);
        state->collecting = false;
    } else {
        mirror_state_forget_position(state);
    }
    report_steps(state, &reports);
    return r;
}

static char *source_key(const struct linkwatch_source *source)
{
    char *key;
    int n = asprintf(&key, "%s %d %d %s", source->standing, source->error, source->stale,
                     source->reason);

    return n < 0 ? NULL : key;
}

/* Whether the source differs from what was reported last, which it is from now on; -ENOMEM. */
static int remember_source(char **last, const struct linkwatch_source *source)
{
    char *key;

    if (!source->standing)
        return 0;
    key = source_key(source);
    if (!key)
        return -ENOMEM;
    if (*last && strcmp(*last, key) == 0) {
        free(key);
        return 0;
    }
    free(*last);
    *last = key;
    return 1;
}

/* Reports the sources, if they differ from what was reported last. */
static int report_sources(struct mirror_state *state, const struct message *message)
{
    int r = remember_source(&state->source, &message->source);

    if (r > 0)
        MIRROR_CALL(state, source, &message->source);
    if (r < 0 || !state->follows_addresses)
        return r;
    r = remember_source(&state->address_source, &message->address_source);
    if (r > 0)
        MIRROR_CALL(state, address_source, &message->address_source);
    return r;
}

static int report_ready(struct mirror_state *state, const struct message *message)
{
    int r = state->collecting ? take_complete_snapshot(state) : 0;

    if (r >= 0)
        r = report_sources(state, message);
    if (r < 0)
        return r;
    state->complete = true;
    state->ready = true;
    MIRROR_CALL(state, ready);
    return 0;
}

static void report_lost(struct mirror_state *state, const struct message *message)
{
    collect(state);
    MIRROR_CALL(state, lost, message->lost);
}

/* Steps that led to the current snapshot. */
static int report_or_hold(struct mirror_state *state, struct steps *steps)
{
    struct steps reports = {0};
    int r;

    if (!hold_is_active(&state->hold)) {
        report_steps(state, steps);
        return 0;
    }
    r = hold_take(&state->hold, steps, state->now, &reports);
    if (r < 0)
        mirror_state_forget_position(state);
    report_steps(state, &reports);
    return r;
}

int mirror_state_report_due(struct mirror_state *state)
{
    struct steps reports = {0};
    int r;

    if (!hold_is_active(&state->hold) || !state->ready)
        return 0;
    r = hold_report_due(&state->hold, state->now, &reports);
    if (r < 0)
        mirror_state_forget_position(state);
    report_steps(state, &reports);
    return r;
}

uint64_t mirror_state_deadline(const struct mirror_state *state)
{
    return hold_is_active(&state->hold) && state->ready ? hold_deadline(&state->hold) : UINT64_MAX;
}

const struct snapshot *mirror_state_known(const struct mirror_state *state)
{
    return hold_is_active(&state->hold) ? &state->hold.known : &state->current;
}

static int apply(const struct mirror_state *state, const struct steps *events,
                 struct snapshot *snapshot, struct steps *ret_steps)
{
    struct apply_options options = {.filter = state->filter,
                                    .filtered = state->filtered,
                                    .incomplete = state->collecting,
                                    .limit = state->limit};

    return snapshot_apply(snapshot, &options, events, ret_steps);
}

/* A part of the snapshot, or an event in between. What follows is reported when all is there. */
static int take_into_incoming(struct mirror_state *state, const struct message *message)
{
    struct step step = {.type = message->type,
                        .now = message->link,
                        .address_now = message->address,
                        .event = message->event};
    struct steps events = {.at = &step, .count = 1};
    struct steps unreported = {0};
    int r = apply(state, &events, &state->incoming, &unreported);

    steps_clear(&unreported);
    return r;
}

/* The group of events is complete: all are applied, or none. One alone needs no copy. */
static int apply_group(struct mirror_state *state)
{
    bool alone = state->group.count == 1;
    struct snapshot copy = {.links = {0}};
    struct steps steps = {0};
    int r = alone ? 0 : snapshot_copy(&state->current, &copy);

    if (r >= 0)
        r = apply(state, &state->group, alone ? &state->current : &copy, &steps);
    if (r >= 0 && !alone)
        snapshot_replace(&state->current, &copy);
    snapshot_clear(&copy);
    clear_group(state);
    if (r >= 0)
        r = report_or_hold(state, &steps);
    steps_clear(&steps);
    return r;
}

/* An event waits for the last of those that belong together. */
static int add_to_group(struct mirror_state *state, const struct message *message)
{
    struct linkwatch_event event = message->event;

    state->group_bytes += sizeof(struct step);
    state->group_bytes +=
        message->address ? address_bytes(message->address) : link_bytes(message->link);
    if (state->group_bytes > state->limit)
        return -E2BIG;
    /* The message ends before. */
    event.instance = state->instance;
    if (message->address)
        return steps_add_address(&state->group, message->type, NULL, message->address, &event);
    return steps_add(&state->group, message->type, NULL, message->link, &event);
}

static int take(struct mirror_state *state, const struct message *message)
{
    switch (message->type) {
    case MESSAGE_LOST:
        report_lost(state, message);
        return 0;
    case MESSAGE_READY:
        return state->group.count > 0 ? -EBADMSG : report_ready(state, message);
    case MESSAGE_SOURCE:
        return report_sources(state, message);
    case MESSAGE_SNAPSHOT:
        return state->collecting ? take_into_incoming(state, message) : -EBADMSG;
    case MESSAGE_ADD:
    case MESSAGE_REMOVE:
    case MESSAGE_CHANGE:
        return state->collecting ? take_into_incoming(state, message)
                                 : add_to_group(state, message);
    case MESSAGE_OTHER:
        return 0;
    case MESSAGE_TYPE_COUNT:
        break;
    }
    return -EBADMSG;
}

int mirror_state_take(struct mirror_state *state, const struct message *message)
{
    int r = check_position(state, message);

    if (r >= 0)
        r = take(state, message);
    if (r >= 0 && !message->more_follows && state->group.count > 0)
        r = apply_group(state);
    if (r == -EBADMSG || r == -E2BIG)
        mirror_state_forget_position(state);
    if (r < 0)
        return r;
    state->sequence = message->event.sequence;
    if (state->group.count == 0)
        state->reported = state->sequence;
    state->is_new = false;
    return 0;
}
