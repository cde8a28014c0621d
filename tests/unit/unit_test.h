/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmocka, with the headers that must stand before it, and the same in all its releases. */
#ifndef LINKWATCH_TESTS_UNIT_UNIT_TEST_H
#define LINKWATCH_TESTS_UNIT_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* As cmocka 2 calls it. */
#ifndef assert_int_in_range
#define assert_int_in_range(value, minimum, maximum) assert_in_range(value, minimum, maximum)
#endif

/* A macro of cmocka 2, where it is the name of many a test's last step. */
#undef stop

#endif
