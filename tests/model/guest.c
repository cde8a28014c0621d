/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/model/guest.h"
#include "tests/model/check.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool begins_with_v(const json_t *link)
{
    const json_t *altnames = json_object_get(link, "altnames");

    return json_string_value(json_object_get(link, "ifname"))[0] == 'v' ||
           (altnames && json_string_value(json_array_get(altnames, 0))[0] == 'v');
}

void guest_start(struct guest *guest, enum guest_filter filter)
{
    *guest = (struct guest){.filter = filter, .fd = -1};
    replica_init(&guest->replica, filter == GUEST_V ? begins_with_v : NULL, filter == GUEST_BOTH);
}

void guest_stop(struct guest *guest)
{
    guest_hang_up(guest);
    replica_clear(&guest->replica);
    free(guest->received);
}

void guest_hang_up(struct guest *guest)
{
    if (guest->fd >= 0)
        close(guest->fd);
    guest->fd = -1;
    guest->used = 0;
}

void guest_send(const struct guest *guest, const char *bytes, size_t size)
{
    if (guest->fd >= 0)
        (void)send(guest->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static char *call_of(const struct guest *guest, bool resume)
{
    json_t *parameters = json_object();
    json_t *call = json_pack("{s:s, s:b, s:o}", "method", "org.linkwatch.Links.Monitor", "more", 1,
                             "parameters", parameters);
    char *text;

    if (guest->filter == GUEST_V)
        json_object_set_new(parameters, "filter", json_pack("{s:[s]}", "names", "v*"));
    if (guest->filter == GUEST_BOTH)
        json_object_set_new(parameters, "subjects", json_pack("[s, s]", "links", "addresses"));
    if (resume)
        json_object_set_new(parameters, "since",
                            json_pack("{s:s, s:I}", "instance", guest->replica.instance, "sequence",
                                      (json_int_t)guest->replica.sequence));
    text = json_dumps(call, JSON_COMPACT);
    CHECK(text);
    json_decref(call);
    return text;
}

void guest_connect(struct guest *guest, const struct serve *serve, bool resume)
{
    char *call;
    int fd = serve_connect(serve);

    CHECK(guest->fd < 0);
    /* There are too many that wait to be let in. */
    if (fd == -EAGAIN)
        return;
    CHECK(fd >= 0);
    guest->fd = fd;
    /* Only with all links it is possible to resume. */
    resume = resume && guest->replica.ready && !guest->replica.fresh;
    call = call_of(guest, resume);
    guest_send(guest, call, strlen(call) + 1);
    free(call);
    replica_connects(&guest->replica, resume);
}

/* Refused at a limit: later again. */
static bool is_refusal(const char *message)
{
    static const char error[] = "{\"error\":\"org.linkwatch.Links.LimitReached\"";

    return strncmp(message, error, sizeof(error) - 1) == 0;
}

static void apply(struct guest *guest)
{
    char *message = guest->received;
    char *end;

    while ((end = memchr(message, '\0', guest->used))) {
        if (is_refusal(message)) {
            guest_hang_up(guest);
            return;
        }
        replica_take(&guest->replica, message, (size_t)(end - message));
        guest->used -= (size_t)(end - message) + 1;
        message = end + 1;
    }
    memmove(guest->received, message, guest->used);
}

size_t guest_read(struct guest *guest, size_t most)
{
    ssize_t n;

    if (guest->fd < 0)
        return 0;
    guest->received = realloc(guest->received, guest->used + most);
    CHECK(guest->received);
    n = recv(guest->fd, guest->received + guest->used, most, MSG_DONTWAIT);
    if (n <= 0) {
        bool over = n == 0 || errno != EAGAIN;

        if (over)
            guest_hang_up(guest);
        return 0;
    }
    guest->used += (size_t)n;
    apply(guest);
    return (size_t)n;
}

static bool has_flag(const json_t *link, const char *flag)
{
    const json_t *flags = json_object_get(link, "flags");
    size_t i;
    json_t *value;

    json_array_foreach (flags, i, value)
        if (strcmp(json_string_value(value), flag) == 0)
            return true;
    return false;
}

/* A member that is a name, or missing where there is none. */
static void check_name(const json_t *link, const char *member, const struct kernel *kernel,
                       int index)
{
    const char *name = json_string_value(json_object_get(link, member));

    CHECK(!name == !index);
    CHECK(!name || strcmp(name, kernel->links[index].name) == 0);
}

static void check_link(const json_t *link, const struct kernel *kernel, int index)
{
    const struct kernel_link *truth = &kernel->links[index];
    const json_t *info = json_object_get(link, "linkinfo");
    const char *kind = json_string_value(json_object_get(info, "info_kind"));
    char address[18];

    CHECK(link);
    CHECK(json_integer_value(json_object_get(link, "ifindex")) == index);
    CHECK(strcmp(json_string_value(json_object_get(link, "ifname")), truth->name) == 0);
    CHECK(json_integer_value(json_object_get(link, "mtu")) == truth->mtu);
    CHECK(has_flag(link, "UP") == truth->up);
    CHECK(has_flag(link, "NO-CARRIER") == (truth->up && !truth->carrier));
    CHECK(json_is_boolean(json_object_get(link, "carrier")) == truth->up);
    CHECK(json_is_true(json_object_get(link, "carrier")) == (truth->up && truth->carrier));
    CHECK(json_integer_value(json_object_get(link, "carrier_changes")) == truth->carrier_changes);
    CHECK(json_string_length(json_object_get(link, "ifalias")) == kernel->alias);
    CHECK(json_array_size(json_object_get(link, "altnames")) == (truth->altname[0] ? 1 : 0));
    CHECK(!truth->altname[0] ||
          strcmp(json_string_value(json_array_get(json_object_get(link, "altnames"), 0)),
                 truth->altname) == 0);
    CHECK(!kind == !truth->kind);
    CHECK(!kind || strcmp(kind, truth->kind) == 0);
    check_name(link, "master", kernel, truth->master);
    check_name(link, "link", kernel, truth->lower);
    snprintf(address, sizeof(address), "%02x:%02x:%02x:%02x:%02x:%02x", truth->address[0],
             truth->address[1], truth->address[2], truth->address[3], truth->address[4],
             truth->address[5]);
    CHECK(strcmp(json_string_value(json_object_get(link, "address")), address) == 0);
}

static void check_addresses(const struct replica *replica, const struct kernel *kernel)
{
    size_t count = 0;

    for (int i = 0; i < KERNEL_ADDRESSES; i++) {
        const struct kernel_address *truth = &kernel->addresses[i];
        const json_t *address;
        json_t *wanted;
        char local[32];

        if (!truth->index)
            continue;
        snprintf(local, sizeof(local), i % 2 ? "2001:db8::%x" : "10.0.0.%d", i);
        wanted = json_pack("{s:i, s:s, s:i}", "ifindex", truth->index, "local", local, "prefixlen",
                           i % 2 ? 64 : 24);
        address = replica_address(replica, wanted);
        json_decref(wanted);
        CHECK(address);
        CHECK(strcmp(json_string_value(json_object_get(address, "ifname")),
                     kernel->links[truth->index].name) == 0);
        CHECK(has_flag(address, "deprecated") == truth->deprecated);
        count++;
    }
    CHECK(json_object_size(replica->addresses) == count);
}

void guest_check(const struct guest *guest, const struct kernel *kernel)
{
    size_t count = 0;

    CHECK(guest->replica.ready);
    for (int i = 1; i < KERNEL_LINKS; i++) {
        const struct kernel_link *link = &kernel->links[i];

        if (!link->exists ||
            (guest->filter == GUEST_V && link->name[0] != 'v' && link->altname[0] != 'v'))
            continue;
        check_link(replica_link(&guest->replica, i), kernel, i);
        count++;
    }
    CHECK(json_object_size(guest->replica.links) == count);
    if (guest->filter == GUEST_BOTH)
        check_addresses(&guest->replica, kernel);
}
