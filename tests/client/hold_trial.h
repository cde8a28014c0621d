/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a mirror holds back, on a virtual clock: each report is written down as a word. "+2u" is an
 * add of link 2 that is usable, "~2d" a change to one that is down, "-2" a remove; "c" is one that
 * has a carrier and is not usable. "@" is of an address. Behind it are the event's number, the MTU
 * if it isn't 1500, and flaps: "~2d#7*2". */
#ifndef LINKWATCH_TESTS_CLIENT_HOLD_TRIAL_H
#define LINKWATCH_TESTS_CLIENT_HOLD_TRIAL_H

#include "tests/client/mirror_input.h"

#define SECOND UINT64_C(1000000)
#define UP     (2 * SECOND)
#define DOWN   (5 * SECOND)

struct trial {
    struct mirror_state state;
    int64_t sequence;
    int instance;
    char words[1024];
};

struct spec {
    int ifindex;
    const char *name; /* NULL for eth with its index */
    char rank;        /* u, c or d */
    int mtu;          /* 0 for 1500 */
    int master;
    const char *altname;
};

#define LINK(...) ((struct spec){__VA_ARGS__})
#define ARRAY(...)                                                                          \
    sizeof((const struct spec[]){__VA_ARGS__}) / sizeof(struct spec), (const struct spec[]) \
    {                                                                                       \
        __VA_ARGS__                                                                         \
    }

/* One that is connected, for links that match the glob if it isn't NULL; and one that knows these
 * links already; and one in which eth2 is usable. HOLD_TEST frees it. */
struct trial *trial_new(void **state, const char *glob);
struct trial *trial_start_with(void **state, const char *glob, size_t count,
                               const struct spec *specs);
struct trial *trial_start(void **state);
int trial_end(void **state);

#define HOLD_TEST(test) cmocka_unit_test_teardown(test, trial_end)

/* A message; the same with a link; and to send one, whose reference it takes. */
json_t *trial_message(const struct trial *trial, const char *type);
json_t *trial_link_message(const struct trial *trial, const char *type, struct spec spec);
void trial_send(struct trial *trial, json_t *json);

/* The next event, and then what is due: of a link; with flaps that nobody saw; of an address. */
void trial_event(struct trial *trial, const char *type, struct spec spec);
void trial_flapping(struct trial *trial, struct spec spec, int flaps);
void trial_address_event(struct trial *trial, const char *type, int ifindex, int number);

/* Another connection; all links, and "ready". */
void trial_connect(struct trial *trial);
void trial_snapshot(struct trial *trial, size_t count, const struct spec *specs);

/* Lets time go by; nothing is due before the end of it. Reports what is due now. */
void trial_pass(struct trial *trial, uint64_t time);
void trial_report_due(struct trial *trial);

/* What was reported since the last time; when the next report is due; that none is. */
void trial_expect(struct trial *trial, const char *words);
void trial_expect_due_in(const struct trial *trial, uint64_t time);
void trial_expect_quiet(const struct trial *trial);

#endif
