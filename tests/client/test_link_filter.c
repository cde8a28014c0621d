/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which links a name, a glob and a filter match, and what the daemon gets of a filter. */
#include <errno.h>

#include "client/link_filter.h"
#include "tests/client/parsed_link.h"

static void globs_match_names_and_altnames(void **state)
{
    struct linkwatch_link *link = parse_link(link_with_everything);

    (void)state;
    assert_true(linkwatch_link_matches(link, "eth0"));
    assert_true(linkwatch_link_matches(link, "e*[0-3]"));
    assert_true(linkwatch_link_matches(link, "b"));
    assert_false(linkwatch_link_matches(link, "[!ab]"));
    assert_false(linkwatch_link_matches(link, ""));
    linkwatch_link_unref(link);
}

static void a_name_matches_the_link_that_is_called_exactly_so(void **state)
{
    struct linkwatch_link *link = parse_link("{\"ifindex\":2,\"ifname\":\"a[1]\"}");

    (void)state;
    assert_true(linkwatch_link_matches(link, "a[1]"));
    assert_true(linkwatch_link_matches(link, "a\\[1\\]"));
    assert_false(linkwatch_link_matches(link, "a1"));
    linkwatch_link_unref(link);
}

static void a_filter_takes_names_that_are_no_utf8(void **state)
{
    struct linkwatch_link *link =
        parse_link("{\"ifindex\":2,\"ifname\":\"[a]\\ufffd\",\"ifname_bytes\":\"5b615dff\"}");
    struct linkwatch_filter *filter;
    json_t *json, *expected;

    (void)state;
    assert_int_equal(linkwatch_filter_new(&filter), 0);
    assert_int_equal(linkwatch_filter_add_name(filter, "[a]\xff"), 0);
    json = filter_to_json(filter);
    expected = json_pack("{s:[s,s]}", "names", "[a]\\xff", "\\[a]\\xff");
    assert_true(json_equal(json, expected));
    assert_true(linkwatch_filter_matches(filter, link));
    json_decref(json);
    json_decref(expected);
    linkwatch_filter_free(filter);
    linkwatch_link_unref(link);
}

static void a_filter_with_no_entry_of_a_type_matches_nothing(void **state)
{
    struct linkwatch_link *link = parse_link(link_with_everything);

    (void)state;
    for (int type = LINKWATCH_FILTER_NAMES; type <= LINKWATCH_FILTER_SCOPES; type++) {
        bool is_of_links = type <= LINKWATCH_FILTER_KINDS;
        struct linkwatch_filter *filter, *copy;
        json_t *json;

        assert_int_equal(linkwatch_filter_new(&filter), 0);
        assert_int_equal(linkwatch_filter_restrict(filter, (enum linkwatch_filter_type)type), 0);
        assert_int_equal(linkwatch_filter_restrict(filter, (enum linkwatch_filter_type)type), 0);
        assert_int_equal(filter_copy(filter, &copy), 0);
        assert_int_equal(linkwatch_filter_matches(filter, link), !is_of_links);
        assert_int_equal(linkwatch_filter_matches(copy, link), !is_of_links);
        assert_false(filter_is_empty(copy));
        json = filter_to_json(copy);
        assert_int_equal(json_object_size(json), 1);
        assert_int_equal(json_array_size(json_object_iter_value(json_object_iter(json))), 0);
        json_decref(json);
        linkwatch_filter_free(copy);
        linkwatch_filter_free(filter);
    }
    linkwatch_link_unref(link);
}

static void a_type_that_was_restricted_takes_entries(void **state)
{
    struct linkwatch_link *link = parse_link(link_with_everything);
    struct linkwatch_filter *filter;
    json_t *json;

    (void)state;
    assert_int_equal(linkwatch_filter_new(&filter), 0);
    assert_int_equal(linkwatch_filter_restrict(filter, (enum linkwatch_filter_type)5), -EINVAL);
    assert_int_equal(linkwatch_filter_add_index(filter, 0), -EINVAL);
    assert_true(filter_is_empty(filter));
    assert_int_equal(linkwatch_filter_restrict(filter, LINKWATCH_FILTER_NAMES), 0);
    assert_int_equal(linkwatch_filter_add_name(filter, "eth*"), 0);
    assert_int_equal(linkwatch_filter_restrict(filter, LINKWATCH_FILTER_NAMES), 0);
    assert_true(linkwatch_filter_matches(filter, link));
    json = filter_to_json(filter);
    assert_int_equal(json_array_size(json_object_get(json, "names")), 1);
    json_decref(json);
    linkwatch_filter_free(filter);
    linkwatch_link_unref(link);
}

static void a_filter_asks_for_each_of_its_types(void **state)
{
    struct linkwatch_link *link = parse_link(link_with_everything);
    struct linkwatch_filter *filter;

    (void)state;
    assert_true(linkwatch_filter_matches(NULL, link));
    assert_int_equal(linkwatch_filter_new(&filter), 0);
    assert_true(linkwatch_filter_matches(filter, link));
    assert_int_equal(linkwatch_filter_add_name(filter, "lan*"), 0);
    assert_false(linkwatch_filter_matches(filter, link));
    assert_int_equal(linkwatch_filter_add_name(filter, "eth*"), 0);
    assert_true(linkwatch_filter_matches(filter, link));
    assert_int_equal(linkwatch_filter_add_kind(filter, "bridge"), 0);
    assert_false(linkwatch_filter_matches(filter, link));
    assert_int_equal(linkwatch_filter_add_kind(filter, "veth"), 0);
    assert_int_equal(linkwatch_filter_add_index(filter, 3), 0);
    assert_false(linkwatch_filter_matches(filter, link));
    assert_int_equal(linkwatch_filter_add_index(filter, 2), 0);
    assert_true(linkwatch_filter_matches(filter, link));
    assert_int_equal(linkwatch_filter_add_index(filter, 0), -EINVAL);
    assert_int_equal(linkwatch_filter_add_kind(filter, "\xff"), -EILSEQ);
    assert_null(linkwatch_filter_free(filter));
    linkwatch_link_unref(link);
}

/* On the wire an empty list passes nothing: it must not stand for a type that wasn't added to. */
static void a_type_without_entries_is_not_sent(void **state)
{
    struct linkwatch_link *link = parse_link(link_with_everything);
    struct linkwatch_filter *filter, *copy;
    json_t *json;

    (void)state;
    assert_int_equal(linkwatch_filter_new(&filter), 0);
    json = filter_to_json(filter);
    assert_true(json_is_null(json));
    assert_int_equal(linkwatch_filter_add_kind(filter, "veth"), 0);
    assert_int_equal(filter_copy(filter, &copy), 0);
    for (int i = 0; i < 2; i++) {
        json_decref(json);
        json = filter_to_json(i ? copy : filter);
        assert_int_equal(json_object_size(json), 1);
        assert_int_equal(json_array_size(json_object_get(json, "kinds")), 1);
        assert_true(linkwatch_filter_matches(i ? copy : filter, link));
    }
    json_decref(json);
    linkwatch_filter_free(copy);
    linkwatch_filter_free(filter);
    linkwatch_link_unref(link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs_match_names_and_altnames),
        cmocka_unit_test(a_name_matches_the_link_that_is_called_exactly_so),
        cmocka_unit_test(a_filter_takes_names_that_are_no_utf8),
        cmocka_unit_test(a_filter_with_no_entry_of_a_type_matches_nothing),
        cmocka_unit_test(a_type_that_was_restricted_takes_entries),
        cmocka_unit_test(a_filter_asks_for_each_of_its_types),
        cmocka_unit_test(a_type_without_entries_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
