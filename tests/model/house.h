/* The daemon's parts, wired as main() does it, with a consumer's way in; nothing of it
 * waits or knows the real time. */
#ifndef LINKWATCH_TESTS_MODEL_HOUSE_H
#define LINKWATCH_TESTS_MODEL_HOUSE_H

#include <stddef.h>

#include "daemon/config.h"
#include "daemon/history.h"
#include "daemon/methods.h"
#include "daemon/source.h"
#include "daemon/status.h"

#define HOUSE_INSTANCE "0123456789abcdef0123456789abcdef"

struct house {
    struct ev_loop *loop;
    struct log *log;
    struct history *history;
    struct source *source;
    struct stream_origin streams;
    struct status_origin status;
    struct methods *methods;
    struct server *server;
    int listener; /* the server's, -1 while there is none */
    bool open;    /* consumers are let in */
};

/* What config_read() gives without a file. -errno, as config_read() says. */
int house_config(struct config *ret);

/* -ENOMEM; then nothing is left of it. */
int house_start(struct house *house, const struct config *config);
void house_stop(struct house *house);

/* Takes what may change while running, as a reload does. */
void house_reload(struct house *house, const struct config *config);

/* One turn of the loop, without waiting. */
void house_turn(struct house *house);

/* A new non-blocking connection; -errno. */
int house_connect(const struct house *house);

#endif
