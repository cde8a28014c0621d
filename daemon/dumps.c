/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/dumps.h"

#include <errno.h>

void dumps_reset(struct dumps *dumps)
{
    dumps->under_way = false;
    dumps->empty = 0;
}

void dumps_begin(struct dumps *dumps)
{
    dumps->number++;
    dumps->under_way = true;
    dumps->lines = 0;
    dumps->native = false;
}

bool dumps_end(struct dumps *dumps, int error, bool alone, struct dump_verdict *ret)
{
    bool is_whole = !error && (dumps->lines || alone || dumps->may_be_empty);

    dumps->under_way = false;
    dumps->error = error;
    if (dumps->lines)
        dumps->empty = 0;
    else if (is_whole)
        dumps->empty++;
    *ret = (struct dump_verdict){
        .lines = dumps->lines,
        .native = dumps->lines ? dumps->native : dumps->may_be_empty,
        .empty = dumps->empty >= (dumps->may_be_empty ? 1 : DUMPS_ENOUGH),
    };
    return is_whole || ((error == -EINTR || error == -EDQUOT) && dumps->lines);
}

bool dumps_miss(const struct dumps *dumps, struct dump_mark *mark, bool queries)
{
    mark->missed++;
    if (dumps->native && (!dumps->error || dumps->error == -EDQUOT))
        return true;
    if (!queries)
        return mark->missed >= (dumps->error ? DUMPS_ENOUGH_INTERRUPTED : DUMPS_ENOUGH);
    return !dumps->error && dumps->lines && mark->missed >= DUMPS_ENOUGH;
}
