/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/warning.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 512

static const char *const texts[WARNING_KIND_COUNT] = {
    [WARNING_DENIED] = "a subscription stays denied",
    [WARNING_GROUPS] =
        "the program subscribes to more than links and addresses; other updates will not arrive",
    [WARNING_NAMESPACE] =
        "a subscription stays denied because its network namespace cannot be entered",
    [WARNING_CONFINED] =
        "a program with its own seccomp filter cannot be served: its subscriptions stay denied",
};

/* In one piece, so that it doesn't mix with what the program writes. */
void warning(const char *format, ...)
{
    char line[LINE_SIZE] = "linkwatch-run: ";
    size_t used = strlen(line);
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(line + used, sizeof(line) - used - 1, format, arguments);
    va_end(arguments);
    if (n > 0)
        used += (size_t)n;
    if (used > sizeof(line) - 2)
        used = sizeof(line) - 2;
    line[used++] = '\n';
    if (write(STDERR_FILENO, line, used) < 0)
        return; /* there is no reader */
}

void warning_once(struct warnings *warnings, enum warning_kind kind, int error)
{
    if (warnings->given[kind])
        return;
    warnings->given[kind] = true;
    if (error)
        warning("%s: %s", texts[kind], strerror(-error));
    else
        warning("%s", texts[kind]);
}
