# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events that belong together, which bear more_follows but for the last, and the mirror."""

import signal

import fake
import tap
from ctl import CTL, environment
from fake import INSTANCE, OTHER, link


def begin(daemon, *arguments):
    """A mirror of two links, a and b; it, and its connection."""
    mirror, peer = daemon.mirror(*arguments)
    peer.snapshot(7, link(2, "a"), link(3, "b"))
    mirror.expect("connected anew", "add 2 a snapshot", "add 3 b snapshot", "source trusted",
                  "ready 2")
    return mirror, peer


def nothing(mirror, held="held 2:a 3:b"):
    """The mirror reported nothing so far, and holds that."""
    mirror.ask()
    mirror.expect(held)


def swap(peer, sequence=8):
    """The first of two events that swap the names of the links."""
    peer.event("change", sequence, link=link(2, "b"), old={"ifname": "a"}, more_follows=True)


@tap.test
def swapped():
    """Two links that swap their names do so at once: both changes are reported when both are known,
    and the mirror shows their outcome from the first on"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon)
        swap(peer)
        nothing(mirror)
        peer.event("change", 9, link=link(3, "a"), old={"ifname": "b"})
        mirror.expect("change 2 b ifname:a:b notification #8", "change 3 a ifname:b:a notification #9")
        nothing(mirror, "held 2:b 3:a")


@tap.test
def several():
    """A link that goes, one that gets its name, and a new one are reported in their order"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon)
        peer.event("add", 8, link=link(4, "b"), more_follows=True)
        peer.event("change", 9, link=link(3, "a"), old={"ifname": "b"}, more_follows=True)
        peer.event("change", 10, link=link(3, "a", mtu=9), old={"mtu": 1500}, more_follows=True)
        nothing(mirror)
        peer.event("remove", 11, link=link(2, "a"))
        mirror.expect("add 4 b notification #8", "change 3 a ifname:b:a notification #9",
                      "change 3 a mtu:1500:9 notification #10", "remove 2 a notification #11")
        nothing(mirror, "held 3:a 4:b")


@tap.test
def alone():
    """Events alone, and other groups, follow a group"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon)
        for sequence in (8, 10):
            names = ("b", "a") if sequence == 8 else ("a", "b")
            peer.event("change", sequence, link=link(2, names[0]), old={}, more_follows=True)
            peer.event("change", sequence + 1, link=link(3, names[1]), old={})
            mirror.line()
            mirror.line()
        peer.event("remove", 12, link=link(3, "b"))
        mirror.expect("remove 3 b notification #12")


@tap.test
def broken():
    """Where the connection breaks in between, nothing of it was reported, and all of it comes again"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon)
        swap(peer)
        peer.close()
        mirror.expect("disconnected ECONNRESET: the daemon closed the connection")
        nothing(mirror, "held 2:a 3:b (not ready)")
        peer = daemon.accept()
        tap.equal(peer.monitor()["since"], {"instance": INSTANCE, "sequence": 7}, "since")
        swap(peer)
        peer.event("change", 9, link=link(3, "a"), old={})
        peer.event("ready", 9, source=fake.SOURCE)
        mirror.expect("connected resumed", "change 2 b ifname:a:b notification #8",
                      "change 3 a ifname:b:a notification #9", "ready 2")


@tap.test
def lost():
    """Where events are lost in between, the fresh snapshot shows what came of it, at once, too"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon)
        swap(peer)
        peer.event("lost", 20, lost=12)
        peer.snapshot(20, link(2, "b"), link(3, "a"))
        mirror.expect("lost 12", "change 2 b ifname:a:b snapshot", "change 3 a ifname:b:a snapshot",
                      "ready 2")


@tap.test
def restarted():
    """Names that were swapped while there was no daemon are reported as swapped at once"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon)
        peer.close()
        peer = daemon.accept()
        peer.monitor()
        peer.event("lost", 3, OTHER)
        peer.snapshot(3, link(2, "b"), link(3, "a"), link(4, "c"), instance=OTHER)
        mirror.expect("disconnected ECONNRESET: the daemon closed the connection", "connected anew", "lost -1",
                      "change 2 b ifname:a:b snapshot", "change 3 a ifname:b:a snapshot",
                      "add 4 c snapshot", "ready 3")


def refused(last):
    """The mirror gives up the connection, having reported nothing of it."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon)
        swap(peer)
        peer.raw(last)
        mirror.expect("disconnected EBADMSG: the daemon's message was not understood")
        nothing(mirror, "held 2:a 3:b (not ready)")
        peer = daemon.accept()
        assert "since" not in peer.monitor(), "it goes on from there"


for _what, _data in (
        ("ready in the middle", fake.event("ready", 8, source=fake.SOURCE)),
        ("an add of a known link at the end", fake.event("add", 9, link=link(3, "a"))),
        ("a remove of an unknown link at the end", fake.event("remove", 9, link=link(4, "c"))),
        ("a wrong number at the end", fake.event("change", 8, link=link(3, "a"), old={}))):
    tap.add(f"after {_what} nothing of it was reported, and the mirror gets a fresh snapshot",
            refused, _data)


@tap.test
def endless():
    """Events that belong together without an end are bounded by the mirror's limit"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, "--limit", "100000")
        sequence = 8
        try:
            while sequence < 10000:
                peer.event("change", sequence, link=link(2, "a", mtu=sequence), old={},
                           more_follows=True)
                sequence += 1
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert sequence < 10000, "it took all"
        mirror.expect("disconnected E2BIG: the daemon has more links than the mirror's limit "
                      "allows")


@tap.test
def ended():
    """A callback may end the mirror in the middle of what belongs together"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, "--free-in", "change")
        swap(peer)
        peer.event("change", 9, link=link(3, "a"), old={})
        mirror.expect("change 2 b ifname:a:b notification #8", "canceled")


def wait(*conditions):
    """A wait for the name and what else is to be; a and b swap their names by way of c, and the
    wait isn't met by what never was."""
    with fake.Fake() as daemon:
        waiter = daemon.driver("wait", conditions[0], "300000", *conditions[1:])
        peer = daemon.accept()
        peer.monitor()
        peer.snapshot(7, link(2, "a"), link(3, "b"))
        peer.event("change", 8, link=link(2, "c"), old={}, more_follows=True)
        peer.event("change", 9, link=link(3, "a"), old={}, more_follows=True)
        peer.event("change", 10, link=link(2, "b"), old={})
        waiter.expect("ETIMEDOUT -")


for _conditions in (("c", "present"), ("a", "absent"), ("b", "absent"), ("a", "name=c")):
    tap.add(f"a wait for {' '.join(_conditions)} isn't met in between", wait, *_conditions)


@tap.test
def waits():
    """A wait is met by what is so after the last"""
    with fake.Fake() as daemon:
        waiter = daemon.driver("wait", "b", "-1", "mtu=5")
        peer = daemon.accept()
        peer.monitor()
        peer.snapshot(7, link(2, "a", mtu=5), link(3, "b"))
        peer.event("change", 8, link=link(2, "b", mtu=5), old={}, more_follows=True)
        peer.event("change", 9, link=link(3, "a"), old={})
        waiter.expect("0 b")


@tap.test
def monitored():
    """linkwatchctl monitor writes their lines together, with --json each message as it came"""
    with fake.Fake() as daemon:
        process = daemon.run(CTL, "--socket", daemon.path, "monitor", "--json", env=environment(),
                             stop=signal.SIGTERM)
        peer = daemon.accept()
        peer.monitor()
        peer.snapshot(7, link(2, "a"), link(3, "b"))
        swap(peer)
        lines = [process.line() for _ in range(4)]
        tap.contains(lines[3], '"more_follows":true')
        process = daemon.run(CTL, "--socket", daemon.path, "monitor", env=environment(),
                             stop=signal.SIGTERM)
        peer = daemon.accept()
        peer.monitor()
        peer.snapshot(7, link(2, "a"), link(3, "b"))
        for _ in range(3):
            process.line()
        swap(peer)
        peer.event("change", 9, link=link(3, "a"), old={})
        tap.equal([process.line().split(" ", 1)[1] for _ in range(2)],
                  ["~ a (2): ifname a → b [notification]", "~ b (3): ifname b → a [notification]"],
                  "lines")


tap.main()
