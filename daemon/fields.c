/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fields.h"

#include <errno.h>
#include <string.h>

static const char *const link_names[LINK_FIELD_COUNT] = {
#define X(id, name) [LINK_FIELD_##id] = name,
    LINK_FIELDS(X)
#undef X
};

static const char *const address_names[ADDRESS_FIELD_COUNT] = {
#define X(id, name) [ADDRESS_FIELD_##id] = name,
    ADDRESS_FIELDS(X)
#undef X
};

_Static_assert(LINK_FIELD_COUNT <= 64 && ADDRESS_FIELD_COUNT <= 64, "a set has 64 bits");

static const char *const link_bytes_names[LINK_FIELD_COUNT] = {
    [LINK_FIELD_IFNAME] = "ifname_bytes",
    [LINK_FIELD_ALTNAMES] = "altnames_bytes",
    [LINK_FIELD_MASTER] = "master_bytes",
    [LINK_FIELD_LINK] = "link_bytes",
};

static const char *const address_bytes_names[ADDRESS_FIELD_COUNT] = {
    [ADDRESS_FIELD_IFNAME] = "ifname_bytes",
    [ADDRESS_FIELD_LABEL] = "label_bytes",
};

static const struct {
    int count;
    const char *const *names;
    const char *const *bytes_names;
} subjects[SUBJECT_COUNT] = {
    [SUBJECT_LINKS] = {LINK_FIELD_COUNT, link_names, link_bytes_names},
    [SUBJECT_ADDRESSES] = {ADDRESS_FIELD_COUNT, address_names, address_bytes_names},
};

const char *field_name(enum subject_number subject, unsigned field)
{
    return subjects[subject].names[field];
}

const char *field_bytes_name(enum subject_number subject, unsigned field)
{
    return subjects[subject].bytes_names[field];
}

int field_from_name(enum subject_number subject, const char *name)
{
    for (int field = 0; field < subjects[subject].count; field++)
        if (strcmp(subjects[subject].names[field], name) == 0)
            return field;
    return -ENOENT;
}
