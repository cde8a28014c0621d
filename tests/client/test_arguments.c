/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What functions accept: conditions, structs of another version of the header, NULL. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/client/parsed_link.h"

static void a_condition_is_met_or_not_or_wrong_for_a_reason(void **state)
{
    struct linkwatch_link *link = parse_link(link_with_everything);
    const char *reason = NULL;

    (void)state;
    assert_int_equal(linkwatch_link_meets(link, "present", NULL), 1);
    assert_int_equal(linkwatch_link_meets(link, "absent", NULL), 0);
    assert_int_equal(linkwatch_link_meets(NULL, "absent", NULL), 1);
    assert_int_equal(linkwatch_link_meets(NULL, "present", NULL), 0);
    assert_int_equal(linkwatch_link_meets(link, "name=eth*", NULL), 1);
    assert_int_equal(linkwatch_link_meets(link, "renamed", &reason), 0);
    assert_int_equal(linkwatch_link_meets(link, "address", &reason), 0);
    assert_null(reason);
    assert_int_equal(linkwatch_link_meets(NULL, "mtu=4294967296", &reason), -EINVAL);
    assert_non_null(strstr(reason, "mtu= must be a number"));
    assert_int_equal(linkwatch_link_meets(link, "Present", &reason), -EINVAL);
    assert_non_null(strstr(reason, "is not a condition"));
    linkwatch_link_unref(link);
}

static void a_wait_needs_a_condition_and_options_that_are_known(void **state)
{
    static const char *const none[] = {NULL};
    static const char *const up[] = {"up", NULL};
    struct {
        struct linkwatch_wait_options options;
        uint64_t later;
    } larger = {.options.size = sizeof(larger)};

    (void)state;
    assert_int_equal(linkwatch_wait("/nonexistent", "a", none, 0, NULL, NULL), -EINVAL);
    assert_int_equal(linkwatch_wait("/nonexistent", "a", up, 0, NULL, NULL), -ENOENT);
    assert_int_equal(linkwatch_wait("/nonexistent", "a", up, 0, &larger.options, NULL), -ENOENT);
    larger.later = 1;
    assert_int_equal(linkwatch_wait("/nonexistent", "a", up, 0, &larger.options, NULL), -EINVAL);
}

static void callbacks_that_are_not_known_must_be_none(void **state)
{
    struct {
        struct linkwatch_callbacks known;
        void (*later)(void);
    } callbacks = {.known.size = 0};
    struct linkwatch_mirror *mirror = NULL;

    (void)state;
    assert_int_equal(linkwatch_mirror_new("/x", NULL, &callbacks.known, NULL, &mirror), -EINVAL);
    callbacks.known.size = sizeof(callbacks);
    callbacks.later = abort;
    assert_int_equal(linkwatch_mirror_new("/x", NULL, &callbacks.known, NULL, &mirror), -EINVAL);
    assert_null(mirror);
    callbacks.later = NULL;
    assert_int_equal(linkwatch_mirror_new("/x", NULL, &callbacks.known, NULL, &mirror), 0);
    linkwatch_mirror_free(mirror);
}

/* What is behind its end is not read. */
static void callbacks_of_an_older_header_are_fewer(void **state)
{
    size_t size = offsetof(struct linkwatch_callbacks, address_add);
    void *older = calloc(1, size);
    struct linkwatch_mirror *mirror;

    (void)state;
    assert_non_null(older);
    memcpy(older, &size, sizeof(size));
    assert_int_equal(linkwatch_mirror_new("/x", NULL, older, NULL, &mirror), 0);
    linkwatch_mirror_free(mirror);
    free(older);
}

/* So that a caller may clean up what it never got. */
static void nothing_can_be_freed(void **state)
{
    (void)state;
    assert_null(linkwatch_link_unref(NULL));
    assert_null(linkwatch_filter_free(NULL));
    assert_null(linkwatch_close(NULL));
    assert_null(linkwatch_list_free(NULL));
    assert_null(linkwatch_status_free(NULL));
    assert_null(linkwatch_mirror_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_condition_is_met_or_not_or_wrong_for_a_reason),
        cmocka_unit_test(a_wait_needs_a_condition_and_options_that_are_known),
        cmocka_unit_test(callbacks_that_are_not_known_must_be_none),
        cmocka_unit_test(callbacks_of_an_older_header_are_fewer),
        cmocka_unit_test(nothing_can_be_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
