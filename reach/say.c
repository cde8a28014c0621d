/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 512

/* In one piece, so that it doesn't mix with what the program writes. */
void say(const char *format, ...)
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
        return; /* there is nobody to tell */
}
