/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A module for LD_PRELOAD that sends its own program SIGTERM after one of the calls by which it
 * allocates, makes its socket, and cleans up. LINKWATCH_INTERRUPT is the number of that call. */
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The C library's own, under the name that it keeps for this. */
void *__libc_calloc(size_t count, size_t size);

/* A preloaded module has no other place for its state. */
static struct {
    unsigned long count;
    unsigned long number; /* 0 for none */
} state;

__attribute__((constructor)) static void arm(void)
{
    const char *text = getenv("LINKWATCH_INTERRUPT");

    if (text)
        state.number = strtoul(text, NULL, 10);
}

static void count_call(void)
{
    if (state.number > 0 && ++state.count == state.number)
        raise(SIGTERM);
}

/* The next definition of a function, that is, the C library's. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void *calloc(size_t count, size_t size)
{
    void *memory = __libc_calloc(count, size);

    count_call();
    return memory;
}

mode_t umask(mode_t mask)
{
    mode_t before = NEXT(umask)(mask);

    count_call();
    return before;
}

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    int r = NEXT(bind)(fd, address, length);

    count_call();
    return r;
}

int listen(int fd, int backlog)
{
    int r = NEXT(listen)(fd, backlog);

    count_call();
    return r;
}

int close(int fd)
{
    int r = NEXT(close)(fd);

    count_call();
    return r;
}

int unlink(const char *path)
{
    int r = NEXT(unlink)(path);

    count_call();
    return r;
}
