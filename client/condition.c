/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/condition.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/netdevice.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "protocol/glob.h"

enum sort {
    PRESENT,
    ABSENT,
    UP,
    DOWN,
    CARRIER,
    NO_CARRIER,
    OPERSTATE,
    MTU,
    ADDRESS,
    HAS_ADDRESS,
    FAMILY,
    MASTER,
    NO_MASTER,
    KIND,
    RENAMED,
    NAME,
    USABLE,
    SORT_COUNT
};

/* Those that end with "=" have a value behind it. */
static const char *const words[SORT_COUNT] = {
    [PRESENT] = "present",
    [ABSENT] = "absent",
    [UP] = "up",
    [DOWN] = "down",
    [CARRIER] = "carrier",
    [NO_CARRIER] = "no-carrier",
    [OPERSTATE] = "operstate=",
    [MTU] = "mtu=",
    [ADDRESS] = "address=",
    [HAS_ADDRESS] = "address",
    [FAMILY] = "family=",
    [MASTER] = "master=",
    [NO_MASTER] = "nomaster",
    [KIND] = "kind=",
    [RENAMED] = "renamed",
    [NAME] = "name=",
    [USABLE] = "usable",
};

struct linkwatch_condition {
    enum sort sort;
    int64_t number;
    /* Of ADDRESS: the IP addresses that begin like that, if it may be one. */
    int family; /* AF_UNSPEC if it isn't */
    unsigned char prefix[sizeof(struct in6_addr)];
    unsigned prefixlen;
    char text[]; /* the value */
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
static bool can_be_met(struct linkwatch_condition *condition)
{
    const char *value = condition->text;

    switch (condition->sort) {
    case MTU:
        return read_number(value, &condition->number) >= 0 && condition->number <= UINT32_MAX;
    case OPERSTATE:
        return is_operstate(value);
    case ADDRESS:
        return condition->family != AF_UNSPEC || is_hardware_address(value);
    case FAMILY:
        return strcmp(value, "inet") == 0 || strcmp(value, "inet6") == 0;
    case HAS_ADDRESS:
    case PRESENT:
    case ABSENT:
    case UP:
    case DOWN:
    case CARRIER:
    case NO_CARRIER:
    case MASTER:
    case NO_MASTER:
    case KIND:
    case RENAMED:
    case NAME:
    case USABLE:
    case SORT_COUNT:
        break;
    }
    return true;
}

static int make(enum sort sort, const char *value, struct linkwatch_condition **ret)
{
    struct linkwatch_condition *condition = calloc(1, sizeof(*condition) + strlen(value) + 1);

    if (!condition)
        return -ENOMEM;
    condition->sort = sort;
    memcpy(condition->text, value, strlen(value) + 1);
    if (sort == ADDRESS)
        condition->family = read_prefix(value, condition->prefix, &condition->prefixlen);
    if (!can_be_met(condition)) {
        linkwatch_condition_free(condition);
        return -EINVAL;
    }
    *ret = condition;
    return 0;
}

int linkwatch_condition_parse(const char *text, struct linkwatch_condition **ret)
{
    for (int sort = 0; sort < SORT_COUNT; sort++) {
        const char *value = match_word(text, words[sort]);

        if (value)
            return make((enum sort)sort, value, ret);
    }
    return -EINVAL;
}

struct linkwatch_condition *linkwatch_condition_free(struct linkwatch_condition *condition)
{
    free(condition);
    return NULL;
}

bool condition_is_absent(const struct linkwatch_condition *condition)
{
    return condition->sort == ABSENT;
}

bool condition_needs_addresses(const struct linkwatch_condition *condition)
{
    return condition->sort == HAS_ADDRESS || condition->sort == FAMILY ||
           (condition->sort == ADDRESS && condition->family != AF_UNSPEC);
}

/* One that is a duplicate, or may turn out to be, is of no use. */
static bool is_in_use(const struct linkwatch_address *address)
{
    return !linkwatch_address_has_flag(address, "tentative") &&
           !linkwatch_address_has_flag(address, "dadfailed");
}

static bool has_prefix(const struct linkwatch_condition *condition,
                       const struct linkwatch_address *address)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    unsigned whole = condition->prefixlen / 8;
    unsigned rest = condition->prefixlen % 8;

    if (inet_pton(condition->family, linkwatch_address_local(address), bytes) != 1 ||
        memcmp(bytes, condition->prefix, whole) != 0)
        return false;
    return rest == 0 || (bytes[whole] ^ condition->prefix[whole]) >> (8 - rest) == 0;
}

static bool meets_address(const struct linkwatch_condition *condition,
                          const struct linkwatch_address *address)
{
    const char *family = "";

    if (!is_in_use(address))
        return false;
    if (condition->sort == HAS_ADDRESS)
        return true;
    if (condition->sort == ADDRESS)
        return has_prefix(condition, address);
    linkwatch_address_get_string(address, LINKWATCH_ADDRESS_FIELD_FAMILY, &family);
    return strcmp(family, condition->text) == 0;
}

bool condition_met_in(const struct linkwatch_condition *condition,
                      const struct linkwatch_mirror *mirror, const struct linkwatch_link *link,
                      const struct linkwatch_link *first)
{
    int ifindex = linkwatch_link_ifindex(link);
    const struct linkwatch_address *address = NULL;

    /* The hardware address of a tunnel is one, too. */
    if (linkwatch_condition_met(condition, link, first))
        return true;
    if (!condition_needs_addresses(condition))
        return false;
    while ((address = linkwatch_mirror_next_address(mirror, ifindex, address)))
        if (meets_address(condition, address))
            return true;
    return false;
}

bool condition_follows(const struct linkwatch_condition *condition)
{
    return condition->sort == RENAMED || condition->sort == NAME;
}

static bool is_up(const struct linkwatch_link *link)
{
    return linkwatch_link_has_flag(link, "UP") == 1;
}

static bool is_down(const struct linkwatch_link *link)
{
    return linkwatch_link_has_flag(link, "UP") == 0;
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

    if (linkwatch_link_get_string(link, LINKWATCH_FIELD_LINKINFO, &kind) >= 0)
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

bool linkwatch_condition_met(const struct linkwatch_condition *condition,
                             const struct linkwatch_link *link, const struct linkwatch_link *first)
{
    if (!link)
        return condition->sort == ABSENT;
    switch (condition->sort) {
    case PRESENT:
        return true;
    case ABSENT:
        return false;
    case UP:
        return is_up(link);
    case DOWN:
        return is_down(link);
    case CARRIER:
        return has_carrier(link, true);
    case NO_CARRIER:
        return has_carrier(link, false);
    case OPERSTATE:
        return has_text(link, LINKWATCH_FIELD_OPERSTATE, condition->text);
    case MTU:
        return has_mtu(link, condition->number);
    case ADDRESS:
        return has_text(link, LINKWATCH_FIELD_ADDRESS, condition->text);
    case MASTER:
        return has_master(link, condition->text);
    case NO_MASTER:
        return has_master(link, NULL);
    case KIND:
        return has_kind(link, condition->text);
    case RENAMED:
        return is_renamed(link, first);
    case NAME:
        return linkwatch_link_matches(link, condition->text);
    case USABLE:
        return linkwatch_link_usable(link, NULL);
    case HAS_ADDRESS:
    case FAMILY:
    case SORT_COUNT:
        break;
    }
    return false;
}
