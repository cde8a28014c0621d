"""What ip(8) can't do in a sandbox: links through /dev/net/tun, and their removal."""

import fcntl
import os
import socket
import struct

import tap

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_TAP, _IFF_NO_PI = 0x0001, 0x0002, 0x1000
_RTM_DELLINK = 17
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

    def close(self):
        """Removes the link; more than once is fine."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def delete(index):
    """Removes a link with RTM_DELLINK."""
    info = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, 0, 0)
    header = struct.pack("=IHHII", 16 + len(info), _RTM_DELLINK, _NLM_F_REQUEST | _NLM_F_ACK, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.sendto(header + info, (0, 0))
        answer = netlink.recv(4096)
    kind, error = struct.unpack_from("=H", answer, 4)[0], struct.unpack_from("=i", answer, 16)[0]
    assert kind == _NLMSG_ERROR and error == 0, f"RTM_DELLINK of {index}: {os.strerror(-error)}"
