/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/users.h"

#include <errno.h>
#include <stdlib.h>

/* At least as many as there are users, mostly; which of them share one, nobody can choose. */
#define BUCKET_BITS 10

LIST_HEAD(bucket, user);

struct users {
    uid_t own;
    uint32_t factor; /* odd */
    size_t sessions;
    size_t privileged; /* sessions, of those */
    struct users_counters counters;
    struct quota lists;
    struct bucket buckets[1 << BUCKET_BITS];
};

struct users *users_new(uid_t own, unsigned seed)
{
    struct users *users = calloc(1, sizeof(*users));

    if (!users)
        return NULL;
    users->own = own;
    users->lists.max = USERS_HELD_MAX;
    users->factor = seed | 1;
    return users;
}

struct users *users_free(struct users *users)
{
    struct user *user;

    if (!users)
        return NULL;
    for (size_t i = 0; i < sizeof(users->buckets) / sizeof(users->buckets[0]); i++)
        while ((user = LIST_FIRST(&users->buckets[i]))) {
            LIST_REMOVE(user, entry);
            free(user);
        }
    free(users);
    return NULL;
}

static struct bucket *bucket_of(struct users *users, uid_t uid)
{
    return &users->buckets[(uint32_t)(uid * users->factor) >> (32 - BUCKET_BITS)];
}

static struct user *find(struct users *users, uid_t uid)
{
    struct user *user;

    LIST_FOREACH (user, bucket_of(users, uid), entry)
        if (user->uid == uid)
            return user;
    return NULL;
}

static bool is_privileged(const struct users *users, uid_t uid)
{
    return uid == 0 || uid == users->own;
}

static size_t minus(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

/* The limit that one more session of that user would break, NULL if there is none. */
static const char *limit_reached(const struct users *users, uid_t uid, size_t sessions,
                                 const struct users_limits *limits)
{
    size_t left = minus(limits->sessions, users->sessions);

    if (sessions >= limits->sessions_per_user)
        return "sessions-per-user-max";
    if (!is_privileged(users, uid))
        left = minus(left, minus(limits->sessions / USERS_RESERVE, users->privileged));
    if (left == 0)
        return "sessions-max";
    return is_privileged(users, uid) || sessions < left ? NULL : "sessions-share";
}

static struct user *new_user(struct users *users, uid_t uid)
{
    struct user *user = calloc(1, sizeof(*user));

    if (!user)
        return NULL;
    user->uid = uid;
    user->lists = (struct quota){.above = &users->lists, .privileged = is_privileged(users, uid)};
    workqueue_share_init(&user->share);
    LIST_INSERT_HEAD(bucket_of(users, uid), user, entry);
    return user;
}

int users_enter(struct users *users, uid_t uid, const struct users_limits *limits,
                struct user **ret, const char **ret_limit)
{
    struct user *user = find(users, uid);
    const char *limit = limit_reached(users, uid, user ? user->sessions : 0, limits);

    if (limit) {
        users->counters.refused++;
        *ret_limit = limit;
        return -EUSERS;
    }
    if (!user)
        user = new_user(users, uid);
    if (!user)
        return -ENOMEM;
    user->sessions++;
    users->sessions++;
    users->counters.entered++;
    users->privileged += is_privileged(users, uid);
    *ret = user;
    return 0;
}

void users_leave(struct users *users, struct user *user)
{
    users->sessions--;
    users->privileged -= is_privileged(users, user->uid);
    user->sessions--;
    users_forget(user);
}

void users_forget(struct user *user)
{
    if (user->sessions > 0 || user->namespaces > 0)
        return;
    LIST_REMOVE(user, entry);
    free(user);
}

size_t users_sessions(const struct users *users)
{
    return users->sessions;
}

const struct users_counters *users_counters(const struct users *users)
{
    return &users->counters;
}
