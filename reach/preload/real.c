/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/preload/real.h"

#include <dlfcn.h>
#include <stdbool.h>

/* Threads that came here at the same time would write the same. */
static struct real functions;
static bool known;

static void find(const char *name, void *ret)
{
    void **function = ret;

    *function = dlsym(RTLD_NEXT, name);
}

const struct real *real(void)
{
    if (__builtin_expect(__atomic_load_n(&known, __ATOMIC_ACQUIRE), true))
        return &functions;
    find("bind", &functions.bind);
    find("setsockopt", &functions.setsockopt);
    find("sendto", &functions.sendto);
    find("sendmsg", &functions.sendmsg);
    find("sendmmsg", &functions.sendmmsg);
    find("read", &functions.read);
    find("readv", &functions.readv);
    find("recv", &functions.recv);
    find("recvfrom", &functions.recvfrom);
    find("recvmsg", &functions.recvmsg);
    find("recvmmsg", &functions.recvmmsg);
    find("__read_chk", &functions.read_chk);
    find("__recv_chk", &functions.recv_chk);
    find("__recvfrom_chk", &functions.recvfrom_chk);
    __atomic_store_n(&known, true, __ATOMIC_RELEASE);
    return &functions;
}
