/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "protocol/address_fields.h"

#include <errno.h>
#include <string.h>

static const char *const names[ADDRESS_FIELD_COUNT] = {
#define X(id, name) [ADDRESS_FIELD_##id] = name,
    ADDRESS_FIELDS(X)
#undef X
};

_Static_assert(ADDRESS_FIELD_COUNT <= 64, "an address_fields set has 64 bits");

const char *address_field_name(enum address_field field)
{
    return names[field];
}

const char *address_field_bytes_name(enum address_field field)
{
    static const char *const bytes_names[ADDRESS_FIELD_COUNT] = {
        [ADDRESS_FIELD_IFNAME] = "ifname_bytes",
        [ADDRESS_FIELD_LABEL] = "label_bytes",
    };

    return bytes_names[field];
}

int address_field_from_name(const char *name)
{
    for (int field = 0; field < ADDRESS_FIELD_COUNT; field++)
        if (strcmp(names[field], name) == 0)
            return field;
    return -ENOENT;
}
