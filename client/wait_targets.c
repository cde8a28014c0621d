/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/wait_targets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/array.h"

static int refuse(const char **ret_wrong, const char **ret_reason, const char *wrong,
                  const char *reason)
{
    *ret_wrong = wrong;
    *ret_reason = reason;
    return -EINVAL;
}

static size_t count_texts(const char *const *texts)
{
    size_t count = 0;

    while (texts && texts[count])
        count++;
    return count;
}

static int take_globs(struct wait_targets *targets, const char *glob, const char *const *more)
{
    size_t count = count_texts(more);

    targets->globs = calloc(count + 1, sizeof(*targets->globs));
    targets->absences = calloc(count + 1, sizeof(*targets->absences));
    if (!targets->globs || !targets->absences)
        return -ENOMEM;
    targets->globs[0] = glob;
    for (size_t i = 0; i < count; i++)
        targets->globs[i + 1] = more[i];
    targets->glob_count = count + 1;
    return 0;
}

/* One that says how long is kept aside: it is not about a link. */
static void take_condition(struct wait_targets *targets, const struct condition *condition,
                           size_t *stables)
{
    targets->absent |= condition->type == CONDITION_ABSENT;
    targets->follows |= condition_follows(condition);
    targets->needs_addresses |= condition_needs_addresses(condition);
    if (condition->type != CONDITION_STABLE)
        return;
    ++*stables;
    if ((uint64_t)condition->number > targets->stable)
        targets->stable = (uint64_t)condition->number;
}

int targets_init(struct wait_targets *targets, const char *glob, const char *const *more_globs,
                 const char *const *conditions, size_t at_least, const char **ret_wrong,
                 const char **ret_reason)
{
    size_t count = count_texts(conditions);
    size_t stables = 0;
    int r;

    *targets = (struct wait_targets){.texts = conditions, .needed = at_least ? at_least : 1};
    *ret_wrong = NULL;
    r = take_globs(targets, glob, more_globs);
    targets->conditions = calloc(count + 1, sizeof(*targets->conditions));
    if (r < 0 || !targets->conditions)
        return -ENOMEM;
    for (; targets->condition_count < count; targets->condition_count++) {
        struct condition *condition = &targets->conditions[targets->condition_count];
        const char *text = conditions[targets->condition_count];

        if (condition_parse(text, condition, ret_reason) < 0)
            return refuse(ret_wrong, ret_reason, text, *ret_reason);
        take_condition(targets, condition, &stables);
    }
    if (count == 0)
        return -EINVAL;
    if (stables == count)
        return refuse(ret_wrong, ret_reason, conditions[0], "needs another condition beside it");
    if (targets->absent && count - stables > 1)
        return refuse(ret_wrong, ret_reason, "absent", "cannot be combined with other conditions");
    return 0;
}

static void clear_target(struct target *target)
{
    linkwatch_link_unref(target->first);
    linkwatch_link_unref(target->now);
}

void targets_clear(struct wait_targets *targets)
{
    for (size_t i = 0; i < targets->count; i++)
        clear_target(&targets->items[i]);
    free(targets->items);
    free(targets->absences);
    free(targets->conditions);
    free(targets->globs);
    *targets = (struct wait_targets){0};
}

/* Where the link of that index is among the targets, or belongs. */
static size_t place_of(const struct wait_targets *targets, int ifindex)
{
    size_t low = 0;
    size_t high = targets->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (linkwatch_link_ifindex(targets->items[middle].now) < ifindex)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct target *find(const struct wait_targets *targets, int ifindex)
{
    size_t place = place_of(targets, ifindex);

    if (place == targets->count || linkwatch_link_ifindex(targets->items[place].now) != ifindex)
        return NULL;
    return &targets->items[place];
}

static bool matches_any(const struct wait_targets *targets, const struct linkwatch_link *link)
{
    for (size_t i = 0; i < targets->glob_count; i++)
        if (linkwatch_link_matches(link, targets->globs[i]))
            return true;
    return false;
}

static int add(struct wait_targets *targets, struct linkwatch_link *link)
{
    size_t place = place_of(targets, linkwatch_link_ifindex(link));
    int r =
        array_grow(&targets->items, &targets->capacity, targets->count + 1, sizeof(struct target));

    if (r < 0)
        return r;
    memmove(targets->items + place + 1, targets->items + place,
            (targets->count - place) * sizeof(*targets->items));
    targets->items[place] =
        (struct target){.first = linkwatch_link_ref(link), .now = linkwatch_link_ref(link)};
    targets->count++;
    return 0;
}

void targets_drop(struct wait_targets *targets, int ifindex)
{
    struct target *target = find(targets, ifindex);
    size_t place;

    if (!target)
        return;
    targets->met_count -= target->span.met;
    clear_target(target);
    place = (size_t)(target - targets->items);
    targets->count--;
    memmove(target, target + 1, (targets->count - place) * sizeof(*target));
}

static bool meets(const struct wait_targets *targets, size_t condition,
                  const struct linkwatch_mirror *mirror, const struct target *target)
{
    return condition_met_in(&targets->conditions[condition], mirror, target->now, target->first);
}

static bool meets_all(const struct wait_targets *targets, const struct linkwatch_mirror *mirror,
                      const struct target *target)
{
    for (size_t i = 0; i < targets->condition_count; i++)
        if (targets->conditions[i].type != CONDITION_STABLE && !meets(targets, i, mirror, target))
            return false;
    return true;
}

static void set_met(struct met_span *span, bool met, uint64_t now)
{
    if (met && !span->met)
        span->since = now;
    span->met = met;
}

int targets_take(struct wait_targets *targets, const struct linkwatch_mirror *mirror,
                 struct linkwatch_link *link, uint64_t now)
{
    int ifindex = linkwatch_link_ifindex(link);
    struct target *target = find(targets, ifindex);
    bool matches = matches_any(targets, link);

    if (!target && matches) {
        int r = add(targets, link);

        if (r < 0)
            return r;
        target = find(targets, ifindex);
    }
    if (!target)
        return 0;
    if (!matches && !targets->follows) {
        targets_drop(targets, ifindex);
        return 0;
    }
    linkwatch_link_ref(link);
    linkwatch_link_unref(target->now);
    target->now = link;
    targets->met_count -= target->span.met;
    set_met(&target->span, meets_all(targets, mirror, target), now);
    targets->met_count += target->span.met;
    return 0;
}

static bool depends_on_carrier(const struct wait_targets *targets)
{
    for (size_t i = 0; i < targets->condition_count; i++)
        if (condition_is_of_carrier(&targets->conditions[i]))
            return true;
    return false;
}

void targets_flap(struct wait_targets *targets, int ifindex, uint64_t now)
{
    struct target *target = find(targets, ifindex);

    if (target && depends_on_carrier(targets))
        target->span.since = now;
}

void targets_interrupt(struct wait_targets *targets, uint64_t now)
{
    for (size_t i = 0; i < targets->count; i++)
        targets->items[i].span.since = now;
    for (size_t i = 0; i < targets->glob_count; i++)
        targets->absences[i].since = now;
}

/* A followed link stands for the name that it had. */
static bool is_matched(const struct wait_targets *targets, size_t glob)
{
    for (size_t i = 0; i < targets->count; i++) {
        const struct target *target = &targets->items[i];

        if (linkwatch_link_matches(targets->follows ? target->first : target->now,
                                   targets->globs[glob]))
            return true;
    }
    return false;
}

static bool all_are_matched(const struct wait_targets *targets)
{
    for (size_t i = 0; i < targets->glob_count; i++)
        if (!is_matched(targets, i))
            return false;
    return true;
}

static bool is_long_enough(const struct wait_targets *targets, const struct met_span *span,
                           uint64_t now)
{
    return span->met && now - span->since >= targets->stable;
}

/* Whether so many of the spans are long enough; else when the next one is. */
static bool are_long_enough(const struct wait_targets *targets, size_t count, size_t needed,
                            uint64_t now, uint64_t *ret_due)
{
    size_t enough = 0;

    for (size_t i = 0; i < count; i++) {
        const struct met_span *span =
            targets->absent ? &targets->absences[i] : &targets->items[i].span;

        if (is_long_enough(targets, span, now))
            enough++;
        else if (span->met && span->since + targets->stable < *ret_due)
            *ret_due = span->since + targets->stable;
    }
    return enough >= needed;
}

bool targets_are_met(struct wait_targets *targets, bool complete, uint64_t now, uint64_t *ret_due)
{
    bool all = targets->needed == LINKWATCH_WAIT_ALL;

    *ret_due = UINT64_MAX;
    if (!complete && (all || targets->absent || targets->stable > 0))
        return false;
    if (targets->absent) {
        for (size_t i = 0; i < targets->glob_count; i++)
            set_met(&targets->absences[i], !is_matched(targets, i), now);
        return are_long_enough(targets, targets->glob_count,
                               all ? targets->glob_count : targets->needed, now, ret_due);
    }
    if (all && (targets->met_count < targets->count || !all_are_matched(targets)))
        return false;
    if (!all && targets->met_count < targets->needed)
        return false;
    return are_long_enough(targets, targets->count, all ? targets->count : targets->needed, now,
                           ret_due);
}

void targets_report_met(const struct wait_targets *targets, uint64_t now, void *user,
                        void (*met)(void *user, struct linkwatch_link *link))
{
    for (size_t i = 0; met && !targets->absent && i < targets->count; i++)
        if (is_long_enough(targets, &targets->items[i].span, now))
            met(user, targets->items[i].now);
}

struct linkwatch_link *targets_first_met(const struct wait_targets *targets, uint64_t now)
{
    for (size_t i = 0; !targets->absent && i < targets->count; i++)
        if (is_long_enough(targets, &targets->items[i].span, now))
            return targets->items[i].now;
    return NULL;
}

static const char *why_not(const struct condition *condition, const struct linkwatch_link *link)
{
    const char *reason = NULL;

    if (condition->type == CONDITION_USABLE)
        linkwatch_link_usable(link, &reason);
    return reason;
}

/* The name or glob by which a link is a target. */
static const char *glob_of(const struct wait_targets *targets, const struct target *target)
{
    for (size_t i = 0; i < targets->glob_count; i++)
        if (linkwatch_link_matches(targets->follows ? target->first : target->now,
                                   targets->globs[i]))
            return targets->globs[i];
    return targets->globs[0];
}

void targets_report_unmet(const struct wait_targets *targets, const struct linkwatch_mirror *mirror,
                          uint64_t now, void *user,
                          void (*unmet)(void *user, const char *glob, struct linkwatch_link *link,
                                        const char *condition, const char *reason))
{
    for (size_t i = 0; unmet && !targets->absent && i < targets->glob_count; i++)
        if (!is_matched(targets, i))
            unmet(user, targets->globs[i], NULL, NULL, NULL);
    for (size_t i = 0; unmet && i < targets->count; i++) {
        const struct target *target = &targets->items[i];

        for (size_t j = 0; j < targets->condition_count; j++) {
            const struct condition *condition = &targets->conditions[j];

            if (condition->type == CONDITION_STABLE
                    ? target->span.met && !is_long_enough(targets, &target->span, now)
                    : !meets(targets, j, mirror, target))
                unmet(user, glob_of(targets, target), target->now, targets->texts[j],
                      why_not(condition, target->now));
        }
    }
}
