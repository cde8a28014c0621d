/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* turmoil WHAT ROUNDS SEED: processes whose threads make rtnetlink sockets, subscribe, send and
 * close without a pause, while something happens to them:
 *
 *   exit, kill, exec   another thread than the first ends or replaces the process
 *   confine            another thread puts all of them under a filter that kills for calls which
 *                      none of them makes, and ends the process
 *   stop               the process is stopped and continued
 *   all                any of that, and more, in any order
 *
 * A line shows what went wrong; "done" is the last one. What hangs, hangs. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STATUS      7
#define THREADS_MAX 4
#define STACK_SIZE  65536
#define MICROSECOND 1000L

/* In microseconds: what another thread does meanwhile is under the filter. */
#define CONFINED_TIME 2000

/* What a child does in the end, or what is done to it. */
enum end { END_EXIT, END_KILL, END_EXEC, END_LEADER_LEAVES, END_CONFINE, END_KILLED, END_COUNT };

/* Subscriptions of who is confined stay denied. */
static atomic_bool confined;

static unsigned draw(unsigned *state, unsigned below)
{
    return (unsigned)rand_r(state) % below;
}

static void pause_for(unsigned microseconds)
{
    const struct timespec time = {.tv_nsec = (long)microseconds * MICROSECOND};

    nanosleep(&time, NULL);
}

static void complain(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    fflush(stdout);
}

static void subscribe(int fd, bool joins)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    const int group = RTNLGRP_LINK;

    if (joins && setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0 &&
        !confined)
        complain("join");
    if (!joins && bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 && !confined)
        complain("bind");
}

static void ask(int fd)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    const struct nlmsghdr request = {
        .nlmsg_len = sizeof(request), .nlmsg_type = NLMSG_NOOP, .nlmsg_flags = NLM_F_REQUEST};

    if (sendto(fd, &request, sizeof(request), 0, (const struct sockaddr *)&address,
               sizeof(address)) < 0 &&
        !confined)
        complain("sendto");
}

static void use_socket(unsigned *state)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    char buffer[4096];

    if (fd < 0) {
        complain("socket");
        return;
    }
    subscribe(fd, draw(state, 2));
    if (draw(state, 4) == 0)
        ask(fd);
    if (draw(state, 4) == 0 && recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) < 0 &&
        errno != EAGAIN)
        complain("recv");
    close(fd);
}

static void *use_sockets(void *user)
{
    unsigned state = *(unsigned *)user;

    for (;;)
        use_socket(&state);
    return NULL;
}

static void execute(void)
{
    execl("/proc/self/exe", "turmoil", NULL);
    complain("exec");
}

#define KILL_FOR(number)                               \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static void confine(void)
{
    static struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        KILL_FOR(SYS_mmap),
        KILL_FOR(SYS_munmap),
        KILL_FOR(SYS_fcntl),
        KILL_FOR(SYS_sendmsg),
        KILL_FOR(SYS_sched_yield),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};

    confined = true;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
        complain("seccomp");
    pause_for(CONFINED_TIME);
}

static void end(enum end how)
{
    switch (how) {
    case END_EXIT:
    case END_LEADER_LEAVES:
        _exit(STATUS);
    case END_CONFINE:
        confine();
        _exit(STATUS);
    case END_KILL:
        kill(getpid(), SIGKILL);
        return;
    case END_EXEC:
        execute();
        return;
    case END_KILLED:
    case END_COUNT:
        return;
    }
}

struct plan {
    enum end how;
    unsigned delay; /* in microseconds */
    unsigned seed;
};

static void *end_after_delay(void *user)
{
    const struct plan *plan = user;

    pause_for(plan->delay);
    end(plan->how);
    for (;;)
        pause();
    return NULL;
}

static void start_thread(void *(*work)(void *), void *user)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    if (pthread_create(&thread, &attributes, work, user) != 0)
        printf("a thread could not be made\n");
}

static void live(struct plan *plan, unsigned threads)
{
    unsigned seeds[THREADS_MAX];

    for (unsigned i = 0; i < threads; i++) {
        seeds[i] = plan->seed + i;
        start_thread(use_sockets, &seeds[i]);
    }
    start_thread(end_after_delay, plan);
    if (plan->how == END_LEADER_LEAVES) {
        unsigned state = plan->seed;

        use_socket(&state);
        /* The threads go on with what is on this stack. */
        syscall(SYS_exit, 0);
    }
    use_sockets(&plan->seed);
}

/* What the child does meanwhile, it does after that as well; false if it has ended, with its
 * status. */
static bool stop_and_continue(pid_t child, int *status)
{
    kill(child, SIGSTOP);
    if (waitpid(child, status, WUNTRACED) != child || !WIFSTOPPED(*status))
        return false;
    kill(child, SIGCONT);
    return waitpid(child, status, WCONTINUED) == child && WIFCONTINUED(*status);
}

static pid_t start_child(struct plan *plan, unsigned threads)
{
    pid_t parent = getpid(), child = fork();

    if (child == 0) {
        /* It may be stopped when the parent is ended. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            live(plan, threads);
        _exit(STATUS);
    }
    if (child < 0)
        complain("fork");
    return child;
}

static void check(enum end how, int status)
{
    bool killed = how == END_KILL || how == END_KILLED;

    if (killed ? !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL
               : !WIFEXITED(status) || WEXITSTATUS(status) != STATUS)
        printf("an end of kind %d has status %x\n", how, status);
}

/* A child from its beginning to its end, with so many stops on the way. */
static void go_round(enum end how, unsigned stops, unsigned *state)
{
    struct plan plan = {.how = how, .delay = draw(state, 3000), .seed = draw(state, 1 << 20)};
    pid_t child = start_child(&plan, draw(state, THREADS_MAX + 1));
    int status = 0;

    if (child < 0)
        return;
    while (stops-- > 0) {
        pause_for(draw(state, 1000));
        if (!stop_and_continue(child, &status)) {
            check(how, status);
            return;
        }
    }
    if (how == END_KILLED) {
        pause_for(draw(state, 3000));
        kill(child, SIGKILL);
    }
    if (waitpid(child, &status, 0) != child)
        complain("waitpid");
    check(how, status);
}

/* One child, and nothing but stops. */
static void only_stop(unsigned pairs, unsigned *state)
{
    struct plan plan = {.how = END_KILLED, .seed = draw(state, 1 << 20)};
    pid_t child = start_child(&plan, 0);
    int status;

    for (unsigned i = 0; i < pairs; i++) {
        pause_for(draw(state, 500));
        if (!stop_and_continue(child, &status)) {
            printf("pair %u of stop and continue: status %x\n", i, status);
            break;
        }
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
}

int main(int argc, char *argv[])
{
    unsigned rounds, state;

    /* What execute() becomes. */
    if (argc < 4)
        return STATUS;
    rounds = (unsigned)atoi(argv[2]);
    state = (unsigned)atoi(argv[3]);
    if (strcmp(argv[1], "stop") == 0) {
        only_stop(rounds, &state);
        rounds = 0;
    }
    for (unsigned i = 0; i < rounds; i++) {
        if (strcmp(argv[1], "exit") == 0)
            go_round(END_EXIT, 0, &state);
        else if (strcmp(argv[1], "kill") == 0)
            go_round(END_KILL, 0, &state);
        else if (strcmp(argv[1], "exec") == 0)
            go_round(END_EXEC, 0, &state);
        else if (strcmp(argv[1], "confine") == 0)
            go_round(END_CONFINE, 0, &state);
        else
            go_round((enum end)draw(&state, END_COUNT), draw(&state, 4), &state);
    }
    puts("done");
    return 0;
}
