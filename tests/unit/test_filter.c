/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filter: what a consumer wants. */
#include "tests/unit/support.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>

#include "daemon/filter.h"

static struct filter *filter_of(const char *text)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    struct filter *filter = NULL;
    const char *field;

    assert_non_null(json);
    assert_int_equal(filter_new(json, SUBJECT_BIT(LINKS), false, &filter, &field), 0);
    json_decref(json);
    return filter;
}

static void assert_refused_as(const char *text, bool links_only, const char *expected)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    struct filter *filter = NULL;
    const char *member = "";

    assert_non_null(json);
    assert_int_equal(filter_new(json, SUBJECT_BIT(LINKS), links_only, &filter, &member), -EINVAL);
    if (expected)
        assert_string_equal(member, expected);
    else
        assert_null(member);
    assert_null(filter);
    json_decref(json);
}

/* Whether that filter passes that link, which is freed. */
static bool passes(const char *text, struct link *link)
{
    struct filter *filter = filter_of(text);
    struct filter_progress progress = {.glob = 0};
    bool result = filter_passes_object(filter, &link->object, &progress, NULL);

    filter_free(filter);
    link_unref(link);
    return result;
}

static void no_filter_and_null_pass_everything(void **state)
{
    struct filter *filter = NULL;
    struct filter_progress progress = {.glob = 0};
    const char *field;
    struct link *link = LINK(.ifindex = 2, .ifname = "eth0");

    (void)state;
    assert_int_equal(filter_new(NULL, SUBJECT_BIT(LINKS), true, &filter, &field), 0);
    assert_true(filter_passes_object(filter, &link->object, &progress, NULL));
    filter_free(filter);
    assert_null(filter_free(NULL));
    link_unref(link);
    assert_true(passes("null", LINK(.ifindex = 2, .ifname = "eth0")));
    assert_true(passes("{}", LINK(.ifindex = 2, .ifname = "eth0")));
    assert_true(passes("{\"names\":null, \"kinds\":null}", LINK(.ifindex = 2, .ifname = "eth0")));
}

static void names_are_globs_over_the_name_and_the_altnames(void **state)
{
    (void)state;
    assert_true(passes("{\"names\":[\"eth*\"]}", LINK(.ifindex = 2, .ifname = "eth0")));
    assert_true(passes("{\"names\":[\"x\", \"eth?\"]}", LINK(.ifindex = 2, .ifname = "eth0")));
    assert_true(passes("{\"names\":[\"eth[!1-9]\"]}", LINK(.ifindex = 2, .ifname = "eth0")));
    assert_false(passes("{\"names\":[\"eth\"]}", LINK(.ifindex = 2, .ifname = "eth0")));
    assert_false(passes("{\"names\":[\"ETH0\"]}", LINK(.ifindex = 2, .ifname = "eth0")));
    assert_true(
        passes("{\"names\":[\"up*\"]}", LINK(.ifindex = 2, .ifname = "eth0", .altname = "uplink")));
    assert_true(passes("{\"names\":[\"*\"]}", LINK(.ifindex = 2, .ifname = ".hidden/vlan")));
}

static void a_name_passes_the_link_that_is_called_exactly_so(void **state)
{
    (void)state;
    assert_true(passes("{\"names\":[\"a[1]\"]}", LINK(.ifindex = 2, .ifname = "a[1]")));
    assert_true(passes("{\"names\":[\"b\\\\x\"]}", LINK(.ifindex = 2, .ifname = "b\\x")));
    assert_true(passes("{\"names\":[\"a\\\\xff\"]}", LINK(.ifindex = 2, .ifname = "a\xff")));
    assert_true(passes("{\"names\":[\"?\"]}", LINK(.ifindex = 2, .ifname = "ü")));
    assert_true(passes("{\"names\":[\"a[1]\"]}", LINK(.ifindex = 2, .ifname = "a1")));
}

static void a_glob_may_have_127_characters_however_they_are_written(void **state)
{
    char text[1024] = "{\"names\":[\"";

    (void)state;
    for (int i = 0; i < 127; i++)
        strcat(text, "\\\\xff");
    strcat(text, "\"]}");
    filter_free(filter_of(text));
    strcpy(text + strlen(text) - 3, "a\"]}");
    assert_refused_as(text, false, "names");
}

static void a_hostile_glob_is_matched_in_no_time(void **state)
{
    char altname[128];

    (void)state;
    memset(altname, 'a', sizeof(altname) - 1);
    altname[sizeof(altname) - 1] = '\0';
    assert_false(passes("{\"names\":[\"*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b\"]}",
                        LINK(.ifindex = 2, .ifname = "eth0", .altname = altname)));
}

static void indexes_and_kinds_match_exactly(void **state)
{
    (void)state;
    assert_true(passes("{\"indexes\":[1,2]}", LINK(.ifindex = 2, .ifname = "a")));
    assert_false(passes("{\"indexes\":[1,3]}", LINK(.ifindex = 2, .ifname = "a")));
    assert_true(passes("{\"kinds\":[\"vlan\",\"veth\"]}",
                       LINK(.ifindex = 2, .ifname = "a", .kind = "veth")));
    assert_false(
        passes("{\"kinds\":[\"ve*\"]}", LINK(.ifindex = 2, .ifname = "a", .kind = "veth")));
    assert_false(passes("{\"kinds\":[\"veth\"]}", LINK(.ifindex = 2, .ifname = "a")));
}

static void several_fields_must_all_hold(void **state)
{
    static const char text[] = "{\"names\":[\"a*\"], \"kinds\":[\"veth\"], \"indexes\":[2]}";

    (void)state;
    assert_true(passes(text, LINK(.ifindex = 2, .ifname = "a", .kind = "veth")));
    assert_false(passes(text, LINK(.ifindex = 3, .ifname = "a", .kind = "veth")));
    assert_false(passes(text, LINK(.ifindex = 2, .ifname = "b", .kind = "veth")));
    assert_false(passes(text, LINK(.ifindex = 2, .ifname = "a", .kind = "vlan")));
}

static void an_empty_list_passes_nothing(void **state)
{
    (void)state;
    assert_false(passes("{\"names\":[]}", LINK(.ifindex = 2, .ifname = "a")));
    assert_false(passes("{\"indexes\":[]}", LINK(.ifindex = 2, .ifname = "a")));
    assert_false(passes("{\"kinds\":[]}", LINK(.ifindex = 2, .ifname = "a", .kind = "veth")));
}

static bool passes_event(const char *text, struct event event)
{
    struct filter *filter = filter_of(text);
    struct filter_progress progress = {.glob = 0};
    bool result = filter_passes_event(filter, &event, &progress, NULL);

    filter_free(filter);
    return result;
}

static void an_event_passes_if_the_link_did_before_or_after(void **state)
{
    struct link *in = LINK(.ifindex = 2, .ifname = "eth0");
    struct link *out = LINK(.ifindex = 2, .ifname = "wan");
    static const char text[] = "{\"names\":[\"eth*\"]}";

    (void)state;
    assert_true(passes_event(
        text, (struct event){.type = EVENT_CHANGE, .before = &in->object, .after = &out->object}));
    assert_true(passes_event(
        text, (struct event){.type = EVENT_CHANGE, .before = &out->object, .after = &in->object}));
    assert_false(passes_event(
        text, (struct event){.type = EVENT_CHANGE, .before = &out->object, .after = &out->object}));
    assert_true(passes_event(text, (struct event){.type = EVENT_REMOVE, .before = &in->object}));
    assert_false(passes_event(text, (struct event){.type = EVENT_REMOVE, .before = &out->object}));
    assert_true(passes_event(text, (struct event){.type = EVENT_ADD, .after = &in->object}));
    link_unref(in);
    link_unref(out);
}

static void types_select_events_and_the_source_always_passes(void **state)
{
    struct link *link = LINK(.ifindex = 2, .ifname = "eth0");
    static const char text[] = "{\"types\":[\"add\",\"remove\"]}";

    (void)state;
    assert_true(passes_event(text, (struct event){.type = EVENT_ADD, .after = &link->object}));
    assert_true(passes_event(text, (struct event){.type = EVENT_REMOVE, .before = &link->object}));
    assert_false(passes_event(
        text,
        (struct event){.type = EVENT_CHANGE, .before = &link->object, .after = &link->object}));
    assert_true(passes_event(text, (struct event){.type = EVENT_SOURCE}));
    assert_true(passes_event("{\"names\":[\"x\"]}", (struct event){.type = EVENT_SOURCE}));
    assert_false(
        passes_event("{\"types\":[]}", (struct event){.type = EVENT_ADD, .after = &link->object}));
    link_unref(link);
}

static void fields_select_changes_alone(void **state)
{
    struct link *link = LINK(.ifindex = 2, .ifname = "eth0");
    static const char text[] = "{\"fields\":[\"mtu\",\"operstate\"]}";

    (void)state;
    assert_true(
        passes_event(text, (struct event){.type = EVENT_CHANGE,
                                          .before = &link->object,
                                          .after = &link->object,
                                          .fields = LINK_FIELD_BIT(MTU) | LINK_FIELD_BIT(FLAGS)}));
    assert_false(passes_event(text, (struct event){.type = EVENT_CHANGE,
                                                   .before = &link->object,
                                                   .after = &link->object,
                                                   .fields = LINK_FIELD_BIT(FLAGS)}));
    assert_true(passes_event(text, (struct event){.type = EVENT_ADD, .after = &link->object}));
    assert_true(passes_event(text, (struct event){.type = EVENT_REMOVE, .before = &link->object}));
    link_unref(link);
}

static void a_malformed_filter_is_refused_by_the_name_of_its_member(void **state)
{
    (void)state;
    assert_refused_as("[]", false, NULL);
    assert_refused_as("\"eth0\"", false, NULL);
    assert_refused_as("{\"name\":[\"eth0\"]}", false, "name");
    assert_refused_as("{\"names\":\"eth0\"}", false, "names");
    assert_refused_as("{\"names\":[1]}", false, "names");
    assert_refused_as("{\"names\":[null]}", false, "names");
    assert_refused_as("{\"names\":[\"a\\u0000b\"]}", false, "names");
    assert_refused_as("{\"indexes\":[\"1\"]}", false, "indexes");
    assert_refused_as("{\"indexes\":[0]}", false, "indexes");
    assert_refused_as("{\"indexes\":[-1]}", false, "indexes");
    assert_refused_as("{\"indexes\":[1.0]}", false, "indexes");
    assert_refused_as("{\"indexes\":[4294967298]}", false, "indexes");
    assert_refused_as("{\"kinds\":[{}]}", false, "kinds");
    assert_refused_as("{\"types\":[\"snapshot\"]}", false, "types");
    assert_refused_as("{\"types\":[7]}", false, "types");
    assert_refused_as("{\"types\":{}}", false, "types");
    assert_refused_as("{\"fields\":[\"speed\"]}", false, "fields");
    assert_refused_as("{\"fields\":[\"mtu\\u0000\"]}", false, "fields");
    assert_refused_as("{\"names\":[\"a\"], \"kinds\":[\"b\"], \"fields\":[3]}", false, "fields");
}

static void the_work_that_a_filter_makes_has_a_bound(void **state)
{
    char text[4096] = "{\"names\":[\"a\"";

    (void)state;
    for (int i = 1; i < FILTER_VALUES_MAX; i++)
        strcat(text, ",\"a\"");
    strcat(text, "]}");
    assert_false(passes(text, LINK(.ifindex = 2, .ifname = "b")));
    strcpy(text + strlen(text) - 2, ",\"a\"]}");
    assert_refused_as(text, false, "names");
    snprintf(text, sizeof(text), "{\"names\":[\"%0*d\"]}", FILTER_GLOB_MAX, 0);
    assert_false(passes(text, LINK(.ifindex = 2, .ifname = "b")));
    snprintf(text, sizeof(text), "{\"names\":[\"%0*d\"]}", FILTER_GLOB_MAX + 1, 0);
    assert_refused_as(text, false, "names");
}

static void a_filter_of_links_has_no_types_and_fields(void **state)
{
    json_t *json = json_loads("{\"types\":null,\"names\":[\"a\"]}", 0, NULL);
    struct filter *filter = NULL;
    const char *field;

    (void)state;
    assert_refused_as("{\"types\":[\"add\"]}", true, "types");
    assert_refused_as("{\"fields\":[\"mtu\"]}", true, "fields");
    assert_int_equal(filter_new(json, SUBJECT_BIT(LINKS), true, &filter, &field), 0);
    filter_free(filter);
    json_decref(json);
}

/* How many slices of so many checks it takes to match the link. */
static unsigned slices_for(const struct filter *filter, const struct link *link, int64_t checks,
                           int expected)
{
    struct filter_progress progress = {.glob = 0};
    unsigned slices = 0;
    int r;

    do {
        struct slice slice = slice_of(checks);

        r = filter_passes_object(filter, &link->object, &progress, &slice);
        slices++;
    } while (r == -EAGAIN);
    assert_int_equal(r, expected);
    assert_true(!progress.after && !progress.glob && !progress.altname);
    return slices;
}

static void a_glob_and_a_name_are_a_unit_of_work(void **state)
{
    struct filter *filter = filter_of("{\"names\":[\"a*\",\"b*\",\"c*\",\"*x\"]}");
    struct link *none = LINK(.ifindex = 2, .ifname = "eth0", .altname = "wan");
    struct link *last = LINK(.ifindex = 2, .ifname = "eth0", .altname = "wanx");

    (void)state;
    /* Four globs and two names; nobody asks after the last one. */
    assert_int_equal(slices_for(filter, none, 1, false), 8);
    assert_int_equal(slices_for(filter, none, 2, false), 4);
    assert_int_equal(slices_for(filter, none, 100, false), 1);
    assert_int_equal(slices_for(filter, last, 1, true), 8);
    assert_int_equal(slices_for(filter, last, 7, true), 2);
    filter_free(filter);
    link_unref(none);
    link_unref(last);
}

/* A link with as many other names. */
static struct link *link_of_many_names(int count)
{
    struct nl_msg *message;
    struct nlattr *list;
    struct link *link;
    char name[64];

    nlmsg_set_default_size(65536);
    message = new_message(2, ARPHRD_ETHER, 0);
    nla_put_string(message, IFLA_IFNAME, "aaaaaaaaaaaaaa");
    list = nla_nest_start(message, IFLA_PROP_LIST);
    assert_non_null(list);
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%d", i);
        assert_int_equal(nla_put_string(message, IFLA_ALT_IFNAME, name), 0);
    }
    nla_nest_end(message, list);
    assert_int_equal(link_parse(nlmsg_hdr(message), &link), 0);
    nlmsg_free(message);
    return link;
}

/* Held at once, this took 0.3 s. */
static void the_longest_filter_and_many_names_take_no_slice_beyond_its_end(void **state)
{
    json_t *globs = json_array();
    json_t *json = json_pack("{s:o}", "names", globs);
    struct link *link = link_of_many_names(200);
    struct filter_progress progress = {.glob = 0};
    struct filter *filter;
    const char *field;
    int64_t checks = 0;
    int r;

    (void)state;
    for (int i = 0; i < FILTER_VALUES_MAX; i++)
        json_array_append_new(globs, json_sprintf("*a*a*a*a*a*a*a*a*a*ab%d", i));
    assert_int_equal(filter_new(json, SUBJECT_BIT(LINKS), true, &filter, &field), 0);
    do {
        int64_t began = tick();
        struct slice slice = slice_of(20);

        r = filter_passes_object(filter, &link->object, &progress, &slice);
        checks += tick() - began - 1;
        assert_int_in_range(tick() - began, 1, 20 + 3);
    } while (r == -EAGAIN);
    assert_int_equal(r, false);
    /* One for each glob and name; none after the last one. */
    assert_int_equal(checks, FILTER_VALUES_MAX * 201);
    filter_free(filter);
    link_unref(link);
    json_decref(json);
}

static void an_event_is_held_against_it_slice_by_slice_too(void **state)
{
    struct filter *filter = filter_of("{\"names\":[\"a*\",\"b*\",\"c*\"]}");
    struct link *before = LINK(.ifindex = 2, .ifname = "x");
    struct link *after = LINK(.ifindex = 2, .ifname = "c");
    struct event event = {.type = EVENT_CHANGE, .before = &before->object, .after = &after->object};
    struct filter_progress progress = {.glob = 0};
    unsigned slices = 0;
    int r;

    (void)state;
    do {
        struct slice slice = slice_of(1);

        r = filter_passes_event(filter, &event, &progress, &slice);
        slices++;
    } while (r == -EAGAIN);
    assert_int_equal(r, true);
    assert_int_equal(slices, 5);
    filter_free(filter);
    link_unref(before);
    link_unref(after);
}

/* The filter of a consumer of addresses, and an event in which its link has that alternative name
 * after it. */
static bool passes_address_event(const char *text, const char *altname, uint64_t fields)
{
    json_t *json = json_loads(text, 0, NULL);
    struct link *before = LINK(.ifindex = 2, .ifname = "a");
    struct link *after = LINK(.ifindex = 2, .ifname = "a", .altname = altname);
    struct address was = {.object = {.subject = SUBJECT_ADDRESSES, .link = before}};
    struct address is = {.object = {.subject = SUBJECT_ADDRESSES, .link = after}};
    struct event event = {.type = EVENT_CHANGE,
                          .subject = SUBJECT_ADDRESSES,
                          .before = &was.object,
                          .after = &is.object,
                          .fields = fields};
    struct filter_progress progress = {.glob = 0};
    struct filter *filter;
    const char *field;
    bool result;

    assert_int_equal(filter_new(json, SUBJECT_BIT(ADDRESSES), false, &filter, &field), 0);
    result = filter_passes_event(filter, &event, &progress, NULL);
    assert_false(progress.after);
    event.before = &is.object;
    event.after = &was.object;
    assert_int_equal(filter_passes_event(filter, &event, &progress, NULL), result);
    filter_free(filter);
    json_decref(json);
    link_unref(before);
    link_unref(after);
    return result;
}

static void a_name_of_its_link_alone_is_no_change_of_an_address_that_stays(void **state)
{
    (void)state;
    assert_false(passes_address_event("{}", "x", 0));
    assert_false(passes_address_event("{\"names\":[\"a\"]}", "x", 0));
    assert_false(passes_address_event("{\"names\":[\"y\"]}", "x", 0));
    assert_true(passes_address_event("{\"names\":[\"x\"]}", "x", 0));
    assert_true(passes_address_event("{\"names\":[\"x\"],\"fields\":[\"ifname\"]}", "x", 0));
    assert_false(passes_address_event("{\"names\":[\"x\"],\"fields\":[\"flags\"]}", "x", 0));
    assert_true(passes_address_event("{\"names\":[\"a\"]}", "x", ADDRESS_FIELD_BIT(FLAGS)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_filter_and_null_pass_everything),
        cmocka_unit_test(names_are_globs_over_the_name_and_the_altnames),
        cmocka_unit_test(a_name_passes_the_link_that_is_called_exactly_so),
        cmocka_unit_test(a_glob_may_have_127_characters_however_they_are_written),
        cmocka_unit_test(a_hostile_glob_is_matched_in_no_time),
        cmocka_unit_test(indexes_and_kinds_match_exactly),
        cmocka_unit_test(several_fields_must_all_hold),
        cmocka_unit_test(an_empty_list_passes_nothing),
        cmocka_unit_test(an_event_passes_if_the_link_did_before_or_after),
        cmocka_unit_test(types_select_events_and_the_source_always_passes),
        cmocka_unit_test(fields_select_changes_alone),
        cmocka_unit_test(a_malformed_filter_is_refused_by_the_name_of_its_member),
        cmocka_unit_test(the_work_that_a_filter_makes_has_a_bound),
        cmocka_unit_test(a_filter_of_links_has_no_types_and_fields),
        cmocka_unit_test(a_glob_and_a_name_are_a_unit_of_work),
        cmocka_unit_test(the_longest_filter_and_many_names_take_no_slice_beyond_its_end),
        cmocka_unit_test(an_event_is_held_against_it_slice_by_slice_too),
        cmocka_unit_test(a_name_of_its_link_alone_is_no_change_of_an_address_that_stays),
    };

    return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
