/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "protocol/fields.h"

#include <errno.h>
#include <string.h>

static const char *const names[LINK_FIELD_COUNT] = {
#define X(id, name) [LINK_FIELD_##id] = name,
    LINK_FIELDS(X)
#undef X
};

_Static_assert(LINK_FIELD_COUNT <= 64, "a link_fields set has 64 bits");

const char *link_field_name(enum link_field field)
{
    return names[field];
}

const char *link_field_bytes_name(enum link_field field)
{
    static const char *const bytes_names[LINK_FIELD_COUNT] = {
        [LINK_FIELD_IFNAME] = "ifname_bytes",
        [LINK_FIELD_ALTNAMES] = "altnames_bytes",
        [LINK_FIELD_MASTER] = "master_bytes",
        [LINK_FIELD_LINK] = "link_bytes",
    };

    return bytes_names[field];
}

int link_field_from_name(const char *name)
{
    for (int field = 0; field < LINK_FIELD_COUNT; field++)
        if (strcmp(names[field], name) == 0)
            return field;
    return -ENOENT;
}
