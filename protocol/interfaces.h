/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The texts of the interfaces that the daemon implements, from the .varlink files in this
 * directory. */
#ifndef LINKWATCH_PROTOCOL_INTERFACES_H
#define LINKWATCH_PROTOCOL_INTERFACES_H

extern const char interface_io_systemd_Metrics[];
extern const char interface_org_linkwatch_Links[];
extern const char interface_org_linkwatch_Statistics[];
extern const char interface_org_varlink_service[];

#endif
