/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver's modes that have a file of their own: see driver.c. */
#ifndef LINKWATCH_TESTS_CLIENT_DRIVER_H
#define LINKWATCH_TESTS_CLIENT_DRIVER_H

/* Its arguments, from the path on, a NULL behind the last. The exit code. */
int run_mirror(char *arguments[]);

#endif
