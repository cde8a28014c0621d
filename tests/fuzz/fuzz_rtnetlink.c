/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel says: datagrams of rtnetlink, as they are received, read into links and
 * addresses, reconciled with their tables, reported as events and written as JSON. Whatever they
 * are, a replica made of the events equals the tables.
 *
 * The input is netlink messages one behind the other. Those of a dump (NLM_F_MULTI, up to
 * an NLMSG_DONE) share a datagram, the others have one each. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "daemon/address_table.h"
#include "daemon/encode_address.h"
#include "daemon/history.h"
#include "daemon/link_subject.h"
#include "daemon/message.h"
#include "daemon/rtnl.h"
#include "tests/fuzz/fuzz.h"
#include "tests/model/check.h"
#include "tests/model/netlink.h"
#include "tests/model/replica.h"

#define INSTANCE "0123456789abcdef0123456789abcdef"
#define NOW      INT64_C(1000000)

/* A subject and what it has. */
struct followed {
    const struct subject *subject;
    void *objects;
};

struct trial {
    struct netlink netlink;
    struct rtnl_room *room;
    struct rtnl *rtnl;
    struct link_objects links;
    struct address_table *addresses;
    struct followed followed[SUBJECT_COUNT];
    struct history *history;
    struct replica replica;
    bool in_group;                  /* of changes of links that belong together */
    const struct followed *dumping; /* NULL for none */
    bool placeholders;              /* the dump under way has lines of which nothing is said */
    uint32_t dump_sequence;
};

static int64_t now(void)
{
    return NOW;
}

/* The event that was added last. What is about the link of an address alone is not for those who
 * want all. */
static void replicate(struct trial *trial)
{
    uint64_t number = history_newest(trial->history);
    struct buffer *message = history_message(trial->history, number);

    CHECK(message);
    CHECK(message->data[message->length - 1] == '\0');
    if (!event_is_of_link_alone(history_get(trial->history, number)))
        replica_take(&trial->replica, message->data, message->length - 1);
    buffer_unref(message);
}

static void on_change(void *user, const struct change *change)
{
    struct trial *trial = user;
    bool more_follows = trial->in_group;

    trial->in_group = change->more_follows;
    address_table_before_link(trial->addresses, change, more_follows);
    CHECK(history_add_change(trial->history, change, 1, 2) == 0);
    replicate(trial);
    address_table_after_link(trial->addresses, change);
}

static void on_address_change(void *user, const struct change *change)
{
    struct trial *trial = user;

    CHECK(history_add_change(trial->history, change, 1, 2) == 0);
    replicate(trial);
}

/* One in memory that ends where the message does. */
static struct nlmsghdr *copy_message(const struct nlmsghdr *message)
{
    struct nlmsghdr *copy = malloc(message->nlmsg_len);

    CHECK(copy);
    memcpy(copy, message, message->nlmsg_len);
    return copy;
}

static void take_dump_line(struct trial *trial, const struct nlmsghdr *message)
{
    struct nlmsghdr *copy = copy_message(message);
    int r = trial->dumping->subject->dump_line(trial->dumping->objects, copy);

    CHECK(r <= 0 && r != -ENOMEM);
    trial->placeholders |= r == -ENOENT;
    free(copy);
}

static void take_notification(struct trial *trial, const struct nlmsghdr *message)
{
    for (size_t i = 0; i < SUBJECT_COUNT; i++) {
        const struct followed *followed = &trial->followed[i];
        struct nlmsghdr *copy = copy_message(message);
        int ifindex = 0;

        if (subject_has(followed->subject, copy))
            CHECK(followed->subject->notified(followed->objects, copy, &ifindex) != -ENOMEM);
        free(copy);
    }
}

static void end_dump(struct trial *trial, int error)
{
    const struct followed *followed = trial->dumping;
    struct dump_verdict verdict;

    if (!error && trial->placeholders)
        error = -EINTR;
    trial->dumping = NULL;
    CHECK(followed->subject->dump_end(followed->objects, error, true, &verdict) == 0);
    CHECK(verdict.missing <= followed->subject->count(followed->objects));
}

/* What nobody answered, as if the kernel had no such link, or did not answer at all. */
static void leave_queries(struct trial *trial)
{
    int ifindex;

    for (int i = 0; (ifindex = link_subject.query(&trial->links)); i++) {
        CHECK(i < 10000);
        if (i % 3)
            CHECK(link_subject.unanswered(&trial->links, ifindex, false) == 0);
        else
            CHECK(link_subject.answered(&trial->links, ifindex, NULL) == 0);
    }
}

static void on_rtnl(void *user, enum rtnl_event event, const struct nlmsghdr *message, int error)
{
    struct trial *trial = user;

    switch (event) {
    case RTNL_NOTIFICATION:
        take_notification(trial, message);
        break;
    case RTNL_DUMP_LINE:
        take_dump_line(trial, message);
        break;
    case RTNL_DUMP_DONE:
    case RTNL_DUMP_FAILED:
        end_dump(trial, error);
        break;
    case RTNL_OVERRUN:
        for (size_t i = 0; i < SUBJECT_COUNT; i++)
            trial->followed[i].subject->overrun(trial->followed[i].objects);
        break;
    case RTNL_ANSWER:
    case RTNL_ERROR:
        /* None was queried on the socket. */
        CHECK(false);
        break;
    case RTNL_MALFORMED:
        break;
    }
}

static void begin_dump(struct trial *trial, const struct followed *followed)
{
    char request[256];

    leave_queries(trial);
    trial->placeholders = false;
    followed->subject->dump_begin(followed->objects);
    CHECK(rtnl_ask_dump(trial->rtnl, followed->subject->get) == 0);
    CHECK(netlink_receive(&trial->netlink, request, sizeof(request)) >= NLMSG_HDRLEN);
    trial->dump_sequence = ((struct nlmsghdr *)(void *)request)->nlmsg_seq;
    trial->dumping = followed;
}

static void start(struct trial *trial)
{
    *trial = (struct trial){0};
    netlink_start(&trial->netlink);
    trial->links.table = table_new(on_change, trial);
    trial->links.reconcile = reconcile_new(trial->links.table, NULL);
    trial->addresses = address_table_new(trial->links.table, NULL, now, on_address_change, trial);
    trial->history = history_new(INSTANCE, 65536);
    trial->room = rtnl_room_new();
    CHECK(trial->links.table && trial->links.reconcile && trial->addresses && trial->history &&
          trial->room);
    trial->followed[SUBJECT_LINKS] = (struct followed){&link_subject, &trial->links};
    trial->followed[SUBJECT_ADDRESSES] = (struct followed){&address_subject, trial->addresses};
    CHECK(rtnl_open(-1, 1 << 20, trial->room, on_rtnl, trial, &trial->rtnl) == 0);
    replica_init(&trial->replica, NULL, true);
    /* Before the first event there are no links. */
    trial->replica.ready = true;
    snprintf(trial->replica.instance, sizeof(trial->replica.instance), INSTANCE);
    address_table_report(trial->addresses);
}

static void check_links(const struct trial *trial)
{
    struct link *link = NULL;

    CHECK(json_object_size(trial->replica.links) == table_count(trial->links.table));
    while ((link = table_next(trial->links.table, link ? link->ifindex : 0))) {
        struct buffer *text = message_object_text(&link->object, 0);
        json_t *json;

        CHECK(text);
        json = json_loadb(text->data, text->length, JSON_REJECT_DUPLICATES, NULL);
        CHECK(json && json_equal(json, replica_link(&trial->replica, link->ifindex)));
        json_decref(json);
        buffer_unref(text);
    }
}

static void check_addresses(const struct trial *trial)
{
    struct address *address = NULL;
    size_t count = 0;

    while ((address = address_table_next(trial->addresses, address ? &address->key : NULL))) {
        struct writer writer;
        json_t *json;

        writer_init(&writer);
        encode_address(&writer, address, address->known, NOW);
        json = json_loadb(writer.data, writer.length, JSON_REJECT_DUPLICATES, NULL);
        CHECK(json && json_equal(json, replica_address(&trial->replica, json)));
        json_decref(json);
        writer_clear(&writer);
        count++;
    }
    CHECK(json_object_size(trial->replica.addresses) == count);
}

static void stop(struct trial *trial)
{
    if (!trial->dumping)
        leave_queries(trial);
    CHECK(table_contradictions(trial->links.table) == 0);
    check_links(trial);
    check_addresses(trial);
    rtnl_close(trial->rtnl);
    rtnl_room_free(trial->room);
    history_free(trial->history);
    address_table_free(trial->addresses);
    reconcile_free(trial->links.reconcile);
    table_free(trial->links.table);
    replica_clear(&trial->replica);
    netlink_stop(&trial->netlink);
}

static bool is_of_dump(const struct nlmsghdr *header)
{
    return header->nlmsg_flags & NLM_F_MULTI || header->nlmsg_type == NLMSG_DONE ||
           header->nlmsg_type == NLMSG_ERROR;
}

/* Makes a message one that answers the dump, or one of the kernel's own. */
static void direct(struct trial *trial, char *message, bool of_dump)
{
    struct nlmsghdr header;

    memcpy(&header, message, sizeof(header));
    if (of_dump && !trial->dumping)
        begin_dump(trial,
                   &trial->followed[subject_has(&address_subject, &header) ? SUBJECT_ADDRESSES
                                                                           : SUBJECT_LINKS]);
    header.nlmsg_pid = of_dump ? trial->netlink.port : 0;
    header.nlmsg_seq = of_dump ? trial->dump_sequence : header.nlmsg_seq;
    memcpy(message, &header, sizeof(header));
}

/* Length of the message there, up to the end of the input if it is none. */
static size_t length_at(const uint8_t *data, size_t size, struct nlmsghdr *ret)
{
    memset(ret, 0, sizeof(*ret));
    memcpy(ret, data, size < sizeof(*ret) ? size : sizeof(*ret));
    if (ret->nlmsg_len < sizeof(*ret) || ret->nlmsg_len > size)
        return size;
    return NLMSG_ALIGN(ret->nlmsg_len) < size ? NLMSG_ALIGN(ret->nlmsg_len) : size;
}

/* Length of the datagram there. */
static size_t datagram_at(const uint8_t *data, size_t size)
{
    size_t length = 0;

    while (length < size) {
        struct nlmsghdr header;

        length += length_at(data + length, size - length, &header);
        if (!(header.nlmsg_flags & NLM_F_MULTI) || header.nlmsg_type == NLMSG_DONE)
            break;
    }
    return length;
}

static void send_datagram(struct trial *trial, const uint8_t *data, size_t size)
{
    char *copy = malloc(size);

    CHECK(copy);
    memcpy(copy, data, size);
    for (size_t offset = 0; size - offset >= sizeof(struct nlmsghdr);) {
        struct nlmsghdr header;
        size_t length = length_at(data + offset, size - offset, &header);

        direct(trial, copy + offset, is_of_dump(&header));
        offset += length;
    }
    if (netlink_send(&trial->netlink, copy, size))
        CHECK(rtnl_receive(trial->rtnl) == 1 && rtnl_receive(trial->rtnl) == 0);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trial trial;

    start(&trial);
    for (size_t offset = 0; offset < size;) {
        size_t length = datagram_at(data + offset, size - offset);

        send_datagram(&trial, data + offset, length);
        offset += length;
    }
    stop(&trial);
    return 0;
}
