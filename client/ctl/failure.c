/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/ctl/text.h"

/* Part of it may be what others chose; and part is the user's own, in the notation in which names
 * are printed. */
void ctl_error(const char *format, ...)
{
    char *text = NULL;
    char *clean;
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vasprintf(&text, format, arguments);
    va_end(arguments);
    clean = n < 0 ? NULL : text_clean_again(text);
    fprintf(stderr, "linkwatchctl: %s\n", clean ? clean : "out of memory");
    free(clean);
    if (n >= 0)
        free(text);
}
