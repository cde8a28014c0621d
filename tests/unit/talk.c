#include "tests/unit/talk.h"

#include <errno.h>
#include <ev.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void talk_reply(struct session *session, const char *text, size_t length)
{
    struct buffer *message = buffer_new(length);

    assert_non_null(message);
    memcpy(message->data, text, length);
    assert_int_equal(session_send(session, message), 0);
}

static int on_request(void *user, struct session *session, const char *message, size_t length)
{
    struct talk *talk = user;

    talk->requests++;
    assert_int_equal(strlen(message), length);
    if (strcmp(message, "later") == 0) {
        session_suspend(session);
    } else if (strcmp(message, "wrong") == 0) {
        return -EPROTO;
    } else if (strcmp(message, "silence") == 0) {
        return 0;
    } else if (strcmp(message, "pieces") == 0) {
        talk_reply(session, "pie", 3);
        talk_reply(session, "ces", 4);
    } else if (strcmp(message, "much") == 0) {
        for (int i = 0; i < 1000; i++)
            talk_reply(session, "0123456789012345678901234567890123456789", 40);
        talk_reply(session, "", 1);
    } else if (strcmp(message, "stream") == 0) {
        session_start_stream(session, world_stream(&talk->world, NULL));
    } else {
        talk_reply(session, message, length + 1);
    }
    return 0;
}

static void on_closed(void *user, struct session *session)
{
    struct talk *talk = user;

    assert_ptr_equal(session, talk->session);
    talk->session = NULL;
    talk->closes++;
}

void talk_start(struct talk *talk)
{
    static const struct session_handlers handlers = {.request = on_request, .closed = on_closed};
    int fds[2];

    *talk = (struct talk){.loop = ev_loop_new(0)};
    assert_non_null(talk->loop);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    talk->theirs = fds[1];
    talk->turns = turns_new(talk->loop);
    assert_non_null(talk->turns);
    talk->closer = closer_new(talk->loop);
    assert_non_null(talk->closer);
    talk->session = session_new(talk->loop, talk->turns, talk->closer, fds[0], 1234, REQUEST_MAX,
                                &handlers, talk);
    assert_non_null(talk->session);
    world_start(&talk->world, 16 * 1024);
}

void talk_stop(struct talk *talk)
{
    assert_null(session_free(talk->session));
    assert_int_equal(talk->closes, 1);
    assert_null(talk->session);
    if (talk->theirs >= 0)
        close(talk->theirs);
    world_stop(&talk->world);
    free(talk->received);
    assert_null(turns_free(talk->turns));
    assert_null(closer_free(talk->closer));
    ev_loop_destroy(talk->loop);
}

void talk_turn(struct talk *talk)
{
    for (int i = 0; i < 50; i++)
        ev_run(talk->loop, EVRUN_NOWAIT);
}

void say_bytes(struct talk *talk, const char *bytes, size_t length)
{
    assert_int_equal(send(talk->theirs, bytes, length, MSG_NOSIGNAL), length);
}

void say(struct talk *talk, const char *request)
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
