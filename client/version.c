/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/linkwatch.h"

const char *linkwatch_version(void)
{
    return LINKWATCH_VERSION;
}
