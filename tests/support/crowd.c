/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many mirrors in one process: crowd SOCKET COUNT NAME. Each holds liblinkwatch to its
 * word: its events must be one consistent sequence, and what the daemon sends must have
 * no gap that was not announced. When all of them know a link of that name, their
 * links must be the same; they are printed as a JSON array, and a line of figures goes to
 * standard error. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/linkwatch.h"

/* What the application believes of a link. */
struct belief {
    int ifindex;
    struct linkwatch_link *link;
};

struct consumer {
    struct linkwatch_mirror *mirror;
    void *beliefs; /* a tree of struct belief, for tsearch() */
    /* The number of the last message, and whether the next one must follow it. */
    int64_t sequence;
    bool in_sequence;
    int64_t lost;
    int64_t events;
    int64_t resumed;
    int64_t connected;
};

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

static int compare_beliefs(const void *a, const void *b)
{
    const struct belief *left = a;
    const struct belief *right = b;

    return (left->ifindex > right->ifindex) - (left->ifindex < right->ifindex);
}

static struct belief *find(struct consumer *consumer, struct linkwatch_link *link)
{
    struct belief key = {.ifindex = linkwatch_link_ifindex(link)};
    struct belief **node = tfind(&key, &consumer->beliefs, compare_beliefs);

    return node ? *node : NULL;
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct consumer *consumer = user;
    struct belief *belief = malloc(sizeof(*belief));

    (void)event;
    if (find(consumer, link))
        fail("added though known: %s", linkwatch_link_json(link));
    if (!belief)
        fail("out of memory");
    belief->ifindex = linkwatch_link_ifindex(link);
    belief->link = linkwatch_link_ref(link);
    if (!tsearch(belief, &consumer->beliefs, compare_beliefs))
        fail("out of memory");
    consumer->events++;
}

/* The belief that a link was that way before, but for its times, which a daemon that starts again
 * learns anew. */
static struct belief *expect(struct consumer *consumer, struct linkwatch_link *link,
                             const char *what)
{
    struct belief *belief = find(consumer, link);

    if (!belief)
        fail("%s though unknown: %s", what, linkwatch_link_json(link));
    if (linkwatch_link_compare(belief->link, link) != 0)
        fail("%s from a state that was not reported: %s; reported was %s", what,
             linkwatch_link_json(link), linkwatch_link_json(belief->link));
    consumer->events++;
    return belief;
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    struct belief *belief = expect(user, before, "changed");

    if (fields != linkwatch_link_compare(before, now))
        fail("changed in other fields than reported: %s", linkwatch_link_json(now));
    if (fields == 0 && linkwatch_event_flaps(event) == 0)
        fail("changed in nothing: %s", linkwatch_link_json(now));
    linkwatch_link_unref(belief->link);
    belief->link = linkwatch_link_ref(now);
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct consumer *consumer = user;
    struct belief *belief = expect(consumer, link, "removed");

    (void)event;
    tdelete(belief, &consumer->beliefs, compare_beliefs);
    linkwatch_link_unref(belief->link);
    free(belief);
}

static void on_lost(void *user, int64_t events)
{
    ((struct consumer *)user)->lost += events > 0 ? events : 0;
}

static void on_connected(void *user, bool resumed)
{
    struct consumer *consumer = user;

    consumer->connected++;
    consumer->resumed += resumed;
    /* Otherwise a snapshot follows. */
    consumer->in_sequence &= resumed;
}

static bool is_type(const char *json, const char *type)
{
    char member[32];

    snprintf(member, sizeof(member), "\"type\":\"%s\"", type);
    return strstr(json, member);
}

static void on_message(void *user, const char *json)
{
    struct consumer *consumer = user;
    const char *member = strstr(json, "\"sequence\":");
    int64_t sequence;

    if (!member || sscanf(member, "\"sequence\":%" SCNd64, &sequence) != 1)
        fail("a message without a sequence: %s", json);
    if (is_type(json, "lost") || is_type(json, "snapshot")) {
        consumer->in_sequence = false;
    } else if (is_type(json, "ready")) {
        if (consumer->in_sequence && sequence != consumer->sequence)
            fail("ready at %" PRId64 " after event %" PRId64, sequence, consumer->sequence);
        consumer->in_sequence = true;
    } else if (consumer->in_sequence && sequence != consumer->sequence + 1) {
        fail("event %" PRId64 " after %" PRId64 ": %s", sequence, consumer->sequence, json);
    }
    consumer->sequence = sequence;
}

static void start(struct consumer *consumer, const char *path)
{
    static const struct linkwatch_callbacks callbacks = {.size = sizeof(callbacks),
                                                         .add = on_add,
                                                         .change = on_change,
                                                         .remove = on_remove,
                                                         .lost = on_lost,
                                                         .connected = on_connected,
                                                         .message = on_message};
    int r = linkwatch_mirror_new(path, NULL, &callbacks, consumer, &consumer->mirror);

    if (r < 0)
        fail("no mirror: %s", strerror(-r));
}

static bool is_done(const struct consumer *consumer, const char *name)
{
    return linkwatch_mirror_is_ready(consumer->mirror) &&
           linkwatch_mirror_find(consumer->mirror, name);
}

/* One turn for all of them; the number of those that know the link. */
static size_t turn(struct consumer *consumers, struct pollfd *fds, size_t count, const char *name)
{
    int timeout = -1;
    size_t done = 0;

    for (size_t i = 0; i < count; i++) {
        int wanted = linkwatch_mirror_timeout(consumers[i].mirror);

        fds[i] = (struct pollfd){.fd = linkwatch_mirror_fd(consumers[i].mirror),
                                 .events = linkwatch_mirror_events(consumers[i].mirror)};
        if (wanted >= 0 && (timeout < 0 || wanted < timeout))
            timeout = wanted;
        done += is_done(&consumers[i], name);
    }
    if (done == count)
        return done;
    if (poll(fds, (nfds_t)count, timeout) < 0 && errno != EINTR)
        fail("poll: %s", strerror(errno));
    for (size_t i = 0; i < count; i++)
        if (fds[i].revents || linkwatch_mirror_timeout(consumers[i].mirror) == 0)
            (void)linkwatch_mirror_process(consumers[i].mirror);
    return done;
}

/* What the callbacks reported must be what the mirror holds, and the same for all. */
static void compare_links(struct consumer *first, struct consumer *consumer)
{
    struct linkwatch_link *link = NULL;
    size_t count = linkwatch_mirror_count(first->mirror);

    if (linkwatch_mirror_count(consumer->mirror) != count)
        fail("%zu links, others have %zu", linkwatch_mirror_count(consumer->mirror), count);
    while (
        (link = linkwatch_mirror_next(consumer->mirror, link ? linkwatch_link_ifindex(link) : 0))) {
        struct belief *belief = expect(consumer, link, "held");
        struct belief *other = find(first, link);

        if (!other || linkwatch_link_compare(other->link, belief->link) != 0)
            fail("others have another state: %s", linkwatch_link_json(belief->link));
    }
}

static void print_links(const struct linkwatch_mirror *mirror)
{
    struct linkwatch_link *link = NULL;
    const char *comma = "";

    putchar('[');
    while ((link = linkwatch_mirror_next(mirror, link ? linkwatch_link_ifindex(link) : 0))) {
        printf("%s%s\n", comma, linkwatch_link_json(link));
        comma = ",";
    }
    puts("]");
}

static void print_figures(const struct consumer *consumers, size_t count)
{
    int64_t events = 0, lost = 0, connected = 0, resumed = 0;

    for (size_t i = 0; i < count; i++) {
        events += consumers[i].events;
        lost += consumers[i].lost;
        connected += consumers[i].connected;
        resumed += consumers[i].resumed;
    }
    fprintf(stderr,
            "{\"consumers\": %zu, \"events\": %" PRId64 ", \"lost\": %" PRId64
            ", \"connected\": %" PRId64 ", \"resumed\": %" PRId64 "}\n",
            count, events, lost, connected, resumed);
}

static void end(struct consumer *consumer)
{
    while (consumer->beliefs) {
        struct belief *belief = *(struct belief **)consumer->beliefs;

        tdelete(belief, &consumer->beliefs, compare_beliefs);
        linkwatch_link_unref(belief->link);
        free(belief);
    }
    linkwatch_mirror_free(consumer->mirror);
}

int main(int argc, char **argv)
{
    size_t count = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    struct consumer *consumers = calloc(count + 1, sizeof(*consumers));
    struct pollfd *fds = calloc(count + 1, sizeof(*fds));

    if (!count || !consumers || !fds)
        fail("usage: crowd SOCKET COUNT NAME");
    for (size_t i = 0; i < count; i++)
        start(&consumers[i], argv[1]);
    while (turn(consumers, fds, count, argv[3]) < count)
        ;
    for (size_t i = 0; i < count; i++)
        compare_links(&consumers[0], &consumers[i]);
    print_links(consumers[0].mirror);
    print_figures(consumers, count);
    for (size_t i = 0; i < count; i++)
        end(&consumers[i]);
    free(consumers);
    free(fds);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
