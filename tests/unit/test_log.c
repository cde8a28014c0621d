/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* log: in a loop, what is logged waits for what else there is to do. */
#include "tests/unit/support.h"

#include <ev.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"

struct world {
    struct log *log;
    struct ev_loop *loop;
    struct ev_timer event; /* in which lines are logged */
    struct ev_check round; /* what is done about it */
    int reader;            /* of what is standard error */
    int stderr_before;
    size_t seen; /* what was written when that was done */
    size_t lines;
};

static size_t written(const struct world *world)
{
    char bytes[4096];
    ssize_t n = read(world->reader, bytes, sizeof(bytes));

    return n > 0 ? (size_t)n : 0;
}

static void on_event(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    const struct world *world = timer->data;

    (void)loop;
    (void)events;
    for (size_t i = 0; i < world->lines; i++)
        log_write(world->log, LOG_INFO, "line %zu", i);
}

static void on_round(struct ev_loop *loop, struct ev_check *check, int events)
{
    struct world *world = check->data;

    (void)loop;
    (void)events;
    world->seen += written(world);
}

static void begin(struct world *world, size_t lines)
{
    int ends[2];

    *world = (struct world){.lines = lines, .stderr_before = dup(STDERR_FILENO)};
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    world->reader = ends[0];
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    world->log = log_new(LOG_INFO);
    world->loop = ev_loop_new(EVFLAG_AUTO);
    assert_non_null(world->log);
    assert_non_null(world->loop);
    log_attach(world->log, world->loop);
    ev_timer_init(&world->event, on_event, 0., 0.);
    world->event.data = world;
    ev_check_init(&world->round, on_round);
    ev_set_priority(&world->round, EV_MINPRI);
    world->round.data = world;
    ev_check_start(world->loop, &world->round);
}

static void end(struct world *world)
{
    log_free(world->log);
    ev_loop_destroy(world->loop);
    dup2(world->stderr_before, STDERR_FILENO);
    close(world->stderr_before);
    close(world->reader);
}

static void consumers_are_served_before_the_log(void **state)
{
    struct world world;

    (void)state;
    begin(&world, 1);
    ev_timer_start(world.loop, &world.event);
    ev_run(world.loop, EVRUN_ONCE);
    assert_int_equal(world.seen, 0);
    ev_run(world.loop, EVRUN_NOWAIT);
    assert_int_equal(world.seen + written(&world), strlen("linkwatchd: line 0\n"));
    end(&world);
}

static void lines_keep_their_order_and_are_written_at_the_end(void **state)
{
    static const char expected[] = "linkwatchd: line 0\nlinkwatchd: line 1\nlinkwatchd: last\n";
    char bytes[4096] = "";
    struct world world;

    (void)state;
    begin(&world, 2);
    ev_timer_start(world.loop, &world.event);
    ev_run(world.loop, EVRUN_ONCE);
    log_attach(world.log, NULL);
    log_write(world.log, LOG_INFO, "last");
    assert_int_equal(read(world.reader, bytes, sizeof(bytes) - 1), strlen(expected));
    assert_string_equal(bytes, expected);
    end(&world);
}

static void without_a_loop_a_line_is_written_at_once(void **state)
{
    struct world world;

    (void)state;
    begin(&world, 0);
    log_attach(world.log, NULL);
    log_write(world.log, LOG_WARNING, "line");
    assert_int_equal(written(&world), strlen("linkwatchd: line\n"));
    end(&world);
}

static void lines_that_are_too_many_are_counted_behind_the_others(void **state)
{
    static const char last[] = "linkwatchd: 7 more log lines were suppressed\n";
    char bytes[4096] = "";
    struct world world;

    (void)state;
    begin(&world, 57);
    ev_timer_start(world.loop, &world.event);
    ev_run(world.loop, EVRUN_ONCE);
    log_attach(world.log, NULL);
    assert_true(read(world.reader, bytes, sizeof(bytes) - 1) > (ssize_t)strlen(last));
    assert_string_equal(bytes + strlen(bytes) - strlen(last), last);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consumers_are_served_before_the_log),
        cmocka_unit_test(lines_keep_their_order_and_are_written_at_the_end),
        cmocka_unit_test(without_a_loop_a_line_is_written_at_once),
        cmocka_unit_test(lines_that_are_too_many_are_counted_behind_the_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
