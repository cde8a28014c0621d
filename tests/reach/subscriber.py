# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the link updates that pyroute2 gives, one a line."""

import pyroute2

_TYPES = {"RTM_NEWLINK": 16, "RTM_DELLINK": 17}

with pyroute2.IPRoute() as route:
    route.bind()
    print("subscribed", flush=True)
    while True:
        for message in route.get():
            attributes = dict(message["attrs"])
            print(_TYPES.get(message["event"], message["event"]), attributes.get("IFLA_IFNAME"),
                  attributes.get("IFLA_MTU"), flush=True)
