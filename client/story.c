/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/story.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/apply.h"
#include "client/link_filter.h"
#include "client/link_object.h"

/* What the application is told by. One that has ended the mirror hears nothing more. */
#define TELL(story, name, ...)                                     \
    do {                                                           \
        if (!(story)->ended && (story)->callbacks.name)            \
            (story)->callbacks.name((story)->user, ##__VA_ARGS__); \
    } while (0)

static const struct linkwatch_event by_snapshot = {
    .learned = LINKWATCH_LEARNED_SNAPSHOT, .realtime = -1, .monotonic = -1};

/* A program built with an older header has fewer callbacks. One that was built with a newer
 * header may have more, as long as it doesn't count on them. */
static int take_callbacks(struct story *story, const struct linkwatch_callbacks *callbacks)
{
    const char *bytes = (const char *)callbacks;
    size_t size = callbacks->size;

    if (size < offsetof(struct linkwatch_callbacks, add))
        return -EINVAL;
    for (; size > sizeof(*callbacks); size--)
        if (bytes[size - 1])
            return -EINVAL;
    memcpy(&story->callbacks, callbacks, size);
    return 0;
}

int story_init(struct story *story, const struct linkwatch_filter *filter,
               const struct linkwatch_callbacks *callbacks, void *user)
{
    int r;

    *story =
        (struct story){.user = user, .filtered = !filter_is_empty(filter), .limit = LIMIT_OF_LINKS};
    r = take_callbacks(story, callbacks);
    return r < 0 ? r : filter_copy(filter, &story->filter);
}

static void forget_begun(struct story *story)
{
    steps_clear(&story->begun);
    story->begun_bytes = 0;
}

void story_clear(struct story *story)
{
    picture_clear(&story->held);
    picture_clear(&story->fresh);
    forget_begun(story);
    linkwatch_filter_free(story->filter);
    free(story->instance);
    free(story->source);
    *story = (struct story){.ended = true};
}

static void collect(struct story *story)
{
    picture_clear(&story->fresh);
    forget_begun(story);
    story->collecting = true;
    story->complete = false;
    story->ready = false;
}

static int add_member(json_t *parameters, const char *name, json_t *value)
{
    return json_object_set_new(parameters, name, value);
}

json_t *story_begin(struct story *story)
{
    json_t *parameters = json_object();
    int r = 0;

    if (story->filtered)
        r = add_member(parameters, "filter", filter_to_json(story->filter));
    if (story->complete && r == 0)
        r = add_member(parameters, "since",
                       json_pack("{s:s, s:I}", "instance", story->instance, "sequence",
                                 (json_int_t)story->told));
    if (r < 0) {
        json_decref(parameters);
        return NULL;
    }
    story->begins = true;
    if (!story->complete)
        collect(story);
    return parameters;
}

bool story_resumes(const struct story *story)
{
    return !story->collecting;
}

void story_break(struct story *story)
{
    picture_clear(&story->fresh);
    forget_begun(story);
    story->sequence = story->told;
    story->collecting = false;
    story->ready = false;
}

void story_forget_position(struct story *story)
{
    story->complete = false;
}

static int take_instance(struct story *story, const struct message *message)
{
    char *instance;

    if (story->instance && strcmp(story->instance, message->event.instance) == 0)
        return 0;
    instance = strdup(message->event.instance);
    if (!instance)
        return -ENOMEM;
    free(story->instance);
    story->instance = instance;
    return 0;
}

/* Whether it has a number of its own. */
static bool is_event(const struct message *message)
{
    switch (message->type) {
    case MESSAGE_SOURCE:
    case MESSAGE_OTHER:
        /* Without a time it tells how something is at that position. */
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

/* Whether the message's number can follow. While a snapshot comes, or with a filter,
 * numbers are skipped; otherwise none is. */
static bool follows(const struct story *story, const struct message *message)
{
    int64_t step = message->event.sequence - story->sequence;

    if (is_event(message))
        return story->collecting || story->filtered ? step > 0 : step == 1;
    return story->collecting || story->filtered ? step >= 0 : step == 0;
}

static int check_position(struct story *story, const struct message *message)
{
    if (message->type == MESSAGE_LOST || (story->begins && story->collecting))
        return take_instance(story, message);
    if (strcmp(story->instance, message->event.instance) != 0)
        return -EBADMSG;
    return follows(story, message) ? 0 : -EBADMSG;
}

static void tell_step(struct story *story, const struct step *step)
{
    if (!step->before)
        TELL(story, add, step->now, &step->event);
    else if (!step->now)
        TELL(story, remove, step->before, &step->event);
    else
        TELL(story, change, step->before, step->now,
             linkwatch_link_compare(step->before, step->now), &step->event);
}

/* The picture is what it is after all of them already: what the application may ask it
 * for in between never was different. */
static void tell_steps(struct story *story, struct steps *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        tell_step(story, &steps->at[i]);
    steps_clear(steps);
}

/* Three parts of bringing the application from held to fresh, in this order, so that a
 * name is given up before another link has it. */

static int find_gone(const struct story *story, struct steps *steps)
{
    int r = 0;

    for (size_t i = 0; i < story->held.count && r >= 0; i++) {
        struct linkwatch_link *link = story->held.links[i];
        struct linkwatch_link *now = picture_get(&story->fresh, linkwatch_link_ifindex(link));

        if (!now || link_is_another(link, now))
            r = steps_add(steps, MESSAGE_REMOVE, link, NULL, &by_snapshot);
    }
    return r;
}

static int find_changed(const struct story *story, struct steps *steps)
{
    int r = 0;

    for (size_t i = 0; i < story->fresh.count && r >= 0; i++) {
        struct linkwatch_link *now = story->fresh.links[i];
        struct linkwatch_link *before = picture_get(&story->held, linkwatch_link_ifindex(now));

        if (before && !link_is_another(before, now) && linkwatch_link_compare(before, now))
            r = steps_add(steps, MESSAGE_CHANGE, before, now, &by_snapshot);
    }
    return r;
}

static int find_new(const struct story *story, struct steps *steps)
{
    int r = 0;

    for (size_t i = 0; i < story->fresh.count && r >= 0; i++) {
        struct linkwatch_link *now = story->fresh.links[i];
        struct linkwatch_link *before = picture_get(&story->held, linkwatch_link_ifindex(now));

        if (!before || link_is_another(before, now))
            r = steps_add(steps, MESSAGE_ADD, NULL, now, &by_snapshot);
    }
    return r;
}

static void replace_held(struct story *story, struct picture *by)
{
    picture_clear(&story->held);
    story->held = *by;
    *by = (struct picture){0};
}

/* The snapshot is complete: tells how it differs from what the application knows. */
static int settle(struct story *story)
{
    struct steps steps = {0};
    int r = find_gone(story, &steps);

    if (r >= 0)
        r = find_changed(story, &steps);
    if (r >= 0)
        r = find_new(story, &steps);
    if (r < 0) {
        steps_clear(&steps);
        return r;
    }
    replace_held(story, &story->fresh);
    story->collecting = false;
    tell_steps(story, &steps);
    return 0;
}

static char *source_key(const struct linkwatch_source *source)
{
    char *key;
    int n = asprintf(&key, "%s %d %d %s", source->standing, source->error, source->stale,
                     source->reason);

    return n < 0 ? NULL : key;
}

/* Tells the source, if it isn't what was told. */
static int tell_source(struct story *story, const struct linkwatch_source *source)
{
    char *key;

    if (!source->standing)
        return 0;
    key = source_key(source);
    if (!key)
        return -ENOMEM;
    if (story->source && strcmp(story->source, key) == 0) {
        free(key);
        return 0;
    }
    free(story->source);
    story->source = key;
    TELL(story, source, source);
    return 0;
}

static int tell_ready(struct story *story, const struct message *message)
{
    int r = story->collecting ? settle(story) : 0;

    if (r >= 0)
        r = tell_source(story, &message->source);
    if (r < 0)
        return r;
    story->complete = true;
    story->ready = true;
    TELL(story, ready);
    return 0;
}

static void tell_lost(struct story *story, const struct message *message)
{
    collect(story);
    TELL(story, lost, message->lost);
}

static int change_in_fresh(struct story *story, struct linkwatch_link *now)
{
    int ifindex = linkwatch_link_ifindex(now);
    struct linkwatch_link *before = picture_get(&story->fresh, ifindex);

    if (before ? apply_leaves(story->filter, before, now)
               : !linkwatch_filter_matches(story->filter, now)) {
        picture_drop(&story->fresh, ifindex);
        return 0;
    }
    return picture_put_within(&story->fresh, now, story->limit);
}

/* An event during a snapshot is about a link that the snapshot had already. */
static int take_into_fresh(struct story *story, const struct message *message)
{
    switch (message->type) {
    case MESSAGE_SOURCE:
        return tell_source(story, &message->source);
    case MESSAGE_SNAPSHOT:
    case MESSAGE_ADD:
        return picture_put_within(&story->fresh, message->link, story->limit);
    case MESSAGE_CHANGE:
        return change_in_fresh(story, message->link);
    case MESSAGE_REMOVE:
        picture_drop(&story->fresh, linkwatch_link_ifindex(message->link));
        return 0;
    case MESSAGE_OTHER:
        return 0;
    case MESSAGE_READY:
    case MESSAGE_LOST:
    case MESSAGE_TYPE_COUNT:
        break;
    }
    return -EBADMSG;
}

/* Events that belong together came to their end: they happen at once, or not at all. One
 * alone changes a picture just if all went well. */
static int follow_begun(struct story *story)
{
    bool alone = story->begun.count == 1;
    struct apply_context context = {
        .filter = story->filter, .filtered = story->filtered, .limit = story->limit};
    struct picture copy = {0};
    struct steps steps = {0};
    int r = alone ? 0 : picture_copy(&story->held, &copy);

    if (r >= 0)
        r = apply_all(&context, &story->begun, alone ? &story->held : &copy, &steps);
    if (r >= 0 && !alone)
        replace_held(story, &copy);
    picture_clear(&copy);
    forget_begun(story);
    if (r >= 0)
        tell_steps(story, &steps);
    steps_clear(&steps);
    return r;
}

/* What a message says of a link waits until the last of those that belong together. */
static int begin(struct story *story, const struct message *message)
{
    struct linkwatch_event event = message->event;

    story->begun_bytes += sizeof(struct step) + link_bytes(message->link);
    if (story->begun_bytes > story->limit)
        return -E2BIG;
    /* The message ends before. */
    event.instance = story->instance;
    return steps_add(&story->begun, message->type, NULL, message->link, &event);
}

static int follow(struct story *story, const struct message *message)
{
    int r = 0;

    switch (message->type) {
    case MESSAGE_SOURCE:
        r = tell_source(story, &message->source);
        break;
    case MESSAGE_ADD:
    case MESSAGE_REMOVE:
    case MESSAGE_CHANGE:
        r = begin(story, message);
        break;
    case MESSAGE_OTHER:
        break;
    case MESSAGE_SNAPSHOT:
    case MESSAGE_READY:
    case MESSAGE_LOST:
    case MESSAGE_TYPE_COUNT:
        return -EBADMSG;
    }
    if (r >= 0 && !message->more_follows && story->begun.count > 0)
        r = follow_begun(story);
    return r;
}

static int tell(struct story *story, const struct message *message)
{
    if (message->type == MESSAGE_LOST) {
        tell_lost(story, message);
        return 0;
    }
    if (message->type == MESSAGE_READY)
        return story->begun.count > 0 ? -EBADMSG : tell_ready(story, message);
    return story->collecting ? take_into_fresh(story, message) : follow(story, message);
}

int story_tell(struct story *story, const struct message *message)
{
    int r = check_position(story, message);

    if (r >= 0)
        r = tell(story, message);
    if (r == -EBADMSG || r == -E2BIG)
        story_forget_position(story);
    if (r < 0)
        return r;
    story->sequence = message->event.sequence;
    if (story->begun.count == 0)
        story->told = story->sequence;
    story->begins = false;
    return 0;
}
