# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a program under linkwatch-run gets is what the kernel sends, byte by byte: on a native
kernel two programs subscribe, and to one of them it is denied."""

import socket

import behaviour
import daemon as daemons
import netns
import programs
import tap
import updates
import wait

DENIED = behaviour.deny("--bind", "EACCES", "--join", "ENOPROTOOPT")
LIVES = {
    "a veth pair": """
        link add name one type veth peer name two
        link set one up
        link set two up
        link set one name uno
        link set two mtu 1400
        link set two down
        link set two up
        link set two address 02:00:00:00:00:01
        link property add dev two altname other
        link set two alias words
        link set uno promisc on
        link set uno promisc off
        link del uno""",
    "a bridge and its ports": """
        link add name roof type bridge
        link add name one type veth peer name two
        link set one up
        link set two up
        link set two master roof
        link set roof up
        link set two nomaster
        link set two master roof
        link del one
        link add name one type veth peer name two
        link set two master roof
        link set two up
        link del roof
        link del two""",
    "an ifb": """
        link add name mirror type ifb
        link set mirror up
        link set mirror promisc on
        link set mirror down
        link set mirror up
        link del mirror""",
    "a VXLAN": """
        link add name over type vxlan id 5 dstport 4789
        link set over up
        link set over mtu 1300
        link set over down
        link del over""",
    "a macvlan and what it is on": """
        link add name one type veth peer name two
        link add link one name upon type macvlan
        link set one up
        link set two up
        link set upon up
        link set upon mtu 1400
        link set upon down
        link set upon up
        link del upon
        link add link one name upon type macvlan
        link del one""",
    "a tap": """
        tuntap add name hose mode tap
        link set hose up
        link set hose mtu 1400
        link set hose name pipe
        tuntap del name pipe mode tap""",
}


class Streams:
    """Both programs' updates, as far as they came."""

    def __init__(self, running):
        self._running = running
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.bind((0, 1))
        self._socket.setblocking(False)
        self.kernels = []

    def ours(self):
        """All that the program under linkwatch-run got."""
        return programs.updates_of(self._running)

    def read(self):
        """Takes what the kernel sent."""
        while True:
            try:
                update = updates.Update(self._socket.recv(1 << 17))
            except BlockingIOError:
                return
            if update.is_a_links():
                self.kernels.append(update)

    def differences(self):
        """How their last updates of a link differ."""
        self.read()
        kernels, ours = ({update.index: update for update in stream}
                         for stream in (self.kernels, self.ours()))
        missing = [(index, "reported by one alone") for index in kernels.keys() ^ ours.keys()]
        return missing + [(index, found) for index in kernels.keys() & ours.keys()
                          if (found := ours[index].differences(kernels[index]))]


def find(update, rest):
    """How many of the kernel's updates this one stands for: it is the last of them, and bears the
    changed flags of all."""
    changes = 0
    for count, kernels_own in enumerate(rest, 1):
        changes |= kernels_own.change
        if not update.differences(kernels_own) and update.change == changes:
            return count
    raise AssertionError(f"the kernel didn't send {update}, but {rest}")


def check(ours, kernels):
    """Each of a link's updates is one of the kernel's, in the kernel's order."""
    for index in {update.index for update in kernels}:
        rest = [update for update in kernels if update.index == index]
        last = None
        for update in (update for update in ours if update.index == index):
            tap.equal((update.sequence, update.port), (0, 0))
            # What differs only in what isn't compared.
            if not last or update.differences(last) or update.change != 0:
                rest = rest[find(update, rest):]
            last = update


def follow(streams, lines):
    """Both get each change."""
    for line in lines:
        netns.ip(line)
        try:
            wait.until(lambda: not streams.differences(), f"the same after {line!r}")
        except wait.Timeout:
            tap.diag(streams.differences())
            raise
    check(streams.ours(), streams.kernels)


def lives_alike(options, life):
    """It is made, changed and removed."""
    netns.delete_all()
    with daemons.Daemon() as daemon, \
            programs.start(programs.origin("recvfrom"), daemon, DENIED, options) as running:
        follow(Streams(running), filter(None, map(str.strip, life.splitlines())))
    netns.delete_all()


def moves_alike(options):
    """It goes to another network namespace."""
    netns.delete_all()
    with netns.Namespace() as other, daemons.Daemon() as daemon, \
            programs.start(programs.origin("recvfrom"), daemon, DENIED, options) as running:
        follow(Streams(running), ("link add name one type veth peer name two", "link set one up",
                                  "link set two up",
                                  f"link set one netns {other.pid}"))
    netns.delete_all()


programs.need_run()
netns.enter()
for _name, _options in programs.HELPS.items():
    for _what, _life in LIVES.items():
        tap.add(f"{_name}: the updates of {_what} are the kernel's", lives_alike, _options, _life)
    tap.add(f"{_name}: the updates of a link that moves to another namespace are the kernel's",
            moves_alike, _options)
tap.main()
