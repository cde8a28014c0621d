#include "reach/call.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "reach/tracee.h"

/* syscall; int3: nobody is to go on behind it. */
static const uint8_t page_text[] = {0x0f, 0x05, 0xcc};
#define ROOM_OFFSET 64

#define SYSCALL_SIZE 2
#define CALL_ERRORS  4096

#define STOPPED_FOR_CALL (SIGTRAP | 0x80)

/* Waits for the next stop at an entry or an exit. */
static int next_stop(struct call *call)
{
    for (;;) {
        int status, event, r;

        r = tracee_resume(call->tid, PTRACE_SYSCALL, 0);
        if (r < 0)
            return r;
        while (waitpid(call->tid, &status, __WALL) < 0)
            if (errno != EINTR)
                return -ESRCH;
        if (!WIFSTOPPED(status))
            return -ESRCH;
        if (WSTOPSIG(status) == STOPPED_FOR_CALL)
            return 0;
        event = status >> 16;
        if (event == PTRACE_EVENT_EXEC) {
            /* Another thread took its place. */
            tracee_resume(call->tid, PTRACE_CONT, 0);
            return -ESRCH;
        }
        if (event == PTRACE_EVENT_STOP && WSTOPSIG(status) != SIGTRAP)
            call->stopped = true;
    }
}

/* Runs the call that the registers are set for, up to its exit. */
static int run_to_exit(struct call *call, bool enters, int64_t *ret)
{
    struct user_regs_struct registers;
    int r = enters ? next_stop(call) : 0;

    if (r >= 0)
        r = next_stop(call);
    if (r >= 0)
        r = tracee_get_registers(call->tid, &registers);
    if (r >= 0)
        *ret = (int64_t)registers.rax;
    return r;
}

static void set_arguments(struct user_regs_struct *registers, const uint64_t arguments[6])
{
    registers->rdi = arguments[0];
    registers->rsi = arguments[1];
    registers->rdx = arguments[2];
    registers->r10 = arguments[3];
    registers->r8 = arguments[4];
    registers->r9 = arguments[5];
}

int call_begin(struct call *call, pid_t tid, const struct user_regs_struct *registers, bool enters)
{
    int r;

    *call = (struct call){.tid = tid, .enters = enters, .registers = *registers};
    r = tracee_get_blocked(tid, &call->blocked);
    return r < 0 ? r : tracee_set_blocked(tid, UINT64_MAX);
}

/* The call that the thread is about to enter becomes this one. */
static int run_instead(struct call *call, long number, const uint64_t arguments[6], int64_t *ret)
{
    struct user_regs_struct registers = call->registers;
    int r;

    set_arguments(&registers, arguments);
    registers.orig_rax = (uint64_t)number;
    r = tracee_set_registers(call->tid, &registers);
    return r < 0 ? r : run_to_exit(call, call->enters, ret);
}

static int run_at(struct call *call, uint64_t address, long number, const uint64_t arguments[6],
                  int64_t *ret)
{
    struct user_regs_struct registers = call->registers;
    int r;

    set_arguments(&registers, arguments);
    registers.rip = address;
    registers.rax = (uint64_t)number;
    /* Not to be taken for a call that is to be restarted. */
    registers.orig_rax = UINT64_MAX;
    r = tracee_set_registers(call->tid, &registers);
    return r < 0 ? r : run_to_exit(call, true, ret);
}

int call_make_page(struct call *call)
{
    const uint64_t arguments[6] = {
        0, CALL_PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0};
    int64_t result;
    int r = run_instead(call, SYS_mmap, arguments, &result);

    if (r < 0)
        return r;
    call->entered = true;
    if (result < 0 && result > -CALL_ERRORS)
        return (int)result;
    call->page = (uint64_t)result;
    call->room = call->page + ROOM_OFFSET;
    /* A debugger's write, for which the page need not be writable. */
    return tracee_write(call->tid, call->page, page_text, sizeof(page_text));
}

int call_run_original(struct call *call, int64_t *ret)
{
    const struct user_regs_struct *r = &call->registers;
    const uint64_t arguments[6] = {r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9};

    if (call->page)
        return call_run(call, (long)r->orig_rax, arguments, ret);
    if (call->entered)
        return run_at(call, r->rip - SYSCALL_SIZE, (long)r->orig_rax, arguments, ret);
    call->entered = true;
    return run_to_exit(call, call->enters, ret);
}

int call_run(struct call *call, long number, const uint64_t arguments[6], int64_t *ret)
{
    return run_at(call, call->page, number, arguments, ret);
}

int call_end(struct call *call, int64_t result)
{
    struct user_regs_struct registers = call->registers;
    int64_t ignored;
    int r = 0;

    if (call->page) {
        const uint64_t arguments[6] = {call->page, CALL_PAGE_SIZE, 0, 0, 0, 0};

        /* It returns to where the page was; nothing runs there. */
        r = call_run(call, SYS_munmap, arguments, &ignored);
    }
    registers.rax = (uint64_t)result;
    if (r >= 0)
        r = tracee_set_registers(call->tid, &registers);
    if (r >= 0)
        r = tracee_set_blocked(call->tid, call->blocked);
    if (r >= 0 && call->stopped)
        kill(call->tid, SIGSTOP);
    return r;
}
