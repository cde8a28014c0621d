/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/condition.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/netdevice.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/timespan.h"
#include "protocol/address_names.h"
#include "protocol/glob.h"

/* Those that end with "=" have a value behind it. */
static const char *const words[CONDITION_TYPE_COUNT] = {
    [CONDITION_PRESENT] = "present",
    [CONDITION_ABSENT] = "absent",
    [CONDITION_UP] = "up",
    [CONDITION_DOWN] = "down",
    [CONDITION_CARRIER] = "carrier",
    [CONDITION_NO_CARRIER] = "no-carrier",
    [CONDITION_OPERSTATE] = "operstate=",
    [CONDITION_MTU] = "mtu=",
    [CONDITION_ADDRESS] = "address=",
    [CONDITION_HAS_ADDRESS] = "address",
    [CONDITION_FAMILY] = "family=",
    [CONDITION_SCOPE] = "scope=",
    [CONDITION_MASTER] = "master=",
    [CONDITION_NO_MASTER] = "nomaster",
    [CONDITION_KIND] = "kind=",
    [CONDITION_RENAMED] = "renamed",
    [CONDITION_NAME] = "name=",
    [CONDITION_USABLE] = "usable",
    [CONDITION_STABLE] = "stable=",
};

static const char unknown[] =
    "is not a condition; the conditions are present, absent, up, down, carrier, no-carrier, "
    "usable, "
    "operstate=STATE, mtu=N, address, address=A, family=F, scope=SCOPE, master=NAME, nomaster, "
    "kind=KIND, renamed, name=NAME, stable=T";
static const char wrong_operstate[] = "can never be met: operstate= must be UP, DOWN, UNKNOWN, "
                                      "LOWERLAYERDOWN, NOTPRESENT, TESTING or "
                                      "DORMANT";
static const char wrong_address[] = "can never be met: address= must be a hardware address such as "
                                    "02:00:00:00:00:01, an IP address, "
                                    "or a prefix such as 10.0.0.0/8";

static const char wrong_scope[] =
    "can never be met: scope= must be global, site, link, host, nowhere or a number up to 255";
static const char wrong_stable[] = "is not valid: stable= must be a number of seconds, or a number "
                                   "with one of the units ms, s, min "
                                   "and h";

/* Of those whose value may be wrong. */
static const char *const wrong_values[CONDITION_TYPE_COUNT] = {
    [CONDITION_OPERSTATE] = wrong_operstate,
    [CONDITION_MTU] = "can never be met: mtu= must be a number from 0 to 4294967295",
    [CONDITION_ADDRESS] = wrong_address,
    [CONDITION_FAMILY] = "can never be met: family= must be inet or inet6",
    [CONDITION_SCOPE] = wrong_scope,
    [CONDITION_STABLE] = wrong_stable,
};

/* The value behind the word, NULL if the text isn't that word. */
static const char *match_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(text, word, length) != 0)
        return NULL;
    if (word[length - 1] == '=')
        return text[length] ? text + length : NULL;
    return text[length] ? NULL : "";
}

static int read_number(const char *text, int64_t *ret)
{
    char *end;
    long long number;

    if (!isdigit((unsigned char)*text))
        return -EINVAL;
    errno = 0;
    number = strtoll(text, &end, 10);
    if (errno || *end)
        return -EINVAL;
    *ret = number;
    return 0;
}

static bool is_operstate(const char *text)
{
    static const char *const states[] = {"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN",
                                         "TESTING", "DORMANT",    "UP"};

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (strcasecmp(text, states[i]) == 0)
            return true;
    return false;
}

static unsigned family_bits(int family)
{
    return family == AF_INET ? 32 : 128;
}

/* "10.0.0.1", "2001:db8::/32". Its family, or AF_UNSPEC. */
static int read_prefix(const char *text, unsigned char prefix[sizeof(struct in6_addr)],
                       unsigned *ret_length)
{
    size_t length = strcspn(text, "/");
    char address[INET6_ADDRSTRLEN] = "";
    int64_t bits = -1;
    int family;

    if (length >= sizeof(address))
        return AF_UNSPEC;
    memcpy(address, text, length);
    family = strchr(address, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(family, address, prefix) != 1 ||
        (text[length] && read_number(text + length + 1, &bits) < 0) || bits > family_bits(family))
        return AF_UNSPEC;
    *ret_length = bits < 0 ? family_bits(family) : (unsigned)bits;
    return family;
}

/* Pairs of hexadecimal digits with colons. */
static bool is_hardware_address(const char *text)
{
    if (strlen(text) >= (size_t)MAX_ADDR_LEN * 3)
        return false;
    for (; isxdigit((unsigned char)text[0]) && isxdigit((unsigned char)text[1]); text += 3)
        if (text[2] != ':')
            return text[2] == '\0';
    return false;
}

/* Whether a link may have that value. */
static bool can_be_met(struct condition *condition)
{
    const char *value = condition->value;

    switch (condition->type) {
    case CONDITION_MTU:
        return read_number(value, &condition->number) >= 0 && condition->number <= UINT32_MAX;
    case CONDITION_OPERSTATE:
        return is_operstate(value);
    case CONDITION_ADDRESS:
        return condition->family != AF_UNSPEC || is_hardware_address(value);
    case CONDITION_FAMILY:
        return address_family_from_name(value) >= 0;
    case CONDITION_SCOPE:
        condition->number = address_scope_from_name(value);
        return condition->number >= 0;
    case CONDITION_STABLE:
        return timespan_parse(value, &condition->number) >= 0;
    case CONDITION_HAS_ADDRESS:
    case CONDITION_PRESENT:
    case CONDITION_ABSENT:
    case CONDITION_UP:
    case CONDITION_DOWN:
    case CONDITION_CARRIER:
    case CONDITION_NO_CARRIER:
    case CONDITION_MASTER:
    case CONDITION_NO_MASTER:
    case CONDITION_KIND:
    case CONDITION_RENAMED:
    case CONDITION_NAME:
    case CONDITION_USABLE:
    case CONDITION_TYPE_COUNT:
        break;
    }
    return true;
}

static int make(enum condition_type type, const char *value, struct condition *ret)
{
    struct condition condition = {.type = type, .value = value};

    if (type == CONDITION_ADDRESS)
        condition.family = read_prefix(value, condition.prefix, &condition.prefixlen);
    if (!can_be_met(&condition))
        return -EINVAL;
    *ret = condition;
    return 0;
}

static const char *why_wrong(const char *text)
{
    for (int type = 0; type < CONDITION_TYPE_COUNT; type++)
        if (wrong_values[type] && strncmp(text, words[type], strlen(words[type])) == 0)
            return wrong_values[type];
    return unknown;
}

int condition_parse(const char *text, struct condition *ret, const char **ret_reason)
{
    int r = -EINVAL;

    for (int type = 0; type < CONDITION_TYPE_COUNT && r < 0; type++) {
        const char *value = match_word(text, words[type]);

        if (value)
            r = make((enum condition_type)type, value, ret);
    }
    if (r < 0)
        *ret_reason = why_wrong(text);
    return r;
}

bool condition_needs_addresses(const struct condition *condition)
{
    return condition->type == CONDITION_HAS_ADDRESS || condition->type == CONDITION_FAMILY ||
           condition->type == CONDITION_SCOPE ||
           (condition->type == CONDITION_ADDRESS && condition->family != AF_UNSPEC);
}

/* One that is a duplicate, or may turn out to be, is of no use. */
static bool is_in_use(const struct linkwatch_address *address)
{
    return linkwatch_address_has_text(address, LINKWATCH_ADDRESS_FIELD_FLAGS, "tentative") != 1 &&
           linkwatch_address_has_text(address, LINKWATCH_ADDRESS_FIELD_FLAGS, "dadfailed") != 1;
}

static bool has_prefix(const struct condition *condition, const struct linkwatch_address *address)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    unsigned whole = condition->prefixlen / 8;
    unsigned rest = condition->prefixlen % 8;

    if (inet_pton(condition->family, linkwatch_address_local(address), bytes) != 1 ||
        memcmp(bytes, condition->prefix, whole) != 0)
        return false;
    return rest == 0 || (bytes[whole] ^ condition->prefix[whole]) >> (8 - rest) == 0;
}

static bool has_scope(const struct linkwatch_address *address, int64_t wanted)
{
    int64_t scope;

    return linkwatch_address_get_integer(address, LINKWATCH_ADDRESS_FIELD_SCOPE, &scope) >= 0 &&
           scope == wanted;
}

static bool meets_address(const struct condition *condition,
                          const struct linkwatch_address *address)
{
    const char *family = "";

    if (!is_in_use(address))
        return false;
    if (condition->type == CONDITION_HAS_ADDRESS)
        return true;
    if (condition->type == CONDITION_ADDRESS)
        return has_prefix(condition, address);
    if (condition->type == CONDITION_SCOPE)
        return has_scope(address, condition->number);
    linkwatch_address_get_string(address, LINKWATCH_ADDRESS_FIELD_FAMILY, &family);
    return strcmp(family, condition->value) == 0;
}

bool condition_is_of_carrier(const struct condition *condition)
{
    return condition->type == CONDITION_CARRIER || condition->type == CONDITION_NO_CARRIER ||
           condition->type == CONDITION_OPERSTATE || condition->type == CONDITION_USABLE;
}

bool condition_follows(const struct condition *condition)
{
    return condition->type == CONDITION_RENAMED || condition->type == CONDITION_NAME;
}

static bool is_up(const struct linkwatch_link *link)
{
    return linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "UP") == 1;
}

static bool is_down(const struct linkwatch_link *link)
{
    return linkwatch_link_has_text(link, LINKWATCH_FIELD_FLAGS, "UP") == 0;
}

/* A link that is down has no carrier state: neither is met. */
static bool has_carrier(const struct linkwatch_link *link, bool wanted)
{
    bool carrier;

    return linkwatch_link_get_boolean(link, LINKWATCH_FIELD_CARRIER, &carrier) >= 0 &&
           carrier == wanted;
}

static bool has_text(const struct linkwatch_link *link, int field, const char *wanted)
{
    const char *text;

    return linkwatch_link_get_string(link, field, &text) >= 0 && strcasecmp(text, wanted) == 0;
}

/* Those without a kind are of the kind of their hardware: "ether", "loopback". */
static bool has_kind(const struct linkwatch_link *link, const char *wanted)
{
    const char *kind;

    if (linkwatch_link_get_string(link, LINKWATCH_FIELD_INFO_KIND, &kind) >= 0)
        return strcasecmp(kind, wanted) == 0;
    return has_text(link, LINKWATCH_FIELD_LINK_TYPE, wanted);
}

static bool has_mtu(const struct linkwatch_link *link, int64_t wanted)
{
    int64_t mtu;

    return linkwatch_link_get_integer(link, LINKWATCH_FIELD_MTU, &mtu) >= 0 && mtu == wanted;
}

/* A link that is a port of none has no field master. */
static bool has_master(const struct linkwatch_link *link, const char *wanted)
{
    const char *master;

    if (linkwatch_link_get_string(link, LINKWATCH_FIELD_MASTER, &master) < 0)
        return !wanted;
    return wanted && glob_matches(wanted, master);
}

static bool is_renamed(const struct linkwatch_link *link, const struct linkwatch_link *first)
{
    return first && strcmp(linkwatch_link_ifname(link), linkwatch_link_ifname(first)) != 0;
}

/* Without addresses. */
static bool is_met(const struct condition *condition, const struct linkwatch_link *link,
                   const struct linkwatch_link *first)
{
    switch (condition->type) {
    case CONDITION_PRESENT:
        return true;
    case CONDITION_ABSENT:
        return false;
    case CONDITION_UP:
        return is_up(link);
    case CONDITION_DOWN:
        return is_down(link);
    case CONDITION_CARRIER:
        return has_carrier(link, true);
    case CONDITION_NO_CARRIER:
        return has_carrier(link, false);
    case CONDITION_OPERSTATE:
        return has_text(link, LINKWATCH_FIELD_OPERSTATE, condition->value);
    case CONDITION_MTU:
        return has_mtu(link, condition->number);
    case CONDITION_ADDRESS:
        return has_text(link, LINKWATCH_FIELD_ADDRESS, condition->value);
    case CONDITION_MASTER:
        return has_master(link, condition->value);
    case CONDITION_NO_MASTER:
        return has_master(link, NULL);
    case CONDITION_KIND:
        return has_kind(link, condition->value);
    case CONDITION_RENAMED:
        return is_renamed(link, first);
    case CONDITION_NAME:
        return linkwatch_link_matches(link, condition->value);
    case CONDITION_USABLE:
        return linkwatch_link_usable(link, NULL);
    case CONDITION_HAS_ADDRESS:
    case CONDITION_FAMILY:
    case CONDITION_SCOPE:
    case CONDITION_STABLE:
    case CONDITION_TYPE_COUNT:
        break;
    }
    return false;
}

bool condition_met_in(const struct condition *condition, const struct linkwatch_mirror *mirror,
                      const struct linkwatch_link *link, const struct linkwatch_link *first)
{
    int ifindex = linkwatch_link_ifindex(link);
    const struct linkwatch_address *address = NULL;

    /* The hardware address of a tunnel is one, too. */
    if (is_met(condition, link, first))
        return true;
    if (!condition_needs_addresses(condition))
        return false;
    while ((address = linkwatch_mirror_next_address(mirror, ifindex, address)))
        if (meets_address(condition, address))
            return true;
    return false;
}

int linkwatch_link_meets(const struct linkwatch_link *link, const char *condition,
                         const char **ret_reason)
{
    struct condition parsed;
    const char *reason;
    int r = condition_parse(condition, &parsed, &reason);

    if (r < 0) {
        if (ret_reason)
            *ret_reason = reason;
        return r;
    }
    return link ? is_met(&parsed, link, NULL) : parsed.type == CONDITION_ABSENT;
}
