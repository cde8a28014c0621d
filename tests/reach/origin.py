# SPDX-License-Identifier: LGPL-2.1-or-later
"""A subscriber that asks for the group of each message: origin.py WAY [MASK], to links or to those
groups. It prints a line for each: the sender's port and groups, the group by NETLINK_PKTINFO or - if there is none, whether
it was cut, and its bytes in hexadecimal."""

import ctypes
import socket
import struct
import sys


_SOL_NETLINK, _PKTINFO = 270, 3
_SIZE = 1 << 17
_LIBC = ctypes.CDLL(None, use_errno=True)


def show(data, address, group="-", cut=False):
    """Prints what came."""
    print(*address, group, int(bool(cut)), data.hex(), flush=True)


def by_recvmsg(netlink):
    """recvmsg(2), as sd-netlink and ell do it: the size first."""
    size = netlink.recvmsg_into([], 0, socket.MSG_PEEK | socket.MSG_TRUNC)[0]
    data, control, flags, address = netlink.recvmsg(size, 128)
    groups = [struct.unpack("=I", value)[0] for level, kind, value in control
              if (level, kind) == (_SOL_NETLINK, _PKTINFO)]
    show(data, address, *(groups or "-"), cut=flags & socket.MSG_TRUNC)


def by_recvfrom(netlink):
    """recvfrom(2)."""
    show(*netlink.recvfrom(_SIZE))


def by_short(netlink):
    """recvmsg(2) with less room than a large message needs."""
    data, _control, flags, address = netlink.recvmsg(32768)
    show(data, address, cut=flags & socket.MSG_TRUNC)


def by_recvmmsg(netlink):
    """recvmmsg(2)."""
    buffer, address, control = (ctypes.create_string_buffer(n) for n in (_SIZE, 12, 128))
    part = struct.pack("=QQ", ctypes.addressof(buffer), _SIZE)
    parts = ctypes.create_string_buffer(part, len(part))
    header = struct.pack("=QIxxxxQQQQixxxxIxxxx", ctypes.addressof(address), 12,
                         ctypes.addressof(parts), 1, ctypes.addressof(control), 128, 0, 0)
    headers = ctypes.create_string_buffer(header, len(header))
    assert _LIBC.recvmmsg(netlink.fileno(), headers, 1, 0, None) == 1, ctypes.get_errno()
    used, = struct.unpack_from("=Q", headers.raw, 40)
    size, = struct.unpack_from("=I", headers.raw, 56)
    group = "-"
    if used >= 20 and struct.unpack_from("=Qii", control.raw) == (20, _SOL_NETLINK, _PKTINFO):
        group, = struct.unpack_from("=I", control.raw, 16)
    show(buffer.raw[:size], struct.unpack("=4xII", address.raw), group)


WAYS = {"recvmsg": by_recvmsg, "recvfrom": by_recvfrom, "recvmmsg": by_recvmmsg,
        "short": by_short}


def main(way, groups="1"):
    """Receives in that way."""
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    netlink.setsockopt(_SOL_NETLINK, _PKTINFO, 1)
    netlink.bind((0, int(groups, 0)))
    print("subscribed", flush=True)
    while True:
        WAYS[way](netlink)


if __name__ == "__main__":
    main(*sys.argv[1:])
