/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/count_work.h"

static uint64_t counted;

uint64_t work_counted(void)
{
    return counted;
}

void count_work(void)
{
    counted++;
}
