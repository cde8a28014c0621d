# SPDX-License-Identifier: LGPL-2.1-or-later
"""A subscriber that receives in one of many ways: ways.py WAY. It prints a line for each
message: its type, the index of its link, its own length, how many bytes came and whether it
was cut; or the error."""

import ctypes
import errno
import os
import select
import socket
import struct
import sys

_SIZE = 65536
_LIBC = ctypes.CDLL(None, use_errno=True)


def subscriber(port=0, groups=1):
    """A socket that is subscribed."""
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    netlink.bind((port, groups))
    return netlink


def show(data, cut=False):
    """Prints what came."""
    length, kind, _flags, sequence, port, _family, _type, index = struct.unpack_from("=IHHIIHHi",
                                                                                  data)
    print(kind, index, length, len(data), int(cut), sequence, port, flush=True)


def by_recv(netlink):
    """recvfrom(2)."""
    return netlink.recv(_SIZE), False


def by_read(netlink):
    """read(2)."""
    return os.read(netlink.fileno(), _SIZE), False


def by_readv(netlink):
    """readv(2), in parts of which the first is short."""
    parts = [bytearray(10), bytearray(_SIZE)]
    size = os.readv(netlink.fileno(), parts)
    return (parts[0] + parts[1])[:size], False


def by_recvmsg(netlink):
    """recvmsg(2), in three parts."""
    parts = [bytearray(3), bytearray(30), bytearray(_SIZE)]
    size, _control, flags, address = netlink.recvmsg_into(parts)
    assert address[0] == 0, address
    return b"".join(parts)[:size], bool(flags & socket.MSG_TRUNC)


def by_peek(netlink):
    """The size first, then the message."""
    size = netlink.recv_into(bytearray(1), 0, socket.MSG_PEEK | socket.MSG_TRUNC)
    peeked = netlink.recv(size, socket.MSG_PEEK)
    data = netlink.recv(size)
    assert peeked == data and len(data) == size, (len(peeked), len(data), size)
    return data, False


def by_short(netlink):
    """recvmsg(2) with too little room."""
    part = bytearray(40)
    size, _control, flags, _address = netlink.recvmsg_into([part])
    return part[:size], bool(flags & socket.MSG_TRUNC)


def by_recvmmsg(netlink):
    """recvmmsg(2)."""
    buffer = ctypes.create_string_buffer(_SIZE)
    part = struct.pack("=QQ", ctypes.addressof(buffer), _SIZE)
    parts = ctypes.create_string_buffer(part, len(part))
    header = struct.pack("=QIxxxxQQQQixxxxIxxxx", 0, 0, ctypes.addressof(parts), 1, 0, 0, 0, 0)
    headers = ctypes.create_string_buffer(header, len(header))
    if _LIBC.recvmmsg(netlink.fileno(), headers, 1, 0, None) != 1:
        raise OSError(ctypes.get_errno(), "recvmmsg")
    size = struct.unpack_from("=I", headers.raw, 56)[0]
    return buffer.raw[:size], False


def polled(way):
    """Waits in poll(2) first, with a socket that doesn't block."""
    def receive(netlink):
        netlink.setblocking(False)
        while True:
            select.select([netlink], [], [])
            try:
                return way(netlink)
            except BlockingIOError:
                continue

    return receive


WAYS = {
    "recvfrom": by_recv, "read": by_read, "readv": by_readv, "recvmsg": by_recvmsg,
    "recvmmsg": by_recvmmsg, "peek": by_peek, "short": by_short, "poll": polled(by_recv),
}


def follow(netlink, way):
    """Prints what comes, without end."""
    print("subscribed", flush=True)
    while True:
        try:
            show(*way(netlink))
        except OSError as error:
            print(errno.errorcode[error.errno], flush=True)


def main(way, *arguments):
    """Receives in that way, or in that situation."""
    if way == "again":
        # The same port, many times: whoever still held it would be in the way.
        for _ in range(50):
            subscriber(4711).close()
        follow(subscriber(4711), by_recv)
    elif way == "child":
        netlink = subscriber()
        if os.fork() != 0:
            os._exit(0)
        print(os.getpid(), flush=True)
        follow(netlink, by_recv)
    elif way == "late":
        netlink = subscriber()
        print("subscribed", flush=True)
        sys.stdin.readline()
        follow(netlink, WAYS[arguments[0]])
    elif way == "executed":
        subscriber()
        os.execv(sys.executable, [sys.executable, __file__, "recvfrom"])
    elif way == "many":
        sockets = [subscriber() for _ in range(40)]
        follow(sockets[-1], by_recv)
    else:
        follow(subscriber(), WAYS[way])


if __name__ == "__main__":
    main(*sys.argv[1:])
