/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "protocol/link_flags.h"

#include <linux/if.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    uint32_t flag;
    const char *name;
} names[] = {
    {IFF_LOOPBACK, "LOOPBACK"},   {IFF_BROADCAST, "BROADCAST"},   {IFF_POINTOPOINT, "POINTOPOINT"},
    {IFF_MULTICAST, "MULTICAST"}, {IFF_NOARP, "NOARP"},           {IFF_ALLMULTI, "ALLMULTI"},
    {IFF_PROMISC, "PROMISC"},     {IFF_MASTER, "MASTER"},         {IFF_SLAVE, "SLAVE"},
    {IFF_DEBUG, "DEBUG"},         {IFF_DYNAMIC, "DYNAMIC"},       {IFF_AUTOMEDIA, "AUTOMEDIA"},
    {IFF_PORTSEL, "PORTSEL"},     {IFF_NOTRAILERS, "NOTRAILERS"}, {IFF_UP, "UP"},
    {IFF_LOWER_UP, "LOWER_UP"},   {IFF_DORMANT, "DORMANT"},       {IFF_ECHO, "ECHO"},
};

#define COUNT (sizeof(names) / sizeof(names[0]))

const char *link_flag_next(uint32_t *flags, char room[LINK_FLAG_NAME_SIZE])
{
    if (!*flags)
        return NULL;
    for (size_t i = 0; i < COUNT; i++) {
        if (!(*flags & names[i].flag))
            continue;
        *flags &= ~names[i].flag;
        return names[i].name;
    }
    snprintf(room, LINK_FLAG_NAME_SIZE, "%x", *flags);
    *flags = 0;
    return room;
}

uint32_t link_flag_from_name(const char *name)
{
    size_t digits = strspn(name, "0123456789abcdef");

    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].flag;
    return name[digits] || digits >= LINK_FLAG_NAME_SIZE ? 0 : (uint32_t)strtoul(name, NULL, 16);
}
