# SPDX-License-Identifier: LGPL-2.1-or-later
"""A subscriber that does with its socket what its arguments ask for, one after the other, and prints
what came of each: bind:MASK, add:GROUP and drop:GROUP subscribe and end that; line waits for a
line of input; until:NAME receives, and prints, until an update of the link of that name; follow
receives without end."""

import errno
import socket
import struct
import sys

import updates

_SOL_NETLINK, _ADD, _DROP = 270, 1, 2


def show(netlink):
    """Receives one update and prints it."""
    data = netlink.recv(65536)
    kind, sequence = struct.unpack_from("=4xH2xI", data)
    if kind not in (updates.NEWLINK, updates.DELLINK) or sequence != 0:
        return ""
    update = updates.Update(data)
    print(update.kind, update.index, update.name(), flush=True)
    return update.name()


def take(netlink, step, value):
    """Does one of them."""
    if step == "bind":
        netlink.bind((netlink.getsockname()[0],
                      int(value, 0)))
    elif step in ("add", "drop"):
        netlink.setsockopt(_SOL_NETLINK, _ADD if step == "add" else _DROP, int(value))
    elif step == "line":
        sys.stdin.readline()
    elif step == "until":
        while show(netlink) != value:
            pass
    elif step == "follow":
        while True:
            show(netlink)


def main(steps):
    """Does all of them."""
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    for each in steps:
        step, _colon, value = each.partition(":")
        try:
            if step == "follow":
                print("follows", flush=True)
            take(netlink, step, value)
            print(each, "done", flush=True)
        except OSError as error:
            print(each, errno.errorcode[error.errno], flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
