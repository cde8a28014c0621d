# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon does when its source fails, and how it comes back by itself."""

import errno

import daemon as daemons
import faults
import netns
import ip_links
import tap
import varlink
import wait
from mirror import Mirror


def standing(daemon):
    """The standing at present."""
    return daemon.status()["source"]["standing"]


def calm_for(daemon, usec, share):
    """Fails if the daemon uses more than that share of a CPU in the next so many microseconds."""
    before, start = daemon.cpu_seconds(), daemon.status()["uptime_usec"]
    wait.until(lambda: daemon.status()["uptime_usec"] > start + usec, "time", tick=0.2)
    used = daemon.cpu_seconds() - before
    assert used < share * usec / 1e6, f"{used} seconds of CPU time in {usec / 1e6}"


@tap.test
def joined_later():
    """A join that is denied at first is tried again, and used when it works, with no event lost
    or reported twice"""
    with faults.Faults() as fault:
        fault.set(faults.JOIN, errno.EACCES, 1)
        with daemons.Daemon(env=fault.environment()) as daemon, Mirror(daemon.socket) as mirror:
            mirror.until_ready()
            tap.equal(standing(daemon), "denied")
            made = 0
            while standing(daemon) == "denied":
                netns.ip(f"link add late{made} type bridge")
                netns.ip(f"link del late{made}")
                made += 1
                ip_links.settle(daemon, mirror)
            tap.equal(standing(daemon), "unproven")
            netns.ip("link add joined0 type bridge")
            tap.equal(mirror.until_event("add", "joined0")["learned"], "notification")
            ip_links.settle(daemon, mirror)
    netns.ip("link del joined0")


def test_broken_receive(error):
    """A receive error that stays closes the socket and opens it again, without a gap and
    without spinning"""
    with faults.Faults() as fault:
        with daemons.Daemon(env=fault.environment()) as daemon, Mirror(daemon.socket) as mirror:
            mirror.until_ready()
            fault.set(faults.RECEIVE, error)
            netns.ip("link add broken0 type bridge")
            wait.until(lambda: daemon.status()["source"]["stale"], "stale links")
            mirror.until(lambda: mirror.events and mirror.events[-1]["type"] == "source" and
                         mirror.events[-1]["source"]["stale"], "the event for it")
            tap.equal(mirror.events[-1]["source"]["errno"], error)
            calm_for(daemon, 1_000_000, 0.2)
            opens = daemon.statistics()["counters"]["opens"]
            assert 2 <= opens < 20, f"opened {opens} times"
            fault.set(faults.RECEIVE, 0, 0)
            mirror.until_event("add", "broken0")
            mirror.until(lambda: any(e["type"] == "source" and not e["source"]["stale"]
                                     for e in mirror.events), "fresh links")
            ip_links.settle(daemon, mirror)
    netns.ip("link del broken0")


for name in ("EACCES", "ENETDOWN", "EBADF"):
    tap.add(f"Receiving that fails with {name} for good reopens the socket, without a gap and "
            "without spinning", test_broken_receive, getattr(errno, name))


def test_failing_dumps(kind, value, name):
    """Dumps that fail leave the last known links, marked stale; it recovers by itself"""
    with faults.Faults() as fault:
        options = ("--interval-max", "100ms")
        with daemons.Daemon("--source", "poll", *options, env=fault.environment()) as daemon, \
                Mirror(daemon.socket) as mirror:
            mirror.until_ready()
            known = daemon.links()
            dumped = daemon.status()["source"]["last_dump_usec"]
            fault.set(kind, value)
            netns.ip("link add fails0 type bridge")
            wait.until(lambda: daemon.status()["source"]["stale"], "stale links", 90)
            tap.equal(daemon.links(), known, "the last known links")
            assert daemon.status()["source"]["last_dump_usec"] - dumped < 60_000_000
            if name:
                try:
                    daemon.call("Refresh")
                    raise AssertionError("Refresh works though dumps fail")
                except varlink.Error as error:
                    tap.equal((error.name, error.parameters["errno"],
                               error.parameters["errno_name"]),
                              (varlink.INTERFACE + ".DumpFailed", getattr(errno, name), name))
            calm_for(daemon, 1_000_000, 0.2)
            fault.set(kind, 0, 0)
            mirror.until_event("add", "fails0")
            wait.until(lambda: not daemon.status()["source"]["stale"], "fresh links")
            ip_links.settle(daemon, mirror)
    netns.ip("link del fails0")


for title, *fault_arguments in (
        ("are denied with EACCES", faults.DUMP_ERROR, errno.EACCES, "EACCES"),
        ("find the kernel busy", faults.DUMP_ERROR, errno.EBUSY, "EBUSY"),
        ("get empty answers", faults.DUMP_EMPTY, 0, "ENODATA"),
        ("can't be asked for", faults.ASK, errno.EPERM, "EPERM"),
        ("are truncated", faults.DUMP_TRUNCATED, 0, "EMSGSIZE"),
        ("get no answer", faults.DUMP_SILENT, 0, None)):
    tap.add(f"Dumps that {title} leave the last known links, marked stale, until they work",
            test_failing_dumps, *fault_arguments)


@tap.test
def interrupted():
    """Dumps that are always interrupted still lead to the right links"""
    with faults.Faults() as fault:
        fault.set(faults.DUMP_INTERRUPTED)
        with daemons.Daemon("--source", "poll", env=fault.environment()) as daemon, \
                Mirror(daemon.socket) as mirror:
            mirror.until_ready()
            netns.ip("link add intr0 type bridge")
            ip_links.settle(daemon, mirror)
            netns.ip("link del intr0")
            ip_links.settle(daemon, mirror)
            tap.equal(daemon.status()["source"]["stale"], False)


@tap.test
def omitted():
    """A link that a single dump leaves out is not removed"""
    netns.ip("link add omit0 type bridge")
    index = netns.link("omit0")["ifindex"]
    with faults.Faults() as fault:
        options = ("--source", "poll", "--interval-min", "1h", "--interval-max", "1h")
        with daemons.Daemon(*options, env=fault.environment()) as daemon, \
                Mirror(daemon.socket) as mirror:
            mirror.until_ready()
            for _ in range(5):
                fault.set(faults.DUMP_OMITS, index, 1)
                mirror.refresh(daemon.socket)
            tap.equal(fault.done(faults.DUMP_OMITS), 5)
            tap.equal([e for e in mirror.events if e["type"] == "remove"], [])
            ip_links.settle(daemon, mirror)
    netns.ip("link del omit0")


@tap.test
def opened_later():
    """A netlink socket that can't be opened at first is opened later, and consumers see it"""
    with faults.Faults() as fault:
        fault.set(faults.SOCKET, errno.EMFILE, 3)
        with daemons.Daemon(env=fault.environment()) as daemon, Mirror(daemon.socket) as mirror:
            tap.equal(mirror.take()["type"], "source", "the first message")
            mirror.until_ready()
            assert "lo" in {link["ifname"] for link in mirror.links.values()}, mirror.links
            wait.until(lambda: not daemon.status()["source"]["stale"], "fresh links")
            ip_links.settle(daemon, mirror)
            tap.equal(daemon.statistics()["counters"]["opens"], 4)


netns.enter()
tap.main()
