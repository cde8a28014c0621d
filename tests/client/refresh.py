# SPDX-License-Identifier: LGPL-2.1-or-later
"""A mirror's refresh, which waits for nothing."""

import fake
import netns
import tap
from daemon import Daemon
from fake import INSTANCE, link

netns.enter()

REFRESH = "org.linkwatch.Links.Refresh"
AT_9 = {"position": {"instance": INSTANCE, "sequence": 9}}


def begin(daemon, *links, arguments=()):
    """A mirror that knows these links, at position 7."""
    mirror, peer = daemon.mirror(*arguments)
    peer.snapshot(7, *links)
    mirror.expect("connected anew",
                  *(f"add {each['ifindex']} {each['ifname']} snapshot" for each in links),
                  "source trusted", f"ready {len(links)}")
    return mirror, peer


def requested(daemon, mirror, number):
    """The connection on which the mirror calls Refresh, for the request with that number."""
    mirror.refresh()
    mirror.expect(f"requested {number}")
    return asked(daemon)


def asked(daemon):
    """The connection on which the mirror calls Refresh."""
    peer = daemon.accept()
    tap.equal(peer.call(), {"method": REFRESH, "parameters": {}}, "the call")
    return peer


def taken_over(peer, sequence):
    """The connection goes on with Monitor from there."""
    tap.equal(peer.monitor()["since"], {"instance": INSTANCE, "sequence": sequence}, "since")


@tap.test
def answers():
    """It is reported when all that the daemon found is in the mirror; until then events go on"""
    with fake.Fake() as daemon:
        mirror, stream = begin(daemon, link(1, "lo"))
        peer = requested(daemon, mirror, 1)
        stream.event("add", 8, link=link(2, "a"))
        mirror.expect("add 2 a notification #8")
        peer.reply(AT_9)
        taken_over(peer, 8)
        assert stream.is_closed(), "the connection before"
        mirror.ask()
        mirror.expect("held 1:lo 2:a")
        peer.event("add", 9, link=link(3, "b"))
        peer.event("ready", 9, source=fake.SOURCE)
        mirror.expect("add 3 b notification #9", "ready 3", "refreshed 1 0")
        peer.event("add", 10, link=link(4, "c"))
        mirror.expect("add 4 c notification #10")


@tap.test
def with_a_filter():
    """With a filter, which leaves numbers out, and in a group of events, nothing is missed"""
    with fake.Fake() as daemon:
        mirror, stream = begin(daemon, link(2, "eth0"), arguments=("eth*",))
        peer = requested(daemon, mirror, 1)
        stream.event("change", 12, link=link(2, "eth0", mtu=9000), old={}, more_follows=True)
        peer.reply({"position": {"instance": INSTANCE, "sequence": 40}})
        tap.equal(peer.monitor(), {"filter": {"names": ["eth*"]},
                                   "since": {"instance": INSTANCE, "sequence": 7}}, "parameters")
        peer.event("ready", 40, source=fake.SOURCE)
        mirror.expect("ready 1", "refreshed 1 0")


@tap.test
def refused():
    """An error of the daemon's is reported with its reason, and the mirror goes on as it was"""
    with fake.Fake() as daemon:
        mirror, stream = begin(daemon, link(1, "lo"))
        peer = requested(daemon, mirror, 1)
        peer.error("org.linkwatch.Links.DumpFailed", reason="it is busy", errno=16,
                   errno_name="EBUSY")
        mirror.expect("refreshed 1 EIO: the daemon cannot dump the links: it is busy (EBUSY)")
        assert peer.is_closed(), "its connection"
        stream.event("add", 8, link=link(2, "a"))
        mirror.expect("add 2 a notification #8")
        requested(daemon, mirror, 2).error("org.linkwatch.Links.LimitReached", limit="sessions-max")
        mirror.expect("refreshed 2 EBUSY: a limit of the daemon was reached (sessions-max)")
        peer = requested(daemon, mirror, 3)
        peer.reply(AT_9)
        taken_over(peer, 8)


@tap.test
def together():
    """Requests that come while one is under way are answered by another one, together"""
    with fake.Fake() as daemon:
        mirror, _stream = begin(daemon, link(1, "lo"))
        peer = requested(daemon, mirror, 1)
        for number in (2, 3):
            mirror.refresh()
            mirror.expect(f"requested {number}")
        peer.reply(AT_9)
        taken_over(peer, 7)
        peer.event("ready", 9, source=fake.SOURCE)
        mirror.expect("ready 1", "refreshed 1 0")
        another = asked(daemon)
        another.reply(AT_9)
        taken_over(another, 9)
        assert peer.is_closed(), "the connection before"
        another.event("ready", 9, source=fake.SOURCE)
        mirror.expect("ready 1", "refreshed 3 0")


@tap.test
def without_a_daemon():
    """A request lasts until there is a daemon again; if that goes away before it answered, or before
    all has come, too"""
    with fake.Fake() as daemon:
        mirror, stream = begin(daemon, link(1, "lo"))
        peer = requested(daemon, mirror, 1)
        stream.close()
        mirror.expect("disconnected ECONNRESET: the daemon closed the connection")
        assert peer.is_closed(), "the connection of the Refresh"
        stream = daemon.accept()
        stream.monitor()
        stream.event("ready", 7, source=fake.SOURCE)
        mirror.expect("connected resumed", "ready 1")
        peer = asked(daemon)
        peer.reply(AT_9)
        taken_over(peer, 7)
        peer.close()
        mirror.expect("disconnected ECONNRESET: the daemon closed the connection")
        stream = daemon.accept()
        taken_over(stream, 7)
        stream.event("ready", 9, source=fake.SOURCE)
        mirror.expect("connected resumed", "ready 1", "refreshed 1 0")


@tap.test
def unanswered():
    """A connection for it that ends without an answer is made anew, and the mirror does not notice"""
    with fake.Fake() as daemon:
        mirror, stream = begin(daemon, link(1, "lo"))
        requested(daemon, mirror, 1).close()
        peer = asked(daemon)
        peer.raw(b"nonsense\0")
        stream.event("add", 8, link=link(2, "a"))
        mirror.expect("add 2 a notification #8")
        peer = asked(daemon)
        peer.reply(AT_9)
        taken_over(peer, 8)


@tap.test
def ended():
    """A mirror may be ended from the callback, and while a Refresh is under way"""
    with fake.Fake() as daemon:
        mirror, _stream = begin(daemon, link(1, "lo"), arguments=("--free-in", "refreshed"))
        requested(daemon, mirror, 1).error("org.linkwatch.Links.DumpFailed")
        mirror.expect("refreshed 1 EIO: the daemon cannot dump the links", "canceled")
        mirror, _stream = begin(daemon, link(1, "lo"))
        requested(daemon, mirror, 1)


@tap.test
def real():
    """What happened before the request is in the mirror when it is reported, with a filter and where
    the kernel's notifications are not used"""
    with Daemon("--source", "poll", "--interval-min", "1h", "--interval-max", "1h") as daemon:
        for arguments in ((), ("refresh*",)):
            mirror = fake.Program([f"{fake.BUILD}/driver", "mirror", daemon.socket, *arguments])
            while not mirror.line().startswith("ready"):
                pass
            for number in range(1, 20):
                name = f"refresh{number}"
                netns.ip(f"link add {name} type bridge")
                netns.ip(f"link add other{number} type bridge")
                mirror.refresh()
                lines = []
                while not lines or not lines[-1].startswith("refreshed"):
                    lines.append(mirror.line())
                tap.equal(lines[-1], f"refreshed {number} 0")
                assert any(line.startswith("add ") and f" {name} " in line for line in lines), lines
                assert not any(line.startswith(("lost", "disc", "conn")) for line in lines), lines
            mirror.end()
            netns.delete_all()


tap.main()
