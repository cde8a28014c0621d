/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kernel with a few links, that reports what happens to them over a netlink socket as
 * Linux does; or as less honest ones do. */
#ifndef LINKWATCH_TESTS_MODEL_SIMULATED_KERNEL_H
#define LINKWATCH_TESTS_MODEL_SIMULATED_KERNEL_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/model/netlink.h"

/* Indexes below this; bytes of a link's alias at most. */
#define KERNEL_LINKS     24
#define KERNEL_ADDRESSES 16
#define KERNEL_ALTNAMES  200
#define KERNEL_KINDS     64
#define KERNEL_ALIAS     ((size_t)6000)

struct kernel_link {
    bool exists;
    char name[IF_NAMESIZE];
    char altname[IF_NAMESIZE]; /* "" for none */
    const char *kind;
    uint32_t mtu;
    bool up;
    bool carrier;
    uint32_t carrier_changes;
    int master; /* 0 for none */
    int lower;  /* 0 for none */
    uint8_t address[6];
};

/* Of those with an even number IPv4, 10.0.0.N/24, of the others IPv6, 2001:db8::N/64. */
struct kernel_address {
    int index; /* of the link that has it, 0 for none */
    uint32_t made;
    bool deprecated;
};

/* Further links, which never change: aaaaaaaaaa0..., with the indexes from KERNEL_LINKS on. */
struct kernel_crowd {
    int links;
    int kinds; /* of so many different ones, at most KERNEL_KINDS */
    /* The one that a dump shows next, 0 while none is under way, and that dump's number. */
    int next;
    uint32_t sequence;
};

/* What it does wrong. */
struct kernel_faults {
    unsigned drops;    /* of 100 notifications */
    int dump_error;    /* a dump is answered with this errno */
    bool dump_empty;   /* or with no link */
    bool interrupted;  /* or says that links changed meanwhile */
    bool unanswered;   /* or never ends */
    int dump_omits;    /* or leaves out this index, and says that links changed */
    int nameless;      /* or has just this index, -1 for all of them */
    bool no_operstate; /* it is not Linux */
    bool no_answers;   /* queries for one link are not answered */
    int refuses;       /* or with this errno */
};

struct kernel {
    struct netlink netlink;
    struct kernel_faults faults;
    struct kernel_link links[KERNEL_LINKS]; /* by index; 0 is none */
    struct kernel_address addresses[KERNEL_ADDRESSES];
    struct kernel_crowd crowd;
    int altnames; /* further ones of the link 2, at most KERNEL_ALTNAMES */
    size_t alias; /* bytes of each link's alias, so that a snapshot comes in several pieces */
    uint64_t dice;
    unsigned changes; /* made */
};

/* With a loopback link. */
void kernel_start(struct kernel *kernel, uint64_t seed);
void kernel_stop(struct kernel *kernel);

/* Changes of links; what isn't possible does nothing. */
void kernel_add(struct kernel *kernel, int index, const char *name, const char *kind, int lower);
void kernel_remove(struct kernel *kernel, int index);
void kernel_rename(struct kernel *kernel, int index, const char *name);
/* As several renames by way of names that nobody bears: each gets the name of the next one,
 * the last the first's. */
void kernel_rotate_names(struct kernel *kernel, const int *indexes, size_t count);
void kernel_set_altname(struct kernel *kernel, int index, const char *name);
void kernel_set_mtu(struct kernel *kernel, int index, uint32_t mtu);
void kernel_set_up(struct kernel *kernel, int index, bool up);
void kernel_set_master(struct kernel *kernel, int index, int master);
/* Down and up again, so many times. */
void kernel_flap(struct kernel *kernel, int index, unsigned times);

/* Changes of addresses, likewise. */
void kernel_add_address(struct kernel *kernel, int number, int index);
void kernel_remove_address(struct kernel *kernel, int number);
void kernel_deprecate_address(struct kernel *kernel, int number, bool deprecated);

/* Messages were lost, and more are until the socket's queue was empty. */
void kernel_overrun(struct kernel *kernel);

/* Answers what was asked for meanwhile. True if there was something. */
bool kernel_answer(struct kernel *kernel);

#endif
