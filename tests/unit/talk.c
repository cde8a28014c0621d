/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/talk.h"

#include <errno.h>
#include <ev.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MUCH ((size_t)40000)

/* A text, in pieces. */
struct spoken {
    struct answer answer;
    struct talk *talk;
    char *text;
    size_t length; /* with its NUL */
    size_t piece;
    size_t given;
};

static int spoken_next(struct answer *answer, const struct slice *slice, struct buffer **ret)
{
    struct spoken *spoken = (struct spoken *)answer;
    size_t left = spoken->length - spoken->given;
    size_t size = left < spoken->piece ? left : spoken->piece;

    assert_non_null(slice);
    if (spoken->talk->holds)
        return ANSWER_WAITS;
    if (left == 0)
        return ANSWER_END;
    *ret = buffer_new(size);
    assert_non_null(*ret);
    memcpy((*ret)->data, spoken->text + spoken->given, size);
    spoken->given += size;
    return ANSWER_PIECE;
}

static void spoken_free(struct answer *answer)
{
    free(((struct spoken *)answer)->text);
    free(answer);
}

static struct answer *speak(struct talk *talk, const char *text, size_t length, size_t piece)
{
    static const struct answer_kind kind = {.next = spoken_next, .free = spoken_free};
    struct spoken *spoken = calloc(1, sizeof(*spoken));

    assert_non_null(spoken);
    *spoken = (struct spoken){.answer = {.kind = &kind, .waits_on = &talk->later},
                              .talk = talk,
                              .text = calloc(1, length),
                              .length = length,
                              .piece = piece};
    assert_non_null(spoken->text);
    memcpy(spoken->text, text, strnlen(text, length));
    return &spoken->answer;
}

static int on_call(void *user, struct caller *caller, const char *message, size_t length,
                   struct answer **ret)
{
    struct talk *talk = user;

    assert_ptr_equal(caller->user, talk->user);
    talk->requests++;
    assert_int_equal(strlen(message), length);
    assert_null(*ret);
    if (strcmp(message, "wrong") == 0)
        return -EPROTO;
    if (strcmp(message, "silence") == 0)
        return 0;
    if (strcmp(message, "later") == 0)
        talk->holds = true;
    if (strcmp(message, "stream") == 0)
        return answer_stream(&talk->news, world_stream(&talk->world, NULL), NULL, ret);
    if (strcmp(message, "much") == 0)
        *ret = speak(talk, "", MUCH + 1, 40);
    else
        *ret = speak(talk, message, length + 1, 1 + length / 2);
    return 0;
}

static void on_closed(void *user, const struct caller *caller)
{
    struct talk *talk = user;

    assert_ptr_equal(caller->user, talk->user);
    talk->connection = NULL;
    talk->closes++;
}

static void start_host(struct talk *talk)
{
    struct users_limits limits = {.sessions = 10, .sessions_per_user = 10};
    const char *limit;

    talk->host = (struct connection_host){.loop = ev_loop_new(0),
                                          .respond = on_call,
                                          .respond_user = talk,
                                          .closed = on_closed,
                                          .closed_user = talk};
    assert_non_null(talk->host.loop);
    TAILQ_INIT(&talk->host.connections);
    talk->host.queue = workqueue_new(talk->host.loop, tick);
    assert_non_null(talk->host.queue);
    talk->host.closer = closer_new(talk->host.loop);
    assert_non_null(talk->host.closer);
    talk->users = users_new(1, 1);
    assert_non_null(talk->users);
    assert_int_equal(users_enter(talk->users, 1234, &limits, &talk->user, &limit), 0);
}

void talk_start(struct talk *talk)
{
    int fds[2];

    *talk = (struct talk){.theirs = -1};
    TAILQ_INIT(&talk->news);
    TAILQ_INIT(&talk->later);
    start_host(talk);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    talk->theirs = fds[1];
    talk->connection = connection_new(&talk->host, fds[0], talk->user, NULL, REQUEST_MAX);
    assert_non_null(talk->connection);
    world_start(&talk->world, 16 * 1024);
}

void talk_stop(struct talk *talk)
{
    assert_null(connection_free(talk->connection));
    assert_int_equal(talk->closes, 1);
    assert_null(talk->connection);
    assert_true(TAILQ_EMPTY(&talk->host.connections));
    if (talk->theirs >= 0)
        close(talk->theirs);
    world_stop(&talk->world);
    free(talk->received);
    users_leave(talk->users, talk->user);
    assert_null(users_free(talk->users));
    assert_null(workqueue_free(talk->host.queue));
    assert_null(closer_free(talk->host.closer));
    ev_loop_destroy(talk->host.loop);
}

void talk_release(struct talk *talk)
{
    talk->holds = false;
    waitlist_wake(&talk->later);
}

void talk_turn(struct talk *talk)
{
    for (int i = 0; i < 50; i++)
        ev_run(talk->host.loop, EVRUN_NOWAIT);
}

void say_bytes(struct talk *talk, const char *bytes, size_t length)
{
    assert_int_equal(send(talk->theirs, bytes, length, MSG_NOSIGNAL), length);
}

void warning(struct talk *talk, const char *request)
{
    say_bytes(talk, request, strlen(request) + 1);
}

size_t hear(struct talk *talk, size_t most)
{
    size_t heard = 0;

    while (heard < most) {
        size_t want = most - heard < 65536 ? most - heard : 65536;
        ssize_t n;

        talk->received = realloc(talk->received, talk->used + want);
        assert_non_null(talk->received);
        n = read(talk->theirs, talk->received + talk->used, want);
        if (n <= 0)
            break;
        talk->used += (size_t)n;
        heard += (size_t)n;
    }
    return heard;
}

const char *next_heard(struct talk *talk)
{
    char *message = talk->received + talk->taken;
    char *end;

    if (talk->used == talk->taken)
        return NULL;
    end = memchr(message, '\0', talk->used - talk->taken);
    if (end)
        talk->taken += (size_t)(end - message) + 1;
    return end ? message : NULL;
}

void assert_hears(struct talk *talk, const char *expected)
{
    const char *message;

    talk_turn(talk);
    hear(talk, PLENTY);
    message = next_heard(talk);
    assert_non_null(message);
    assert_string_equal(message, expected);
}

void assert_hears_nothing(struct talk *talk)
{
    talk_turn(talk);
    hear(talk, PLENTY);
    assert_int_equal(talk->used, talk->taken);
}

void assert_closed(struct talk *talk)
{
    talk_turn(talk);
    assert_int_equal(talk->closes, 1);
}
