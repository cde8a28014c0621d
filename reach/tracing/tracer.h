/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traces the program and all of its descendants, in a process beside the program, which keeps the
 * original process. */
#ifndef REACH_TRACING_TRACER_H
#define REACH_TRACING_TRACER_H

/* Starts it and puts this process under its filter. The path is of the daemon's socket. -errno:
 * nothing happened, but that a process may have lost the gain of privilege by set-user-ID programs.
 */
int start_tracer(const char *path);

#endif
