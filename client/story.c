#include "client/story.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/filter.h"
#include "client/link.h"

/* What the application is told by. One that has ended the mirror hears nothing more. */
#define TELL(story, name, ...)                                     \
    do {                                                           \
        if (!(story)->ended && (story)->callbacks.name)            \
            (story)->callbacks.name((story)->user, ##__VA_ARGS__); \
    } while (0)

static const struct linkwatch_event by_snapshot = {
    .learned = LINKWATCH_LEARNED_SNAPSHOT, .realtime = -1, .monotonic = -1};

int story_init(struct story *story, const struct linkwatch_filter *filter,
               const struct linkwatch_callbacks *callbacks, void *user)
{
    if (callbacks->size < offsetof(struct linkwatch_callbacks, add) ||
        callbacks->size > sizeof(*callbacks))
        return -EINVAL;
    *story = (struct story){.user = user, .filtered = !filter_is_empty(filter)};
    /* A program built with an older header has fewer of them. */
    memcpy(&story->callbacks, callbacks, callbacks->size);
    return filter_copy(filter, &story->filter);
}

void story_clear(struct story *story)
{
    picture_clear(&story->held);
    picture_clear(&story->fresh);
    linkwatch_filter_free(story->filter);
    free(story->instance);
    free(story->source);
    *story = (struct story){.ended = true};
}

static void collect(struct story *story)
{
    picture_clear(&story->fresh);
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
                                 (json_int_t)story->sequence));
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
        /* Without a time it tells how the source is at that position. */
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

static int tell_add(struct story *story, struct linkwatch_link *link,
                    const struct linkwatch_event *event)
{
    int r = picture_put(&story->held, link);

    if (r >= 0)
        TELL(story, add, link, event);
    return r;
}

static void tell_remove(struct story *story, struct linkwatch_link *link,
                        const struct linkwatch_event *event)
{
    linkwatch_link_ref(link);
    picture_drop(&story->held, linkwatch_link_ifindex(link));
    TELL(story, remove, link, event);
    linkwatch_link_unref(link);
}

static int tell_change(struct story *story, struct linkwatch_link *before,
                       struct linkwatch_link *now, const struct linkwatch_event *event)
{
    int r;

    linkwatch_link_ref(before);
    r = picture_put(&story->held, now);
    if (r >= 0)
        TELL(story, change, before, now, linkwatch_link_compare(before, now), event);
    linkwatch_link_unref(before);
    return r;
}

/* Three parts of bringing the application from held to fresh, in this order, so that a
 * name is given up before another link has it. */

static void tell_gone(struct story *story)
{
    struct linkwatch_link *link;
    int ifindex = 0;

    while (!story->ended && (link = picture_next(&story->held, ifindex))) {
        struct linkwatch_link *now;

        ifindex = linkwatch_link_ifindex(link);
        now = picture_get(&story->fresh, ifindex);
        if (!now || link_is_another(link, now))
            tell_remove(story, link, &by_snapshot);
    }
}

static int tell_changed(struct story *story)
{
    int r = 0;

    for (size_t i = 0; i < story->fresh.count && r >= 0 && !story->ended; i++) {
        struct linkwatch_link *now = story->fresh.links[i];
        struct linkwatch_link *before = picture_get(&story->held, linkwatch_link_ifindex(now));

        if (before && linkwatch_link_compare(before, now))
            r = tell_change(story, before, now, &by_snapshot);
    }
    return r;
}

static int tell_new(struct story *story)
{
    int r = 0;

    for (size_t i = 0; i < story->fresh.count && r >= 0 && !story->ended; i++) {
        struct linkwatch_link *link = story->fresh.links[i];

        if (!picture_get(&story->held, linkwatch_link_ifindex(link)))
            r = tell_add(story, link, &by_snapshot);
    }
    return r;
}

/* The snapshot is complete: tells how it differs from what the application knows. */
static int settle(struct story *story)
{
    int r;

    tell_gone(story);
    r = tell_changed(story);
    if (r >= 0)
        r = tell_new(story);
    if (r < 0)
        return r;
    picture_clear(&story->fresh);
    story->collecting = false;
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

/* Whether a link left the filter. One that the daemon lets pass and that we wouldn't is
 * kept: the daemon knows better. */
static bool leaves(const struct story *story, const struct linkwatch_link *before,
                   const struct linkwatch_link *now)
{
    return linkwatch_filter_matches(story->filter, before) &&
           !linkwatch_filter_matches(story->filter, now);
}

static int change_in_fresh(struct story *story, struct linkwatch_link *now)
{
    int ifindex = linkwatch_link_ifindex(now);
    struct linkwatch_link *before = picture_get(&story->fresh, ifindex);

    if (before ? leaves(story, before, now) : !linkwatch_filter_matches(story->filter, now)) {
        picture_drop(&story->fresh, ifindex);
        return 0;
    }
    return picture_put(&story->fresh, now);
}

/* An event during a snapshot is about a link that the snapshot had already. */
static int take_into_fresh(struct story *story, const struct message *message)
{
    switch (message->type) {
    case MESSAGE_SOURCE:
        return tell_source(story, &message->source);
    case MESSAGE_SNAPSHOT:
    case MESSAGE_ADD:
        return picture_put(&story->fresh, message->link);
    case MESSAGE_CHANGE:
        return change_in_fresh(story, message->link);
    case MESSAGE_REMOVE:
        picture_drop(&story->fresh, linkwatch_link_ifindex(message->link));
        return 0;
    case MESSAGE_READY:
    case MESSAGE_LOST:
    case MESSAGE_TYPE_COUNT:
        break;
    }
    return -EBADMSG;
}

static struct linkwatch_event by_filter(const struct linkwatch_event *event)
{
    struct linkwatch_event copy = *event;

    copy.learned = LINKWATCH_LEARNED_FILTER;
    return copy;
}

static int follow_add(struct story *story, const struct message *message)
{
    if (picture_get(&story->held, linkwatch_link_ifindex(message->link)))
        return -EBADMSG;
    return tell_add(story, message->link, &message->event);
}

static int follow_remove(struct story *story, const struct message *message)
{
    struct linkwatch_link *held = picture_get(&story->held, linkwatch_link_ifindex(message->link));

    if (!held)
        return story->filtered ? 0 : -EBADMSG;
    tell_remove(story, message->link, &message->event);
    return 0;
}

/* A link that wasn't told came into the filter, or is passing it on its way. */
static int follow_change_of_unknown(struct story *story, const struct message *message)
{
    struct linkwatch_event event = by_filter(&message->event);

    if (!story->filtered)
        return -EBADMSG;
    if (!linkwatch_filter_matches(story->filter, message->link))
        return 0;
    return tell_add(story, message->link, &event);
}

static int follow_change(struct story *story, const struct message *message)
{
    struct linkwatch_link *before =
        picture_get(&story->held, linkwatch_link_ifindex(message->link));
    struct linkwatch_event event = by_filter(&message->event);
    bool left;
    int r;

    if (!before)
        return follow_change_of_unknown(story, message);
    left = leaves(story, before, message->link);
    r = tell_change(story, before, message->link, &message->event);
    if (r >= 0 && left)
        tell_remove(story, message->link, &event);
    return r;
}

static int follow(struct story *story, const struct message *message)
{
    switch (message->type) {
    case MESSAGE_SOURCE:
        return tell_source(story, &message->source);
    case MESSAGE_ADD:
        return follow_add(story, message);
    case MESSAGE_REMOVE:
        return follow_remove(story, message);
    case MESSAGE_CHANGE:
        return follow_change(story, message);
    case MESSAGE_SNAPSHOT:
    case MESSAGE_READY:
    case MESSAGE_LOST:
    case MESSAGE_TYPE_COUNT:
        break;
    }
    return -EBADMSG;
}

static int tell(struct story *story, const struct message *message)
{
    if (message->type == MESSAGE_READY)
        return tell_ready(story, message);
    if (message->type == MESSAGE_LOST) {
        tell_lost(story, message);
        return 0;
    }
    return story->collecting ? take_into_fresh(story, message) : follow(story, message);
}

int story_tell(struct story *story, const struct message *message)
{
    int r = check_position(story, message);

    if (r >= 0)
        r = tell(story, message);
    if (r == -EBADMSG)
        story_forget_position(story);
    if (r < 0)
        return r;
    story->sequence = message->event.sequence;
    story->begins = false;
    return 0;
}
