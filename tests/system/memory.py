# SPDX-License-Identifier: LGPL-2.1-or-later
"""Memory with every limit reached, by several users at once: it stays within what SECURITY.md says,
and that within what the unit allows (units/confinement)."""

import contextlib
import os
import re
import resource
import socket

import cgroup
import daemon as daemons
import netns
import tap
import varlink
import wait

netns.enter()

LINKS = 450
USERS = range(20001, 20009)
# Together more than there may be.
USER_CONNECTIONS = 1024
DESCRIPTORS = 8192
ALIAS = "x" * 240
# Lines of SECURITY.md.
OWN = "one connection, in the daemon"
KERNEL = "one connection, in the kernel"
LISTS = "all Lists together"
HISTORY = "the history"
REST = "the rest, with 450 links"
TABLES = "the links of all entered namespaces"
NAMESPACES = "all entered namespaces, except for their links"
TOTAL = "in total"
# Of each user, all of one namespace with so many links.
FULL_NAMESPACES = 50
FULL_LINKS = 1000
# Whose events a history holds no longer than that.
CHANGES = 6000
# As long as they may be, and they let everything pass.
FILTER = {"names": ["*"] + [f"{number:03}" + "?" * 123 + "*" for number in range(255)]}


def _source(name):
    with open(os.path.join(os.environ["LINKWATCH_SOURCE"], name), encoding="utf-8") as file:
        return file.read()


def allowed():
    """Bytes that the unit allows."""
    return int(re.search(r"^MemoryMax=(\d+)M$", _source("units/confinement"),
                         re.MULTILINE).group(1)) << 20


def documented(what):
    """Bytes in that line of SECURITY.md."""
    row = re.search(rf"^\| {re.escape(what)} \| (\d+) ([KM])iB \|$", _source("SECURITY.md"),
                    re.MULTILINE)
    assert row, f"no line {what!r}"
    return int(row.group(1)) << {"K": 10, "M": 20}[row.group(2)]


def monitor(_limits):
    """A Monitor with the longest filter; behind it stands what nobody asked for."""
    return varlink.encode("Monitor", {"filter": FILTER}, more=True) + b"{" + b" " * 40000


def links(_limits):
    """Lists, one after the other."""
    return varlink.encode("List", {"filter": FILTER}, more=True) * 3


def half_request(limits):
    """A request that is as long as it may be, and has no end."""
    return b"{" + b" " * (limits["request_max"] - 2)


def _connect(path, data):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    connection.setblocking(False)
    with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
        while data:
            data = data[connection.send(data):]
    return connection


class User:
    """A process of another user that makes connections and never reads from them."""

    def __init__(self, path, uid, count, data):
        end, self._end = os.pipe()
        self._ready, ready = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
                os.setgid(uid)
                os.setuid(uid)
                connections = [_connect(path, data[n % len(data)]) for n in range(count)]
                os.write(ready, str(len(connections)).encode())
                os.read(end, 1)
            except BaseException as error:  # pylint: disable=broad-except
                tap.diag(f"user {uid}: {error!r}")
                os._exit(1)
            os._exit(0)
        os.close(end)
        os.close(ready)

    def until_ready(self):
        """Waits until it has all its connections."""
        assert wait.readable(self._ready, 10 * wait.SECONDS), "the user is not ready"
        assert os.read(self._ready, 16), "the user failed"

    def close(self):
        """Ends it."""
        os.write(self._end, b"x")
        os.close(self._end)
        os.close(self._ready)
        tap.equal(os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1]), 0, "the user's exit")


def _fill_history():
    netns.batch(f"link set b0 alias {number:06}{ALIAS}" for number in range(CHANGES))


class Guest:
    """A process of another user that hands in so many sockets of a namespace, and stays."""

    def __init__(self, path, uid, namespace, count):
        # Made by root, who may enter.
        sockets = namespace.rtnl(count)
        end, self._end = os.pipe()
        self._ready, ready = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            try:
                os.setgid(uid)
                os.setuid(uid)
                connections = [varlink.Connection(path) for _ in range(count)]
                for connection, handed in zip(connections, sockets):
                    connection.enter(handed)
                os.write(ready, b"x")
                os.read(end, 1)
            except BaseException as error:  # pylint: disable=broad-except
                tap.diag(f"guest {uid}: {error!r}")
                os._exit(1)
            os._exit(0)
        for each in sockets:
            each.close()
        os.close(end)
        os.close(ready)

    until_ready = User.until_ready
    close = User.close


def _serves(daemon, bystander):
    """Others are served: who is there, and root, who comes now."""
    bystander.call("Refresh")
    with daemon.connect() as newcomer:
        newcomer.call("GetStatus")
    return bystander.statistics()


def _stays_within(kinds):
    if daemons.SANITIZED:
        raise tap.Skip("the sanitizers need memory of their own")
    with cgroup.MemoryCgroup(allowed()) as group, \
            daemons.Daemon("--log-level", "err", wrapper=group.wrapper()) as daemon, \
            contextlib.ExitStack() as stack:
        os.chmod(daemon.directory, 0o755)
        bystander = stack.enter_context(daemon.connect())
        limits = bystander.statistics()
        data = [kind(limits) for kind in kinds]
        netns.batch(f"link add b{number} type bridge" for number in range(LINKS))
        netns.ip("link set b0 up")
        stack.callback(netns.delete_all)
        _fill_history()
        bystander.call("Refresh")
        kernel_rest = group.used() - daemon.memory()
        users = [User(daemon.socket, uid, USER_CONNECTIONS, data) for uid in USERS]
        for user in users:
            stack.callback(user.close)
        for user in users:
            user.until_ready()
        # Those who wait long for their replies to be read are ended meanwhile, on a slow machine many.
        sessions = _serves(daemon, bystander)["sessions"] - 1
        _fill_history()
        statistics = _serves(daemon, bystander)
        own = daemon.memory()
        kernel = group.most() - own - kernel_rest
        tap.diag(f"{sessions} sessions, {statistics['counters']['sessions_refused']} refused; history "
                 f"{statistics['history']['bytes'] >> 10} KiB; own memory {own >> 10} KiB, the kernel's "
                 f"{kernel_rest >> 10} KiB and for a session {kernel / sessions / 1024:.1f} KiB; "
                 f"at most {group.most() >> 20} MiB in all")
        assert statistics["counters"]["sessions_refused"] > 0, statistics
        assert sessions > statistics["sessions_max"] * 3 / 4, sessions
        assert statistics["history"]["bytes"] > statistics["history"]["bytes_max"] / 2, statistics
        shared = documented(HISTORY) + documented(REST)
        assert own <= sessions * documented(OWN) + shared, own
        assert kernel <= sessions * documented(KERNEL), kernel
        assert group.most() <= sessions * (documented(OWN) + documented(KERNEL)) + shared


@tap.test
def full_namespaces():
    """With namespaces full of links that several users entered, its memory is what is documented, and
    it serves"""
    if daemons.SANITIZED:
        raise tap.Skip("the sanitizers need memory of their own")
    with cgroup.MemoryCgroup(allowed()) as group, netns.Namespace() as full, \
            daemons.Daemon("--log-level", "err", wrapper=group.wrapper()) as daemon, \
            contextlib.ExitStack() as stack:
        os.chmod(daemon.directory, 0o755)
        full.batch(f"link add b{number} numtxqueues 1 type bridge" for number in range(FULL_LINKS))
        full.batch(f"link property add dev b{number} altname {name}{number}{'x' * 100}"
                   for number in range(FULL_LINKS) for name in "abc")
        bystander = stack.enter_context(daemon.connect())
        before = group.used()
        guests = [Guest(daemon.socket, uid, full, FULL_NAMESPACES) for uid in USERS]
        for guest in guests:
            stack.callback(guest.close)
        for guest in guests:
            guest.until_ready()
        statistics = _serves(daemon, bystander)
        tap.diag(f"{statistics['namespaces']} namespaces of {FULL_LINKS} links: "
                 f"{statistics['namespaces_memory'] >> 20} MiB counted, {group.most() - before >> 20} MiB taken")
        tap.equal(statistics["namespaces"], len(guests) * FULL_NAMESPACES)
        assert statistics["namespaces_memory"] > statistics["namespaces_memory_max"] / 2, statistics
        assert group.most() - before < documented(NAMESPACES) + documented(TABLES), group.most()


@tap.test
def fits():
    """What the defaults allow to all connections, Lists, namespaces and the history together, fits into
    what the unit allows"""
    with daemons.Daemon() as daemon:
        sessions_max = daemon.statistics()["sessions_max"]
    total = (sessions_max * (documented(OWN) + documented(KERNEL)) + documented(LISTS) +
             documented(HISTORY) + documented(REST) + documented(NAMESPACES) + documented(TABLES))
    tap.equal(documented(TOTAL), total, "the sum")
    assert total < allowed(), (total, allowed())


tap.add("With Monitors alone that nobody reads, its memory is what is documented, and it serves",
        _stays_within, (monitor,))
tap.add("With all that takes memory at once, that is what is documented, and it serves",
        _stays_within, (monitor, links, half_request))

tap.main()
