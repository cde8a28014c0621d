#include "daemon/turns.h"

#include <ev.h>
#include <stdlib.h>

#include "daemon/clock.h"

struct line {
    TAILQ_HEAD(line_of_turns, turn) turns;
    size_t length;
};

struct turns {
    struct ev_loop *loop;
    struct ev_check urgent; /* before all others */
    struct ev_check round;  /* behind all others */
    struct ev_idle more;    /* the loop doesn't wait for events while somebody stands in line */
    struct line lines[TURNS_LINE_COUNT];
    int64_t woke;
    int64_t end; /* of the round */
};

static void on_urgent(struct ev_loop *loop, struct ev_check *check, int events)
{
    struct turns *turns = check->data;

    (void)loop;
    (void)events;
    turns->woke = clock_usec(CLOCK_MONOTONIC);
}

static int64_t round_length(int64_t urgent)
{
    int64_t length = urgent / 2;

    if (length < TURNS_ROUND_USEC)
        return TURNS_ROUND_USEC;
    return length < TURNS_ROUND_MAX_USEC ? length : TURNS_ROUND_MAX_USEC;
}

static void serve(struct turns *turns, struct line *line)
{
    size_t standing = line->length; /* who asks again waits for the next round */

    for (; standing > 0 && line->length > 0; standing--) {
        struct turn *turn = TAILQ_FIRST(&line->turns);

        turns_leave(turns, turn);
        turn->take(turn->user);
        if (turns_are_over(turns))
            break;
    }
}

static void on_round(struct ev_loop *loop, struct ev_check *check, int events)
{
    struct turns *turns = check->data;
    int64_t now = clock_usec(CLOCK_MONOTONIC);

    (void)loop;
    (void)events;
    turns->end = now + round_length(now - turns->woke);
    for (int i = 0; i < TURNS_LINE_COUNT; i++)
        serve(turns, &turns->lines[i]);
}

static void on_more(struct ev_loop *loop, struct ev_idle *idle, int events)
{
    (void)loop;
    (void)idle;
    (void)events;
}

struct turns *turns_new(struct ev_loop *loop)
{
    struct turns *turns = calloc(1, sizeof(*turns));

    if (!turns)
        return NULL;
    turns->loop = loop;
    for (int i = 0; i < TURNS_LINE_COUNT; i++)
        TAILQ_INIT(&turns->lines[i].turns);
    ev_check_init(&turns->urgent, on_urgent);
    ev_check_init(&turns->round, on_round);
    ev_idle_init(&turns->more, on_more);
    /* Of watchers of one priority, those that libev looked at last are called first; these are
     * the last. */
    ev_set_priority(&turns->urgent, EV_MAXPRI);
    ev_set_priority(&turns->round, EV_MINPRI);
    ev_set_priority(&turns->more, EV_MINPRI);
    turns->urgent.data = turns->round.data = turns;
    ev_check_start(loop, &turns->urgent);
    ev_check_start(loop, &turns->round);
    return turns;
}

struct turns *turns_free(struct turns *turns)
{
    if (!turns)
        return NULL;
    ev_check_stop(turns->loop, &turns->urgent);
    ev_check_stop(turns->loop, &turns->round);
    ev_idle_stop(turns->loop, &turns->more);
    free(turns);
    return NULL;
}

void turns_ask(struct turns *turns, enum turns_line line, struct turn *turn)
{
    if (turn->waiting)
        return;
    turn->waiting = true;
    turn->line = line;
    TAILQ_INSERT_TAIL(&turns->lines[line].turns, turn, entry);
    turns->lines[line].length++;
    ev_idle_start(turns->loop, &turns->more);
}

void turns_leave(struct turns *turns, struct turn *turn)
{
    struct line *line = &turns->lines[turn->line];

    if (!turn->waiting)
        return;
    turn->waiting = false;
    TAILQ_REMOVE(&line->turns, turn, entry);
    line->length--;
    if (turns->lines[TURNS_NEWS].length + turns->lines[TURNS_WORK].length == 0)
        ev_idle_stop(turns->loop, &turns->more);
}

bool turns_are_over(const struct turns *turns)
{
    return clock_usec(CLOCK_MONOTONIC) >= turns->end;
}
