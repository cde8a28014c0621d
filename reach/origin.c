/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/origin.h"

#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(offsetof(struct sockaddr_nl, nl_groups) == ORIGIN_GROUPS_OFFSET, "the groups");

/* Its place in the control data, the size of the data if there is none. */
static size_t find_pktinfo(const struct origin_control *control)
{
    size_t place = 0;
    struct cmsghdr header;

    while (control->size - place >= sizeof(header)) {
        memcpy(&header, (const char *)control->data + place, sizeof(header));
        if (header.cmsg_len < sizeof(header) || header.cmsg_len > control->size - place)
            return control->size;
        if (header.cmsg_level == SOL_NETLINK && header.cmsg_type == NETLINK_PKTINFO &&
            header.cmsg_len == CMSG_LEN(sizeof(struct nl_pktinfo)))
            return place;
        if (CMSG_ALIGN(header.cmsg_len) >= control->size - place)
            return control->size;
        place += CMSG_ALIGN(header.cmsg_len);
    }
    return control->size;
}

void origin_set_group(struct origin_control *control, uint32_t group, bool adds)
{
    const struct nl_pktinfo pktinfo = {.group = group};
    const struct cmsghdr header = {.cmsg_len = CMSG_LEN(sizeof(pktinfo)),
                                   .cmsg_level = SOL_NETLINK,
                                   .cmsg_type = NETLINK_PKTINFO};
    size_t place = find_pktinfo(control);
    char *data = (char *)control->data + place;

    if (place == control->size) {
        if (!adds)
            return;
        if (control->room - place < CMSG_LEN(sizeof(pktinfo))) {
            control->is_cut = true;
            return;
        }
        memcpy(data, &header, sizeof(header));
        control->size += CMSG_SPACE(sizeof(pktinfo));
        if (control->size > control->room)
            control->size = control->room;
    }
    memcpy(data + CMSG_LEN(0), &pktinfo, sizeof(pktinfo));
}
