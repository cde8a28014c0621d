# SPDX-License-Identifier: LGPL-2.1-or-later
"""A daemon of a later version, one without an end, and processes that fork: the library lives
with all of them."""

import signal

import fake
import tap
from ctl import CTL, environment
from fake import link


def begin(daemon, *arguments, links=(link(2, "eth0"),)):
    """A mirror that knows these links."""
    mirror, peer = daemon.mirror(*arguments)
    peer.snapshot(7, *links)
    mirror.expect("connected anew",
                  *(f"add {each['ifindex']} {each['ifname']} snapshot" for each in links),
                  "source trusted", f"ready {len(links)}")
    return mirror, peer


@tap.test
def types():
    """Events of unknown types are passed over, numbered or not, and the sequence goes on"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon)
        peer.event("address-add", 8, address={"local": "192.0.2.1"}, realtime_usec=1)
        peer.event("heartbeat", 8)
        peer.event("change", 9, link=link(2, "eth0", mtu=9), old={})
        mirror.expect("change 2 eth0 mtu:1500:9 notification #9")
        peer.event("address-add", 10, realtime_usec=1)
        peer.close()
        peer = daemon.accept()
        tap.equal(peer.monitor()["since"]["sequence"], 10, "since")


@tap.test
def types_in_a_snapshot():
    """So they are while a snapshot comes, and among events that belong together"""
    with fake.Fake() as daemon:
        mirror, peer = daemon.mirror()
        peer.event("hello", 7)
        peer.event("snapshot", 7, link=link(2, "a"))
        peer.event("address", 7)
        peer.event("ready", 7, source=fake.SOURCE)
        mirror.expect("connected anew", "add 2 a snapshot", "source trusted", "ready 1")
        peer.event("change", 8, link=link(2, "b"), old={}, more_follows=True)
        peer.event("address-change", 9, realtime_usec=1)
        mirror.expect("change 2 b ifname:a:b notification #8")


@tap.test
def nulls():
    """A member of a reply that is null is one that is not there"""
    with fake.Fake() as daemon:
        caller = daemon.driver("call", "-1", "list", "refresh")
        peer = daemon.accept()
        peer.call()
        peer.reply({"link": link(2, "eth0")}, continues=True, error=None)
        peer.reply(None, continues=None)
        caller.expect("2:eth0 0: ")
        peer.call()
        peer.reply(None, error=None)
        caller.expect("0: ")


def begin_again(daemon):
    """A mirror whose connection was closed, and its next one."""
    mirror, peer = begin(daemon)
    peer.close()
    mirror.expect("disconnected ECONNRESET: the daemon closed the connection")
    return mirror, daemon.accept()


@tap.test
def errors():
    """One that is not known may be about the position: the next call is without"""
    with fake.Fake() as daemon:
        mirror, peer = begin_again(daemon)
        assert "since" in peer.monitor()
        peer.error("org.linkwatch.Links.PositionExpired")
        peer = daemon.accept()
        assert "since" not in peer.monitor()
        peer.snapshot(9, link(2, "eth0"))
        mirror.expect("connected anew", "ready 1")


@tap.test
def resumed():
    """Whether a connection resumes is not decided by a message of an unknown type"""
    with fake.Fake() as daemon:
        mirror, peer = begin_again(daemon)
        peer.monitor()
        peer.event("hello", 7)
        peer.event("lost", 9, lost=2)
        peer.snapshot(9, link(2, "eth0"))
        mirror.expect("connected anew", "lost 2", "ready 1")


@tap.test
def history():
    """The history of links is read without what it does not know, and without what is about addresses"""
    with fake.Fake() as daemon:
        caller = daemon.driver("call", "-1", "history")
        peer = daemon.accept()
        peer.monitor()
        peer.event("add", 1, link=link(2, "a", colour="red"))
        peer.event("heartbeat", 2, realtime_usec=1)
        peer.event("add", 4, address=fake.address(2, "a", "192.0.2.1"))
        peer.event("change", 5, address=fake.address(2, "a", "192.0.2.1"), old={})
        peer.event("source", 6, address_source=fake.SOURCE)
        peer.event("change", 7, link=link(2, "a", mtu=9), old={"mtu": 1500, "colour": "red", "mood": {"x": []}})
        peer.event("source", 8, source={**fake.SOURCE, "standing": "perfect"})
        peer.event("ready", 8, source=fake.SOURCE)
        caller.expect("+a ~a perfect 0: ")


@tap.test
def values():
    """Ways of learning, standings and members that are not known are no mistake"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon)
        peer.event("change", 8, link=link(2, "eth0", mtu=9, colour="red"), old={}, learned="oracle",
                   omen={"sky": "dark"})
        mirror.expect("change 2 eth0 mtu:1500:9 other #8")
        peer.event("source", 9, source={**fake.SOURCE, "standing": "perfect", "weather": 1})
        mirror.expect("source perfect")


@tap.test
def lists():
    """Replies of a List that are about something unknown are passed over, and so are unknown members and values"""
    with fake.Fake() as daemon:
        caller = daemon.driver("call", "-1", "list")
        peer = daemon.accept()
        peer.call()
        peer.reply({"route": {"dst": "default"}}, continues=True)
        peer.reply({"link": link(1, "lo", colour="red", operstate="SLEEPY", flags=["NEW"])}, continues=True)
        peer.reply({}, continues=True)
        peer.reply({"link": None, "route": {"dst": "10.0.0.0/8"}}, continues=True)
        peer.reply({"link": link(2, "eth0", linkinfo={"info_kind": "x", "info_mood": "y"}), "omen": 1,
                    "position": {"instance": fake.INSTANCE, "sequence": 1, "epoch": 2},
                    "source": {**fake.SOURCE, "standing": "perfect", "weather": 1}})
        caller.expect("1:lo 2:eth0 0: ")


@tap.test
def shown():
    """linkwatchctl monitor and status show what they don't know as it is called"""
    with fake.Fake() as daemon:
        process = daemon.run(CTL, "--socket", daemon.path, "monitor", env=environment(),
                             stop=signal.SIGTERM)
        peer = daemon.accept()
        peer.monitor()
        peer.snapshot(7, link(2, "a"))
        process.line()
        process.line()
        peer.event("address-add", 8, realtime_usec=1)
        peer.event("change", 9, link=link(2, "a", mtu=9), old={}, learned="oracle")
        tap.equal(process.line().split(" ", 1)[1], "~ a (2): mtu 1500 → 9 [other]", "line")


@tap.test
def endless_snapshot():
    """A snapshot without end is given up at the mirror's limit, with an error"""
    with fake.Fake() as daemon:
        mirror, peer = daemon.mirror("--limit", "100000")
        index = 1
        try:
            while index < 10000:
                peer.event("snapshot", 7, link=link(index, f"l{index}"))
                index += 1
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert index < 10000, "it took all"
        mirror.expect("connected anew", "disconnected E2BIG: the daemon has more links than the "
                      "mirror's limit allows")
        peer = daemon.accept()
        assert "since" not in peer.monitor()
        peer.snapshot(1, link(2, "eth0"))
        mirror.expect("connected anew", "add 2 eth0 snapshot", "source trusted", "ready 1")


@tap.test
def endless_adds():
    """Links that come without end are given up at the limit, too; those known stay known"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, "--limit", "100000")
        index = 3
        try:
            while index < 10000:
                peer.event("add", index + 5, link=link(index, f"l{index}"))
                index += 1
        except (BrokenPipeError, ConnectionResetError):
            pass
        count = 1
        line = mirror.line()
        while line.startswith("add"):
            count += 1
            line = mirror.line()
        tap.contains(line, "disconnected E2BIG")
        assert 10 < count < 1000, count
        mirror.ask()
        tap.equal(len(mirror.line().split()) - 3, count, "links held")


@tap.test
def endless_list():
    """A list without end is given up at the connection's limit; the next call connects anew"""
    with fake.Fake() as daemon:
        caller = daemon.driver("call", "-1", "limit=100000", "list", "list")
        peer = daemon.accept()
        peer.call()
        index = 1
        try:
            while index < 10000:
                peer.reply({"link": link(index, f"l{index}")}, continues=True)
                index += 1
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert index < 10000, "it took all"
        caller.expect("E2BIG: the daemon has more links than the limit allows")
        peer = daemon.accept()
        peer.call()
        peer.list([link(1, "lo")])
        caller.expect("1:lo 0: ")


@tap.test
def forked_calls():
    """A child makes no calls on its parent's connection"""
    with fake.Fake() as daemon:
        caller = daemon.driver("call", "-1", "fork", "list")
        daemon.accept()
        caller.expect("ECHILD: the connection belongs to the parent process")


@tap.test
def forked():
    """A child that lives on takes nothing from its parent, and doesn't make its loop spin"""
    with fake.Fake() as daemon:
        mirror, peer = daemon.mirror("--fork")
        peer.snapshot(7, link(2, "eth0"))
        mirror.expect("connected anew", "add 2 eth0 snapshot", "source trusted", "ready 1",
                      "child ECHILD")
        peer.event("change", 8, link=link(2, "eth0", mtu=9), old={})
        mirror.expect("change 2 eth0 mtu:1500:9 notification #8")
        daemon.stop()
        peer.close()
        mirror.expect("disconnected ECONNRESET: the daemon closed the connection")
        daemon.listen()
        peer = daemon.accept()
        tap.equal(peer.monitor()["since"]["sequence"], 8, "since")
        peer.event("ready", 8, source=fake.SOURCE)
        mirror.expect("connected resumed", "ready 1")
        rounds = []
        for _ in range(2):
            mirror.ask()
            rounds.append(int(mirror.line().split()[-1]))
        assert rounds[1] - rounds[0] <= 3, f"the loop spins: {rounds}"


tap.main()
