/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* liblinkwatch: the links (network interfaces) of a network namespace and their addresses, as
 * linkwatchd publishes them. liblinkwatch(3) and the pages it names explain at length what is here
 * in brief.
 *
 * Functions that return an int return 0 or a positive number, or a negative errno; on failure they
 * leave their ret arguments alone. Functions named _free, _close and _unref take NULL and return
 * NULL. Nothing here starts a thread, installs a signal handler or keeps global state: an object
 * may be used from any thread, by one at a time; links and addresses, which never change, by
 * several. Text is UTF-8 and may contain control characters, because it comes from the network's
 * administrator; names of links (ifname, altnames, master, link) are the kernel's bytes, which need
 * not be UTF-8. */
#ifndef LINKWATCH_H
#define LINKWATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header, as text and as a number; and that of the library that is linked. */
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
     * microseconds since 1970; and whether it existed before the daemon started. */
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

/* The name of a field as in "ip -json -details link", NULL for a number that is no field; and the
 * field of that name, or -ENOENT. */
const char *linkwatch_field_name(int field);
int linkwatch_field_from_name(const char *name);

struct linkwatch_link *linkwatch_link_ref(struct linkwatch_link *link);
struct linkwatch_link *linkwatch_link_unref(struct linkwatch_link *link);

/* Every link has these two. */
int linkwatch_link_ifindex(const struct linkwatch_link *link);
const char *linkwatch_link_ifname(const struct linkwatch_link *link);

/* The value of a field, whose type is in org.linkwatch.Links(7); strings belong to the link.
 * -ENODATA if the kernel did not report it, if it has no value (which is not the same as 0 or ""),
 * or if the number is no field; -EINVAL if the field has another type. The integer of
 * LINKWATCH_FIELD_FLAGS is the kernel's IFF_* together, with IFF_RUNNING if the link is UP without
 * NO-CARRIER. */
int linkwatch_link_get_integer(const struct linkwatch_link *link, int field, int64_t *ret);
int linkwatch_link_get_string(const struct linkwatch_link *link, int field, const char **ret);
int linkwatch_link_get_boolean(const struct linkwatch_link *link, int field, bool *ret);

/* The text of a list (LINKWATCH_FIELD_ALTNAMES, LINKWATCH_FIELD_FLAGS) after that one, the first
 * for NULL; NULL at the end, and where the functions above return an error. */
const char *linkwatch_link_next_text(const struct linkwatch_link *link, int field,
                                     const char *text);

/* Whether a list has a text: 1 or 0, or an error as above. Flags are spelled as by ip-link(8). */
int linkwatch_link_has_text(const struct linkwatch_link *link, int field, const char *text);

/* The value of any field as one line of text, to be freed by the caller: numbers in decimal, "yes"
 * or "no", lists with commas. -ENODATA as above, -EINVAL for a number that is no field, -ENOMEM. */
int linkwatch_link_format(const struct linkwatch_link *link, int field, char **ret);

/* The fields in which two links differ, but for LINKWATCH_FIELDS_UNCOMPARED. */
linkwatch_fields linkwatch_link_compare(const struct linkwatch_link *a,
                                        const struct linkwatch_link *b);

/* The link as a JSON object of one line, in ASCII, with everything that the daemon sent. It belongs
 * to the link. */
const char *linkwatch_link_json(const struct linkwatch_link *link);

/* Whether a name or altname of the link is exactly that, or matches it as a shell glob, in which
 * \xNN, \uNNNN and \UNNNNNNNN are a byte or a character: see linkwatch_filter(3). */
bool linkwatch_link_matches(const struct linkwatch_link *link, const char *name);

/* Whether the link can be expected to carry traffic: it is up, and its operational state is UP, or
 * UNKNOWN (or not reported) with a carrier that is not known to be missing. If not, and ret_reason
 * is not NULL, *ret_reason is a static text that completes "it is not usable: ...". */
bool linkwatch_link_usable(const struct linkwatch_link *link, const char **ret_reason);

/* A copy of any text, to be freed by the caller, that is safe to print: control characters, bytes
 * that are not UTF-8 and characters without a glyph are escapes like \x1b or \u202e, which filters
 * understand, and with ascii all that is not ASCII. Different texts have different copies. -ENOMEM.
 */
int linkwatch_escape(const char *text, bool ascii, char **ret);

/* --- Addresses ------------------------------------------------------------- */

/* An IPv4 or IPv6 address of a link as it was at one moment. It never changes. Its fields ifindex,
 * family, local, prefixlen and address together identify it. */
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
    /* Seconds that were left when the daemon sent it; LINKWATCH_LIFE_FOREVER: it does not expire.
     */
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

/* Selects links: those that match at least one entry of each type that the filter has. A new filter
 * has no type and matches every link; so does NULL wherever a filter is expected. */
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

/* Adds a type without an entry, which nothing matches until one is added: for a list of entries
 * that may be empty. Adding an entry adds its type. -EINVAL, -ENOMEM. */
int linkwatch_filter_restrict(struct linkwatch_filter *filter, enum linkwatch_filter_type type);

/* The daemon's limits: entries of each type, characters of a name (an escape counts as one), and
 * bytes of all entries together. */
#define LINKWATCH_FILTER_ENTRIES_MAX 256
#define LINKWATCH_FILTER_NAME_MAX    127
#define LINKWATCH_FILTER_BYTES_MAX   32768

/* A name or altname, or a glob for them, as for linkwatch_link_matches(); an index from 1; a kind
 * like "veth". -E2BIG: too many entries, or too many bytes of them (a name that is not UTF-8 makes
 * two entries); -ENAMETOOLONG: the name is too long; -EINVAL, -EILSEQ, -ENOMEM. */
int linkwatch_filter_add_name(struct linkwatch_filter *filter, const char *name);
int linkwatch_filter_add_index(struct linkwatch_filter *filter, int ifindex);
int linkwatch_filter_add_kind(struct linkwatch_filter *filter, const char *kind);

bool linkwatch_filter_matches(const struct linkwatch_filter *filter,
                              const struct linkwatch_link *link);

/* Types that select addresses only: "inet" or "inet6"; a scope like "global", or its number.
 * -EINVAL for one that no address can have. */
int linkwatch_filter_add_family(struct linkwatch_filter *filter, const char *family);
int linkwatch_filter_add_scope(struct linkwatch_filter *filter, const char *scope);

/* --- Simple, blocking calls ------------------------------------------------ */

/* A connection to the daemon. */
struct linkwatch;

/* The path that NULL stands for below: $LINKWATCH_SOCKET, or the one that was set when the library
 * was built, usually /run/linkwatchd/socket. */
const char *linkwatch_default_path(void);

/* Connects. -ENOENT, -ECONNREFUSED: there is no daemon; -ETIMEDOUT: it did not accept within 5 s;
 * other errors of connect(2). */
int linkwatch_connect(const char *path, struct linkwatch **ret);
struct linkwatch *linkwatch_close(struct linkwatch *connection);

/* Why the last call on this connection failed, in words, until the next call; "" if it did not.
 * Replies of the daemon that are errors are
 *   -EINVAL      it rejected a parameter
 *   -EOPNOTSUPP  it has no such method: it is of another version
 *   -EACCES      it denied the request
 *   -EBUSY       a limit was reached
 *   -EIO         it cannot dump the links (refresh)
 *   -ENODATA     it has never been able to dump them: no links are known
 *   -EREMOTEIO   any other.
 * -ETIMEDOUT: no reply in time; -EPROTO: it was not understood; -ECONNRESET: the daemon closed the
 * connection. After these three the next call connects anew. -ECHILD: this process was forked from
 * the one that connected; it may only close its copy. */
const char *linkwatch_error(const struct linkwatch *connection);

/* The links, in the order of their indexes. */
struct linkwatch_list;

int linkwatch_get_list(struct linkwatch *connection, const struct linkwatch_filter *filter,
                       int64_t timeout, struct linkwatch_list **ret);

/* How many bytes the links of a list may take: 64 MiB by default, enough for more than 30,000
 * links. A longer list is -E2BIG; the next call connects anew. */
void linkwatch_set_limit(struct linkwatch *connection, size_t bytes);

struct linkwatch_list *linkwatch_list_free(struct linkwatch_list *list);
size_t linkwatch_list_count(const struct linkwatch_list *list);

/* The link at that place from 0, NULL beyond the end. It belongs to the list: take a reference to
 * keep it. */
struct linkwatch_link *linkwatch_list_get(const struct linkwatch_list *list, size_t place);

/* The addresses of the links that match the filter, in the order of their links' indexes. -EINVAL:
 * the version of the daemon does not support addresses; -EIO: it cannot list them. */
struct linkwatch_address_list;

int linkwatch_get_addresses(struct linkwatch *connection, const struct linkwatch_filter *filter,
                            int64_t timeout, struct linkwatch_address_list **ret);
struct linkwatch_address_list *linkwatch_address_list_free(struct linkwatch_address_list *list);
size_t linkwatch_address_list_count(const struct linkwatch_address_list *list);
struct linkwatch_address *linkwatch_address_list_get(const struct linkwatch_address_list *list,
                                                     size_t place);

/* Makes the daemon dump the links now. When it returns, the daemon knows everything that happened
 * before the call. */
int linkwatch_refresh(struct linkwatch *connection, int64_t timeout);

/* The state of the daemon; and its counters and limits, which may change from version to version.
 * Values have their names in org.linkwatch.Links(7) and org.linkwatch.Statistics(7), with dots
 * between levels: "source.standing", "counters.dumps". -ENODATA if the daemon does not send it,
 * -EINVAL if it has another type. Text belongs to the status. */
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

/* --- History ---------------------------------------------------------------- */

struct linkwatch_callbacks;

/* Calls the callbacks, which are explained below, for each event about links that is in the
 * daemon's history, oldest first, and returns: lost first, if there were earlier ones; add, change,
 * remove and source for events; ready at the end; message for each message. There is no snapshot,
 * so that a link may change or be removed that was not added. Errors are those of the calls above.
 */
int linkwatch_get_history(struct linkwatch *connection, const struct linkwatch_filter *filter,
                          const struct linkwatch_callbacks *callbacks, void *user, int64_t timeout);

/* --- Other network namespaces ---------------------------------------------- */

/* Makes a NETLINK_ROUTE socket in a network namespace, to be closed by the caller: close-on-exec
 * and non-blocking. netns is a name in /run/netns (see ip-netns(8)), else a process id, or a path
 * if it has a '/'. The calling thread stays where it is. Other namespaces than the caller's need
 * CAP_SYS_ADMIN in them. -ENOENT: no such name or process; -EINVAL: no network namespace; -EPERM;
 * -EACCES; -EOPNOTSUPP: the kernel cannot; other errors of open(2), setns(2) and socket(2). */
int linkwatch_netns_open(const char *netns, int *ret_fd);

/* The same for any socket, as socket(2) makes it, bound there to the address if one is given. */
int linkwatch_netns_socket(const char *netns, int domain, int type, int protocol,
                           const void *address, size_t address_size, int *ret_fd);

/* Makes the connection one of the network namespace of that rtnetlink socket. It keeps a duplicate,
 * to enter again when it reconnects; the caller may close the socket, and must not read from it.
 * Connections that pass the same socket share its table and history. Errors are those of the calls
 * above; -EINVAL: it is no such socket, or a connected one; -EBUSY: the daemon watches as many
 * namespaces as it may; -EOPNOTSUPP: the daemon or the kernel does not support it. On failure
 * nothing changes for the connection. */
int linkwatch_enter(struct linkwatch *connection, int socket_fd, int64_t timeout);

/* --- Conditions, and waiting for them -------------------------------------- */

/* Conditions:
 *   present      there is such a link
 *   absent       there is none
 *   up, down     the administrator set it up or down (flag UP)
 *   carrier, no-carrier
 *                its lower layer is connected or not; of a link that is down, neither
 *   usable       linkwatch_link_usable()
 *   operstate=STATE
 *                UP, DOWN, UNKNOWN, ...; case is ignored
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
 *   renamed      its name differs from the one that it had when it was first seen
 *   name=NAME    its name is NAME, which may be a glob
 *   stable=T     the others have been met for T ("2s", "500ms") without an interruption
 * Conditions on IP addresses can be met by different ones. A value that the kernel does not report
 * meets no condition. */

/* Whether a link, or NULL for one that does not exist, meets a condition now: 1 or 0. Those on IP
 * addresses, renamed and stable= are met only in linkwatch_wait(). -EINVAL if the text is none of
 * the above or has a value that no link can have; then *ret_reason, if ret_reason is not NULL, is a
 * static text that completes "CONDITION ...". */
int linkwatch_link_meets(const struct linkwatch_link *link, const char *condition,
                         const char **ret_reason);

/* The daemon's source of links: see below. */
struct linkwatch_source;

/* Options of a wait; zero and NULL for those that are not used. */
struct linkwatch_wait_options {
    size_t size; /* sizeof(struct linkwatch_wait_options) */
    /* The daemon's source, at the beginning and when it changes. */
    void (*source)(void *user, const struct linkwatch_source *source);
    void *user;
    /* A socket of the network namespace to wait in, as for linkwatch_enter(). */
    const int *socket_fd;
    /* Before it fails with -EINVAL: the condition, and why, as from linkwatch_link_meets(). */
    void (*invalid)(void *user, const char *condition, const char *reason);
    /* More names or globs beside the one in the call; NULL follows the last. */
    const char *const *globs;
    /* How many of the links that match any of these must meet the conditions, 0 for one; with
     * absent, how many of the names or globs no link may match. */
    size_t at_least;
    /* Before it succeeds: each link that meets the conditions, in the order of the indexes. */
    void (*met)(void *user, struct linkwatch_link *link);
    /* Before it fails with -ETIMEDOUT: each condition that a link does not meet, and why, as from
     * linkwatch_link_usable(), or NULL; each glob that no link matches, and NULL for the rest. */
    void (*unmet)(void *user, const char *glob, struct linkwatch_link *link, const char *condition,
                  const char *reason);
    /* Links count as linkwatch_mirror_set_hold() would report them with these times. */
    int64_t hold_up;
    int64_t hold_down;
};

/* For at_least: all that match, and at least one for each name or glob. */
#define LINKWATCH_WAIT_ALL SIZE_MAX

/* Waits until one link whose name matches the glob, or options->at_least links, each by itself,
 * meet all the conditions, the last of which a NULL follows: (const char *const[]){"carrier",
 * "mtu=9000", NULL}. absent stands alone: no link matches. With renamed or name=, a link that
 * matched once still counts under its new name. options may be NULL.
 *
 * 0, with the first such link in *ret_link unless that is NULL: a reference of the caller's, or
 * NULL for absent. -ETIMEDOUT; a timeout of 0 checks once, for which the daemon has 5 s. -ENODATA:
 * then no links are known. -EINVAL: a condition is wrong, or there is none but stable=; the timeout
 * is not longer than stable=; options are larger than this library knows, and the rest is not zero.
 * It fails as linkwatch_connect() does if there is no daemon at the beginning; one that goes away
 * later is waited for, as is its first dump. */
int linkwatch_wait(const char *path, const char *glob, const char *const *conditions,
                   int64_t timeout, const struct linkwatch_wait_options *options,
                   struct linkwatch_link **ret_link);

/* --- Mirror: the links as they are all the time, for event loops ------------ */

/* A mirror follows the daemon and reports, by callbacks, one continuous sequence of events: never a
 * change or remove of a link that was not added, never an add of one that was. It connects by
 * itself, and again when the connection breaks (after 50 ms, then twice as long each time up to
 * 5 s); what happened meanwhile it reports from the daemon's history, or else by comparing. */
struct linkwatch_mirror;

/* How a mirror learned something. */
enum linkwatch_learned {
    LINKWATCH_LEARNED_NOTIFICATION, /* the kernel notified the daemon */
    LINKWATCH_LEARNED_DUMP,         /* the daemon found it in a dump */
    LINKWATCH_LEARNED_SNAPSHOT,     /* the mirror found it in a snapshot of the daemon's */
    LINKWATCH_LEARNED_FILTER,       /* the link came into the filter or left it */
    LINKWATCH_LEARNED_OTHER         /* in a way that this version does not know */
};

/* Describes an add, change or remove; valid during the callback. */
struct linkwatch_event;

enum linkwatch_learned linkwatch_event_learned(const struct linkwatch_event *event);

/* Its number, the daemon's instance, and when the daemon learned of it: in microseconds since 1970,
 * and of CLOCK_MONOTONIC. -ENODATA if it was learned from a snapshot. */
int linkwatch_event_get_sequence(const struct linkwatch_event *event, int64_t *ret);
int linkwatch_event_get_instance(const struct linkwatch_event *event, const char **ret);
int linkwatch_event_get_realtime(const struct linkwatch_event *event, int64_t *ret);
int linkwatch_event_get_monotonic(const struct linkwatch_event *event, int64_t *ret);

/* How often the carrier changed unseen, beyond what the event itself shows; with
 * linkwatch_mirror_set_hold(), and how often what was held back came and went. */
int64_t linkwatch_event_flaps(const struct linkwatch_event *event);

/* Whether another callback follows for what happened at the same time; see below. */
bool linkwatch_event_more_follows(const struct linkwatch_event *event);

/* If a removed link was moved to another network namespace and the kernel reported that: the ID of
 * that namespace in the daemon's, and the index of the link there; else -ENODATA. */
int linkwatch_event_get_new_netnsid(const struct linkwatch_event *event, int64_t *ret);
int linkwatch_event_get_new_ifindex(const struct linkwatch_event *event, int64_t *ret);

/* Where the daemon's links come from (a struct linkwatch_source, valid during the callback): how
 * far the kernel's notifications are trusted, "denied", "unproven", "trusted" or "incomplete"; why,
 * in words; the errno behind it, positive, and its name like "EACCES", or -ENODATA. */
const char *linkwatch_source_standing(const struct linkwatch_source *source);
const char *linkwatch_source_reason(const struct linkwatch_source *source);
int linkwatch_source_get_errno(const struct linkwatch_source *source, int *ret);
int linkwatch_source_get_errno_name(const struct linkwatch_source *source, const char **ret);
/* The daemon cannot dump the links: they are those of the last complete dump. */
bool linkwatch_source_is_stale(const struct linkwatch_source *source);
/* When the last complete dump ended, in microseconds since 1970; -ENODATA if there was none: then
 * no links are known, which does not mean that there are none. */
int linkwatch_source_get_last_dump(const struct linkwatch_source *source, int64_t *ret);

/* Any of them may be NULL. user is what was given to linkwatch_mirror_new().
 *
 * What belongs together (two links that swap their names, a bridge that is removed with its ports,
 * a snapshot) happens at once: linkwatch_mirror_get() and the like return the state after all of it
 * from the first of its callbacks on, and never two links of one name.
 * linkwatch_event_more_follows() is true in all of these callbacks but the last. */
struct linkwatch_callbacks {
    size_t size; /* sizeof(struct linkwatch_callbacks); with more than a library knows, the
                  * rest must be zero */

    /* A link appeared, or is in the first snapshot. */
    void (*add)(void *user, struct linkwatch_link *link, const struct linkwatch_event *event);
    /* A link changed in these fields: in none, if only unseen carrier changes occurred, or
     * something changed that this library does not know. */
    void (*change)(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                   linkwatch_fields fields, const struct linkwatch_event *event);
    /* A link was removed; link is its last state. Learned by filter: it still exists, and a change
     * before shows why it no longer matches. */
    void (*remove)(void *user, struct linkwatch_link *link, const struct linkwatch_event *event);
    /* The links are complete: after the first snapshot, each new connection, loss and refresh. */
    void (*ready)(void *user);
    /* The mirror was too slow for the daemon's history, or the daemon restarted: so many events (-1
     * if unknown) are not reported one by one; their effect is, before ready. */
    void (*lost)(void *user, int64_t events);
    /* The standing changed, or the links became stale or fresh. Before the daemon's first complete
     * dump only this is called. */
    void (*source)(void *user, const struct linkwatch_source *source);
    /* The mirror is connected (again). If resumed, no event is missing. */
    void (*connected)(void *user, bool resumed);
    /* The mirror is not connected: a negative errno, and why, in words. Called once, however often
     * the mirror retries. */
    void (*disconnected)(void *user, int error, const char *reason);
    /* Every message of the daemon, before it is interpreted: the parameters of a reply to Monitor
     * (see org.linkwatch.Links(7)) as a JSON object of one line. */
    void (*message)(void *user, const char *json);

    /* The same of addresses, for a mirror that follows them. An address is added after its link and
     * removed before it. A lifetime that merely ran down is no change. */
    void (*address_add)(void *user, struct linkwatch_address *address,
                        const struct linkwatch_event *event);
    void (*address_change)(void *user, struct linkwatch_address *before,
                           struct linkwatch_address *now, linkwatch_fields fields,
                           const struct linkwatch_event *event);
    void (*address_remove)(void *user, struct linkwatch_address *address,
                           const struct linkwatch_event *event);
    /* The same as source, of addresses; without a last dump none are known. */
    void (*address_source)(void *user, const struct linkwatch_source *source);
    /* This request of linkwatch_mirror_request_refresh(), and those before, completed: error is 0
     * if everything that had happened before is in the mirror and was reported, else an error reply
     * of the daemon's as in linkwatch_error(), with the reason. */
    void (*refreshed)(void *user, uint64_t request, int error, const char *reason);
};

/* Makes a mirror of the daemon at that path (NULL: the default) for the links that match the
 * filter, of which it keeps a copy. Nothing happens before the first linkwatch_mirror_process().
 * -EINVAL if there are callbacks that the library does not know, -EMFILE, -ENOMEM. */
int linkwatch_mirror_new(const char *path, const struct linkwatch_filter *filter,
                         const struct linkwatch_callbacks *callbacks, void *user,
                         struct linkwatch_mirror **ret);

/* Makes it one of another network namespace, as linkwatch_enter(), before the first
 * linkwatch_mirror_process(): later it is -EBUSY. */
int linkwatch_mirror_enter(struct linkwatch_mirror *mirror, int socket_fd);

/* Makes it follow the addresses of its links, too, from the next linkwatch_mirror_process() on,
 * with a new connection. A daemon that does not support addresses refuses: disconnected is called
 * with -EINVAL. 0 always. */
int linkwatch_mirror_follow_addresses(struct linkwatch_mirror *mirror);

/* How many bytes may be taken by the links and addresses that it has, by those of a snapshot until
 * it is complete, and by events that belong together, each: 64 MiB by default, enough for more than
 * 30,000 links. Beyond that disconnected is called with -E2BIG, and the mirror tries again later.
 */
void linkwatch_mirror_set_limit(struct linkwatch_mirror *mirror, size_t bytes);

/* Holds changes back until they have lasted so many microseconds: up, that a link appeared, has a
 * carrier, or is usable and its lower link not down; down, that it no longer is. What does not last
 * is counted in linkwatch_event_flaps() of the link's next event. Everything else is reported at
 * once, beside the carrier and the like as they were reported last, which linkwatch_mirror_get()
 * returns, too; an event that is reported late has the number and times of when the daemon learned
 * of it. linkwatch_mirror(3) says what is reported early. Before the first
 * linkwatch_mirror_process(): later it is -EBUSY. -EINVAL: a time is negative or above 30 years. */
int linkwatch_mirror_set_hold(struct linkwatch_mirror *mirror, int64_t up, int64_t down);

/* Frees the mirror; it may be called from a callback, which is the last one then. A forked process
 * may free its copy, and must not use it otherwise. */
struct linkwatch_mirror *linkwatch_mirror_free(struct linkwatch_mirror *mirror);

/* Makes the daemon dump the links with the next linkwatch_mirror_process(), which is to be called
 * now, since the deadline changed. refreshed is called when everything that happened before is in
 * the mirror; the request lasts until then, over lost connections. Returns its number, from 1. */
uint64_t linkwatch_mirror_request_refresh(struct linkwatch_mirror *mirror);

/* The links and addresses of the mirror and its position, as JSON of one line, to be freed by the
 * caller: between two calls of linkwatch_mirror_process(), all that was reported. -ENODATA if the
 * links are not complete, -ENOMEM.
 *
 * Another mirror of the same filter goes on from there, also in another process, as after a lost
 * connection: before its first linkwatch_mirror_process(), later it is -EBUSY; after
 * linkwatch_mirror_set_hold(), which holds back anew. -EINVAL: it is not from
 * linkwatch_mirror_save(), of another filter, or without the addresses that are followed; -E2BIG:
 * beyond the mirror's limit; -ENOMEM. After a reboot it is useless. */
int linkwatch_mirror_save(const struct linkwatch_mirror *mirror, char **ret);
int linkwatch_mirror_restore(struct linkwatch_mirror *mirror, const char *saved);

/* What to wait for before the next linkwatch_mirror_process(): a descriptor, which stays the same,
 * and its poll(2) events; and until when at most, which changes with each
 * linkwatch_mirror_process(): in microseconds of CLOCK_MONOTONIC, 0 for at once and UINT64_MAX for
 * no limit, or as what remains in milliseconds for poll(2), -1 for no limit. */
int linkwatch_mirror_fd(const struct linkwatch_mirror *mirror);
short linkwatch_mirror_events(const struct linkwatch_mirror *mirror);
uint64_t linkwatch_mirror_deadline(const struct linkwatch_mirror *mirror);
int linkwatch_mirror_timeout(const struct linkwatch_mirror *mirror);

/* Does what is possible without waiting, of a bounded amount; may be called at any time. Callbacks
 * are called only from here. -ECANCELED if one freed the mirror, -ECHILD in a forked process, else
 * 0: the mirror recovers from all other errors by itself. */
int linkwatch_mirror_process(struct linkwatch_mirror *mirror);

/* For programs without a loop: waits up to the timeout, and processes. 1 if it did, 0 after the
 * timeout, -EINTR if a signal came first, -ECANCELED. */
int linkwatch_mirror_wait(struct linkwatch_mirror *mirror, int64_t timeout);

/* The number of links; and whether they are complete and up to date: from ready to the next lost or
 * disconnected. */
size_t linkwatch_mirror_count(const struct linkwatch_mirror *mirror);
bool linkwatch_mirror_is_ready(const struct linkwatch_mirror *mirror);

/* The link with that index; with that name or altname; with the lowest index above that one, from
 * 0. NULL if there is none. They belong to the mirror: take a reference to keep one. */
struct linkwatch_link *linkwatch_mirror_get(const struct linkwatch_mirror *mirror, int ifindex);
struct linkwatch_link *linkwatch_mirror_find(const struct linkwatch_mirror *mirror,
                                             const char *name);
struct linkwatch_link *linkwatch_mirror_next(const struct linkwatch_mirror *mirror, int ifindex);

/* The address after that one (the first for NULL) of the link with that index, or of any for 0;
 * NULL at the end. It belongs to the mirror, too. */
struct linkwatch_address *linkwatch_mirror_next_address(const struct linkwatch_mirror *mirror,
                                                        int ifindex,
                                                        const struct linkwatch_address *after);

#ifdef __cplusplus
}
#endif

#endif
