/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "protocol/address_names.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct name {
    uint32_t number;
    const char *name;
};

/* The names of /etc/iproute2/rt_scopes, which nobody changes. */
static const struct name scopes[] = {{RT_SCOPE_UNIVERSE, "global"},
                                     {RT_SCOPE_SITE, "site"},
                                     {RT_SCOPE_LINK, "link"},
                                     {RT_SCOPE_HOST, "host"},
                                     {RT_SCOPE_NOWHERE, "nowhere"}};

/* Those of rt_addrprotos. */
static const struct name protocols[] = {
    {0, "unspec"}, {1, "kernel_lo"}, {2, "kernel_ra"}, {3, "kernel_ll"}};

static const struct name families[] = {{AF_INET, "inet"}, {AF_INET6, "inet6"}};

/* In the order in which ip prints them. */
static const struct name flags[] = {
    {IFA_F_SECONDARY, "secondary"},       {IFA_F_NODAD, "nodad"},
    {IFA_F_OPTIMISTIC, "optimistic"},     {IFA_F_DADFAILED, "dadfailed"},
    {IFA_F_HOMEADDRESS, "home"},          {IFA_F_DEPRECATED, "deprecated"},
    {IFA_F_TENTATIVE, "tentative"},       {IFA_F_PERMANENT, "dynamic"},
    {IFA_F_MANAGETEMPADDR, "mngtmpaddr"}, {IFA_F_NOPREFIXROUTE, "noprefixroute"},
    {IFA_F_MCAUTOJOIN, "autojoin"},       {IFA_F_STABLE_PRIVACY, "stable-privacy"},
};

/* What IFA_F_SECONDARY is called there. */
static const char inet6_secondary[] = "temporary";

static const char *name_of(const struct name *table, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].number == number)
            return table[i].name;
    return NULL;
}

static const struct name *find(const struct name *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

/* The name in the table, or the number. */
static const char *name_or_number(const struct name *table, size_t count, uint8_t number,
                                  char room[ADDRESS_NAME_SIZE])
{
    const char *name = name_of(table, count, number);

    if (name)
        return name;
    snprintf(room, ADDRESS_NAME_SIZE, "%u", number);
    return room;
}

/* A number as it is printed, up to that; base is 10 or 16. */
static int64_t read_number(const char *text, int base, uint32_t most)
{
    static const char digits[] = "0123456789abcdef";
    size_t length = strspn(text, base == 16 ? digits : "0123456789");
    unsigned long number;

    if (length == 0 || length > 8 || text[length])
        return -ENOENT;
    number = strtoul(text, NULL, base);
    return number <= most ? (int64_t)number : -ENOENT;
}

static int number_of(const struct name *table, size_t count, const char *name)
{
    const struct name *found = find(table, count, name);

    return found ? (int)found->number : (int)read_number(name, 10, UINT8_MAX);
}

const char *address_scope_name(uint8_t scope, char room[ADDRESS_NAME_SIZE])
{
    return name_or_number(scopes, COUNT(scopes), scope, room);
}

int address_scope_from_name(const char *name)
{
    return number_of(scopes, COUNT(scopes), name);
}

const char *address_protocol_name(uint8_t protocol, char room[ADDRESS_NAME_SIZE])
{
    return name_or_number(protocols, COUNT(protocols), protocol, room);
}

int address_protocol_from_name(const char *name)
{
    return number_of(protocols, COUNT(protocols), name);
}

const char *address_family_name(uint8_t family)
{
    return name_of(families, COUNT(families), family);
}

int address_family_from_name(const char *name)
{
    const struct name *found = find(families, COUNT(families), name);

    return found ? (int)found->number : -ENOENT;
}

uint32_t address_flags_named(uint32_t set)
{
    return set ^ IFA_F_PERMANENT;
}

const char *address_flag_next(uint32_t *named, uint8_t family, char room[ADDRESS_NAME_SIZE])
{
    if (!*named)
        return NULL;
    for (size_t i = 0; i < COUNT(flags); i++) {
        if (!(*named & flags[i].number))
            continue;
        *named &= ~flags[i].number;
        return flags[i].number == IFA_F_SECONDARY && family == AF_INET6 ? inet6_secondary
                                                                        : flags[i].name;
    }
    snprintf(room, ADDRESS_NAME_SIZE, "%02x", *named);
    *named = 0;
    return room;
}

uint32_t address_flag_from_name(const char *name)
{
    const struct name *found = find(flags, COUNT(flags), name);
    int64_t number;

    if (found)
        return found->number;
    if (strcmp(name, inet6_secondary) == 0)
        return IFA_F_SECONDARY;
    number = read_number(name, 16, UINT32_MAX);
    return number < 0 ? 0 : (uint32_t)number;
}
