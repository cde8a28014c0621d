# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the link and address updates that pyroute2 gives, one a line."""

import pyroute2

_LINKS = {"RTM_NEWLINK": 16, "RTM_DELLINK": 17}
_ADDRESSES = {"RTM_NEWADDR": 20, "RTM_DELADDR": 21}


def show(message):
    """Prints what is of interest."""
    event, values = message["event"], dict(message["attrs"])
    if event in _LINKS:
        print(_LINKS[event], values.get("IFLA_IFNAME"), values.get("IFLA_MTU"), flush=True)
    if event in _ADDRESSES:
        print(_ADDRESSES[event], values.get("IFA_ADDRESS"), message["prefixlen"], flush=True)


with pyroute2.IPRoute() as route:
    route.bind()
    print("subscribed", flush=True)
    while True:
        for each in route.get():
            show(each)
