/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* users: who may come in. */
#include "tests/unit/support.h"

#include <errno.h>

#include "daemon/users.h"

#define OWN      ((uid_t)990)
#define SESSIONS 4096
#define RESERVE  ((size_t)SESSIONS / USERS_RESERVE)

static const struct users_limits limits = {.sessions = SESSIONS, .sessions_per_user = 1024};

/* Enters as often as it may; how often, and which limit was reached. */
static size_t enter_all(struct users *users, uid_t uid, const char **ret_limit)
{
    struct user *user;
    size_t count = 0;

    while (users_enter(users, uid, &limits, &user, ret_limit) == 0) {
        assert_int_equal(user->uid, uid);
        assert_int_equal(user->sessions, ++count);
    }
    return count;
}

static void leave_all(struct users *users, uid_t uid, size_t count)
{
    const struct users_limits none = {.sessions = SIZE_MAX, .sessions_per_user = SIZE_MAX};
    const char *limit;
    struct user *user;

    assert_int_equal(users_enter(users, uid, &none, &user, &limit), 0);
    for (size_t i = 0; i <= count; i++)
        users_leave(users, user);
}

static struct users *new_users(void)
{
    struct users *users = users_new(OWN, 12345);

    assert_non_null(users);
    return users;
}

static void one_user_may_have_what_the_limit_says(void **state)
{
    struct users *users = new_users();
    const char *limit;

    (void)state;
    assert_int_equal(enter_all(users, 1000, &limit), 1024);
    assert_string_equal(limit, "sessions-per-user-max");
    assert_int_equal(users_sessions(users), 1024);
    leave_all(users, 1000, 1024);
    assert_int_equal(users_sessions(users), 0);
    users_free(users);
}

static void a_few_users_cannot_take_all(void **state)
{
    struct users *users = new_users();
    const char *limit;
    size_t taken = 0;
    size_t count;

    (void)state;
    for (uid_t uid = 1000; uid < 1008; uid++)
        taken += enter_all(users, uid, &limit);
    assert_string_equal(limit, "sessions-share");
    /* A ninth one gets in, with as many sessions as are still left for others then. */
    count = enter_all(users, 2000, &limit);
    assert_string_equal(limit, "sessions-share");
    assert_int_in_range(count, 10, 1024);
    taken += count;
    assert_int_in_range(SESSIONS - RESERVE - taken, count - 1, count + 1);
    leave_all(users, 2000, count);
    users_free(users);
}

static void a_reserve_is_left_for_root_and_the_daemons_own_user(void **state)
{
    struct users *users = new_users();
    struct user *user;
    const char *limit = "";

    (void)state;
    /* However many user ids somebody has. */
    for (uid_t uid = 100000; users_enter(users, uid, &limits, &user, &limit) == 0; uid++)
        ;
    assert_string_equal(limit, "sessions-max");
    assert_int_equal(users_sessions(users), SESSIONS - RESERVE);
    assert_int_equal(enter_all(users, 0, &limit), RESERVE);
    assert_string_equal(limit, "sessions-max");
    leave_all(users, 0, RESERVE / 2);
    assert_int_equal(enter_all(users, OWN, &limit), RESERVE / 2);
    users_free(users);
}

static void what_root_has_is_its_reserve_first(void **state)
{
    struct users *users = new_users();
    struct user *user;
    const char *limit;

    (void)state;
    for (size_t i = 0; i < RESERVE; i++)
        assert_int_equal(users_enter(users, 0, &limits, &user, &limit), 0);
    for (uid_t uid = 100000; users_enter(users, uid, &limits, &user, &limit) == 0; uid++)
        ;
    assert_int_equal(users_sessions(users), SESSIONS);
    users_free(users);
}

static void who_left_is_forgotten(void **state)
{
    struct users *users = new_users();
    const char *limit;
    struct user *user;

    (void)state;
    for (uid_t uid = 1000; uid < 200000; uid++) {
        assert_int_equal(users_enter(users, uid, &limits, &user, &limit), 0);
        assert_int_equal(user->sessions, 1);
        users_leave(users, user);
    }
    assert_int_equal(users_sessions(users), 0);
    users_free(users);
}

static void a_user_with_a_namespace_stays_without_sessions(void **state)
{
    struct users *users = new_users();
    struct user *user, *again;
    const char *limit;

    (void)state;
    assert_int_equal(users_enter(users, 1000, &limits, &user, &limit), 0);
    user->namespaces++;
    users_leave(users, user);
    assert_int_equal(users_enter(users, 1000, &limits, &again, &limit), 0);
    assert_ptr_equal(again, user);
    users_leave(users, user);
    user->namespaces--;
    users_forget(user);
    assert_int_equal(users_sessions(users), 0);
    assert_int_equal(users_counters(users)->entered, 2);
    users_free(users);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_user_may_have_what_the_limit_says),
        cmocka_unit_test(a_few_users_cannot_take_all),
        cmocka_unit_test(a_reserve_is_left_for_root_and_the_daemons_own_user),
        cmocka_unit_test(what_root_has_is_its_reserve_first),
        cmocka_unit_test(who_left_is_forgotten),
        cmocka_unit_test(a_user_with_a_namespace_stays_without_sessions),
    };

    return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
