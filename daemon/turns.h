/* Business that can wait, by turns: whoever has some asks for a turn, and gets in a line. What
 * is urgent (links, events for who reads) goes before all of it, in each turn of the loop, and
 * waits for one round of each line, however many stand there. */
#ifndef LINKWATCH_DAEMON_TURNS_H
#define LINKWATCH_DAEMON_TURNS_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

struct ev_loop;
struct turns;

enum turns_line {
    TURNS_NEWS, /* events that were put off: little work each */
    TURNS_WORK, /* all else */
};
#define TURNS_LINE_COUNT 2

/* A round: turns are given until it lasted so long, to the first line and then to the second, one
 * in each at least, and one at most to each who stands there. The others keep their places. Where
 * what is urgent takes long (a part of a dump, a flood of changes), a round lasts half as long as
 * that, up to the second of these: those in line have a third of the time at least. */
#define TURNS_ROUND_USEC     INT64_C(20)
#define TURNS_ROUND_MAX_USEC INT64_C(200)

/* A place in the line; its owner's, who fills in the first two. */
struct turn {
    void (*take)(void *user);
    void *user;
    TAILQ_ENTRY(turn) entry;
    enum turns_line line;
    bool waiting;
};

/* NULL without memory. */
struct turns *turns_new(struct ev_loop *loop);

/* Nobody may stand in line any more. */
struct turns *turns_free(struct turns *turns);

/* Gets in that line, behind everybody, if it does not stand in one yet. take() is called with the
 * loop; who has more to do asks again there. */
void turns_ask(struct turns *turns, enum turns_line line, struct turn *turn);

/* Leaves the line; nothing if it does not stand there. */
void turns_leave(struct turns *turns, struct turn *turn);

/* Whether the round has lasted long enough. For take(). */
bool turns_are_over(const struct turns *turns);

#endif
