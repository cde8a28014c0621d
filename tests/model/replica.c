/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/model/replica.h"

#include <string.h>

#include "tests/model/check.h"

void replica_init(struct replica *replica, replica_filter passes, bool wants_addresses)
{
    *replica = (struct replica){.passes = passes,
                                .links = json_object(),
                                .wants_addresses = wants_addresses,
                                .addresses = json_object()};
}

void replica_clear(struct replica *replica)
{
    json_decref(replica->links);
    json_decref(replica->fresh);
    json_decref(replica->addresses);
    json_decref(replica->fresh_addresses);
    *replica = (struct replica){0};
}

static void start_anew(struct replica *replica)
{
    json_decref(replica->fresh);
    json_decref(replica->fresh_addresses);
    replica->fresh = json_object();
    replica->fresh_addresses = json_object();
    replica->ready = replica->more_follows = false;
    replica->may_skip = 0;
}

void replica_connects(struct replica *replica, bool resumes)
{
    replica->begins = true;
    replica->resumes = resumes;
    replica->ready = replica->more_follows = false;
    json_decref(replica->fresh);
    json_decref(replica->fresh_addresses);
    replica->fresh = resumes ? NULL : json_object();
    replica->fresh_addresses = resumes ? NULL : json_object();
}

static const char *text_in(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    CHECK(text);
    return text;
}

static bool passes(const struct replica *replica, const json_t *link)
{
    return !replica->passes || replica->passes(link);
}

static json_t *links_of(const struct replica *replica)
{
    return replica->fresh ? replica->fresh : replica->links;
}

static json_t *addresses_of(const struct replica *replica)
{
    return replica->fresh ? replica->fresh_addresses : replica->addresses;
}

struct key {
    char text[120];
};

static struct key key_of(int ifindex)
{
    struct key key;

    snprintf(key.text, sizeof(key.text), "%d", ifindex);
    return key;
}

static struct key key_of_link(const json_t *link)
{
    json_int_t ifindex = json_integer_value(json_object_get(link, "ifindex"));

    CHECK(ifindex > 0 && ifindex <= INT32_MAX);
    return key_of((int)ifindex);
}

static struct key key_of_address(const json_t *address)
{
    struct key key = key_of_link(address);
    const char *peer = json_string_value(json_object_get(address, "address"));
    size_t length = strlen(key.text);

    snprintf(key.text + length, sizeof(key.text) - length, " %s/%d %s", text_in(address, "local"),
             (int)json_integer_value(json_object_get(address, "prefixlen")), peer ? peer : "");
    return key;
}

/* Missing and null are the same: not known, or none. */
static bool same(const json_t *a, const json_t *b)
{
    a = json_is_null(a) ? NULL : a;
    b = json_is_null(b) ? NULL : b;
    return a == b || json_equal(a, b);
}

/* When the daemon learned what, which is none of a link's fields. */
static bool is_time(const char *name)
{
    return strcmp(name, "since_usec") == 0 || strcmp(name, "since_first_dump") == 0 ||
           strcmp(name, "last_up_usec") == 0 || strcmp(name, "last_down_usec") == 0;
}

/* Whether a member is the bytes of a name that differs: it is there only where they are not UTF-8.
 */
static bool is_bytes(const char *name, const json_t *old)
{
    static const char suffix[] = "_bytes";
    size_t length = strlen(name), end = sizeof(suffix) - 1;
    char field[64];

    if (length <= end || strcmp(name + length - end, suffix) != 0)
        return false;
    snprintf(field, sizeof(field), "%.*s", (int)(length - end), name);
    return json_object_get(old, field);
}

/* Whether nothing need be said of what a member was before. */
static bool may_differ(const char *name, const json_t *old)
{
    return json_object_get(old, name) || is_time(name) || is_bytes(name, old);
}

/* Each field that differs is in old with its value before, and no other is. */
static void check_old(const json_t *before, const json_t *after, const json_t *old)
{
    const char *name;
    json_t *value;

    CHECK(json_object_size(old) > 0);
    json_object_foreach ((json_t *)old, name, value)
        CHECK(same(json_object_get(before, name), value));
    json_object_foreach ((json_t *)before, name, value)
        CHECK(may_differ(name, old) || same(value, json_object_get(after, name)));
    json_object_foreach ((json_t *)after, name, value)
        CHECK(may_differ(name, old) || same(value, json_object_get(before, name)));
}

static void keep(const struct replica *replica, const json_t *link)
{
    json_t *links = links_of(replica);

    if (passes(replica, link))
        CHECK(json_object_set(links, key_of_link(link).text, (json_t *)link) == 0);
    else
        json_object_del(links, key_of_link(link).text);
}

/* A change of alternative names, or of the kind, has an event of each address of the link, too,
 * which is for those alone whose filter makes a difference of it. */
static uint64_t may_skip(const struct replica *replica, const json_t *link, const json_t *old)
{
    const char *key;
    json_t *address;
    uint64_t count = 0;

    if (json_object_get(old, "altnames") || json_object_get(old, "linkinfo"))
        json_object_foreach (addresses_of(replica), key, address)
            count += (uint64_t)json_equal(json_object_get(address, "ifindex"),
                                          json_object_get(link, "ifindex"));
    return count;
}

static void take_change(struct replica *replica, const json_t *link, const json_t *old)
{
    const json_t *held = json_object_get(links_of(replica), key_of_link(link).text);

    replica->may_skip += may_skip(replica, link, old);

    CHECK(json_is_object(old));
    CHECK(held || replica->passes);
    if (held)
        check_old(held, link, old);
    keep(replica, link);
}

/* No link has the name or alternative name of another one, and each master is there. */
static void check_possible(const struct replica *replica)
{
    json_t *names = json_object();
    const char *key;
    json_t *link, *name;
    size_t i;

    json_object_foreach (links_of(replica), key, link) {
        json_t *master = json_object_get(link, "master_ifindex");

        CHECK(!json_object_get(names, text_in(link, "ifname")));
        json_object_set_new(names, text_in(link, "ifname"), json_null());
        json_array_foreach (json_object_get(link, "altnames"), i, name) {
            CHECK(!json_object_get(names, json_string_value(name)));
            json_object_set_new(names, json_string_value(name), json_null());
        }
        if (!json_is_integer(master))
            continue;
        master = json_object_get(links_of(replica), key_of((int)json_integer_value(master)).text);
        CHECK(master && strcmp(text_in(master, "ifname"), text_in(link, "master")) == 0);
    }
    json_decref(names);
}

/* Its link is there, and has that name unless that change is still to come. */
static void check_link_of(const struct replica *replica, const json_t *address, bool more_follows)
{
    const json_t *link = json_object_get(links_of(replica), key_of_link(address).text);

    CHECK(link);
    CHECK(more_follows || replica->fresh ||
          strcmp(text_in(link, "ifname"), text_in(address, "ifname")) == 0);
}

static void take_address(struct replica *replica, const char *type, const json_t *parameters)
{
    json_t *address = json_object_get(parameters, "address");
    json_t *addresses = addresses_of(replica);
    struct key key = key_of_address(address);
    const json_t *held = json_object_get(addresses, key.text);

    CHECK(replica->wants_addresses);
    if (strcmp(type, "remove") == 0) {
        CHECK(held && json_equal(held, address));
        json_object_del(addresses, key.text);
        return;
    }
    check_link_of(replica, address, json_is_true(json_object_get(parameters, "more_follows")));
    if (strcmp(type, "change") == 0) {
        CHECK(held);
        check_old(held, address, json_object_get(parameters, "old"));
    } else {
        CHECK(!held);
    }
    CHECK(json_object_set(addresses, key.text, address) == 0);
}

/* No address outlives its link. */
static void check_no_addresses(const struct replica *replica, const json_t *link)
{
    const char *key;
    json_t *address;

    json_object_foreach (addresses_of(replica), key, address)
        CHECK(!json_equal(json_object_get(address, "ifindex"), json_object_get(link, "ifindex")));
}

static void take_event(struct replica *replica, const char *type, const json_t *parameters)
{
    const json_t *link = json_object_get(parameters, "link");
    const json_t *held = link ? json_object_get(links_of(replica), key_of_link(link).text) : NULL;
    const char *learned = text_in(parameters, "learned");

    CHECK(strcmp(learned, "notification") == 0 || strcmp(learned, "dump") == 0);
    if (json_object_get(parameters, "address")) {
        take_address(replica, type, parameters);
    } else if (strcmp(type, "add") == 0) {
        CHECK(!held);
        CHECK(passes(replica, link));
        keep(replica, link);
    } else if (strcmp(type, "remove") == 0) {
        CHECK(held && json_equal(held, link));
        check_no_addresses(replica, link);
        json_object_del(links_of(replica), key_of_link(link).text);
    } else {
        CHECK(strcmp(type, "change") == 0);
        take_change(replica, link, json_object_get(parameters, "old"));
    }
}

static void take_ready(struct replica *replica, const json_t *parameters)
{
    CHECK(!replica->ready && (replica->fresh || !replica->more_follows));
    text_in(json_object_get(parameters, "source"), "standing");
    replica->ready = true;
    if (!replica->fresh)
        return;
    json_decref(replica->links);
    replica->links = replica->fresh;
    replica->fresh = NULL;
    json_decref(replica->addresses);
    replica->addresses = replica->fresh_addresses;
    replica->fresh_addresses = NULL;
}

static void take_snapshot(struct replica *replica, const json_t *parameters)
{
    const json_t *link = json_object_get(parameters, "link");

    CHECK(replica->fresh);
    if (json_object_get(parameters, "address")) {
        take_address(replica, "snapshot", parameters);
        return;
    }
    CHECK(passes(replica, link));
    CHECK(!json_object_get(replica->fresh, key_of_link(link).text));
    keep(replica, link);
}

/* With a filter, numbers are passed over, and so are those about addresses where they are not
 * wanted, and while a snapshot comes; else none is. */
static bool passes_over(const struct replica *replica)
{
    return replica->fresh || replica->passes || !replica->wants_addresses;
}

static void take_lost(struct replica *replica, const json_t *parameters, uint64_t sequence)
{
    const json_t *lost = json_object_get(parameters, "lost");
    const char *instance = text_in(json_object_get(parameters, "position"), "instance");
    bool known = strcmp(replica->instance, instance) == 0;
    uint64_t count = (uint64_t)json_integer_value(lost);

    CHECK(!known || json_is_integer(lost) || (replica->wants_addresses && replica->resumes));
    if (known && lost && !passes_over(replica))
        CHECK(count <= sequence - replica->sequence &&
              count + replica->may_skip >= sequence - replica->sequence);
    if (known && lost)
        CHECK(count >= 1);
    replica->lost += count;
    start_anew(replica);
}

static void check_number(struct replica *replica, const char *type, uint64_t sequence)
{
    bool skips = passes_over(replica);
    bool is_state = strcmp(type, "snapshot") == 0 || strcmp(type, "ready") == 0;
    uint64_t next = replica->sequence + (is_state ? 0 : 1);

    if (strcmp(type, "lost") == 0 || (replica->begins && !replica->resumes))
        return;
    CHECK(sequence >= next);
    if (skips)
        return;
    CHECK(sequence - next <= replica->may_skip);
    replica->may_skip -= sequence - next;
}

static void take_source(const struct replica *replica, const json_t *parameters)
{
    const json_t *source = json_object_get(parameters, "source");
    const json_t *address_source = json_object_get(parameters, "address_source");

    CHECK(source || address_source);
    CHECK(!address_source || replica->wants_addresses);
    text_in(source ? source : address_source, "standing");
}

/* Beside the name of another link stands its index. */
static void check_indexes(const json_t *link)
{
    static const char *const names[][2] = {{"master", "master_ifindex"}, {"link", "link_ifindex"}};

    for (size_t i = 0; i < 2; i++)
        CHECK(json_is_string(json_object_get(link, names[i][0])) ==
              json_is_integer(json_object_get(link, names[i][1])));
}

static void take_parameters(struct replica *replica, const json_t *parameters)
{
    const char *type = text_in(parameters, "type");
    const json_t *position = json_object_get(parameters, "position");
    const char *instance = text_in(position, "instance");
    uint64_t sequence = (uint64_t)json_integer_value(json_object_get(position, "sequence"));
    bool more_follows = json_is_true(json_object_get(parameters, "more_follows"));

    CHECK(json_is_integer(json_object_get(position, "sequence")));
    check_number(replica, type, sequence);
    check_indexes(json_object_get(parameters, "link"));
    if (!replica->begins || (replica->resumes && strcmp(type, "lost") != 0))
        CHECK(strcmp(replica->instance, instance) == 0);
    /* Before ready no position can be resumed from; before the first dump there is none but the
     * source's. */
    CHECK(!replica->fresh || more_follows ||
          (!json_object_get(parameters, "link") && !json_object_get(parameters, "address")));
    if (strcmp(type, "snapshot") == 0)
        take_snapshot(replica, parameters);
    else if (strcmp(type, "ready") == 0)
        take_ready(replica, parameters);
    else if (strcmp(type, "lost") == 0)
        take_lost(replica, parameters, sequence);
    else if (strcmp(type, "source") == 0)
        take_source(replica, parameters);
    else
        take_event(replica, type, parameters);
    /* The snapshot is complete with "ready". */
    if (!replica->passes && replica->ready && !more_follows)
        check_possible(replica);
    replica->more_follows = more_follows;
    replica->sequence = sequence;
    replica->begins = false;
    snprintf(replica->instance, sizeof(replica->instance), "%s", instance);
}

void replica_take(struct replica *replica, const char *message, size_t length)
{
    json_t *reply = json_loadb(message, length, JSON_REJECT_DUPLICATES, NULL);

    CHECK(reply);
    if (json_object_get(reply, "error"))
        fprintf(stderr, "%.*s\n", (int)length, message);
    CHECK(!json_object_get(reply, "error"));
    CHECK(json_is_true(json_object_get(reply, "continues")));
    take_parameters(replica, json_object_get(reply, "parameters"));
    replica->messages++;
    json_decref(reply);
}

const json_t *replica_link(const struct replica *replica, int ifindex)
{
    return json_object_get(replica->links, key_of(ifindex).text);
}

const json_t *replica_address(const struct replica *replica, const json_t *address)
{
    return json_object_get(replica->addresses, key_of_address(address).text);
}
