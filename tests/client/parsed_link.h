/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links from JSON, for tests of what can be done with them. */
#ifndef LINKWATCH_TESTS_CLIENT_PARSED_LINK_H
#define LINKWATCH_TESTS_CLIENT_PARSED_LINK_H

#include "client/link_object.h"
#include "tests/unit/unit_test.h"

/* Each field, with a value that is no other field's. */
extern const char link_with_everything[];

/* As link_from_json(); and one that must be right. */
int read_link(const char *text, struct linkwatch_link **ret);
struct linkwatch_link *parse_link(const char *text);

#endif
