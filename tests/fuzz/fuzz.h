/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fuzz target: one function that takes any bytes. With libFuzzer (--enable-fuzzers) it
 * gets what that thinks up; with replay_inputs.c, the inputs that are kept. */
#ifndef LINKWATCH_TESTS_FUZZ_FUZZ_H
#define LINKWATCH_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
