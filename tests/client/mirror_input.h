/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a daemon sends, for tests of what a mirror makes of it. */
#ifndef LINKWATCH_TESTS_CLIENT_MIRROR_INPUT_H
#define LINKWATCH_TESTS_CLIENT_MIRROR_INPUT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/link_set.h"
#include "client/mirror_state.h"
#include "tests/unit/unit_test.h"

/* A message without a link; its time is its number. */
json_t *input_message(const char *type, int instance, int64_t sequence);

/* An ether link; its rank is 'u' for usable, 'c' for a carrier alone, 'd' for neither. */
json_t *input_link(int ifindex, const char *ifname, char rank, int mtu);

/* 192.0.2.NUMBER/24. */
json_t *input_address(int ifindex, int number);

/* Hands a message to the mirror. */
void input_send(struct mirror_state *state, json_t *json);
/* The same, and takes the reference. */
void input_send_new(struct mirror_state *state, json_t *json);

/* A random number, always the same for a seed. */
unsigned input_draw(unsigned *seed, unsigned below);

#endif
