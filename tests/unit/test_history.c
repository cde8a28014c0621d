/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* history: numbered, bounded, shared. Linked with --wrap, to be without memory and to see what is
 * taken of it. */
#include "tests/unit/support.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "daemon/allocation.h"
#include "daemon/history.h"
#include "daemon/message.h"

#define INSTANCE "0123456789abcdef0123456789abcdef"
#define PLENTY   ((size_t)1024 * 1024)

static bool no_memory;
static size_t taken; /* of memory, with what the allocator needs for itself */

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __real_free(void *memory);
void __wrap_free(void *memory);

static size_t bytes_of(void *memory)
{
    if (!memory)
        return 0;
#ifdef __SANITIZE_ADDRESS__
    /* Its allocator gives what was asked for. */
    return allocation_bytes(malloc_usable_size(memory));
#else
    return malloc_usable_size(memory) + sizeof(size_t);
#endif
}

static void *counted(void *memory)
{
    taken += bytes_of(memory);
    return memory;
}

void *__wrap_calloc(size_t n, size_t size)
{
    return no_memory ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_malloc(size_t size)
{
    return counted(__real_malloc(size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    taken -= bytes_of(memory);
    return counted(__real_realloc(memory, size));
}

void __wrap_free(void *memory)
{
    taken -= bytes_of(memory);
    __real_free(memory);
}

/* Adds that a link came, the history having the only reference to it. */
static int add(struct history *history, int ifindex)
{
    struct link *link = LINK(.ifindex = ifindex, .ifname = "a");
    struct change change = {
        .type = CHANGE_ADD, .source = CHANGE_BY_DUMP, .after = (struct object *)link};
    int r = history_add_change(history, &change, 1000 + ifindex, 2000 + ifindex);

    link_unref(link);
    return r;
}

static void add_many(struct history *history, int first, int last)
{
    for (int ifindex = first; ifindex <= last; ifindex++)
        assert_int_equal(add(history, ifindex), 0);
}

static struct history *new_history(size_t bytes_max)
{
    struct history *history = history_new(INSTANCE, bytes_max);

    assert_non_null(history);
    return history;
}

static void an_empty_history_is_at_number_zero(void **state)
{
    struct history *history = new_history(PLENTY);

    (void)state;
    assert_string_equal(history_instance(history), INSTANCE);
    assert_int_equal(history_newest(history), 0);
    assert_int_equal(history_oldest(history), 1);
    assert_int_equal(history_size(history).events, 0);
    assert_int_equal(history_size(history).bytes, 0);
    assert_null(history_get(history, 0));
    assert_null(history_get(history, 1));
    assert_null(history_message(history, 1));
    assert_null(history_free(history));
    assert_null(history_free(NULL));
}

static void events_are_numbered_from_one_without_a_gap(void **state)
{
    struct history *history = new_history(PLENTY);

    (void)state;
    add_many(history, 1, 1000); /* more than fit at first */
    assert_int_equal(history_newest(history), 1000);
    assert_int_equal(history_oldest(history), 1);
    for (uint64_t i = 1; i <= 1000; i++) {
        const struct event *event = history_get(history, i);

        assert_int_equal(event->sequence, i);
        assert_int_equal(as_link(event->after)->ifindex, i);
        assert_int_equal(event->realtime_usec, 1000 + i);
        assert_int_equal(event->monotonic_usec, 2000 + i);
    }
    assert_null(history_get(history, 0));
    assert_null(history_get(history, 1001));
    history_free(history);
}

static void each_kind_of_change_becomes_its_event(void **state)
{
    struct history *history = new_history(PLENTY);
    struct link *before = LINK(.ifindex = 2, .ifname = "a", .mtu = 1500);
    struct link *after = LINK(.ifindex = 2, .ifname = "a", .mtu = 9000);
    struct change change = {.type = CHANGE_CHANGE,
                            .source = CHANGE_BY_NOTIFICATION,
                            .before = (struct object *)before,
                            .after = (struct object *)after,
                            .fields = LINK_FIELD_BIT(MTU),
                            .flaps = 4};
    struct change removal = {.type = CHANGE_REMOVE, .before = (struct object *)after};

    (void)state;
    assert_int_equal(history_add_change(history, &change, 1, 2), 0);
    assert_int_equal(history_add_change(history, &removal, 1, 2), 0);
    assert_int_equal(history_get(history, 1)->type, EVENT_CHANGE);
    assert_int_equal(history_get(history, 1)->learned, CHANGE_BY_NOTIFICATION);
    assert_int_equal(history_get(history, 1)->fields, LINK_FIELD_BIT(MTU));
    assert_int_equal(history_get(history, 1)->flaps, 4);
    assert_ptr_equal(history_get(history, 1)->before, before);
    assert_int_equal(history_get(history, 2)->type, EVENT_REMOVE);
    assert_ptr_equal(history_get(history, 2)->before, after);
    assert_null(history_get(history, 2)->after);
    link_unref(before);
    link_unref(after);
    history_free(history);
}

static void the_bound_in_bytes_holds_and_the_oldest_go(void **state)
{
    struct history *history = new_history(16 * 1024);

    (void)state;
    for (int i = 1; i <= 5000; i++) {
        struct history_size size;

        add(history, i);
        size = history_size(history);
        assert_int_in_range(size.bytes, 1, 16 * 1024);
        assert_int_equal(size.events, history_newest(history) - history_oldest(history) + 1);
    }
    assert_int_equal(history_newest(history), 5000);
    assert_int_in_range(history_oldest(history), 4800, 5000);
    assert_null(history_get(history, history_oldest(history) - 1));
    assert_null(history_message(history, history_oldest(history) - 1));
    assert_int_equal(as_link(history_get(history, history_oldest(history))->after)->ifindex,
                     history_oldest(history));
    history_free(history);
}

static void a_forgotten_event_lets_go_of_its_links(void **state)
{
    struct history *history = new_history(PLENTY);
    struct link *link = LINK(.ifindex = 2, .ifname = "a");
    struct change change = {.type = CHANGE_ADD, .after = (struct object *)link};

    (void)state;
    history_add_change(history, &change, 1, 2);
    assert_int_equal(link->object.references, 2);
    history_set_bytes_max(history, 0);
    assert_int_equal(link->object.references, 1);
    assert_int_equal(history_size(history).bytes, 0);
    link_unref(link);
    history_free(history);
}

static void a_history_without_room_still_counts(void **state)
{
    struct history *history = new_history(0);

    (void)state;
    add_many(history, 1, 10);
    assert_int_equal(history_newest(history), 10);
    assert_int_equal(history_oldest(history), 11);
    assert_int_equal(history_size(history).events, 0);
    history_free(history);
}

static void an_event_is_encoded_once_and_when_it_is_asked_for(void **state)
{
    struct history *history = new_history(PLENTY);
    struct buffer *first, *second;

    (void)state;
    add(history, 2);
    assert_null(history_get(history, 1)->message);
    first = history_message(history, 1);
    second = history_message(history, 1);
    assert_non_null(first);
    assert_ptr_equal(first, second);
    assert_int_equal(first->references, 3);
    assert_int_equal(first->data[first->length - 1], '\0');
    buffer_unref(first);
    buffer_unref(second);
    history_free(history);
}

static void the_encoding_counts_in_the_bytes(void **state)
{
    struct history *history = new_history(PLENTY);
    struct buffer *message;
    size_t before;

    (void)state;
    add(history, 2);
    before = history_size(history).bytes;
    message = history_message(history, 1);
    assert_int_in_range(history_size(history).bytes, before + message->length,
                        before + message->length + 64);
    buffer_unref(message);
    history_set_bytes_max(history, 0);
    assert_int_equal(history_size(history).bytes, 0);
    history_free(history);
}

static void reading_may_push_out_what_is_older_and_the_bound_holds(void **state)
{
    struct history *history = new_history(16 * 1024);
    uint64_t oldest;

    (void)state;
    add_many(history, 1, 1000);
    oldest = history_oldest(history);
    for (uint64_t i = oldest; i <= 1000; i++) {
        struct buffer *message = history_message(history, i);

        /* What was read already goes first, so that a reader in order meets no gap. */
        assert_non_null(message);
        assert_int_in_range(history_size(history).bytes, 0, 16 * 1024);
        buffer_unref(message);
    }
    assert_true(history_oldest(history) > oldest);
    history_free(history);
}

#define PRESENT 20

/* Another state of a link, with texts of all lengths; it comes, changes or goes. The memory of the
 * new one. */
static size_t change_one(struct history *history, struct link **present, struct dice *dice)
{
    struct link *before = *present;
    char alias[2500];
    struct link *after = NULL;
    struct change change;

    snprintf(alias, sizeof(alias), "%0*d", 1 + (int)roll(dice, sizeof(alias) - 1), 0);
    if (!before || roll(dice, 5))
        after = LINK(.ifindex = 2, .ifname = "a", .alias = alias);
    change = (struct change){.type = !before  ? CHANGE_ADD
                                     : !after ? CHANGE_REMOVE
                                              : CHANGE_CHANGE,
                             .before = (struct object *)before,
                             .after = (struct object *)after,
                             .fields = LINK_FIELD_BIT(IFALIAS)};
    assert_int_equal(history_add_change(history, &change, 1, 2), 0);
    *present = after;
    if (before)
        object_retire(&before->object);
    link_unref(before);
    return after ? object_bytes(&after->object) : 0;
}

static void read_some(struct history *history, struct link *present, struct dice *dice)
{
    uint64_t first = history_oldest(history) + roll(dice, 10), last;
    struct buffer *read = NULL;

    if (roll(dice, 2))
        read = history_message(history, history_newest(history));
    else
        (void)history_messages(history, first, SUBJECT_BIT(LINKS), NULL, &last, &read);
    buffer_unref(read);
    /* As a snapshot does; its encoding counts with the link. */
    if (present) {
        buffer_unref(message_object_text(&present->object, 0));
        object_retire(&present->object);
    }
}

static void what_it_holds_beyond_the_present_links_is_what_it_counts(void **state)
{
    struct link *present[PRESENT] = {NULL};
    size_t sizes[PRESENT] = {0}, links = 0, empty, held, bytes;
    struct dice dice = {.state = 1};
    struct history *history = new_history(256 * 1024);

    (void)state;
    empty = taken;
    for (int i = 0; i < 10000; i++) {
        unsigned at = roll(&dice, PRESENT);

        links -= sizes[at];
        sizes[at] = change_one(history, &present[at], &dice);
        links += sizes[at];
        read_some(history, present[at], &dice);
        held = taken - empty - links;
        bytes = history_size(history).bytes;
        /* The allocator gives a little more where the rest would be of no use. */
        assert_int_in_range(held, bytes - bytes / 100, bytes + bytes / 100);
    }
    assert_int_in_range(bytes, 240 * 1024, 256 * 1024);
    for (unsigned i = 0; i < PRESENT; i++)
        link_unref(present[i]);
    history_free(history);
}

static struct address *address_of(struct link *link)
{
    struct address *address = calloc(1, sizeof(*address));

    assert_non_null(address);
    object_init(&address->object, SUBJECT_ADDRESSES, sizeof(*address));
    address_resolve(address, link);
    return address;
}

/* That an address is gone, the history having the only reference to it. By how much it grows. */
static size_t remove_address(struct history *history, struct address *address)
{
    struct change change = {.type = CHANGE_REMOVE, .before = &address->object};
    size_t before = history_size(history).bytes;

    assert_int_equal(history_add_change(history, &change, 1, 2), 0);
    address_unref(address);
    return history_size(history).bytes - before;
}

static void an_address_that_outlived_a_state_of_its_link_counts_it_once(void **state)
{
    char alias[2000];
    struct link *before, *after = LINK(.ifindex = 2, .ifname = "a");
    struct address *addresses[3];
    struct history *history = new_history(PLENTY);
    size_t link_bytes, address_bytes;

    (void)state;
    snprintf(alias, sizeof(alias), "%0*d", (int)sizeof(alias) - 1, 0);
    before = LINK(.ifindex = 2, .ifname = "a", .alias = alias);
    for (int i = 0; i < 3; i++)
        addresses[i] = address_of(before);
    link_bytes = object_bytes(&before->object);
    address_bytes = object_bytes(&addresses[0]->object);
    add_many(history, 1, 3); /* there is room for four */
    object_retire(&before->object);
    link_unref(before);
    assert_int_equal(remove_address(history, addresses[0]), address_bytes + link_bytes);
    history_set_bytes_max(history, 0);
    assert_int_equal(history_size(history).bytes, 0);
    history_set_bytes_max(history, PLENTY);
    add_many(history, 1, 2);
    assert_int_equal(remove_address(history, addresses[1]), address_bytes + link_bytes);
    assert_int_equal(remove_address(history, addresses[2]), address_bytes);
    /* What is there anyway does not count. */
    assert_true(remove_address(history, address_of(after)) < address_bytes + link_bytes);
    history_set_bytes_max(history, 0);
    assert_int_equal(history_size(history).bytes, 0);
    link_unref(after);
    history_free(history);
}

static void no_encoding_is_kept_of_a_past_state_of_a_link(void **state)
{
    struct link *link = LINK(.ifindex = 2, .ifname = "a");

    (void)state;
    buffer_unref(message_object_text(&link->object, 0));
    assert_non_null(link->object.json);
    object_retire(&link->object);
    assert_null(link->object.json);
    buffer_unref(message_object_text(&link->object, 0)); /* a List that is under way */
    assert_null(link->object.json);
    link_unref(link);
}

static void a_message_outlives_its_event(void **state)
{
    struct history *history = new_history(PLENTY);
    struct buffer *message;

    (void)state;
    add(history, 2);
    message = history_message(history, 1);
    history_set_bytes_max(history, 0);
    assert_int_equal(message->references, 1);
    assert_int_equal(message->data[0], '{');
    buffer_unref(message);
    history_free(history);
}

static void messages_in_one_piece_are_those_of_the_events_one_by_one(void **state)
{
    struct history *history = new_history(PLENTY);
    uint64_t next = 1;

    (void)state;
    add_many(history, 1, 200);
    while (next <= 200) {
        uint64_t last;
        struct buffer *piece;
        size_t at = 0;

        assert_int_equal(history_messages(history, next, SUBJECT_BIT(LINKS), NULL, &last, &piece),
                         1);
        assert_int_in_range(last, next, 200);
        for (; next <= last; next++) {
            struct buffer *message = history_message(history, next);

            assert_int_in_range(at + message->length, 1, piece->length);
            assert_memory_equal(piece->data + at, message->data, message->length);
            at += message->length;
            buffer_unref(message);
        }
        assert_int_equal(at, piece->length);
        buffer_unref(piece);
    }
    history_free(history);
}

static void who_wants_the_same_messages_shares_the_piece(void **state)
{
    struct history *history = new_history(PLENTY);
    struct buffer *piece, *same, *more, *none;
    uint64_t last;

    (void)state;
    add_many(history, 1, 3);
    assert_int_equal(history_messages(history, 1, SUBJECT_BIT(LINKS), NULL, &last, &piece), 1);
    assert_int_equal(last, 3);
    add_many(history, 4, 5);
    assert_int_equal(history_messages(history, 1, SUBJECT_BIT(LINKS), NULL, &last, &same), 1);
    assert_ptr_equal(same, piece);
    assert_int_equal(last, 3);
    assert_int_equal(history_messages(history, 2, SUBJECT_BIT(LINKS), NULL, &last, &more), 1);
    assert_ptr_not_equal(more, piece);
    assert_int_equal(last, 5);
    assert_int_equal(history_messages(history, 6, SUBJECT_BIT(LINKS), NULL, &last, &none), -ENOMEM);
    assert_null(none);
    assert_int_equal(last, 5);
    assert_int_equal(history_messages(history, 2, SUBJECT_BIT(ADDRESSES), NULL, &last, &none), 0);
    assert_null(none);
    assert_int_equal(last, 5);
    buffer_unref(piece);
    buffer_unref(same);
    buffer_unref(more);
    history_free(history);
}

static void what_is_left_out_is_passed_over_for_as_long_as_the_slice_lasts(void **state)
{
    struct history *history = new_history(PLENTY);
    uint64_t last = 0;
    int pieces = 0;

    (void)state;
    add_many(history, 1, 100);
    for (; last < 100; pieces++) {
        struct slice slice = slice_of(2);
        uint64_t first = last + 1;
        struct buffer *none;

        assert_int_equal(
            history_messages(history, first, SUBJECT_BIT(ADDRESSES), &slice, &last, &none), 0);
        assert_null(none);
        assert_int_in_range(last, first, 100);
    }
    assert_int_in_range(pieces, 4, 100);
    history_free(history);
}

static void messages_that_push_out_events_are_still_given(void **state)
{
    struct history *history = new_history(4096);
    struct buffer *piece;
    uint64_t first, last;

    (void)state;
    add_many(history, 1, 100);
    first = history_oldest(history);
    assert_int_equal(history_messages(history, first, SUBJECT_BIT(LINKS), NULL, &last, &piece), 1);
    assert_int_in_range(last, first, 100);
    assert_int_in_range(history_size(history).bytes, 0, 4096);
    buffer_unref(piece);
    history_free(history);
}

static void a_change_of_the_source_is_an_event_without_a_link(void **state)
{
    struct history *history = new_history(PLENTY);
    struct standing_report source = {
        .standing = STANDING_DENIED, .reason = "because", .error = EACCES, .last_dump_usec = -1};
    struct buffer *message;

    (void)state;
    assert_int_equal(history_add_source(history, SUBJECT_LINKS, &source, 5, 6), 0);
    assert_int_equal(history_get(history, 1)->type, EVENT_SOURCE);
    assert_null(history_get(history, 1)->before);
    assert_null(history_get(history, 1)->after);
    message = history_message(history, 1);
    assert_non_null(strstr(message->data, "\"standing\":\"denied\""));
    assert_non_null(strstr(message->data, "\"sequence\":1"));
    buffer_unref(message);
    history_free(history);
}

static void without_memory_everything_is_forgotten_and_a_number_is_used_up(void **state)
{
    struct history *history = new_history(PLENTY);
    struct link *link = LINK(.ifindex = 2, .ifname = "a");
    struct change change = {.type = CHANGE_ADD, .after = (struct object *)link};
    uint64_t lost;
    int r;

    (void)state;
    add_many(history, 1, 256);
    no_memory = true;
    while ((r = history_add_change(history, &change, 1, 2)) == 0)
        ; /* until it needs a larger ring */
    no_memory = false;
    assert_int_equal(r, -ENOMEM);
    assert_int_equal(link->object.references, 1);
    lost = history_newest(history);
    assert_int_in_range(lost, 257, 512);
    assert_int_equal(history_oldest(history), lost + 1);
    assert_int_equal(history_size(history).bytes, 0);
    add_many(history, 1, 300);
    assert_int_equal(history_newest(history), lost + 300);
    assert_int_equal(history_oldest(history), lost + 1);
    link_unref(link);
    history_free(history);
}

static void without_memory_for_the_first_event_its_number_is_used_up_too(void **state)
{
    struct history *history = new_history(PLENTY);
    struct link *link = LINK(.ifindex = 2, .ifname = "a");
    struct change change = {.type = CHANGE_ADD, .after = (struct object *)link};

    (void)state;
    no_memory = true;
    assert_int_equal(history_add_change(history, &change, 1, 2), -ENOMEM);
    assert_null(history_new(INSTANCE, PLENTY));
    no_memory = false;
    assert_int_equal(history_newest(history), 1);
    assert_int_equal(history_oldest(history), 2);
    link_unref(link);
    history_free(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_history_is_at_number_zero),
        cmocka_unit_test(events_are_numbered_from_one_without_a_gap),
        cmocka_unit_test(each_kind_of_change_becomes_its_event),
        cmocka_unit_test(the_bound_in_bytes_holds_and_the_oldest_go),
        cmocka_unit_test(a_forgotten_event_lets_go_of_its_links),
        cmocka_unit_test(a_history_without_room_still_counts),
        cmocka_unit_test(an_event_is_encoded_once_and_when_it_is_asked_for),
        cmocka_unit_test(the_encoding_counts_in_the_bytes),
        cmocka_unit_test(reading_may_push_out_what_is_older_and_the_bound_holds),
        cmocka_unit_test(what_it_holds_beyond_the_present_links_is_what_it_counts),
        cmocka_unit_test(an_address_that_outlived_a_state_of_its_link_counts_it_once),
        cmocka_unit_test(no_encoding_is_kept_of_a_past_state_of_a_link),
        cmocka_unit_test(a_message_outlives_its_event),
        cmocka_unit_test(messages_in_one_piece_are_those_of_the_events_one_by_one),
        cmocka_unit_test(who_wants_the_same_messages_shares_the_piece),
        cmocka_unit_test(what_is_left_out_is_passed_over_for_as_long_as_the_slice_lasts),
        cmocka_unit_test(messages_that_push_out_events_are_still_given),
        cmocka_unit_test(a_change_of_the_source_is_an_event_without_a_link),
        cmocka_unit_test(without_memory_everything_is_forgotten_and_a_number_is_used_up),
        cmocka_unit_test(without_memory_for_the_first_event_its_number_is_used_up_too),
    };

    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
