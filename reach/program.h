/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds reasons why the program that execvp() would execute cannot be served. There are none for a
 * program that does not exist. */
#ifndef REACH_PROGRAM_H
#define REACH_PROGRAM_H

#include <stdbool.h>

/* Whether it is for another user or group than ours, by set-user-ID or set-group-ID. */
bool program_gains_privilege(const char *name);

/* Why no library can be preloaded into it, as a part of a sentence: "it ..."; NULL if one
 * can. */
const char *program_objection_to_preload(const char *name);

#endif
