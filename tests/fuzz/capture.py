# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the first inputs of the fuzz targets anew, from what this machine's kernel and the
daemon say: LINKWATCHD=... PYTHONPATH=tests/lib python3 tests/fuzz/capture.py tests/fuzz/corpus"""

import os
import socket
import struct
import sys

import daemon as daemons
import netns
import varlink
from mirror import Mirror

RTM_GETLINK, RTM_GETADDR = 18, 22
# RTMGRP_LINK, RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR.
GROUPS = 0x111
NLM_F_REQUEST, NLM_F_DUMP = 1, 0x300
IFLA_EXT_MASK, SKIP_STATS = 29, 8

SEQUENCES = {
    "veth": ["link add v0 type veth peer name v1", "link set v0 up", "link set v1 up",
             "link set v0 down", "link set v0 name w0", "link del w0"],
    "bridge": ["link add b0 type bridge", "link add d0 type ifb", "link set d0 master b0",
               "link set d0 nomaster", "link del d0", "link del b0"],
    "lower": ["link add d0 type ifb", "link add link d0 name m0 type macvlan",
             "link set d0 name e0", "link set e0 up", "link del e0"],
    "alias": ["link add d0 type bridge", "link set d0 alias something",
              "link property add dev d0 altname a-long-alternative-name",
              "link set d0 mtu 1400", "link set d0 address 02:00:00:00:00:01", "link del d0"],
    "index": ["link add d0 index 77 type ifb", "link del d0",
              "link add b0 index 77 type bridge",
              "link del b0"],
    "kinds": ["link add x0 type vxlan id 7 dstport 4789 dev lo", "link add i0 type ifb",
              "link add d0 type ifb", "link add link d0 name m0 type macvlan",
              "link del m0", "link del x0", "link del i0", "link del d0"],
    "addresses": ["link add d0 type bridge", "link set d0 up",
                  "address add 192.0.2.1/24 brd + dev d0", "address add 192.0.2.2/24 dev d0",
                  "address add 192.0.2.3/32 peer 198.51.100.1 dev d0 label d0:x metric 7",
                  "address add 2001:db8::1/64 nodad dev d0 valid_lft 1000 preferred_lft 500",
                  "address add 2001:db8::2/128 peer 2001:db8::3 nodad home dev d0",
                  "link property add dev d0 altname e0", "link set d0 name f0",
                  "address change 2001:db8::1/64 dev f0 preferred_lft 0",
                  "address del 192.0.2.1/24 dev f0", "link del f0"],
}


class Tap:
    """A socket that takes all that the kernel sends about links and addresses."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.bind((0, GROUPS))

    def dump(self):
        """Requests both dumps, as the daemon does."""
        body = struct.pack("=BxHiII", 0, 0, 0, 0, 0)
        body += struct.pack("=HHI", 8, IFLA_EXT_MASK, SKIP_STATS)
        return self._dump(RTM_GETLINK, body) + self._dump(RTM_GETADDR, bytes(8))

    def _dump(self, kind, body):
        self._socket.send(struct.pack("=IHHII", 16 + len(body), kind, NLM_F_REQUEST | NLM_F_DUMP,
                                      1, 0) + body)
        self._socket.setblocking(True)
        taken = b""
        while True:
            data = self._socket.recv(1 << 20)
            taken += data
            if struct.unpack_from("=H", data, 4)[0] == 3:
                return taken

    def rest(self):
        """What is there by now."""
        self._socket.setblocking(False)
        taken = b""
        while True:
            try:
                taken += self._socket.recv(1 << 20)
            except BlockingIOError:
                return taken


def write(folder, name, data):
    """One input."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def capture_links(corpus):
    """Notifications, with a dump before, between and after."""
    for name, sequence in SEQUENCES.items():
        netns.delete_all()
        kernel = Tap()
        taken = kernel.dump()
        for number, command in enumerate(sequence):
            netns.ip(command)
            taken += kernel.rest()
            if number == len(sequence) // 2:
                taken += kernel.dump()
        write(os.path.join(corpus, "rtnetlink"), name, taken + kernel.dump())


def capture_mirror(corpus):
    """What Monitor says, byte by byte, with a loss and with a new instance."""
    for number, (name, sequence) in enumerate(SEQUENCES.items()):
        netns.delete_all()
        with daemons.Daemon("--history-size", "2K" if number % 2 else "1M") as daemon:
            wanted = {"subjects": ["links", "addresses"]} if number & 2 else {}
            with Mirror(daemon.socket, **wanted).until_ready() as mirror, \
                    daemon.connect() as connection:
                connection.send("Monitor", wanted, more=True)
                for command in sequence:
                    netns.ip(command)
                mirror.refresh(daemon.socket)
                taken = bytes([number])
                while connection.has_message():
                    taken += connection.receive_bytes() + b"\0"
                since = dict(mirror.position(), sequence=1)
                connection.close()
            with daemon.connect() as connection:
                connection.send("Monitor", {**wanted, "since": since}, more=True)
                taken += connection.receive_bytes() + b"\0"
                while connection.has_message():
                    taken += connection.receive_bytes() + b"\0"
        write(os.path.join(corpus, "mirror"), "monitor-" + name, taken)


SESSIONS = {
    "service": [("org.varlink.service.GetInfo", None, {}),
                ("org.varlink.service.GetInterfaceDescription",
                 {"interface": "org.linkwatch.Links"}, {}),
                ("org.linkwatch.Statistics.GetStatistics", {}, {}),
                ("io.systemd.Metrics.List", {}, {"more": True})],
    "list": [("List", {}, {"more": True}),
             ("List", {"filter": {"names": ["v*", "lo"]}}, {"more": True}),
             ("List", {"filter": {"indexes": [1, 2], "kinds": ["veth"]}}, {"more": True})],
    "refresh": [("Refresh", {}, {}), ("GetStatus", None, {}), ("Refresh", {}, {"oneway": True})],
    "monitor": [("GetStatus", {}, {}),
                ("Monitor", {"filter": {"types": ["add", "remove"], "fields": ["mtu"]}},
                 {"more": True})],
    "subjects": [("List", {"subjects": ["addresses"]}, {"more": True}),
                 ("List", {"subjects": ["links", "addresses"], "filter": {"families": ["inet"]}},
                  {"more": True}),
                 ("Monitor", {"subjects": ["links", "addresses"],
                              "filter": {"names": ["v*"], "scopes": ["global"]}},
                  {"more": True})],
    "since": [("Monitor", {"since": {"instance": "0123456789abcdef0123456789abcdef",
                                     "sequence": 1}}, {"more": True})],
    "wrong": [("Monitor", {"filter": {"names": [1]}}, {"more": True}), ("Lists", {}, {}),
              ("List", {"filters": None}, {}), ("Monitor", {}, {}), ("List", [], {})],
}


def capture_sessions(corpus):
    """Requests."""
    for number, (name, calls) in enumerate(SESSIONS.items()):
        data = b"".join(varlink.encode(method, parameters, **flags)
                        for method, parameters, flags in calls)
        write(os.path.join(corpus, "session"), name, bytes([number * 37]) + data)


def capture_config(corpus):
    """Files as people write them."""
    folder = os.path.join(corpus, "config")
    write(folder, "all", b"[Socket]\nPath=/run/linkwatchd/socket\nMode=0660\n[Source]\nMode=auto\n"
          b"Budget=0.5%\nIntervalMin=50ms\nIntervalMax=5s\nAuditInterval=1min\n"
          b"ReceiveBuffer=4M\n[History]\nSize=16M\n[Limits]\nSessionsMax=4096\n"
          b"SessionsPerUserMax=1024\nRequestMax=40K\nJsonDepthMax=16\n[Log]\nLevel=notice\n")
    write(folder, "comments", b"# a comment\n; another\n\n[Log]\nLevel = debug ; behind a value\n")
    write(folder, "wrong-value", b"[Source]\nIntervalMin=10s\nIntervalMax=1s\n")
    write(folder, "no-section", b"Level=debug\n[Log\nLevel\n]\n")
    write(folder, "numbers", b"[History]\nSize=0x10\n[Limits]\nRequestMax=1e400\nSessionsMax=-1\n")


netns.enter()
for capture in (capture_links, capture_mirror, capture_sessions, capture_config):
    capture(sys.argv[1])
