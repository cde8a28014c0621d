/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/past_match.h"

#include <fnmatch.h>
#include <string.h>

/* Both are in the notation of escapes: as they are printed, or a glob. */
static bool is_name(const char *text, const char *name)
{
    size_t length = strlen(name);

    if (strcmp(text, name) == 0 || fnmatch(text, name, 0) == 0)
        return true;
    return strncmp(text, name, length) == 0 && text[length] == '@';
}

bool past_match(char *const texts[], int count, const struct past_entry *entry)
{
    for (int i = 0; i < count; i++)
        if ((entry->ifname && is_name(texts[i], entry->ifname)) ||
            (entry->old_ifname && is_name(texts[i], entry->old_ifname)) ||
            (entry->ifindex && strcmp(texts[i], entry->ifindex) == 0))
            return true;
    return count == 0;
}
