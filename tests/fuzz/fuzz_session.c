/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a consumer may send: a whole session over a socket, from the daemon's framing and
 * dispatch to its answers. Each answer is a message of the protocol, the daemon goes on for
 * another consumer, and what it held for this one is freed.
 *
 * The first byte chooses how the bytes are cut into pieces; links and addresses change between
 * them.
 *
 * The clock is the model's, for libFuzzer too: give it -timeout=0, and -runs instead of a time. */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/model/check.h"
#include "tests/model/serve.h"
#include "tests/model/simulated_kernel.h"

#define PIECES_MAX 64

struct trial {
    struct kernel kernel;
    struct serve serve;
    int fd;
    bool closed; /* by the daemon */
    char *received;
    size_t used;
};

static void turn(struct trial *trial)
{
    for (int i = 0; i < 3; i++) {
        trial->kernel.netlink.now += 300;
        serve_iterate(&trial->serve);
        kernel_answer(&trial->kernel);
    }
}

static void start(struct trial *trial)
{
    struct config config;

    *trial = (struct trial){.fd = -1};
    kernel_start(&trial->kernel, 1);
    kernel_add(&trial->kernel, 2, "v0", "veth", 0);
    kernel_add_address(&trial->kernel, 1, 2);
    kernel_add_address(&trial->kernel, 2, 2);
    CHECK(serve_config(&config) == 0);
    config.history_bytes = 2048;
    config.limits.request = 8192;
    CHECK(serve_start(&trial->serve, &config) == 0);
    turn(trial);
    turn(trial);
    trial->fd = serve_connect(&trial->serve);
    CHECK(trial->fd >= 0);
    turn(trial);
}

static void check_reply(const char *text, size_t length)
{
    json_t *reply = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    const char *name;
    json_t *value;

    CHECK(json_is_object(reply));
    json_object_foreach (reply, name, value)
        CHECK(strcmp(name, "parameters") == 0 ? json_is_object(value)
              : strcmp(name, "error") == 0    ? json_is_string(value)
                                              : strcmp(name, "continues") == 0);
    json_decref(reply);
}

/* Takes the whole messages out of what was received. */
static void check_replies(struct trial *trial)
{
    char *message = trial->received;
    char *end;

    while ((end = memchr(message, '\0', trial->used))) {
        size_t length = (size_t)(end - message);

        check_reply(message, length);
        message = end + 1;
        trial->used -= length + 1;
    }
    if (trial->used)
        memmove(trial->received, message, trial->used);
}

static void hear(struct trial *trial)
{
    ssize_t n;

    do {
        trial->received = realloc(trial->received, trial->used + 65536);
        CHECK(trial->received);
        n = recv(trial->fd, trial->received + trial->used, 65536, MSG_DONTWAIT);
        if (n > 0)
            trial->used += (size_t)n;
        if (trial->used)
            check_replies(trial);
    } while (n > 0);
    trial->closed = n == 0 || (n < 0 && errno != EAGAIN);
}

/* Another consumer is answered, whatever the first one did. */
static void check_other(struct trial *trial)
{
    static const char call[] = "{\"method\":\"org.linkwatch.Links.GetStatus\"}";
    char answer[65536];
    ssize_t n = -1;
    int fd = serve_connect(&trial->serve);

    CHECK(fd >= 0);
    CHECK(send(fd, call, sizeof(call), MSG_NOSIGNAL) == sizeof(call));
    for (int i = 0; i < 10 && n < 0; i++) {
        turn(trial);
        n = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
    }
    CHECK(n > 0 && answer[n - 1] == '\0');
    check_reply(answer, (size_t)n - 1);
    close(fd);
}

static void stop(struct trial *trial)
{
    check_other(trial);
    close(trial->fd);
    for (int i = 0; i < 3 && users_sessions(daemon_users(trial->serve.daemon)); i++) {
        trial->kernel.netlink.now += 2000000;
        turn(trial);
    }
    CHECK(users_sessions(daemon_users(trial->serve.daemon)) == 0);
    serve_stop(&trial->serve);
    kernel_stop(&trial->kernel);
    free(trial->received);
}

/* Something happens while the consumer talks. */
static void change_something(struct trial *trial, unsigned dice)
{
    kernel_set_mtu(&trial->kernel, 2, 1000 + dice % 500);
    if (dice % 7 == 0)
        kernel_remove(&trial->kernel, 2);
    if (dice % 5 == 0)
        kernel_add(&trial->kernel, 2, "v0", "veth", 0);
    if (dice % 3 == 0)
        kernel_deprecate_address(&trial->kernel, 1 + (int)(dice % 2), dice % 4 < 2);
    else
        kernel_add_address(&trial->kernel, (int)(dice % KERNEL_ADDRESSES), 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trial trial;
    unsigned dice = size ? data[0] : 0;

    start(&trial);
    for (size_t offset = 1, pieces = 0; offset < size && !trial.closed; pieces++) {
        size_t piece;

        dice = dice * 1103515245 + 12345;
        piece = pieces < PIECES_MAX ? 1 + (dice >> 16) % 200 : size;
        piece = piece < size - offset ? piece : size - offset;
        if (send(trial.fd, data + offset, piece, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            break;
        offset += piece;
        change_something(&trial, dice >> 16);
        turn(&trial);
        if (dice & 0x100000)
            hear(&trial);
    }
    turn(&trial);
    hear(&trial);
    stop(&trial);
    return 0;
}
