/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A module for LD_PRELOAD that lets some allocations fail. LINKWATCH_STARVE is two numbers:
 * the first that fails, and how many do. With the first one, a line "starving" goes to
 * standard error. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The C library's own, under the names that it keeps for this. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

/* A preloaded module has no other place for its state. */
static struct {
    bool armed;
    unsigned long count;
    unsigned long first;
    unsigned long failures;
} state;

__attribute__((constructor)) static void arm(void)
{
    const char *text = getenv("LINKWATCH_STARVE");

    state.armed = text && sscanf(text, "%lu %lu", &state.first, &state.failures) == 2;
}

/* libev ends the program where it gets no memory; so it always gets some. */
static bool is_for_libev(const void *caller)
{
    Dl_info info;

    return dladdr(caller, &info) && strstr(info.dli_fname, "libev");
}

static bool fails(const void *caller)
{
    static const char words[] = "starving\n";

    if (!state.armed || is_for_libev(caller))
        return false;
    state.count++;
    if (state.count < state.first || state.count >= state.first + state.failures)
        return false;
    if (state.count == state.first && write(STDERR_FILENO, words, sizeof(words) - 1) < 0)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}
