/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* liblinkwatch: the links (network interfaces) of this network namespace, as linkwatchd publishes
 * them.
 *
 * Functions that return an int return 0 or a positive number, or a negative errno; in case of an
 * error, their ret_ arguments are left alone. Functions named _free, _close and _unref take NULL
 * and return NULL. Nothing here starts a thread, installs a signal handler or keeps global
 * state: an object may be used from any thread, by one at a time; links and addresses, which
 * never change, by several. Text is UTF-8 and may contain control characters, because it comes
 * from the network's administrator. Names of links (ifname, altnames, master, link) are the
 * kernel's bytes, which need not be UTF-8. */
#ifndef LINKWATCH_H
#define LINKWATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header, and of the library that is linked, "MAJOR.MINOR.PATCH"; as a number,
 * to compare it at compile time. */
#define LINKWATCH_VERSION        "0.1.0"
#define LINKWATCH_VERSION_NUMBER (0 << 16 | 1 << 8 | 0)
const char *linkwatch_version(void);

/* Timeouts are in microseconds; a negative one means no timeout. */
#define LINKWATCH_FOREVER INT64_C(-1)

/* --- Links ---------------------------------------------------------------- */

/* A link as it was at one moment. It never changes. */
struct linkwatch_link;

/* The fields of a link. Their numbers stay what they are; later versions add. */
enum linkwatch_field {
    LINKWATCH_FIELD_IFINDEX,
    LINKWATCH_FIELD_IFNAME,
    LINKWATCH_FIELD_ALTNAMES,
    LINKWATCH_FIELD_IFALIAS,
    LINKWATCH_FIELD_LINK_TYPE,
    LINKWATCH_FIELD_FLAGS,
    LINKWATCH_FIELD_OPERSTATE,
    LINKWATCH_FIELD_LINKMODE,
    LINKWATCH_FIELD_CARRIER,
    LINKWATCH_FIELD_CARRIER_CHANGES,
    LINKWATCH_FIELD_CARRIER_UP_COUNT,
    LINKWATCH_FIELD_CARRIER_DOWN_COUNT,
    LINKWATCH_FIELD_MTU,
    LINKWATCH_FIELD_MIN_MTU,
    LINKWATCH_FIELD_MAX_MTU,
    LINKWATCH_FIELD_ADDRESS,
    LINKWATCH_FIELD_BROADCAST,
    LINKWATCH_FIELD_PERMADDR,
    LINKWATCH_FIELD_MASTER,
    LINKWATCH_FIELD_LINK,
    LINKWATCH_FIELD_LINK_INDEX,
    LINKWATCH_FIELD_LINK_NETNSID,
    LINKWATCH_FIELD_GROUP,
    LINKWATCH_FIELD_TXQLEN,
    LINKWATCH_FIELD_QDISC,
    LINKWATCH_FIELD_PROMISCUITY,
    LINKWATCH_FIELD_NUM_TX_QUEUES,
    LINKWATCH_FIELD_NUM_RX_QUEUES,
    LINKWATCH_FIELD_PARENTBUS,
    LINKWATCH_FIELD_PARENTDEV,
    LINKWATCH_FIELD_INFO_KIND,
    LINKWATCH_FIELD_INFO_SLAVE_KIND, /* of a port */
    LINKWATCH_FIELD_MASTER_IFINDEX,
    LINKWATCH_FIELD_LINK_IFINDEX,
    /* When the daemon learned that the link appeared, and that it last went up and down, in
     * microseconds since 1970; and whether the link was already there when the daemon started: for
     * how long is unknown. */
    LINKWATCH_FIELD_SINCE_USEC,
    LINKWATCH_FIELD_SINCE_FIRST_DUMP,
    LINKWATCH_FIELD_LAST_UP_USEC,
    LINKWATCH_FIELD_LAST_DOWN_USEC
};

/* A set of fields: LINKWATCH_FIELD_MASK(MTU) | LINKWATCH_FIELD_MASK(OPERSTATE). */
typedef uint64_t linkwatch_fields;
#define LINKWATCH_FIELD_MASK(name) (UINT64_C(1) << LINKWATCH_FIELD_##name)

/* The fields that linkwatch_link_compare() ignores, because they are not the kernel's. */
#define LINKWATCH_FIELDS_UNCOMPARED                                              \
    (LINKWATCH_FIELD_MASK(SINCE_USEC) | LINKWATCH_FIELD_MASK(SINCE_FIRST_DUMP) | \
     LINKWATCH_FIELD_MASK(LAST_UP_USEC) | LINKWATCH_FIELD_MASK(LAST_DOWN_USEC))

/* The field's name as in org.linkwatch.Links(7) and "ip -json -details link", NULL for a number
 * that is no field; and the field of that name, or -ENOENT. */
const char *linkwatch_field_name(int field);
int linkwatch_field_from_name(const char *name);

struct linkwatch_link *linkwatch_link_ref(struct linkwatch_link *link);
struct linkwatch_link *linkwatch_link_unref(struct linkwatch_link *link);

/* Every link has these two. */
int linkwatch_link_ifindex(const struct linkwatch_link *link);
const char *linkwatch_link_ifname(const struct linkwatch_link *link);

/* The value of a field, by its number: 0, or -ENODATA if the kernel did not report it, if it has no
 * value (which is not the same as 0 or ""), or if the number is no field. -EINVAL: the field has
 * another type. Types and meaning are in org.linkwatch.Links(7). Strings belong to the link.
 *
 * The integer of LINKWATCH_FIELD_FLAGS is the kernel's, IFF_* together; it has IFF_RUNNING if the
 * link is UP without NO-CARRIER. */
int linkwatch_link_get_integer(const struct linkwatch_link *link, int field, int64_t *ret);
int linkwatch_link_get_string(const struct linkwatch_link *link, int field, const char **ret);
int linkwatch_link_get_boolean(const struct linkwatch_link *link, int field, bool *ret);

/* The texts of a list (LINKWATCH_FIELD_ALTNAMES, LINKWATCH_FIELD_FLAGS): the one after that text,
 * the first for NULL; NULL at the end, and where the functions above return an error. */
const char *linkwatch_link_next_text(const struct linkwatch_link *link, int field,
                                     const char *text);

/* Whether a list has a text: 1 or 0, or an error as above. Flags are spelled as by ip link: "UP",
 * "LOWER_UP", "NO-CARRIER", ... */
int linkwatch_link_has_text(const struct linkwatch_link *link, int field, const char *text);

/* The value of any field as one line of text, to be freed by the caller: numbers in
 * decimal, "yes" or "no", lists with commas. -ENODATA as above, -EINVAL for a number
 * that is no field, -ENOMEM. */
int linkwatch_link_format(const struct linkwatch_link *link, int field, char **ret);

/* The fields in which two links differ, but for LINKWATCH_FIELDS_UNCOMPARED. */
linkwatch_fields linkwatch_link_compare(const struct linkwatch_link *a,
                                        const struct linkwatch_link *b);

/* The link as a JSON object of one line, in ASCII: what the daemon sent, with every
 * field it sent. It belongs to the link. */
const char *linkwatch_link_json(const struct linkwatch_link *link);

/* Whether a name or altname of the link is exactly that, or is matched by it as a shell glob
 * (* ? [abc] [!a]), in which \xNN is a byte, \uNNNN and \UNNNNNNNN are a character, and
 * a backslash takes the special meaning from any other. */
bool linkwatch_link_matches(const struct linkwatch_link *link, const char *name);

/* Whether the link can be expected to carry traffic: it is up, and its operational state is UP, or
 * UNKNOWN (or not reported, as in gVisor) with a carrier that is not known to be missing. If not,
 * and ret_reason is not NULL, *ret_reason is why, in words that complete "it is not usable: ...".
 * The text is static. */
bool linkwatch_link_usable(const struct linkwatch_link *link, const char **ret_reason);

/* A copy of any text that is safe to show: what could steer a terminal or mislead its reader
 * (control characters, bytes that are not UTF-8, characters without a shape like marks of the
 * direction of writing) is an escape like \x1b or \u202e, a backslash is \\, and with
 * ascii all that isn't ASCII is an escape. No two texts have the same copy, and filters read
 * names in this notation. To be freed by the caller. -ENOMEM. */
int linkwatch_escape(const char *text, bool ascii, char **ret);

/* --- Addresses ------------------------------------------------------------- */

/* An IPv4 or IPv6 address of a link as it was at one moment. It never changes. It is known by its
 * fields ifindex, family, local, prefixlen and address together. */
struct linkwatch_address;

/* The fields of an address. Their numbers stay what they are; later versions add. */
enum linkwatch_address_field {
    LINKWATCH_ADDRESS_FIELD_IFINDEX, /* of the link */
    LINKWATCH_ADDRESS_FIELD_IFNAME,
    LINKWATCH_ADDRESS_FIELD_FAMILY, /* "inet" or "inet6" */
    LINKWATCH_ADDRESS_FIELD_LOCAL,
    LINKWATCH_ADDRESS_FIELD_ADDRESS, /* of the peer */
    LINKWATCH_ADDRESS_FIELD_PREFIXLEN,
    LINKWATCH_ADDRESS_FIELD_METRIC,
    LINKWATCH_ADDRESS_FIELD_BROADCAST,
    LINKWATCH_ADDRESS_FIELD_ANYCAST,
    LINKWATCH_ADDRESS_FIELD_SCOPE, /* "global", "link", "host", ... */
    LINKWATCH_ADDRESS_FIELD_FLAGS,
    LINKWATCH_ADDRESS_FIELD_PROTOCOL,
    LINKWATCH_ADDRESS_FIELD_LABEL,
    /* Seconds that were left when the daemon sent it; LINKWATCH_LIFE_FOREVER: it does not end. */
    LINKWATCH_ADDRESS_FIELD_VALID_LIFE_TIME,
    LINKWATCH_ADDRESS_FIELD_PREFERRED_LIFE_TIME
};
#define LINKWATCH_LIFE_FOREVER UINT32_MAX

/* A set of them: LINKWATCH_ADDRESS_FIELD_MASK(FLAGS). */
#define LINKWATCH_ADDRESS_FIELD_MASK(name) (UINT64_C(1) << LINKWATCH_ADDRESS_FIELD_##name)

/* As linkwatch_field_name() and linkwatch_field_from_name(). */
const char *linkwatch_address_field_name(int field);
int linkwatch_address_field_from_name(const char *name);

struct linkwatch_address *linkwatch_address_ref(struct linkwatch_address *address);
struct linkwatch_address *linkwatch_address_unref(struct linkwatch_address *address);

/* Every address has these: index and name of its link, and the address as text. */
int linkwatch_address_ifindex(const struct linkwatch_address *address);
const char *linkwatch_address_ifname(const struct linkwatch_address *address);
const char *linkwatch_address_local(const struct linkwatch_address *address);

/* As for a link. The integer of a family, scope, protocol and of the flags is the kernel's:
 * AF_INET or AF_INET6, RT_SCOPE_*, IFAPROT_*, and IFA_F_* together. */
int linkwatch_address_get_integer(const struct linkwatch_address *address, int field, int64_t *ret);
int linkwatch_address_get_string(const struct linkwatch_address *address, int field,
                                 const char **ret);
int linkwatch_address_get_boolean(const struct linkwatch_address *address, int field, bool *ret);
const char *linkwatch_address_next_text(const struct linkwatch_address *address, int field,
                                        const char *text);
int linkwatch_address_has_text(const struct linkwatch_address *address, int field,
                               const char *text);
int linkwatch_address_format(const struct linkwatch_address *address, int field, char **ret);
linkwatch_fields linkwatch_address_compare(const struct linkwatch_address *a,
                                           const struct linkwatch_address *b);
const char *linkwatch_address_json(const struct linkwatch_address *address);

/* --- Filters -------------------------------------------------------------- */

/* Selects links. A link matches a filter if it matches at least one entry of each type that the
 * filter has. A new filter has no type, and matches every link; so does NULL wherever a filter is
 * expected. */
struct linkwatch_filter;

int linkwatch_filter_new(struct linkwatch_filter **ret);
struct linkwatch_filter *linkwatch_filter_free(struct linkwatch_filter *filter);

enum linkwatch_filter_type {
    LINKWATCH_FILTER_NAMES,
    LINKWATCH_FILTER_INDEXES,
    LINKWATCH_FILTER_KINDS,
    LINKWATCH_FILTER_FAMILIES,
    LINKWATCH_FILTER_SCOPES
};

/* Adds a type without an entry, which nothing matches until one is added. Adding an entry adds its
 * type; a program that adds a list which may be empty calls this first. -EINVAL, -ENOMEM. */
int linkwatch_filter_restrict(struct linkwatch_filter *filter, enum linkwatch_filter_type type);

/* The daemon's limits: entries of each type, characters of a name (an escape counts as one), and
 * bytes of all entries together. */
#define LINKWATCH_FILTER_ENTRIES_MAX 256
#define LINKWATCH_FILTER_NAME_MAX    127
#define LINKWATCH_FILTER_BYTES_MAX   32768

/* A name or altname, or a glob for them, as linkwatch_link_matches() takes it; an index from
 * 1; a kind like "veth". -E2BIG: there would be too many entries, or too many bytes of them (a name
 * that is not UTF-8 makes two entries); -ENAMETOOLONG: the name is too long. */
int linkwatch_filter_add_name(struct linkwatch_filter *filter, const char *name);
int linkwatch_filter_add_index(struct linkwatch_filter *filter, int ifindex);
int linkwatch_filter_add_kind(struct linkwatch_filter *filter, const char *kind);

bool linkwatch_filter_matches(const struct linkwatch_filter *filter,
                              const struct linkwatch_link *link);

/* Which addresses of those links: "inet" or "inet6"; a scope, as LINKWATCH_ADDRESS_FIELD_SCOPE
 * has it, or its number. -EINVAL for one that no address can have. These two types select
 * addresses only. */
int linkwatch_filter_add_family(struct linkwatch_filter *filter, const char *family);
int linkwatch_filter_add_scope(struct linkwatch_filter *filter, const char *scope);

/* --- Simple, blocking calls ------------------------------------------------ */

/* A connection to the daemon. */
struct linkwatch;

/* The path that NULL stands for in the functions below: $LINKWATCH_SOCKET, or the path that was
 * set when the library was built, usually /run/linkwatchd/socket. */
const char *linkwatch_default_path(void);

/* Connects. -ENOENT or -ECONNREFUSED: there is no daemon. -ENAMETOOLONG, -EACCES and
 * other errors of connect(2). A daemon that doesn't accept in 5 s is -ETIMEDOUT. */
int linkwatch_connect(const char *path, struct linkwatch **ret);
struct linkwatch *linkwatch_close(struct linkwatch *connection);

/* Why the last call on this connection failed, in words; "" if it didn't. It is
 * valid until the next call. Errors that the daemon answered are
 *   -EINVAL      it doesn't accept a parameter
 *   -EOPNOTSUPP  it has no such method: it is of another version
 *   -EACCES      it refuses the call
 *   -EBUSY       a limit was reached
 *   -EIO         it could not dump the links (refresh)
 *   -ENODATA     it could never dump them: nobody knows what links there are
 *   -EREMOTEIO   any other.
 * -ECHILD: this process was forked from the one that connected; it may close it alone.
 * -ETIMEDOUT: no answer in time. -EPROTO: the answer was not understood.
 * -ECONNRESET: the daemon hung up. After these three the next call connects anew. */
const char *linkwatch_error(const struct linkwatch *connection);

/* The links, in the order of their indexes. */
struct linkwatch_list;

int linkwatch_get_list(struct linkwatch *connection, const struct linkwatch_filter *filter,
                       int64_t timeout, struct linkwatch_list **ret);
/* How many bytes the links of a list may take: 64 MiB unless this is called, which are more than
 * 30,000 links. A list of more is -E2BIG; the next call connects anew. */
void linkwatch_set_limit(struct linkwatch *connection, size_t bytes);

struct linkwatch_list *linkwatch_list_free(struct linkwatch_list *list);
size_t linkwatch_list_count(const struct linkwatch_list *list);

/* The link at that place, NULL beyond the end; it lives as long as the list, or as
 * someone has a reference. */
struct linkwatch_link *linkwatch_list_get(const struct linkwatch_list *list, size_t place);

/* The addresses of the links that match the filter, in the order of their links' indexes.
 * -EINVAL: the version of the daemon does not support addresses. -EIO: it cannot list them;
 * linkwatch_error() returns the reason. */
struct linkwatch_address_list;

int linkwatch_get_addresses(struct linkwatch *connection, const struct linkwatch_filter *filter,
                            int64_t timeout, struct linkwatch_address_list **ret);
struct linkwatch_address_list *linkwatch_address_list_free(struct linkwatch_address_list *list);
size_t linkwatch_address_list_count(const struct linkwatch_address_list *list);
struct linkwatch_address *linkwatch_address_list_get(const struct linkwatch_address_list *list,
                                                     size_t place);

/* Makes the daemon dump the links immediately. When the function returns, the daemon knows
 * everything that happened before the call, whether or not the kernel sent notifications. */
int linkwatch_refresh(struct linkwatch *connection, int64_t timeout);

/* State, counters and limits of the daemon. Values are read by their names in
 * org.linkwatch.Links(7) and org.linkwatch.Statistics(7), with dots between levels: "version",
 * "source.standing"; "counters.dumps". -ENODATA if the daemon doesn't send it, -EINVAL if it is
 * of another type. Statistics may change from version to version. */
struct linkwatch_status;

int linkwatch_get_status(struct linkwatch *connection, int64_t timeout,
                         struct linkwatch_status **ret);
int linkwatch_get_statistics(struct linkwatch *connection, int64_t timeout,
                             struct linkwatch_status **ret);
struct linkwatch_status *linkwatch_status_free(struct linkwatch_status *status);
int linkwatch_status_get_number(const struct linkwatch_status *status, const char *name,
                                int64_t *ret);
int linkwatch_status_get_text(const struct linkwatch_status *status, const char *name,
                              const char **ret);
int linkwatch_status_get_bool(const struct linkwatch_status *status, const char *name, bool *ret);
const char *linkwatch_status_json(const struct linkwatch_status *status);

/* --- What happened before --------------------------------------------------- */

struct linkwatch_callbacks;

/* Calls the callbacks for each event about links that the daemon's history still contains,
 * oldest first, and then returns. Of the callbacks, which are explained below, add, change,
 * remove and source are called for events; lost before them, if earlier events are no longer in
 * the history; ready at the end; and message for each message. There is no snapshot before them,
 * so that a link can change or be removed without having been added. Those that were there when
 * the daemon started are added with LINKWATCH_FIELD_SINCE_FIRST_DUMP set. Errors as those of the
 * calls above. */
int linkwatch_get_history(struct linkwatch *connection, const struct linkwatch_filter *filter,
                          const struct linkwatch_callbacks *callbacks, void *user, int64_t timeout);

/* --- Other network namespaces ---------------------------------------------- */

/* Makes a NETLINK_ROUTE socket in a network namespace, to be closed by the caller: close-on-exec
 * and non-blocking. netns is the name of one in /run/netns (see ip-netns(8)), else a process id,
 * or a path if it has a '/' ("/run/docker/netns/1234"). The calling thread stays where it is.
 * Another namespace than one's own can be entered with CAP_SYS_ADMIN in it, or by the user who
 * made the user namespace that owns it. -ENOENT: there is no such name or process; -EINVAL: it
 * is no network namespace; -EPERM; -EACCES; other errors of open(2), setns(2) and socket(2). */
int linkwatch_netns_open(const char *netns, int *ret_fd);

/* The same for any socket, as socket(2) makes it, bound there to the address if one is given. */
int linkwatch_netns_socket(const char *netns, int domain, int type, int protocol,
                           const void *address, size_t address_size, int *ret_fd);

/* Makes the connection one of the network namespace of that rtnetlink socket, of which it keeps
 * a duplicate, to enter again after a reconnection. The daemon reads from the socket; the caller
 * may close it, and must not read from it. Connections that pass the same socket share its table
 * and history. Errors as those of the calls above; -EINVAL: it is no such socket, or a connected
 * one; -EBUSY: the daemon watches as many namespaces as it may; -EOPNOTSUPP: the daemon does not
 * support other namespaces, or the kernel does not (gVisor 20221219). On failure nothing changes
 * for the connection. */
int linkwatch_enter(struct linkwatch *connection, int socket_fd, int64_t timeout);

/* --- Conditions, and waiting for them -------------------------------------- */

/* Conditions:
 *   present      there is such a link
 *   absent       there is none
 *   up, down     it is set up or down by the administrator (flag UP)
 *   carrier, no-carrier
 *                its lower layer is connected or not; of a link that is down, neither
 *   usable       linkwatch_link_usable()
 *   operstate=STATE
 *                UP, DOWN, UNKNOWN, ...; in small letters too
 *   mtu=N        its MTU is N
 *   address      it has an IP address that is in use, not tentative or a duplicate
 *   address=A    its hardware address is A, or it has the IP address A, or one in the prefix A
 *                ("10.0.0.0/8") that is in use
 *   family=F     it has an IP address of the family inet or inet6 that is in use
 *   scope=SCOPE  it has an IP address of that scope (global, link, host, ...) that is in use
 *   master=NAME, nomaster
 *                it is a port of NAME, which may be a glob, or of none
 *   kind=KIND    its kind is "veth", "bridge", ...; of a link without, what its link_type is:
 *                "ether", "loopback", ...
 *   renamed      it has another name than when the wait began to see it
 *   name=NAME    it is called NAME, which may be a glob
 *   stable=T     the others have been met for T ("2s", "500ms") without an interruption
 * Each condition on IP addresses can be met by a different address. A value that the kernel does
 * not report meets no condition: neither carrier nor no-carrier. */

/* Whether a link meets a condition now: 1 or 0. Conditions on IP addresses, renamed and stable=
 * can be met only in linkwatch_wait(). NULL stands for a link that does not exist: it meets
 * absent only. -EINVAL if the text is none of the above, or has a value that no link can have:
 * an unknown operational state, an invalid address, or an MTU above 4294967295. Then, if
 * ret_reason is not NULL, *ret_reason is why, in words that complete "CONDITION ...". The text
 * is static. */
int linkwatch_link_meets(const struct linkwatch_link *link, const char *condition,
                         const char **ret_reason);

/* The daemon's source of links: see below. */
struct linkwatch_source;

/* Options of a wait; zero and NULL for those that are not used. */
struct linkwatch_wait_options {
    size_t size; /* sizeof(struct linkwatch_wait_options) */
    /* Called with the daemon's source, at the beginning and when it changes. */
    void (*source)(void *user, const struct linkwatch_source *source);
    void *user;
    /* A socket of the network namespace to wait in, as for linkwatch_enter(). */
    const int *socket_fd;
    /* Called before it fails with -EINVAL because of a condition, with that one and the reason, as
     * of linkwatch_link_meets(). */
    void (*invalid)(void *user, const char *condition, const char *reason);
    /* More names or globs beside the one in the call; NULL follows the last. */
    const char *const *globs;
    /* How many of the links that match any of these must meet the conditions; 0 for one. With
     * absent, of how many of the names or globs no link may be there. */
    size_t at_least;
    /* Called with each link that meets them, in the order of the indexes, before it succeeds. */
    void (*met)(void *user, struct linkwatch_link *link);
    /* Called before it fails with -ETIMEDOUT, if it is known: with each condition that a link does
     * not meet, and the reason in words that complete "it is not usable: ..." or NULL; and with a
     * glob of the caller's that no link matches, while link, condition and reason are NULL. */
    void (*unmet)(void *user, const char *glob, struct linkwatch_link *link, const char *condition,
                  const char *reason);
    /* Links are taken as linkwatch_mirror_set_hold() would report them with these times, in
     * microseconds. The initial state counts immediately, and flaps do not interrupt stable= if
     * hold_down is not 0. */
    int64_t hold_up;
    int64_t hold_down;
};

/* As at_least: all that match, and at least one for each name or glob. */
#define LINKWATCH_WAIT_ALL SIZE_MAX

/* Waits until one link whose name matches the glob meets all the conditions at once, the last of
 * which a NULL follows: (const char *const[]){"carrier", "mtu=9000", NULL}. absent, which cannot be
 * combined with other conditions, waits until no link matches. With renamed or name=, a link that
 * matched once still counts under its new name.
 *
 * With options->at_least, until that number of links do, each by itself. The time of stable= begins
 * when this process learns that the other conditions are met. Unseen carrier changes, if a
 * condition depends on the carrier, and lost events also interrupt it; it is never met while there
 * is no connection.
 *
 * options may be NULL. -EINVAL: a condition is wrong, or there is none but stable=; the timeout is
 * not longer than stable=; or the options are larger than this library knows and the rest isn't
 * zero.
 *
 * 0 when the conditions are met, with the first such link in *ret_link unless that is NULL (a
 * reference of the caller's; NULL for absent); -ETIMEDOUT. A timeout of 0 only checks the
 * conditions. If there is no daemon at the beginning, the function fails immediately, as
 * linkwatch_connect() does; if the daemon disappears later, it waits for it. It also waits for
 * the first dump of a daemon that could never dump the links: until links are known, no
 * condition is met, not even absent; with a timeout of 0 that is -ENODATA. -ENODATA is also
 * returned, with a timeout of 0, if the daemon does not send the links within 5 s. */
int linkwatch_wait(const char *path, const char *glob, const char *const *conditions,
                   int64_t timeout, const struct linkwatch_wait_options *options,
                   struct linkwatch_link **ret_link);

/* --- Mirror: the links as they are all the time, for event loops ------------ */

/* A mirror follows the daemon and reports, by callbacks, one continuous sequence of events: never
 * a change or remove of a link that it hasn't added, never an add of one that it has. It
 * connects by itself, and again when the connection breaks (after 50 ms, then twice as
 * long each time up to 5 s). What happened in between is reported when it is connected again:
 * from the daemon's history where that holds it, else by comparing. */
struct linkwatch_mirror;

/* How a mirror learned something. */
enum linkwatch_learned {
    LINKWATCH_LEARNED_NOTIFICATION, /* the kernel notified the daemon */
    LINKWATCH_LEARNED_DUMP,         /* the daemon found it in a dump */
    LINKWATCH_LEARNED_SNAPSHOT,     /* the mirror found it in a snapshot of the daemon's */
    LINKWATCH_LEARNED_FILTER,       /* the link came into the filter or left it */
    LINKWATCH_LEARNED_OTHER         /* in a way unknown to this version */
};

/* Describes an add, change or remove; valid during the callback. */
struct linkwatch_event;

enum linkwatch_learned linkwatch_event_learned(const struct linkwatch_event *event);

/* Its number and the daemon's instance, the time the daemon learned it, in
 * microseconds since 1970 and of CLOCK_MONOTONIC. -ENODATA if it was learned by a
 * snapshot. */
int linkwatch_event_get_sequence(const struct linkwatch_event *event, int64_t *ret);
int linkwatch_event_get_instance(const struct linkwatch_event *event, const char **ret);
int linkwatch_event_get_realtime(const struct linkwatch_event *event, int64_t *ret);
int linkwatch_event_get_monotonic(const struct linkwatch_event *event, int64_t *ret);

/* How often the carrier changed unseen, beyond what the event itself shows. With
 * linkwatch_mirror_set_hold(), how often it, the operational state or the link itself came and went
 * without being reported is in it, too. */
int64_t linkwatch_event_flaps(const struct linkwatch_event *event);

/* Whether another callback follows for what happened at once with this event; see below. */
bool linkwatch_event_more_follows(const struct linkwatch_event *event);

/* Where a link that is removed lives on, if it was moved to another network namespace and the
 * kernel reported that: the ID of that namespace in the daemon's namespace, and the link's index
 * there; else -ENODATA. */
int linkwatch_event_get_new_netnsid(const struct linkwatch_event *event, int64_t *ret);
int linkwatch_event_get_new_ifindex(const struct linkwatch_event *event, int64_t *ret);

/* A struct linkwatch_source describes where the daemon's links come from, and how far they can be
 * trusted. It is valid during the callback. */

/* "denied", "unproven", "trusted" or "incomplete": how far the kernel's own updates are trusted. */
const char *linkwatch_source_standing(const struct linkwatch_source *source);
/* Why, in words. */
const char *linkwatch_source_reason(const struct linkwatch_source *source);
/* The errno behind it, positive, and its name, like "EACCES". -ENODATA if there is none. */
int linkwatch_source_get_errno(const struct linkwatch_source *source, int *ret);
int linkwatch_source_get_errno_name(const struct linkwatch_source *source, const char **ret);
/* The daemon cannot dump the links: they are those of the last complete dump. */
bool linkwatch_source_is_stale(const struct linkwatch_source *source);
/* When the last complete dump ended, in microseconds since 1970. -ENODATA if there was none:
 * then no links are known, which does not mean that there are none. */
int linkwatch_source_get_last_dump(const struct linkwatch_source *source, int64_t *ret);

/* Any of them may be NULL. user is what was given to linkwatch_mirror_new().
 *
 * What belongs together (two links that swap their names, a bridge that goes with its ports,
 * a fresh snapshot) happens at once: linkwatch_mirror_get() and the like show its outcome from
 * the first of its callbacks on, and never two links of one name. All of its callbacks but the last
 * are for an event of which linkwatch_event_more_follows() is true. */
struct linkwatch_callbacks {
    size_t size; /* sizeof(struct linkwatch_callbacks); with more than a library knows, the
                  * rest must be zero */

    /* A link is there that wasn't. The links of the first snapshot come this way too. */
    void (*add)(void *user, struct linkwatch_link *link, const struct linkwatch_event *event);
    /* A link changed: fields are those in which now differs from before. There may be
     * none, if it flapped or if only something changed that this library doesn't know. */
    void (*change)(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                   linkwatch_fields fields, const struct linkwatch_event *event);
    /* A link is gone; link is how it was last. Learned by filter: it lives on, but
     * doesn't match any more. Such a remove follows a change that shows why. */
    void (*remove)(void *user, struct linkwatch_link *link, const struct linkwatch_event *event);
    /* The links are complete now: after the first snapshot, after each new connection, after
     * each loss, and after each refresh. */
    void (*ready)(void *user);
    /* The mirror was too slow for the daemon's history, or the daemon was started anew: that
     * many events (-1 if unknown) are not reported one by one. Their combined effect is reported
     * before ready. */
    void (*lost)(void *user, int64_t events);
    /* The source's standing changed, or the links became stale or fresh again. Before
     * the daemon's first complete dump, this alone is called, and the mirror is not
     * ready. */
    void (*source)(void *user, const struct linkwatch_source *source);
    /* The mirror is connected (again). If resumed, no event is missing. */
    void (*connected)(void *user, bool resumed);
    /* The mirror is not connected: a negative errno, and the reason in words. Called once,
     * however often the mirror retries. */
    void (*disconnected)(void *user, int error, const char *reason);
    /* Every message of the daemon, before it is interpreted, as a JSON object in one line: the
     * reply parameters of Monitor, see org.linkwatch.Links(7). */
    void (*message)(void *user, const char *json);

    /* The same as add, change and remove with addresses, for a mirror that follows them. An address
     * is added after its link and removed before it. Its change shows no lifetime that merely ran
     * down. */
    void (*address_add)(void *user, struct linkwatch_address *address,
                        const struct linkwatch_event *event);
    void (*address_change)(void *user, struct linkwatch_address *before,
                           struct linkwatch_address *now, linkwatch_fields fields,
                           const struct linkwatch_event *event);
    void (*address_remove)(void *user, struct linkwatch_address *address,
                           const struct linkwatch_event *event);
    /* The same as source, of the addresses: they have a standing of their own. One without a last
     * dump: nothing is known of addresses. */
    void (*address_source)(void *user, const struct linkwatch_source *source);
    /* A request of linkwatch_mirror_request_refresh() was answered, and all before it: error is 0
     * if everything that had happened before it is in the mirror now, and was reported. Else it is
     * an error that the daemon answered, as with linkwatch_error(), with the reason in words: the
     * mirror is as it was, and goes on. */
    void (*refreshed)(void *user, uint64_t request, int error, const char *reason);
};

/* Makes a mirror of the daemon at that path (NULL: the default) for the links that
 * fit the filter, of which it keeps a copy. Nothing happens before the first
 * linkwatch_mirror_process(). */
int linkwatch_mirror_new(const char *path, const struct linkwatch_filter *filter,
                         const struct linkwatch_callbacks *callbacks, void *user,
                         struct linkwatch_mirror **ret);

/* Makes it one of another network namespace, like linkwatch_enter(), before the first
 * linkwatch_mirror_process(): later it is -EBUSY. It keeps a duplicate of the socket, and so finds
 * its place in the daemon's history after each new connection. */
int linkwatch_mirror_enter(struct linkwatch_mirror *mirror, int socket_fd);

/* Makes it follow the addresses of its links, too, from the next linkwatch_mirror_process() on. A
 * mirror that has a connection makes a new one then, and is not ready until it knows the addresses.
 * A daemon that does not know addresses refuses: disconnected is called with -EINVAL. 0 always. */
int linkwatch_mirror_follow_addresses(struct linkwatch_mirror *mirror);

/* How many bytes the links and addresses may take that it knows, those of a snapshot until it is
 * complete, and events that belong together: each of the three. 64 MiB unless this is called, which
 * are more than 30,000 links. If the daemon has more, disconnected is called with -E2BIG, and the
 * mirror tries again later. */
void linkwatch_mirror_set_limit(struct linkwatch_mirror *mirror, size_t bytes);

/* Holds changes back from the callbacks until they have lasted, up and down each for so many
 * microseconds; 0 holds nothing back. What is held is that a link is there or gone, that it has or
 * loses its carrier, and that it is or is no longer usable: linkwatch_link_usable(), and its lower
 * link not down. What does not last is not reported, but is added to linkwatch_event_flaps() of the
 * link's next event. Everything else about a link is reported at once, with carrier, operational
 * state, the flags and counters that go with them and the times of the last changes as they were
 * reported last; and so they are in linkwatch_mirror_get() and the like. Addresses are reported at
 * once, but not before their link. The links of the first snapshot are reported at once; a later
 * one counts as a change.
 *
 * An event that is reported late has the number and times of when the daemon learned it.
 * linkwatch_mirror_deadline() includes when one is due; while the mirror is not ready none is. A
 * removal is reported early when another link takes the name or the index, or when what is held
 * exceeds linkwatch_mirror_set_limit(); a new link when one that was reported has it as its master
 * or lower link. A link that leaves the filter is not held. The callback message has all, at once.
 *
 * Before the first linkwatch_mirror_process(): later it is -EBUSY. -EINVAL: a time is negative or
 * above 30 years. */
int linkwatch_mirror_set_hold(struct linkwatch_mirror *mirror, int64_t up, int64_t down);

/* Frees the mirror. It may be called from a callback; no callback follows. A forked child may
 * free its copy, but must not use it otherwise; before exec() this is unnecessary. */
struct linkwatch_mirror *linkwatch_mirror_free(struct linkwatch_mirror *mirror);

/* Requests that the daemon dumps the links now, like linkwatch_refresh(), but without waiting:
 * refreshed is called when everything that happened before is in the mirror. Returns the
 * request's number, from 1. Nothing is sent before the next linkwatch_mirror_process(); call it,
 * because the deadline has changed. Requests made while one is under way are answered together
 * by the next one. A request lasts until it is answered: while there is no connection, or if one
 * breaks, it is sent after the next reconnection. It uses a second connection, which replaces
 * the mirror's. */
uint64_t linkwatch_mirror_request_refresh(struct linkwatch_mirror *mirror);

/* What the mirror knows, and the position up to which it was reported, as JSON of one line, to be
 * freed by the caller: between two calls of linkwatch_mirror_process(), all that was reported is in
 * it. -ENODATA if nothing is complete yet, -ENOMEM.
 *
 * Another mirror of the same filter can begin with that, also in another process: before its first
 * linkwatch_mirror_process(), later it is -EBUSY. What is in it was reported; what happened since
 * is reported as after a reconnection: each event, if the daemon still has them, else a loss and
 * how the links differ. It says nothing about links after a reboot. -EINVAL if it is not from
 * linkwatch_mirror_save(), of another filter, or without the addresses that are followed; -E2BIG
 * beyond the mirror's limit; -ENOMEM.
 *
 * What linkwatch_mirror_set_hold() holds back, which is to be called before, is not in it: it is
 * held back anew. Then what happened since is reported as differences, without a loss. */
int linkwatch_mirror_save(const struct linkwatch_mirror *mirror, char **ret);
int linkwatch_mirror_restore(struct linkwatch_mirror *mirror, const char *saved);

/* What to wait for before the next linkwatch_mirror_process(): the descriptor, which
 * stays the same for the mirror's life, the poll(2) events, and until when at the
 * latest. The deadline is in microseconds of CLOCK_MONOTONIC: 0 for at once,
 * UINT64_MAX for never. The timeout is what remains of it in milliseconds, as poll(2)
 * takes it: -1 for never. It changes with each linkwatch_mirror_process(). */
int linkwatch_mirror_fd(const struct linkwatch_mirror *mirror);
short linkwatch_mirror_events(const struct linkwatch_mirror *mirror);
uint64_t linkwatch_mirror_deadline(const struct linkwatch_mirror *mirror);
int linkwatch_mirror_timeout(const struct linkwatch_mirror *mirror);

/* Does what is possible without waiting; callbacks are called only from here. It may be called
 * at any time, even if nothing is pending. It does a bounded amount of work. -ECANCELED if a
 * callback ended the mirror, -ECHILD in a process that was forked from the one that made it,
 * else 0: whatever goes wrong with the daemon or the memory, the mirror tries again by itself. */
int linkwatch_mirror_process(struct linkwatch_mirror *mirror);

/* For programs without a loop: waits up to the timeout, and processes. 1 if it did, 0 after the
 * timeout, -EINTR if a signal came first, -ECANCELED. */
int linkwatch_mirror_wait(struct linkwatch_mirror *mirror, int64_t timeout);

/* The number of links that were added and not removed. Whether they are complete and up to date:
 * true between ready and the next lost or disconnected. */
size_t linkwatch_mirror_count(const struct linkwatch_mirror *mirror);
bool linkwatch_mirror_is_ready(const struct linkwatch_mirror *mirror);

/* The link with that index or name (altnames too), NULL if there is none; the link
 * with the lowest index above that one, from 0. They are the mirror's: take a
 * reference to keep one. */
struct linkwatch_link *linkwatch_mirror_get(const struct linkwatch_mirror *mirror, int ifindex);
struct linkwatch_link *linkwatch_mirror_find(const struct linkwatch_mirror *mirror,
                                             const char *name);
struct linkwatch_link *linkwatch_mirror_next(const struct linkwatch_mirror *mirror, int ifindex);

/* The address after that one (the first for NULL) of the link with that index, or of any for 0;
 * NULL at the end. They are the mirror's, too. */
struct linkwatch_address *linkwatch_mirror_next_address(const struct linkwatch_mirror *mirror,
                                                        int ifindex,
                                                        const struct linkwatch_address *after);

#ifdef __cplusplus
}
#endif

#endif
