/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What must hold in programs that are no cmocka tests: fuzzers and the model. */
#ifndef LINKWATCH_TESTS_MODEL_CHECK_H
#define LINKWATCH_TESTS_MODEL_CHECK_H

#include <stdio.h>
#include <stdlib.h>

/* Ends the program as a crash, so that a fuzzer keeps the input. */
#define CHECK(condition)                                                                   \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                       \
        }                                                                                  \
    } while (0)

#endif
