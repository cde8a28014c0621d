/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* members: four times as many processes that come and end take about four times the work. The
 * module is compiled into this program once more, with a call of count_work() at each branch. */
#include "tests/unit/count_work.h"
#include "tests/unit/support.h"

#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reach/preload/members.h"

#define FEW  50
#define MANY 200
/* Trees grow deeper, too. What is done for each pair takes 16 times the work. */
#define GROWTH_MAX 6

static pid_t start_process(void)
{
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        pause();
        _exit(0);
    }
    return process;
}

/* Also where no descriptor shows its end, it is found then. */
static void end_process(struct members *members, pid_t process)
{
    siginfo_t ended;

    assert_int_equal(members_add(members, process), 1);
    assert_int_equal(members_take_ended(members), 0);
    assert_int_equal(kill(process, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)process, &ended, WEXITED | WNOWAIT), 0);
    assert_int_equal(members_take_ended(members), process);
    assert_false(members_has(members, process));
    assert_int_equal(waitpid(process, NULL, 0), process);
}

static uint64_t work_of(int count)
{
    struct members members;
    pid_t processes[MANY];
    uint64_t work;

    assert_int_equal(members_begin(&members), 0);
    for (int n = 0; n < count; n++)
        processes[n] = start_process();
    work = work_counted();
    for (int n = 0; n < count; n++)
        assert_int_equal(members_add(&members, processes[n]), 0);
    for (int n = 0; n < count; n++)
        end_process(&members, processes[n]);
    work = work_counted() - work;
    assert_true(RB_EMPTY(&members.tree));
    close(members.epoll_fd);
    return work;
}

/* Where the kernel has no descriptors of processes, all of them are checked. */
static bool are_hidden(void)
{
    int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);

    if (pidfd >= 0)
        close(pidfd);
    return pidfd < 0;
}

static void the_work_grows_with_their_number(void **state)
{
    uint64_t few, many;

    (void)state;
    if (are_hidden())
        skip();
    few = work_of(FEW);
    many = work_of(MANY);
    print_message("%ju steps for %d, %ju for %d\n", (uintmax_t)few, FEW, (uintmax_t)many, MANY);
    assert_true(few >= FEW);
    assert_true(many < GROWTH_MAX * few);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_work_grows_with_their_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
