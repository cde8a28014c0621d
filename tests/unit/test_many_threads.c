/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* thread, watch: four times as many threads that are watched take about four times the work. The
 * modules are compiled into this program once more, with a call of count_work() at each branch. */
#include "tests/unit/count_work.h"
#include "tests/unit/support.h"

#include <stdio.h>

#include "reach/tracing/watch.h"

#define FEW   50
#define MANY  200
#define CALLS 5
/* Trees grow deeper, too. What is done for each pair takes 16 times the work. */
#define GROWTH_MAX 6
/* Beyond the kernel's highest: there is no such thread. */
#define FIRST_TID 5000000

static void add_threads(struct threads *threads, int count)
{
    struct thread *first = threads_get(threads, FIRST_TID);

    assert_non_null(first);
    watch_begin(threads, first, 3);
    for (int n = 1; n < count; n++) {
        struct thread *thread = threads_get(threads, FIRST_TID + n);

        assert_non_null(thread);
        thread->process = first->process;
        watch_inherit(first, thread);
        assert_ptr_equal(thread->watch, first->watch);
    }
}

/* Each thread stops at a call. */
static void stop_each(const struct threads *threads, int count)
{
    for (int n = 0; n < count; n++) {
        struct thread *thread = threads_find(threads, FIRST_TID + n);

        assert_non_null(thread);
        watch_interrupt_again(thread);
        watch_count(thread);
    }
}

static void remove_threads(struct threads *threads, int count)
{
    for (int n = 0; n < count; n++) {
        struct thread *thread = threads_find(threads, FIRST_TID + n);

        watch_leave(thread);
        threads_remove(threads, thread);
    }
    assert_true(RB_EMPTY(threads));
}

static uint64_t work_of(int count)
{
    struct threads threads = {0};
    uint64_t before = work_counted();

    add_threads(&threads, count);
    for (int n = 0; n < CALLS; n++)
        stop_each(&threads, count);
    remove_threads(&threads, count);
    return work_counted() - before;
}

static void the_work_grows_with_their_number(void **state)
{
    uint64_t few = work_of(FEW), many = work_of(MANY);

    (void)state;
    print_message("%ju steps for %d, %ju for %d\n", (uintmax_t)few, FEW, (uintmax_t)many, MANY);
    assert_true(few >= FEW);
    assert_true(many < GROWTH_MAX * few);
}

static void a_watch_ends_with_the_last_socket(void **state)
{
    struct threads threads = {0};
    struct thread *thread;

    (void)state;
    add_threads(&threads, FEW);
    thread = threads_find(&threads, FIRST_TID + FEW - 1);
    watch_begin(&threads, thread, 4);
    watch_closes(thread, 3);
    assert_non_null(thread->watch);
    watch_closes(threads_find(&threads, FIRST_TID), 4);
    RB_FOREACH (thread, threads, &threads) {
        assert_null(thread->watch);
    }
    remove_threads(&threads, FEW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_work_grows_with_their_number),
        cmocka_unit_test(a_watch_ends_with_the_last_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
