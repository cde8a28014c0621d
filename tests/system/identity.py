# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which link is which: names that move from one link to another, links that are made anew
under a name, and links that change what they are. The links are at each moment one that a
kernel may have: Mirror checks that after each message."""

import os
import subprocess

import daemon as daemons
import faults
import ip_links
import link_churn
import netns
import rtnl
import tap
import wait
from mirror import Mirror

_ARPHRD_INFINIBAND = 32
# There is no dump unless somebody requests it.
_RARE = ("--interval-min", "1h", "--interval-max", "1h")


def _denied(*options):
    return daemons.Daemon(*options, wrapper=(daemons.helper("deny"), "--join", "EACCES"))


def _lossy(*options):
    """Each burst of updates is more than the receive buffer holds."""
    return daemons.Daemon("--receive-buffer", "1K", *options)


_WHERE = (("subscribed", daemons.Daemon), ("denied", _denied), ("lossy", _lossy))


def _events(mirror, start):
    """The events since: (type, name, more_follows)."""
    return [(e["type"], e["link"]["ifname"], e.get("more_follows", False))
            for e in mirror.events[start:] if "link" in e]


def made_anew(make):
    """A link that is deleted and made anew under its name is removed before it is added"""
    netns.delete_all()
    netns.ip("link add again0 type bridge")
    with make() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        for _ in range(10):
            start = len(mirror.events)
            netns.batch(["link del again0", "link add again0 type bridge"])
            ip_links.settle(daemon, mirror)
            reported = [kind for kind, name, _ in _events(mirror, start) if name == "again0"]
            tap.equal([kind for kind in reported if kind != "change"], ["remove", "add"])


def swapped(make):
    """Names that two links swap are swapped in one step, which no List falls into"""
    netns.delete_all()
    netns.batch(["link add one0 type bridge", "link add two0 type bridge"])
    with make() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        for _ in range(10):
            netns.batch(["link set one0 name free0", "link set two0 name one0",
                         "link set free0 name two0"])
            names = [link["ifname"] for link in daemon.links().values()]
            tap.equal(len(names), len(set(names)), f"links of one name in {names}")
            ip_links.settle(daemon, mirror)


def in_a_circle(make):
    """So are names that go round in a circle of three, one of them an alternative name"""
    netns.delete_all()
    netns.batch([f"link add c{n} type bridge" for n in range(3)] +
                ["link property add dev c2 altname c3"])
    with make() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        for _ in range(5):
            netns.batch(["link set c0 name free0", "link set c1 name c0", "link set c2 name c1",
                         "link property del dev c1 altname c3",
                         "link property add dev c0 altname c3", "link set free0 name c2",
                         "link property del dev c0 altname c3",
                         "link property add dev c2 altname c3"])
            ip_links.settle(daemon, mirror)


def under_its_ports(make):
    """A bridge that is made anew under its ports is never missing to one of them"""
    netns.delete_all()
    netns.batch(["link add br0 type bridge", "link add p0 type veth peer name p1",
                 "link set p0 master br0", "link set p1 master br0"])
    with make() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        for _ in range(5):
            netns.batch(["link del br0", "link add br0 type bridge", "link set p0 master br0",
                         "link set p1 master br0"])
            ip_links.settle(daemon, mirror)


def to_and_fro(make):
    """A link that leaves the namespace and comes back under the name of another one"""
    netns.delete_all()
    netns.batch(["link add v0 type veth peer name v1", "link add other0 type bridge"])
    with make() as daemon, Mirror(daemon.socket) as mirror, netns.Namespace() as away:
        mirror.until_ready()
        for _ in range(3):
            netns.ip(f"link set v0 netns {away.pid}")
            netns.ip("link set other0 name v0")
            away.ip("link set v0 name other0")
            away.ip(f"link set other0 netns {os.getpid()}")
            ip_links.settle(daemon, mirror)
            netns.batch(["link set v0 name free0", "link set other0 name v0",
                         "link set free0 name other0"])
            ip_links.settle(daemon, mirror)


def another_type(make):
    """A living link that gets another ARPHRD type is changed, and is the same link"""
    netns.delete_all()
    with rtnl.Tap("type0") as link, make() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        start = len(mirror.events)
        link.set_type(_ARPHRD_INFINIBAND)
        ip_links.settle(daemon, mirror)
        reported = [(e["type"], e["old"].get("link_type")) for e in mirror.events[start:]
                if e["type"] in ("add", "remove", "change")]
        tap.equal([kind for kind, _ in reported if kind != "change"], [])
        tap.equal([old for _, old in reported if old], ["ether"])


for _function in (made_anew, swapped, in_a_circle, under_its_ports, to_and_fro, another_type):
    for _name, _make in _WHERE:
        tap.add(f"{_name}: {_function.__doc__}", _function, _make)


@tap.test
def swapped_together():
    """Of two changes that a dump shows of swapped names, the first says that more follows, and
    its position can't be resumed from"""
    netns.delete_all()
    netns.batch(["link add one0 type bridge", "link add two0 type bridge"])
    with daemons.Daemon("--source", "poll", *_RARE) as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        netns.batch(["link set one0 name free0", "link set two0 name one0",
                     "link set free0 name two0"])
        mirror.refresh(daemon.socket)
        tap.equal(_events(mirror, 0), [("change", "two0", True), ("change", "one0", False)])
        between = {"instance": mirror.instance, "sequence": mirror.sequence - 1}
        with Mirror(daemon.socket, since=between) as resumed:
            resumed.until_ready()
            tap.equal([lost["lost"] for lost in resumed.lost], [1])
            tap.equal(resumed.links, mirror.links)


@tap.test
def absent_for_a_moment():
    """Who waits for a link to be absent learns of it when it is made anew at once"""
    netns.delete_all()
    netns.ip("link add gone0 type bridge")
    with _denied() as daemon:
        command = [os.environ["LINKWATCHCTL"], "--socket", daemon.socket, "--timeout", "60", "wait", "gone0",
                   "absent"]
        with subprocess.Popen(command) as waiting:
            with Mirror(daemon.socket) as mirror:
                mirror.until_ready()
                while waiting.poll() is None:
                    netns.batch(["link del gone0", "link add gone0 type bridge"])
                    ip_links.settle(daemon, mirror)
            tap.equal(waiting.returncode, 0)


@tap.test
def steady_churn():
    """Where links change under nearly every dump, what is gone is reported before its name is reported
    of another link, and in the end all is as the kernel has it"""
    netns.delete_all()
    netns.batch([f"link add many{n} type bridge" for n in range(100)])
    pair = ["link add eth0 type veth peer name eth1", "link del eth0"]
    with _denied() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        process = link_churn.start(pair * 200)
        while process.poll() is None:
            mirror.refresh(daemon.socket)
        ip_links.settle(daemon, mirror)
        kinds = [kind for kind, name, _ in _events(mirror, 0) if name == "eth0" and kind != "change"]
        assert len(kinds) >= 4, f"nearly nothing was seen: {kinds}"
        tap.equal(kinds[::2], ["add"] * len(kinds[::2]))
        tap.equal(kinds[1::2], ["remove"] * len(kinds[1::2]))
    netns.delete_all()


@tap.test
def unknown_master():
    """A port whose bridge the kernel did not report is reported after that bridge, though nobody
    takes a dump"""
    netns.delete_all()
    netns.ip("link add p0 type veth peer name p1")
    with faults.Faults() as fault:
        with daemons.Daemon("--audit-interval", "1h", *_RARE, env=fault.environment()) as daemon, \
                Mirror(daemon.socket) as mirror:
            mirror.until_ready()
            mirror.refresh(daemon.socket)
            start = len(mirror.events)
            dumps = daemon.statistics()["counters"]["dumps"]
            fault.set(faults.NOTIFICATION, 1000)
            netns.ip("link add b0 type bridge")
            wait.until(lambda: fault.done(faults.NOTIFICATION), "the notification that is dropped")
            fault.set(faults.NOTIFICATION, 0, 0)
            netns.ip("link set p0 master b0")
            mirror.until(lambda: any(link.get("master") == "b0" for link in mirror.links.values()),
                         "the port")
            tap.equal([reported[:2] for reported in _events(mirror, start)][:2],
                      [("add", "b0"), ("change", "p0")])
            tap.equal(daemon.statistics()["counters"]["dumps"], dumps, "dumps")


@tap.test
def moved_out():
    """The removal of a link that moves to another namespace says where it went"""
    netns.delete_all()
    netns.batch(["link add v0 type veth peer name v1", "link add stays0 type bridge"])
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror, netns.Namespace() as away:
        mirror.until_ready()
        netns.ip(f"link set v0 netns {away.pid}")
        event = mirror.until_event("remove", "v0")
        peer = netns.link("v1")
        tap.equal(event["new_netnsid"], peer["link_netnsid"])
        tap.equal(event["new_ifindex"], peer["link_index"])
        tap.contains(daemon.log(), f"v0 moved to another namespace (index {peer['link_index']}, veth)")
        netns.ip("link del stays0")
        event = mirror.until_event("remove", "stays0")
        assert "new_netnsid" not in event and "new_ifindex" not in event, event


@tap.test
def nameless():
    """An entry that has just the index of a link is none: the link stays, and is there in the
    end where the dump was its first"""
    netns.delete_all()
    netns.ip("link add named0 type bridge")
    for index in (netns.link("named0")["ifindex"], 0):
        with faults.Faults() as fault:
            with daemons.Daemon("--source", "poll", env=fault.environment()) as daemon, \
                    Mirror(daemon.socket) as mirror:
                mirror.until_ready()
                for _ in range(5):
                    fault.set(faults.DUMP_NAMELESS, index, 1)
                    ip_links.settle(daemon, mirror)
                netns.ip("link add more0 type bridge")
                fault.set(faults.DUMP_NAMELESS, 0, 2)
                ip_links.settle(daemon, mirror)
                tap.equal([kind for kind, *_ in _events(mirror, 0)], ["add"])
                tap.equal(daemon.statistics()["counters"]["malformed"], 0)
                tap.equal(daemon.status()["source"]["stale"], False)
        netns.ip("link del more0")


netns.enter()
tap.main()
