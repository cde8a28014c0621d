# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ip(8) can't do: links through /dev/net/tun and their removal in a sandbox, and names
that it refuses."""

import fcntl
import os
import socket
import struct

import tap

_TUNSETIFF, _TUNSETLINK = 0x400454CA, 0x400454CD
_IFF_TUN, _IFF_TAP, _IFF_NO_PI = 0x0001, 0x0002, 0x1000
_RTM_NEWLINK, _RTM_DELLINK, _RTM_NEWLINKPROP = 16, 17, 108
_IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_PROP_LIST, _IFLA_ALT_IFNAME = 3, 18, 52, 53
_IFLA_INFO_KIND = 1
_NLA_F_NESTED = 0x8000
_NLM_F_EXCL, _NLM_F_CREATE, _NLM_F_APPEND = 0x200, 0x400, 0x800
_NLM_F_REQUEST, _NLM_F_ACK = 1, 4
_NLMSG_ERROR = 2


class Tap:
    """A TAP (or TUN) link that lives until it is closed."""

    def __init__(self, name, tun=False):
        self._fd = -1
        try:
            self._fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise tap.Skip(f"no link can be made through /dev/net/tun: {error.strerror}") from error
        flags = (_IFF_TUN if tun else _IFF_TAP) | _IFF_NO_PI
        fcntl.ioctl(self._fd, _TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def set_type(self, arphrd):
        """Makes it a link of another ARPHRD type, which it can be while it is down."""
        fcntl.ioctl(self._fd, _TUNSETLINK, arphrd)

    def fileno(self):
        """Its descriptor."""
        return self._fd

    def close(self):
        """Removes the link; more than once is fine."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def _attribute(kind, value):
    """An rtnetlink attribute."""
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def _request(kind, flags, index, attributes=b""):
    """Sends a request about a link; it must be done."""
    body = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, 0, 0) + attributes
    header = struct.pack("=IHHII", 16 + len(body), kind, _NLM_F_REQUEST | _NLM_F_ACK | flags, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.sendto(header + body, (0, 0))
        answer = netlink.recv(4096)
    kind, error = struct.unpack_from("=H", answer, 4)[0], struct.unpack_from("=i", answer, 16)[0]
    assert kind == _NLMSG_ERROR and error == 0, f"link {index}: {os.strerror(-error)}"


def add_bridges(names):
    """Makes bridges of names that ip(8) may not like."""
    info = _attribute(_IFLA_LINKINFO, _attribute(_IFLA_INFO_KIND, b"bridge"))
    for name in names:
        _request(_RTM_NEWLINK, _NLM_F_CREATE | _NLM_F_EXCL, 0,
                 _attribute(_IFLA_IFNAME, name + b"\0") + info)


def rename(index, name):
    """Gives a link that is down another name, of any bytes."""
    _request(_RTM_NEWLINK, 0, index, _attribute(_IFLA_IFNAME, name + b"\0"))


def add_altname(index, altname):
    """Gives a link an alternative name, of any bytes."""
    properties = _attribute(_IFLA_PROP_LIST | _NLA_F_NESTED,
                            _attribute(_IFLA_ALT_IFNAME, altname + b"\0"))
    _request(_RTM_NEWLINKPROP, _NLM_F_CREATE | _NLM_F_EXCL | _NLM_F_APPEND, index, properties)


def delete(index):
    """Removes a link with RTM_DELLINK."""
    _request(_RTM_DELLINK, 0, index)
