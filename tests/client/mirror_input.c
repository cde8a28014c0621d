/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/client/mirror_input.h"

json_t *input_message(const char *type, int instance, int64_t sequence)
{
    char text[16];

    snprintf(text, sizeof(text), "%d", instance);
    return json_pack("{s:s, s:{s:s, s:I}, s:s, s:I}", "type", type, "position", "instance", text,
                     "sequence", (json_int_t)sequence, "learned", "notification", "realtime_usec",
                     (json_int_t)sequence);
}

json_t *input_link(int ifindex, const char *ifname, char rank, int mtu)
{
    json_t *json = json_pack("{s:i, s:s, s:s, s:i, s:b, s:s}", "ifindex", ifindex, "ifname", ifname,
                             "link_type", "ether", "mtu", mtu, "carrier", rank != 'd', "operstate",
                             rank == 'u'   ? "UP"
                             : rank == 'c' ? "DORMANT"
                                           : "DOWN");

    json_object_set_new(json, "flags",
                        rank == 'd' ? json_pack("[s, s]", "NO-CARRIER", "UP")
                                    : json_pack("[s, s]", "UP", "LOWER_UP"));
    return json;
}

json_t *input_address(int ifindex, int number)
{
    char local[32];

    snprintf(local, sizeof(local), "192.0.2.%d", number);
    return json_pack("{s:i, s:s, s:s, s:s, s:i}", "ifindex", ifindex, "ifname", "x", "family",
                     "inet", "local", local, "prefixlen", 24);
}

void input_send(struct mirror_state *state, json_t *json)
{
    struct message message;

    assert_int_equal(message_read(json, &message), 0);
    assert_int_equal(mirror_state_take(state, &message), 0);
    message_clear(&message);
}

void input_send_new(struct mirror_state *state, json_t *json)
{
    input_send(state, json);
    json_decref(json);
}

unsigned input_draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245 + 12345;
    return (*seed >> 16) % below;
}
