/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* message: what goes over the wire, read with a JSON parser. */
#include "tests/unit/support.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "daemon/encode.h"
#include "daemon/message.h"

#define INSTANCE "0123456789abcdef0123456789abcdef"

static const struct standing_report source = {.standing = STANDING_INCOMPLETE,
                                              .reason = "a dump showed more",
                                              .stale = true,
                                              .last_dump_usec = 77};

/* Checks that a message is one JSON text with its NUL and frees it. */
static json_t *read_message(int r, struct buffer *message)
{
    json_t *json;

    assert_int_equal(r, 0);
    assert_non_null(message);
    assert_int_equal(strlen(message->data) + 1, message->length);
    json = json_loads(message->data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    buffer_unref(message);
    return json;
}

static void assert_is(json_t *actual, json_t *expected)
{
    char *a = json_dumps(actual, JSON_SORT_KEYS), *e = json_dumps(expected, JSON_SORT_KEYS);

    assert_non_null(e);
    assert_string_equal(a, e);
    free(a);
    free(e);
    json_decref(actual);
    json_decref(expected);
}

static json_t *read_event(struct event event)
{
    struct buffer *message = NULL;
    int r;

    event.sequence = 12;
    event.realtime_usec = INT64_C(1700000000000000);
    event.monotonic_usec = 34;
    r = message_event(INSTANCE, &event, &message);
    return read_message(r, message);
}

static json_t *link_json(const struct link *link)
{
    struct buffer *text = message_object_text((struct object *)link, 0);
    json_t *json;

    assert_non_null(text);
    json = json_loadb(text->data, text->length, 0, NULL);
    buffer_unref(text);
    return json;
}

static void a_change_has_the_link_and_its_old_values(void **state)
{
    struct link *before = LINK(.ifindex = 2, .ifname = "a", .mtu = 1500);
    struct link *after = LINK(.ifindex = 2, .ifname = "a", .mtu = 9000, .master = 3);

    (void)state;
    assert_is(read_event((struct event){.type = EVENT_CHANGE,
                                        .learned = CHANGE_BY_NOTIFICATION,
                                        .before = &before->object,
                                        .after = &after->object,
                                        .fields = link_compare(before, after)}),
              json_pack("{s:{s:s, s:{s:s, s:I}, s:I, s:I, s:s, s:{s:i, s:n, s:n}, s:o}, s:b}",
                        "parameters", "type", "change", "position", "instance", INSTANCE,
                        "sequence", (json_int_t)12, "realtime_usec", (json_int_t)1700000000000000,
                        "monotonic_usec", (json_int_t)34, "learned", "notification", "old", "mtu",
                        1500, "master", "master_ifindex", "link", link_json(after), "continues",
                        1));
    link_unref(before);
    link_unref(after);
}

static void flaps_are_sent_where_there_are_any(void **state)
{
    struct link *link = LINK(.ifindex = 2, .ifname = "a");
    json_t *json = read_event((struct event){.type = EVENT_CHANGE,
                                             .learned = CHANGE_BY_DUMP,
                                             .before = &link->object,
                                             .after = &link->object,
                                             .flaps = 6});
    json_t *parameters = json_object_get(json, "parameters");

    (void)state;
    assert_int_equal(json_integer_value(json_object_get(parameters, "flaps")), 6);
    assert_string_equal(json_string_value(json_object_get(parameters, "learned")), "dump");
    json_decref(json);
    link_unref(link);
}

static void a_removal_says_where_the_link_went_and_a_change_that_more_follows(void **state)
{
    struct link *link = LINK(.ifindex = 2, .ifname = "a");
    json_t *moved = read_event((struct event){.type = EVENT_REMOVE,
                                              .before = &link->object,
                                              .moved_to = {true, 0, 7},
                                              .more_follows = true});
    json_t *gone = read_event((struct event){.type = EVENT_REMOVE, .before = &link->object});
    json_t *parameters = json_object_get(moved, "parameters");

    (void)state;
    assert_true(json_is_integer(json_object_get(parameters, "new_netnsid")));
    assert_int_equal(json_integer_value(json_object_get(parameters, "new_netnsid")), 0);
    assert_int_equal(json_integer_value(json_object_get(parameters, "new_ifindex")), 7);
    assert_true(json_is_true(json_object_get(parameters, "more_follows")));
    parameters = json_object_get(gone, "parameters");
    assert_null(json_object_get(parameters, "new_netnsid"));
    assert_null(json_object_get(parameters, "new_ifindex"));
    assert_null(json_object_get(parameters, "more_follows"));
    json_decref(moved);
    json_decref(gone);
    link_unref(link);
}

static void an_add_has_no_old_values_and_a_removal_has_the_link_as_it_was(void **state)
{
    struct link *link = LINK(.ifindex = 2, .ifname = "a", .alias = "quo\"te");
    json_t *added = read_event((struct event){.type = EVENT_ADD, .after = &link->object});
    json_t *removed = read_event((struct event){.type = EVENT_REMOVE, .before = &link->object});
    json_t *parameters = json_object_get(removed, "parameters");

    (void)state;
    assert_null(json_object_get(json_object_get(added, "parameters"), "old"));
    assert_null(json_object_get(json_object_get(added, "parameters"), "flaps"));
    assert_string_equal(json_string_value(json_object_get(parameters, "type")), "remove");
    assert_is(json_incref(json_object_get(parameters, "link")), link_json(link));
    json_decref(added);
    json_decref(removed);
    link_unref(link);
}

static void a_snapshot_is_the_link_at_a_position_and_has_no_time(void **state)
{
    struct link *link = LINK(.ifindex = 2, .ifname = "a", .mtu = 9000);

    (void)state;
    for (int i = 0; i < 2; i++) { /* the second time from the encoding that is kept */
        struct buffer *text = message_object_text(&link->object, 0);
        struct buffer *message = NULL;
        struct writer head, writer;
        int r;

        assert_non_null(text);
        message_begin_snapshot(&head, INSTANCE, 7, SUBJECT_LINKS);
        writer_init(&writer);
        message_put_snapshot(&writer, &head, text);
        r = writer_to_buffer(&writer, &message);
        assert_int_equal(message->length, message_snapshot_size(&head, text));
        buffer_unref(text);
        assert_is(read_message(r, message),
                  json_pack("{s:{s:s, s:{s:s, s:i}, s:o, s:b}, s:b}", "parameters", "type",
                            "snapshot", "position", "instance", INSTANCE, "sequence", 7, "link",
                            link_json(link), "more_follows", 1, "continues", 1));
        assert_non_null(link->object.json);
    }
    link_unref(link);
}

static void ready_and_source_have_the_source(void **state)
{
    struct event event = {
        .type = EVENT_SOURCE, .sequence = 8, .realtime_usec = 1, .monotonic_usec = 2};
    const struct standing_report *reports[SUBJECT_COUNT] = {&source};
    struct buffer *message = NULL;
    int r = message_sources_now(INSTANCE, EVENT_READY, 7, reports, SUBJECT_BIT(LINKS), &message);

    (void)state;
    assert_is(read_message(r, message),
              json_pack("{s:{s:s, s:{s:s, s:i}, s:{s:s, s:s, s:b, s:i}}, s:b}", "parameters",
                        "type", "ready", "position", "instance", INSTANCE, "sequence", 7, "source",
                        "standing", "incomplete", "reason", "a dump showed more", "stale", 1,
                        "last_dump_usec", 77, "continues", 1));
    event.source = message_source_text(&source);
    r = message_event(INSTANCE, &event, &message);
    buffer_unref(event.source);
    assert_is(read_message(r, message),
              json_pack("{s:{s:s, s:{s:s, s:i}, s:i, s:i, s:{s:s, s:s, s:b, s:i}}, s:b}",
                        "parameters", "type", "source", "position", "instance", INSTANCE,
                        "sequence", 8, "realtime_usec", 1, "monotonic_usec", 2, "source",
                        "standing", "incomplete", "reason", "a dump showed more", "stale", 1,
                        "last_dump_usec", 77, "continues", 1));
}

static void lost_has_the_number_unless_it_is_unknown(void **state)
{
    struct buffer *message = NULL;
    int r = message_lost(INSTANCE, 9, 0, &message);

    (void)state;
    assert_is(read_message(r, message), json_pack("{s:{s:s, s:{s:s, s:i}, s:i}, s:b}", "parameters",
                                                  "type", "lost", "position", "instance", INSTANCE,
                                                  "sequence", 9, "lost", 0, "continues", 1));
    r = message_lost(INSTANCE, 9, -1, &message);
    assert_is(read_message(r, message),
              json_pack("{s:{s:s, s:{s:s, s:i}}, s:b}", "parameters", "type", "lost", "position",
                        "instance", INSTANCE, "sequence", 9, "continues", 1));
}

static void an_errno_is_sent_as_its_number_and_name(void **state)
{
    struct standing_report denied = {.standing = STANDING_DENIED,
                                     .reason = "refused",
                                     .error = ENOPROTOOPT,
                                     .last_dump_usec = -1};

    (void)state;
    assert_is(message_source(&denied),
              json_pack("{s:s, s:s, s:i, s:s, s:b}", "standing", "denied", "reason", "refused",
                        "errno", ENOPROTOOPT, "errno_name", "ENOPROTOOPT", "stale", 0));
    denied.error = 4095;
    assert_is(message_source(&denied), json_pack("{s:s, s:s, s:i, s:b}", "standing", "denied",
                                                 "reason", "refused", "errno", 4095, "stale", 0));
}

static void replies_and_errors_are_varlinks(void **state)
{
    struct buffer *message = NULL;
    int r = message_reply(json_pack("{s:i}", "a", 1), false, &message);

    (void)state;
    assert_is(read_message(r, message), json_pack("{s:{s:i}}", "parameters", "a", 1));
    r = message_reply(json_object(), true, &message);
    assert_is(read_message(r, message), json_pack("{s:{}, s:b}", "parameters", "continues", 1));
    r = message_error("org.varlink.service.MethodNotFound", json_pack("{s:s}", "method", "x.Y"),
                      &message);
    assert_is(read_message(r, message),
              json_pack("{s:s, s:{s:s}}", "error", "org.varlink.service.MethodNotFound",
                        "parameters", "method", "x.Y"));
    assert_is(message_position(INSTANCE, 5),
              json_pack("{s:s, s:i}", "instance", INSTANCE, "sequence", 5));
}

static void parameters_that_could_not_be_made_are_a_lack_of_memory(void **state)
{
    struct buffer *message = NULL;

    (void)state;
    assert_int_equal(message_reply(NULL, false, &message), -ENOMEM);
    assert_int_equal(message_error("x", NULL, &message), -ENOMEM);
    assert_null(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_has_the_link_and_its_old_values),
        cmocka_unit_test(flaps_are_sent_where_there_are_any),
        cmocka_unit_test(a_removal_says_where_the_link_went_and_a_change_that_more_follows),
        cmocka_unit_test(an_add_has_no_old_values_and_a_removal_has_the_link_as_it_was),
        cmocka_unit_test(a_snapshot_is_the_link_at_a_position_and_has_no_time),
        cmocka_unit_test(ready_and_source_have_the_source),
        cmocka_unit_test(lost_has_the_number_unless_it_is_unknown),
        cmocka_unit_test(an_errno_is_sent_as_its_number_and_name),
        cmocka_unit_test(replies_and_errors_are_varlinks),
        cmocka_unit_test(parameters_that_could_not_be_made_are_a_lack_of_memory),
    };

    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
