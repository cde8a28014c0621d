# SPDX-License-Identifier: LGPL-2.1-or-later
"""Enter: one daemon, any network namespace, by a socket that is handed in."""

import contextlib
import os
import socket
import subprocess

import daemon as daemons
import netns
import tap
import varlink
import wait
from mirror import Mirror

netns.enter()
netns.ip("link set lo up")

SO_COOKIE = 57


def rtnl(namespace=None):
    """A socket of rtnetlink, in another namespace or in this one."""
    if namespace is None:
        return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    return namespace.rtnl()[0]


def names(connection):
    """The names of List."""
    return sorted(link["ifname"] for link in connection.call("List")["links"])


def refused(connection, descriptors, data):
    """The call is answered by an error about the descriptor."""
    connection.send_with([d if isinstance(d, int) else d.fileno() for d in descriptors], data)
    tap.equal(connection.expect_error("org.varlink.service.InvalidParameter"),
              {"parameter": "socket_fd"})


ENTER = varlink.encode("Enter", {"socket_fd": 0})
# Of links without alternative names, at the bound below.
TOO_MANY = 300


@tap.test
def enters():
    """After Enter a connection is about the namespace of the socket, and others are not"""
    with daemons.Daemon() as daemon, netns.Namespace() as other, daemon.connect() as guest, \
            rtnl(other) as handed:
        netns.ip("link add here type bridge")
        other.ip("link add there type bridge")
        tap.equal(guest.enter(handed), {})
        tap.equal(names(guest), ["lo", "there"])
        tap.equal(sorted(link["ifname"] for link in daemon.links().values()), ["here", "lo"])
        other.ip("link add late type bridge")
        guest.call("Refresh")
        tap.equal(names(guest), ["late", "lo", "there"])
        tap.equal(guest.call("GetStatus")["links"], 3)
        tap.equal(guest.statistics()["namespaces"], 1)
        netns.ip("link del here")


@tap.test
def monitors():
    """Monitor reports what happens in there, subscribed and denied"""
    for wrapper in ((), (daemons.helper("deny"), "--join", "EPERM")):
        with daemons.Daemon(wrapper=wrapper) as daemon, netns.Namespace() as other, \
                rtnl(other) as handed, Mirror(daemon.socket, rtnl=handed) as mirror:
            mirror.until_ready()
            netns.ip("link add here type bridge")
            other.ip("link add there type veth peer name where")
            mirror.until_event("add", "there")
            other.ip("link set there name their")
            mirror.until_event("change", "their")
            other.ip("link del their")
            mirror.until_event("remove", "where")
            netns.ip("link del here")
            tap.equal([event for event in mirror.events
                       if event.get("link", {}).get("ifname") == "here"], [])


@tap.test
def second_enter():
    """A second Enter replaces the first, and leads back with a socket of the daemon's own namespace"""
    with daemons.Daemon() as daemon, netns.Namespace() as one, netns.Namespace() as two, \
            daemon.connect() as guest:
        one.ip("link add one type bridge")
        two.ip("link add two type bridge")
        for place, expected in ((one, ["lo", "one"]), (two, ["lo", "two"]), (None, ["lo"])):
            with rtnl(place) as handed:
                guest.enter(handed)
            tap.equal(names(guest), expected)
        tap.equal(guest.call("GetStatus")["position"]["instance"],
                  daemon.status()["position"]["instance"])


@tap.test
def same_socket():
    """Who hands in the same socket shares the namespace; two sockets of one namespace are two"""
    with daemons.Daemon() as daemon, netns.Namespace() as other, rtnl(other) as first, \
            rtnl(other) as second, daemon.connect() as a, daemon.connect() as b, \
            daemon.connect() as c:
        for guest, handed in ((a, first), (b, first), (c, second)):
            guest.enter(handed)
        instances = [guest.call("GetStatus")["position"]["instance"] for guest in (a, b, c)]
        tap.equal(instances[0], instances[1])
        assert instances[0] != instances[2]
        tap.equal(daemon.statistics()["namespaces"], 2)


@tap.test
def since():
    """Who comes back with the same socket within 30 seconds misses nothing"""
    with daemons.Daemon() as daemon, netns.Namespace() as other, rtnl(other) as handed:
        with Mirror(daemon.socket, rtnl=handed) as mirror:
            mirror.until_ready()
            position = mirror.position()
        other.ip("link add late type bridge")
        with Mirror(daemon.socket, since=position, rtnl=handed) as mirror:
            mirror.until_ready()
            tap.equal(mirror.lost, [])
            tap.equal([event["link"]["ifname"] for event in mirror.events if event["type"] == "add"],
                      ["late"])


@tap.test
def lets_go():
    """With the last connection the namespace is let go, and with it the far ends of its veths"""
    with daemons.Daemon() as daemon, netns.Namespace() as other, daemon.connect() as guest:
        netns.ip(f"link add near type veth peer name far netns {other.pid}")
        with rtnl(other) as handed:
            guest.enter(handed)
        tap.equal(names(guest), ["far", "lo"])
        other.end()
        tap.equal(names(guest), ["far", "lo"])
        assert "near" in [link["ifname"] for link in netns.links().values()]
        guest.close()
        wait.until(lambda: "near" not in [link["ifname"] for link in netns.links().values()],
                   "the end of the veth")


@tap.test
def unprivileged():
    """The daemon needs no privilege to enter"""
    with daemons.Daemon(wrapper=("setpriv", "--bounding-set=-all", "--inh-caps=-all",
                                 "--no-new-privs")) as daemon, \
            netns.Namespace() as other, rtnl(other) as handed, daemon.connect() as guest:
        other.ip("link add there type bridge")
        guest.enter(handed)
        tap.equal(names(guest), ["lo", "there"])


@tap.test
def what_is_refused():
    """What is no unconnected rtnetlink socket is refused, and the daemon lives on"""
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(daemons.Daemon())
        generic = stack.enter_context(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16))
        connected = stack.enter_context(rtnl())
        connected.connect((4711, 0))
        tcp = stack.enter_context(socket.socket(socket.AF_INET))
        pipe = os.pipe()
        path = os.open("/proc/self/ns/net", os.O_PATH)
        # Before it answers, it may not have opened its own yet.
        daemon.status()
        before = len(os.listdir(f"/proc/{daemon.pid}/fd"))
        for descriptors in ([generic], [connected], [tcp], [pipe[0]], [path], [rtnl(), rtnl()],
                            [rtnl(), tcp]):
            with daemon.connect() as guest:
                refused(guest, descriptors, ENTER)
        for end in (*pipe, path):
            os.close(end)
        wait.until(lambda: len(os.listdir(f"/proc/{daemon.pid}/fd")) <= before, "descriptors")


@tap.test
def wrong_calls():
    """A place that is none, a missing descriptor, and one with another call are refused"""
    with daemons.Daemon() as daemon, rtnl() as handed:
        for parameters in ({}, {"socket_fd": 1}, {"socket_fd": -1}, {"socket_fd": "0"},
                           {"socket_fd": None}):
            with daemon.connect() as guest:
                refused(guest, [handed], varlink.encode("Enter", parameters))
                tap.equal(names(guest), ["lo"])
        with daemon.connect() as guest:
            refused(guest, [handed], varlink.encode("GetStatus"))
            refused(guest, [handed], varlink.encode("List"))
            # It belongs to the call in which the first byte lies that came with it.
            refused(guest, [handed], varlink.encode("GetStatus"))
            guest.send("Enter", {"socket_fd": 0})
            tap.equal(guest.expect_error("org.varlink.service.InvalidParameter"),
                      {"parameter": "socket_fd"})


@tap.test
def in_pieces():
    """A descriptor that comes with the first byte of a call that comes in pieces is the call's"""
    with daemons.Daemon() as daemon, netns.Namespace() as other, rtnl(other) as handed, \
            daemon.connect() as guest:
        other.ip("link add there type bridge")
        guest.send_with([handed.fileno()], ENTER[:1])
        daemon.status()
        for n in range(1, len(ENTER)):
            guest.send_bytes(ENTER[n:n + 1])
        tap.equal(guest.reply(), {})
        tap.equal(names(guest), ["lo", "there"])


@tap.test
def pipelined():
    """Enter and Monitor may be sent in one breath"""
    with daemons.Daemon() as daemon, netns.Namespace() as other, rtnl(other) as handed, \
            daemon.connect() as guest:
        other.ip("link add there type bridge")
        guest.send_with([handed.fileno()], ENTER + varlink.encode("List"))
        tap.equal(guest.reply(), {})
        tap.equal(sorted(link["ifname"] for link in guest.list()["links"]), ["lo", "there"])


@tap.test
def limits():
    """Namespaces are limited in total and for a user; what nobody uses any more makes room"""
    with daemons.Daemon("--namespaces-max", "3", "--namespaces-per-user-max", "2") as daemon, \
            netns.Namespace() as other, contextlib.ExitStack() as stack:
        guests = [stack.enter_context(daemon.connect()) for _ in range(3)]
        sockets = [stack.enter_context(rtnl(other)) for _ in range(4)]
        guests[0].enter(sockets[0])
        guests[1].enter(sockets[1])
        for _ in range(2):
            try:
                guests[2].enter(sockets[2])
                raise AssertionError("it entered")
            except varlink.Error as error:
                tap.equal((error.name, error.parameters), ("org.linkwatch.Links.LimitReached",
                                                           {"limit": "namespaces-per-user-max"}))
        # The connection is about what it was about.
        tap.equal(guests[2].statistics()["namespaces"], 2)
        guests[0].close()
        wait.until(lambda: daemon.has_sessions(3), "the end of a session")
        guests[2].enter(sockets[2])
        statistics = daemon.statistics()
        tap.equal((statistics["namespaces"], statistics["namespaces_max"],
                   statistics["namespaces_per_user_max"]), (2, 3, 2))


@tap.test
def none_allowed():
    """Limits of 0 let nobody enter but the daemon's own namespace"""
    for option in ("--namespaces-max", "--namespaces-per-user-max"):
        with daemons.Daemon(option, "0") as daemon, netns.Namespace() as other, \
                rtnl(other) as handed, rtnl() as own, daemon.connect() as guest:
            try:
                guest.enter(handed)
                raise AssertionError("it entered")
            except varlink.Error as error:
                tap.equal(error.parameters, {"limit": option[2:]})
            tap.equal(guest.enter(own), {})


@tap.test
def memory_bounded():
    """Where its links do not fit in namespaces-memory-max, an entered namespace is stale, with the
    reason, until they have; others are not"""
    with daemons.Daemon("--namespaces-memory-max", "256K") as daemon, netns.Namespace() as other, \
            netns.Namespace() as small, rtnl(other) as handed, rtnl(small) as little, \
            Mirror(daemon.socket, rtnl=handed) as mirror, daemon.connect() as guest:
        mirror.until_ready()
        guest.enter(little)

        def is_stale(reason):
            sources = [event["source"] for event in mirror.events if event["type"] == "source"]
            return sources and sources[-1]["stale"] and reason in sources[-1]["reason"]

        other.batch(f"link add many{n} type bridge" for n in range(TOO_MANY))
        mirror.until(lambda: is_stale("namespaces-memory-max"), "its staleness")
        tap.equal(daemon.status()["source"]["stale"], False)
        statistics = daemon.statistics()
        assert statistics["namespaces_memory"] <= statistics["namespaces_memory_max"], statistics
        tap.equal(statistics["namespaces_memory_max"], 256 << 10)
        small.ip("link add here type bridge")
        guest.call("Refresh")
        tap.equal(names(guest), ["here", "lo"])
        # For what is left, too, there is room only once it is known that the others are gone.
        for number in range(8):
            other.ip(f"link property add dev many0 altname {number}{'x' * 100}")
        other.batch(f"link del many{n}" for n in range(1, TOO_MANY))
        # Its dumps are tried again once a minute at least.
        mirror.until(lambda: not is_stale("") and len(mirror.links) == 2, "its links",
                     seconds=2 * wait.SECONDS)
        tap.equal(sorted(link["ifname"] for link in mirror.links.values()), ["lo", "many0"])


@tap.test
def history_is_shared():
    """All histories together are bounded by history-size"""
    with daemons.Daemon("--history-size", "64K") as daemon, netns.Namespace() as other, \
            contextlib.ExitStack() as stack:
        tap.equal(daemon.statistics()["history"]["bytes_max"], 65536)
        guests = [stack.enter_context(daemon.connect()) for _ in range(4)]
        for guest in guests:
            guest.enter(stack.enter_context(rtnl(other)))
        shares = [guest.statistics()["history"]["bytes_max"] for guest in guests]
        own = daemon.statistics()["history"]["bytes_max"]
        assert own + sum(shares) <= 65536 and min(shares) >= 8192 and own >= 32768, (own, shares)


def intervals(guests):
    """At which the namespaces are polled."""
    return [guest.call("GetStatus")["interval_usec"] for guest in guests]


@tap.test
def budget_is_shared():
    """All namespaces have one budget for polling, spent first where something happens or is asked"""
    with daemons.Daemon("--source", "poll", "--budget", "0.01%", "--interval-max", "60s") as daemon, \
            netns.Namespace() as other, contextlib.ExitStack() as stack:
        guests = []
        for _ in range(16):
            guests.append(stack.enter_context(daemon.connect()))
            guests[-1].enter(stack.enter_context(rtnl(other)))
        first, *others = guests

        def is_preferred():
            first.call("Refresh")
            return 2 * intervals([first])[0] < min(intervals(others))

        # All are active, for they were just entered; after 10 seconds only the one that asks.
        wait.until(is_preferred, "a shorter interval for the one that asks", seconds=60, tick=0.5)


@tap.test
def silent_log():
    """What happens in an entered namespace is not written to the log"""
    with daemons.Daemon("--log-level", "debug") as daemon, netns.Namespace() as other, \
            rtnl(other) as handed, Mirror(daemon.socket, rtnl=handed) as mirror:
        mirror.until_ready()
        other.ip("link add secret type bridge")
        mirror.until_event("add", "secret")
        assert "secret" not in daemon.log(), daemon.log()


@tap.test
def misused_socket():
    """Who reads, floods, binds or connects a socket that was handed in harms those alone who share it"""
    with daemons.Daemon() as daemon, netns.Namespace() as other, rtnl(other) as handed, \
            Mirror(daemon.socket) as own, daemon.connect() as guest:
        own.until_ready()
        guest.enter(handed)
        handed.setblocking(True)
        reader = subprocess.Popen(
            ["python3", "-c", "import socket, sys\n"
             "s = socket.socket(fileno=int(sys.argv[1]))\n"
             "while True: s.recv(65536)", str(handed.fileno())], pass_fds=(handed.fileno(),))
        try:
            used = daemon.cpu_seconds()
            guest.send("Refresh")
            with contextlib.suppress(OSError):
                handed.connect((os.getpid(), 0))
            for n in range(20):
                netns.ip(f"link add n{n} type bridge")
                own.until_event("add", f"n{n}")
            assert daemon.cpu_seconds() - used < 1, "it spins"
        finally:
            reader.kill()
            reader.wait()
        daemon.status()
    netns.delete_all()


if __name__ == "__main__":
    tap.main()
