# SPDX-License-Identifier: LGPL-2.1-or-later
"""At no moment does a program under linkwatch-run see what no kernel has: on a native kernel that
denies subscriptions, with a daemon that polls, so that several changes are found at once."""

import contextlib
import fcntl

import behaviour
import daemon as daemons
import netns
import programs
import rtnl
import tap
import updates
import wait

DENIED = behaviour.deny("--bind", "EACCES", "--join", "ENOPROTOOPT")
POLL = ("--source", "poll")
_TUNSETLINK, _ARPHRD_SLIP = 0x400454cd, 256


@contextlib.contextmanager
def follower(options):
    """A subscriber, and the daemon that it has its updates from."""
    netns.delete_all()
    with daemons.Daemon(*POLL) as daemon, \
            programs.start(programs.origin("recvfrom"), daemon, DENIED, options) as running:
        yield daemon, running
    netns.delete_all()


def names_now():
    """The names of all links by their index, the alternative ones behind the first."""
    return {index: [link["ifname"], *link.get("altnames", [])]
            for index, link in netns.links().items()}


class Picture:
    """What a program knows that follows the updates."""

    def __init__(self, running, known):
        self._running = running
        self._known = dict(known)
        self._masters = {}
        self._count = len(programs.updates_of(running))

    def _take(self, update):
        if update.kind == updates.DELLINK:
            assert not update.flags & updates.IFF_UP, update
            del self._known[update.index]
            self._masters.pop(update.index, None)
        else:
            self._known[update.index] = [update.name(), *update.altnames()]
            self._masters[update.index] = update.master()

    def _check(self, update):
        names = [name for each in self._known.values() for name in each]
        assert len(set(names)) == len(names), f"two links of one name: {names} after {update}"
        for master in self._masters.values():
            assert master == 0 or master in self._known, f"no master {master} after {update}"

    def follow(self):
        """Takes what came; the names of all links."""
        new = programs.updates_of(self._running)[self._count:]
        self._count += len(new)
        for update in new:
            self._take(update)
            self._check(update)
        return {index: (names[0], sorted(names[1:])) for index, names in self._known.items()}

    def becomes(self, known):
        """Waits until it is that."""
        wanted = {index: (names[0], sorted(names[1:])) for index, names in known.items()}
        wait.until(lambda: self.follow() == wanted, f"the picture {wanted}")


SITUATIONS = {
    "two links that swap their names": (
        ["link add name one type bridge", "link add name two type bridge"],
        ["link set one name zero", "link set two name one", "link set zero name two"]),
    "three links whose names go round": (
        ["link add name one type bridge", "link add name two type bridge",
         "link add name three type bridge"],
        ["link set one name zero", "link set two name one", "link set three name two",
         "link set zero name three"]),
    "a link that is made anew under its name": (
        ["link add name one type bridge", "link set one up"],
        ["link del one", "link add name one type bridge"]),
    "names that are handed on": (
        [f"link add name n{n} type bridge" for n in range(100)],
        ["link set n0 name last", *(f"link set n{n} name n{n - 1}" for n in range(1, 100))]),
    "an alternative name that becomes another's name": (
        ["link add name one type bridge", "link add name two type bridge",
         "link property add dev one altname other"],
        ["link property del dev one altname other", "link set two name other"]),
    "a name and an alternative name that are swapped": (
        ["link add name one type bridge", "link add name two type bridge",
         "link property add dev one altname other"],
        ["link property del dev one altname other", "link set two name other",
         "link property add dev one altname two"]),
    "a port whose master was just made": (
        ["link add name one type veth peer name two"],
        ["link add name roof type bridge", "link set one master roof"]),
    "a master that goes, whose ports stay": (
        ["link add name roof type bridge", "link add name one type veth peer name two",
         "link set one master roof", "link set roof up"],
        ["link del roof"]),
}


def consistent(options, before, then):
    """A program sees it."""
    with follower(options) as (daemon, running):
        picture = Picture(running, names_now())
        netns.batch(before)
        daemon.call("Refresh")
        picture.becomes(names_now())
        netns.batch(then)
        daemon.call("Refresh")
        picture.becomes(names_now())


def taken_down_first(options):
    """A link is removed that was up, and what goes with it."""
    with follower(options) as (daemon, running):
        netns.batch(["link add name one type veth peer name two", "link set one up",
                     "link set two up"])
        daemon.call("Refresh")
        one, two = (netns.link(name)["ifindex"] for name in ("one", "two"))
        for index in (one, two):
            wait.until(lambda: any(update.index == index and update.flags & updates.IFF_UP
                                   for update in programs.updates_of(running)), "both up")
        netns.ip("link del one")
        daemon.call("Refresh")
        wait.until(lambda: sum(update.kind == updates.DELLINK
                               for update in programs.updates_of(running)) == 2, "the removals")
        last = programs.updates_of(running)[-4:]
        tap.equal([(update.kind, update.flags & updates.IFF_UP, hex(update.change))
                   for update in last],
                  [(updates.NEWLINK, 0, "0x41")] * 2 + [(updates.DELLINK, 0, "0xffffffff")] * 2)
        for pair in (last[:2], last[2:]):
            tap.equal({update.index for update in pair}, {one, two})


def type_changes(options):
    """A tap becomes a link of another type."""
    with follower(options) as (daemon, running), rtnl.Tap("hose") as hose:
        index = netns.link("hose")["ifindex"]
        daemon.call("Refresh")
        wait.until(lambda: any(update.index == index for update in programs.updates_of(running)),
                   "the tap")
        fcntl.ioctl(hose, _TUNSETLINK, _ARPHRD_SLIP)
        daemon.call("Refresh")
        wait.until(lambda: programs.updates_of(running)[-1].type == _ARPHRD_SLIP, "its new type")
        assert all(update.kind == updates.NEWLINK for update in programs.updates_of(running))


programs.need_run()
netns.enter()
for _name, _options in programs.HELPS.items():
    for _what, _steps in SITUATIONS.items():
        tap.add(f"{_name}: {_what}: no moment in between is impossible", consistent, _options,
                *_steps)
    tap.add(f"{_name}: links that go together are taken down first, and then removed",
            taken_down_first, _options)
    tap.add(f"{_name}: a living link whose type changes isn't removed", type_changes, _options)
tap.main()
