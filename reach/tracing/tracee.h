/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A traced thread that has stopped: its registers and its memory. -ESRCH: the thread is gone. */
#ifndef REACH_TRACING_TRACEE_H
#define REACH_TRACING_TRACEE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

/* The kernel's own codes for "run this call again after the signal": if the handler asks for that,
 * always, unless there was a handler. Programs never see them. */
#define TRACEE_RESTART                (-512)
#define TRACEE_RESTART_ALWAYS         (-513)
#define TRACEE_RESTART_UNLESS_HANDLED (-514)

/* Starts to trace a process, and all of its descendants. */
int tracee_seize(pid_t pid);

/* A thread that stands where those registers say is to end in no other way than after a stop of
 * its own (PTRACE_EVENT_EXIT). Without that, a first thread may pass its id on to a new program
 * that another thread executes, at any time: and what is done to the one is done to the other.
 * -ESRCH: it has, or is gone. */
int tracee_hold(pid_t tid, const struct user_regs_struct *registers);
void tracee_release(pid_t tid);

int tracee_get_registers(pid_t tid, struct user_regs_struct *ret);
int tracee_set_registers(pid_t tid, const struct user_regs_struct *registers);

/* Lets it go on with a request like PTRACE_CONT, and the signal that it is to have. */
int tracee_resume(pid_t tid, int request, int number);

/* Stops it wherever it is, which ends a call that sleeps. */
int tracee_interrupt(pid_t tid);

/* The message of the event that it stopped for. */
int tracee_get_message(pid_t tid, unsigned long *ret);

/* The signals that it blocks, as the kernel's set of 64. */
int tracee_get_blocked(pid_t tid, uint64_t *ret);
int tracee_set_blocked(pid_t tid, uint64_t blocked);

/* The number of bytes that were read, which is less where the memory ends. */
ssize_t tracee_read(pid_t tid, uint64_t address, void *buffer, size_t size);
/* Where the thread itself may write. */
int tracee_write(pid_t tid, uint64_t address, const void *data, size_t size);
/* As a debugger: where only we write, for it passes over the protection. Word by word. */
int tracee_poke(pid_t tid, uint64_t address, const void *data, size_t size);

#endif
