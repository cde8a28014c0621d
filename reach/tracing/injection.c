/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/tracing/injection.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "reach/tracing/tracee.h"

/* syscall; int3: nothing is to go on behind it. */
static const uint8_t page_text[] = {0x0f, 0x05, 0xcc};
#define ROOM_OFFSET UINT64_C(64)

#define MAPPED_SIZE  UINT64_C(4096)
#define SYSCALL_SIZE 2
#define CALL_ERRORS  4096

_Static_assert(ROOM_OFFSET + INJECTION_ROOM_SIZE <= MAPPED_SIZE, "the room is in the page");

void injection_begin(struct injection *injection, pid_t tid,
                     const struct user_regs_struct *registers, const struct quirks *quirks,
                     bool enters)
{
    *injection = (struct injection){.tid = tid,
                                    .has_text = !quirks->enters_after_seccomp,
                                    .enters = enters,
                                    .registers = *registers};
}

/* A handler would run with registers that aren't the thread's. SIGSTOP can't be held: the
 * process stops in the midst of it and goes on. */
static int hold_signals(struct injection *injection)
{
    int r = 0;

    if (injection->holds_signals)
        return 0;
    r = tracee_get_blocked(injection->tid, &injection->blocked);
    if (r >= 0)
        r = tracee_set_blocked(injection->tid, UINT64_MAX);
    injection->holds_signals = r >= 0;
    return r;
}

static int set_registers(struct injection *injection, struct user_regs_struct *registers,
                         const uint64_t arguments[6])
{
    int r = hold_signals(injection);

    registers->rdi = arguments[0];
    registers->rsi = arguments[1];
    registers->rdx = arguments[2];
    registers->r10 = arguments[3];
    registers->r8 = arguments[4];
    registers->r9 = arguments[5];
    injection->injected = true;
    injection->running = *registers;
    return r < 0 ? r : tracee_set_registers(injection->tid, registers);
}

bool injection_is_interrupted(int64_t result)
{
    return result == TRACEE_RESTART || result == TRACEE_RESTART_ALWAYS ||
           result == TRACEE_RESTART_UNLESS_HANDLED;
}

/* The call that the thread is about to enter becomes this one. */
static int run_instead(struct injection *injection, long number, const uint64_t arguments[6])
{
    struct user_regs_struct registers = injection->registers;

    registers.orig_rax = (uint64_t)number;
    injection->entered = true;
    return set_registers(injection, &registers, arguments);
}

static int run_at(struct injection *injection, uint64_t address, long number,
                  const uint64_t arguments[6])
{
    struct user_regs_struct registers = injection->registers;

    registers.rip = address;
    registers.rax = (uint64_t)number;
    /* Not to be taken for a call that is to be restarted. */
    registers.orig_rax = UINT64_MAX;
    injection->enters = true;
    return set_registers(injection, &registers, arguments);
}

static uint64_t text_of(const struct injection *injection)
{
    if (injection->has_text || !injection->page)
        return injection->registers.rip - SYSCALL_SIZE;
    return injection->page;
}

int injection_run_original(struct injection *injection)
{
    const struct user_regs_struct *r = &injection->registers;
    const uint64_t arguments[6] = {r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9};

    if (injection->entered)
        return run_at(injection, text_of(injection), (long)r->orig_rax, arguments);
    injection->entered = true;
    return 0;
}

int injection_run(struct injection *injection, long number, const uint64_t arguments[6])
{
    if (!injection->entered)
        return run_instead(injection, number, arguments);
    if (!injection->has_text && !injection->page)
        return -ENOMEM;
    return run_at(injection, text_of(injection), number, arguments);
}

int injection_map_page(struct injection *injection)
{
    int protection = PROT_READ | (injection->has_text ? PROT_WRITE : PROT_EXEC);
    const uint64_t arguments[6] = {
        0, MAPPED_SIZE, (uint64_t)protection, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0};

    if (!injection->entered)
        return run_instead(injection, SYS_mmap, arguments);
    return injection->has_text ? injection_run(injection, SYS_mmap, arguments) : -ENOMEM;
}

int injection_take_page(struct injection *injection, int64_t result)
{
    if (result < 0 && result > -CALL_ERRORS)
        return (int)result;
    injection->page = (uint64_t)result;
    injection->room = injection->page + ROOM_OFFSET;
    return injection->has_text
               ? 0
               : tracee_poke(injection->tid, injection->page, page_text, sizeof(page_text));
}

int injection_unmap_page(struct injection *injection)
{
    const uint64_t arguments[6] = {injection->page, MAPPED_SIZE, 0, 0, 0, 0};

    /* Where it runs from the page it returns to where that was; nothing runs there. */
    return injection_run(injection, SYS_munmap, arguments);
}

int injection_step(struct injection *injection, int64_t *ret)
{
    struct user_regs_struct registers;
    int r;

    if (injection->enters) {
        injection->enters = false;
        return 0;
    }
    r = tracee_get_registers(injection->tid, &registers);
    if (r < 0)
        return r;
    *ret = (int64_t)registers.rax;
    /* The program's own call is run again by the kernel. */
    if (!injection->injected || !injection_is_interrupted(*ret))
        return 1;
    injection->enters = true;
    return tracee_set_registers(injection->tid, &injection->running);
}

int injection_write(const struct injection *injection, const void *data, size_t size)
{
    if (!injection->page || size > INJECTION_ROOM_SIZE)
        return -ENOMEM;
    return tracee_poke(injection->tid, injection->room, data, size);
}

int injection_end(const struct injection *injection, int64_t result)
{
    struct user_regs_struct registers = injection->registers;
    int r = injection->injected ? 0 : tracee_get_registers(injection->tid, &registers);

    if (r >= 0 && (injection->injected || (int64_t)registers.rax != result)) {
        registers.rax = (uint64_t)result;
        r = tracee_set_registers(injection->tid, &registers);
    }
    if (r >= 0 && injection->holds_signals)
        r = tracee_set_blocked(injection->tid, injection->blocked);
    return r;
}
