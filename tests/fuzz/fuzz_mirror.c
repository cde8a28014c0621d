/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What liblinkwatch makes of a daemon that may send anything: the application gets a sequence of
 * events without contradictions, and every link and address that it is given can be read.
 *
 * The first byte chooses how the bytes are cut into pieces, the filter, whether addresses are
 * wanted, and whether what does not last is held; the rest is what the daemon sends. After a
 * message that can't be understood the mirror connects anew, and the rest comes on the new
 * connection. */
#include <errno.h>
#include <string.h>

#include "client/link_object.h"
#include "client/linkwatch.h"
#include "client/mirror_state.h"
#include "client/monitor_reply.h"
#include "client/wire.h"
#include "protocol/frame.h"
#include "tests/fuzz/fuzz.h"
#include "tests/model/check.h"

/* Links that the application knows. Beyond that it checks no more. */
#define KNOWN_MAX 256

/* Microseconds; a piece takes one. */
#define HOLD_UP   2
#define HOLD_DOWN 3

struct trial {
    struct mirror_state state;
    struct frame frame;
    unsigned pieces;
    int known[KNOWN_MAX]; /* indexes, in no order; 0 where there is none */
    bool overflowed;
    size_t addresses; /* that the application knows */
    bool ready;
};

static int *find(struct trial *trial, int ifindex)
{
    for (size_t i = 0; i < KNOWN_MAX; i++)
        if (trial->known[i] == ifindex)
            return &trial->known[i];
    return NULL;
}

/* Everything that can be asked of a link. */
static void read_link(struct linkwatch_link *link)
{
    const char *text = NULL;

    CHECK(linkwatch_link_ifindex(link) > 0);
    CHECK(linkwatch_link_ifname(link)[0]);
    CHECK(linkwatch_link_json(link)[0] == '{');
    CHECK(linkwatch_link_compare(link, link) == 0);
    for (int field = 0; linkwatch_field_name(field); field++) {
        char *format = NULL;
        int r = linkwatch_link_format(link, field, &format);

        CHECK(r == 0 ? format != NULL : r == -ENODATA);
        free(format);
    }
    while ((text = linkwatch_link_next_text(link, LINKWATCH_FIELD_FLAGS, text)))
        CHECK(linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, text) == 1);
    while ((text = linkwatch_link_next_text(link, LINKWATCH_FIELD_ALTNAMES, text)))
        CHECK(strlen(text) < 1 << 20);
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct trial *trial = user;
    int *free_place;

    (void)event;
    read_link(link);
    CHECK(trial->overflowed || !find(trial, linkwatch_link_ifindex(link)));
    free_place = find(trial, 0);
    if (free_place)
        *free_place = linkwatch_link_ifindex(link);
    else
        trial->overflowed = true;
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    struct trial *trial = user;

    CHECK(linkwatch_link_ifindex(before) == linkwatch_link_ifindex(now));
    CHECK(trial->overflowed || find(trial, linkwatch_link_ifindex(now)));
    CHECK(linkwatch_link_compare(before, now) == fields);
    CHECK(linkwatch_event_flaps(event) >= 0);
    read_link(now);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct trial *trial = user;
    int *place = find(trial, linkwatch_link_ifindex(link));

    (void)event;
    read_link(link);
    CHECK(trial->overflowed || place);
    if (place)
        *place = 0;
}

/* Everything that can be asked of an address, whose link is known. */
static void read_address(struct trial *trial, struct linkwatch_address *address)
{
    CHECK(trial->overflowed || find(trial, linkwatch_address_ifindex(address)));
    CHECK(linkwatch_address_local(address)[0]);
    CHECK(linkwatch_address_json(address)[0] == '{');
    CHECK(linkwatch_address_compare(address, address) == 0);
    for (int field = 0; linkwatch_address_field_name(field); field++) {
        char *format = NULL;
        int r = linkwatch_address_format(address, field, &format);

        CHECK(r == 0 ? format != NULL : r == -ENODATA);
        free(format);
    }
}

static void on_address_add(void *user, struct linkwatch_address *address,
                           const struct linkwatch_event *event)
{
    struct trial *trial = user;

    (void)event;
    read_address(trial, address);
    trial->addresses++;
}

static void on_address_change(void *user, struct linkwatch_address *before,
                              struct linkwatch_address *now, linkwatch_fields fields,
                              const struct linkwatch_event *event)
{
    (void)event;
    CHECK(linkwatch_address_compare(before, now) == fields);
    read_address(user, now);
}

static void on_address_remove(void *user, struct linkwatch_address *address,
                              const struct linkwatch_event *event)
{
    struct trial *trial = user;

    (void)event;
    read_address(trial, address);
    CHECK(trial->addresses-- > 0);
}

static void on_ready(void *user)
{
    ((struct trial *)user)->ready = true;
}

static void on_lost(void *user, int64_t events)
{
    ((struct trial *)user)->ready = false;
    CHECK(events >= -1);
}

static void on_source(void *user, const struct linkwatch_source *source)
{
    (void)user;
    CHECK(linkwatch_source_standing(source) && linkwatch_source_reason(source));
}

/* A connection begins. */
static void connect_anew(struct trial *trial)
{
    json_t *parameters;

    mirror_state_break(&trial->state);
    trial->ready = false;
    parameters = mirror_state_begin(&trial->state);
    CHECK(parameters);
    json_decref(parameters);
}

static void start(struct trial *trial, uint8_t choice)
{
    static const struct linkwatch_callbacks callbacks = {.size = sizeof(callbacks),
                                                         .add = on_add,
                                                         .change = on_change,
                                                         .remove = on_remove,
                                                         .ready = on_ready,
                                                         .lost = on_lost,
                                                         .source = on_source,
                                                         .address_add = on_address_add,
                                                         .address_change = on_address_change,
                                                         .address_remove = on_address_remove};
    struct linkwatch_filter *filter = NULL;

    *trial = (struct trial){.pieces = choice};
    CHECK(linkwatch_filter_new(&filter) == 0);
    if (choice & 1)
        CHECK(linkwatch_filter_add_name(filter, "v*") == 0);
    CHECK(mirror_state_init(&trial->state, filter, &callbacks, trial) == 0);
    linkwatch_filter_free(filter);
    if (choice & 2)
        trial->state.follows_addresses = true;
    if (choice & 4)
        trial->state.hold.times = (struct hold_times){.up = HOLD_UP, .down = HOLD_DOWN};
    frame_init(&trial->frame, 65536);
    connect_anew(trial);
}

/* Time goes by; what is due is reported, and then isn't due any more. */
static void pass(struct trial *trial, uint64_t time)
{
    trial->state.now += time;
    CHECK(mirror_state_report_due(&trial->state) == 0);
    CHECK(mirror_state_deadline(&trial->state) > trial->state.now);
}

static void stop(struct trial *trial)
{
    const struct snapshot *known = mirror_state_known(&trial->state);
    size_t count = 0;

    if (trial->state.ready) {
        pass(trial, HOLD_UP + HOLD_DOWN);
        CHECK(known->links.count == trial->state.current.links.count);
        CHECK(known->addresses.count == trial->state.current.addresses.count);
    }

    for (size_t i = 0; i < KNOWN_MAX; i++)
        count += trial->known[i] != 0;
    CHECK(trial->overflowed || count == known->links.count);
    CHECK(trial->addresses == known->addresses.count);
    CHECK(trial->ready == trial->state.ready);
    mirror_state_clear(&trial->state);
    frame_clear(&trial->frame);
}

static int take_event(struct trial *trial, const json_t *parameters)
{
    struct message message;
    int r = message_read(parameters, &message);

    if (r < 0) {
        CHECK(r == -EBADMSG);
        mirror_state_forget_position(&trial->state);
        return r;
    }
    r = mirror_state_take(&trial->state, &message);
    CHECK(r == 0 || r == -EBADMSG);
    message_clear(&message);
    return r;
}

static int take_message(struct trial *trial, const char *text, size_t length)
{
    struct reply reply;
    int r = wire_parse(text, length, &reply);

    if (r < 0) {
        CHECK(r == -EBADMSG);
        return r;
    }
    if (reply.error) {
        char *words = wire_error_text(&reply);

        CHECK(wire_errno(&reply) < 0 && words);
        free(words);
        r = -ECONNRESET;
    } else {
        r = take_event(trial, reply.parameters);
    }
    wire_clear(&reply);
    return r;
}

static void take_messages(struct trial *trial)
{
    const char *text;
    size_t length;
    int r;

    while ((r = frame_next(&trial->frame, &text, &length)) != 0) {
        if (r > 0)
            r = take_message(trial, text, length);
        else
            frame_clear(&trial->frame);
        if (r < 0)
            connect_anew(trial);
    }
}

static size_t next_piece(struct trial *trial, size_t most)
{
    size_t size;

    trial->pieces = trial->pieces * 1103515245 + 12345;
    size = 1 + (trial->pieces >> 16) % 600;
    return size < most ? size : most;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trial trial;

    if (size == 0)
        return 0;
    start(&trial, data[0]);
    for (size_t offset = 1; offset < size;) {
        size_t piece = next_piece(&trial, size - offset);
        char *room;
        size_t room_size;

        CHECK(frame_reserve(&trial.frame, &room, &room_size) == 0);
        piece = piece < room_size ? piece : room_size;
        memcpy(room, data + offset, piece);
        frame_filled(&trial.frame, piece);
        offset += piece;
        take_messages(&trial);
        pass(&trial, 1);
    }
    stop(&trial);
    return 0;
}
