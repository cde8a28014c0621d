/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel says: datagrams of rtnetlink, as they are received, read into links, reconciled
 * with the table, reported as events and written as JSON. Whatever they are, a replica made of the
 * events equals the table.
 *
 * The input is netlink messages one behind the other. Those of a dump (NLM_F_MULTI, up to
 * an NLMSG_DONE) share a datagram, the others have one each. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "daemon/encode.h"
#include "daemon/history.h"
#include "daemon/reconcile.h"
#include "daemon/rtnl.h"
#include "daemon/table.h"
#include "tests/fuzz/fuzz.h"
#include "tests/model/check.h"
#include "tests/model/netlink.h"
#include "tests/model/replica.h"

#define INSTANCE "0123456789abcdef0123456789abcdef"

struct trial {
    struct netlink netlink;
    struct rtnl_room *room;
    struct rtnl *rtnl;
    struct table *table;
    struct reconcile *reconcile;
    struct history *history;
    struct replica replica;
    bool dumping;
    bool placeholders; /* the dump under way has lines of which nothing is said */
    uint32_t dump_sequence;
};

static void on_change(void *user, const struct change *change)
{
    struct trial *trial = user;
    struct buffer *message;

    CHECK(history_add_change(trial->history, change, 1, 2) == 0);
    message = history_message(trial->history, history_newest(trial->history));
    CHECK(message);
    CHECK(message->data[message->length - 1] == '\0');
    replica_take(&trial->replica, message->data, message->length - 1);
    buffer_unref(message);
}

/* Reads a link from memory that ends where the message does. */
static int parse(const struct nlmsghdr *message, struct link **ret)
{
    struct nlmsghdr *copy = malloc(message->nlmsg_len);
    int r;

    CHECK(copy);
    memcpy(copy, message, message->nlmsg_len);
    r = link_parse(copy, ret);
    free(copy);
    return r;
}

static void take_dump_line(struct trial *trial, const struct nlmsghdr *message)
{
    struct link *link;
    uint64_t digest = 0;
    int ifindex, r;

    if (link_digest(message, &ifindex, &digest) >= 0 &&
        reconcile_dump_repeats(trial->reconcile, ifindex, digest))
        return;
    r = parse(message, &link);
    trial->placeholders |= r == -ENOENT;
    if (r < 0)
        return;
    CHECK(link->ifindex == ifindex);
    CHECK(reconcile_dump_line(trial->reconcile, link, digest) == 0);
    link_unref(link);
}

static void take_notification(struct trial *trial, const struct nlmsghdr *message)
{
    struct link *link;

    if (parse(message, &link) < 0)
        return;
    if (message->nlmsg_type == RTM_DELLINK)
        CHECK(reconcile_notified_gone(trial->reconcile, link) == 0);
    else
        CHECK(reconcile_notified(trial->reconcile, link) == 0);
    link_unref(link);
}

static void take_answer(struct trial *trial, const struct nlmsghdr *message)
{
    struct link *link;

    if (parse(message, &link) < 0)
        return;
    CHECK(reconcile_answered(trial->reconcile, link->ifindex, link) == 0);
    link_unref(link);
}

static void end_dump(struct trial *trial, int error)
{
    struct dump_verdict verdict;

    if (!error && trial->placeholders)
        error = -EINTR;
    trial->dumping = false;
    CHECK(reconcile_dump_end(trial->reconcile, error, true, &verdict) == 0);
    CHECK(verdict.missing <= table_count(trial->table));
}

/* What nobody answered, as if the kernel had no such link, or did not answer at all. */
static void leave_queries(struct trial *trial)
{
    int ifindex;

    for (int i = 0; (ifindex = reconcile_query(trial->reconcile)); i++) {
        CHECK(i < 10000);
        if (i % 3)
            CHECK(reconcile_unanswered(trial->reconcile, ifindex, false) == 0);
        else
            CHECK(reconcile_answered(trial->reconcile, ifindex, NULL) == 0);
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
    case RTNL_ANSWER:
        take_answer(trial, message);
        break;
    case RTNL_OVERRUN:
        reconcile_overrun(trial->reconcile);
        break;
    case RTNL_ERROR:
    case RTNL_MALFORMED:
        break;
    }
}

static void begin_dump(struct trial *trial)
{
    char request[256];

    leave_queries(trial);
    trial->placeholders = false;
    reconcile_dump_begin(trial->reconcile);
    CHECK(rtnl_ask_dump(trial->rtnl, RTM_GETLINK) == 0);
    CHECK(netlink_receive(&trial->netlink, request, sizeof(request)) >= NLMSG_HDRLEN);
    trial->dump_sequence = ((struct nlmsghdr *)(void *)request)->nlmsg_seq;
    trial->dumping = true;
}

static void start(struct trial *trial)
{
    *trial = (struct trial){0};
    netlink_start(&trial->netlink);
    trial->table = table_new(on_change, trial);
    trial->reconcile = reconcile_new(trial->table);
    trial->history = history_new(INSTANCE, 65536);
    trial->room = rtnl_room_new();
    CHECK(trial->table && trial->reconcile && trial->history && trial->room);
    CHECK(rtnl_open(-1, 1 << 20, trial->room, on_rtnl, trial, &trial->rtnl) == 0);
    replica_init(&trial->replica, NULL, false);
    /* Before the first event there are no links. */
    trial->replica.ready = true;
    snprintf(trial->replica.instance, sizeof(trial->replica.instance), INSTANCE);
}

static void check_links(const struct trial *trial)
{
    struct link *link = NULL;

    CHECK(json_object_size(trial->replica.links) == table_count(trial->table));
    while ((link = table_next(trial->table, link ? link->ifindex : 0))) {
        struct buffer *text;
        json_t *json;

        CHECK(encode_link(link, &text) == 0);
        json = json_loadb(text->data, text->length, JSON_REJECT_DUPLICATES, NULL);
        CHECK(json && json_equal(json, replica_link(&trial->replica, link->ifindex)));
        json_decref(json);
        buffer_unref(text);
    }
}

static void stop(struct trial *trial)
{
    if (!trial->dumping)
        leave_queries(trial);
    CHECK(table_contradictions(trial->table) == 0);
    check_links(trial);
    rtnl_close(trial->rtnl);
    rtnl_room_free(trial->room);
    history_free(trial->history);
    reconcile_free(trial->reconcile);
    table_free(trial->table);
    replica_clear(&trial->replica);
    netlink_stop(&trial->netlink);
}

static bool is_of_dump(const struct nlmsghdr *header)
{
    return header->nlmsg_flags & NLM_F_MULTI || header->nlmsg_type == NLMSG_DONE ||
           header->nlmsg_type == NLMSG_ERROR;
}

/* Makes a message one that answers the dump, or one of the kernel's own. */
static void address(struct trial *trial, char *message, bool of_dump)
{
    struct nlmsghdr header;

    memcpy(&header, message, sizeof(header));
    if (of_dump && !trial->dumping)
        begin_dump(trial);
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

        address(trial, copy + offset, is_of_dump(&header));
        offset += length;
    }
    if (netlink_send(&trial->netlink, copy, size))
        CHECK(rtnl_receive(trial->rtnl, 64) == 0);
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
