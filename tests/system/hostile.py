# SPDX-License-Identifier: LGPL-2.1-or-later
"""Consumers that mean harm, or behave as if: others get their events meanwhile, the memory stays
bounded, and nothing of them is left behind.

How long others wait at most is what tests/model/fairness.c holds, in operations counted, for the
attack of the same name in tests/model/attacks.c: for an event of another user in _withstands(), for
its List and a Monitor's ready in _delays(). The times that are printed here are for people."""

import collections
import contextlib
import fcntl
import os
import select
import socket
import statistics
import struct
import time

import daemon as daemons
import netns
import tap
import varlink
import wait
from mirror import Mirror

netns.enter()

CHANGES = 150
# Links, and globs that it takes long to find that their names don't match.
LINKS = 300
LINK_NAME = "aaaaaaaaaaa{}"
COSTLY = {"filter": {"names": [f"*a*a*a*a*a*a*a*a*a*a*a*ab{i:03}" for i in range(255)]}}
MEMORY_MAX = 64 << 20
# Another user, and how many connections it has: as many as one user may, but a few.
OTHER = 1001
CROWD = 1000
_SIOCSIFMTU = 0x8922


class Attack:
    """A child process that does something again and again until the context ends; started
    when it has done so least times."""

    def __init__(self, function, path, least):
        self._stop, child_stop = os.pipe()
        results, child_results = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            try:
                os.close(child_stop)
                os.close(results)
                _repeat(function, path, least, self._stop, child_results)
            finally:
                os._exit(1)
        os.close(self._stop)
        os.close(child_results)
        self._stop = child_stop
        self._results = results

    def __enter__(self):
        assert wait.readable(self._results, wait.SECONDS), "the attack did not begin"
        assert os.read(self._results, 1), "the attack failed"
        return self

    def __exit__(self, *_exception):
        os.close(self._stop)
        status = os.waitpid(self._child, 0)[1]
        self.count = int(os.read(self._results, 64) or b"0")
        os.close(self._results)
        tap.equal(os.waitstatus_to_exitcode(status), 0, "the attack's exit code")


def _repeat(function, path, least, stop, results):
    """The child: begins, reports that it goes well, and ends when asked to and has done
    enough."""
    count = 0
    attack = function(path)
    while count < least or not wait.readable(stop, 0):
        next(attack)
        count += 1
        if count == 1:
            os.write(results, b"x")
    os.write(results, str(count).encode())
    os._exit(0)


def _connect(path):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(path)
    return connection


def _send_until_closed(connection, chunk, most):
    """How much the daemon took before it hung up."""
    sent = 0
    try:
        while sent < most:
            sent += connection.send(chunk)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return sent


def come_and_go(path):
    """Connections that are dropped at once, some in the middle of a call."""
    while True:
        connection = _connect(path)
        yield
        connection.close()
        connection = _connect(path)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.send(varlink.encode("List"))
        connection.close()
        yield


def half_requests(path):
    """Hundreds of connections that never end their request, and begin another."""
    connections = []
    while True:
        connection = _connect(path)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.send(b'{"method":"org.linkwatch.Links.Li' + b" " * 3000)
        connections.append(connection)
        if len(connections) > 400:
            connections.pop(0).close()
        yield


def huge_request(path):
    """A request of a GiB."""
    chunk = b'{"method":"' + b"x" * (1 << 20)
    while True:
        with _connect(path) as connection:
            sent = _send_until_closed(connection, chunk, 1 << 30)
            assert sent < 1 << 24, f"{sent} bytes were taken"
        yield


def deep_json(path):
    """JSON that is nested as deep as it fits."""
    while True:
        with _connect(path) as connection:
            _send_until_closed(connection, b'{"a":' * 10000 + b"\0", 1)
            with contextlib.suppress(ConnectionResetError):
                assert not connection.recv(1)
        yield


def long_text(path):
    """Calls that are as long as they may be."""
    call = varlink.encode("List", {"x": ["x" * 1000] * 40})
    while True:
        with _connect(path) as connection:
            connection.send(call)
            assert connection.recv(1)
        yield


def many_values(path):
    """Calls of as many values as fit."""
    call = b'{"a":[' + b"{}," * 5000 + b"0]}\0"
    while True:
        with _connect(path) as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.send(call)
                assert not connection.recv(1)
        yield


def bad_text(path):
    """Strings that are not UTF-8."""
    while True:
        with _connect(path) as connection:
            _send_until_closed(connection, b'{"method":"\xff\xc0\x80\xed\xa0\x80"}\0', 1)
            with contextlib.suppress(ConnectionResetError):
                assert not connection.recv(1)
        yield


def costly_lists(path):
    """One list after the other, with a filter that takes long."""
    call = varlink.encode("List", COSTLY)
    with _connect(path) as connection:
        while True:
            connection.send(call)
            while not connection.recv(1 << 16).endswith(b"\0"):
                pass
            yield


def costly_monitors(path):
    """A hundred consumers with such a filter, who get nothing but the beginning."""
    call = varlink.encode("Monitor", COSTLY, more=True)
    consumers = [_connect(path) for _ in range(100)]
    for connection in consumers:
        connection.send(call)
    while True:
        for connection in consumers:
            if wait.readable(connection, 0.01):
                connection.recv(1 << 16)
        yield


def many_monitors(path):
    """Thousands of Monitors on one connection."""
    call = varlink.encode("Monitor", {}, more=True)
    while True:
        with _connect(path) as connection:
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
                for _ in range(5000):
                    connection.send(call)
            select.select([connection], [], [], 1)
        yield


def many_calls(path):
    """Thousands of calls on one connection, whose answers nobody reads."""
    call = varlink.encode("List") + varlink.encode("GetStatus")
    connections = []
    while True:
        connection = _connect(path)
        connection.setblocking(False)
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            for _ in range(5000):
                connection.send(call)
        connections.append(connection)
        if len(connections) > 50:
            connections.pop(0).close()
        yield


def slow_readers(path):
    """A hundred consumers that read a byte a second each."""
    readers = []
    for _ in range(100):
        connection = _connect(path)
        connection.send(varlink.encode("Monitor", {}, more=True))
        readers.append(connection)
    while True:
        for connection in readers:
            if wait.readable(connection, 0.01):
                connection.recv(1)
        yield


def other_lists(path):
    """Another user's thousand connections, each of which asks for one costly list after the
    other."""
    os.setuid(OTHER)
    call = varlink.encode("List", COSTLY)
    connections = [_connect(path) for _ in range(CROWD)]
    poll = select.poll()
    for connection in connections:
        connection.setblocking(False)
        poll.register(connection, select.POLLIN)
        connection.send(call)
    by_number = {connection.fileno(): connection for connection in connections}
    while True:
        for number, _events in poll.poll(100):
            by_number[number].recv(1 << 16)
            by_number[number].send(call)
        yield


def other_reconnects(path):
    """Another user's connections, a thousand at a time, that are closed and made anew."""
    os.setuid(OTHER)
    connections = collections.deque()
    while True:
        connections.append(_connect(path))
        if len(connections) >= CROWD:
            connections.popleft().close()
        yield


def _time_of(daemon, method):
    """Seconds until a new connection has the last reply to a List, or a Monitor's ready."""
    began = time.monotonic()
    with daemon.connect() as connection:
        connection.send(method, more=True)
        if method == "List":
            connection.list()
        else:
            while connection.receive()["parameters"]["type"] != "ready":
                pass
    return time.monotonic() - began


def _delays(function, least):
    """What another user's attack does to a list, and to a new Monitor."""
    netns.need_other_users()
    with daemons.Daemon() as daemon, contextlib.closing(Changes(daemon, LINKS)):
        os.chmod(daemon.directory, 0o755)
        try:
            with Attack(function, daemon.socket, least):
                for method in ("List", "Monitor"):
                    took = statistics.median(_time_of(daemon, method) for _ in range(20))
                    tap.diag(f"{method}: {took * 1e3:.1f} ms")
        finally:
            os.chmod(daemon.directory, 0o700)


class Changes:
    """Single changes of a bridge, and when a consumer hears of each."""

    def __init__(self, daemon, links):
        netns.batch(["link add h0 type bridge",
                     *(f"link add {LINK_NAME.format(i)} type bridge" for i in range(links))])
        self._mirror = Mirror(daemon.socket).until_ready()
        self._mirror.refresh(daemon.socket)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._mtu = 1000

    def one(self):
        """Seconds from before the change until it was heard of."""
        self._mtu = 1000 + (self._mtu + 1) % 400
        began = time.monotonic()
        fcntl.ioctl(self._socket, _SIOCSIFMTU, struct.pack("16si12x", b"h0", self._mtu))
        while True:
            message = self._mirror.take()
            if message.get("link", {}).get("mtu") == self._mtu:
                return time.monotonic() - began

    def median(self):
        """Of many."""
        return statistics.median(self.one() for _ in range(CHANGES))

    def close(self):
        """Ends it."""
        self._mirror.close()
        self._socket.close()
        netns.delete_all()


def _descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


def _withstands(function, least):
    links = LINKS if function in (costly_lists, costly_monitors) else 0
    with daemons.Daemon() as daemon, contextlib.closing(Changes(daemon, links)) as changes:
        descriptors = _descriptors(daemon)
        calm = changes.median()
        memory = daemon.memory()
        with Attack(function, daemon.socket, least) as attack:
            # Each of the changes is heard of while it goes on.
            disturbed = changes.median()
            most = daemon.memory()
        most = max(most, daemon.memory())
        tap.diag(f"{attack.count} times; delay {calm * 1e6:.0f} us, then {disturbed * 1e6:.0f} us "
                 f"({disturbed / calm:.1f} times); memory {memory >> 10} KiB, then "
                 f"{most >> 10} KiB")
        assert daemons.SANITIZED or most < memory + MEMORY_MAX, (memory, most)
        wait.until(lambda: daemon.has_sessions(2), "the end of the sessions")
        wait.until(lambda: _descriptors(daemon) <= descriptors, "no descriptors left open")


for attack_function, times, behaviour in (
        (come_and_go, 10000, "Ten thousand connections come and go"),
        (half_requests, 2000, "Requests are begun and never ended"),
        (huge_request, 5, "Requests of a GiB are sent"),
        (deep_json, 200, "JSON is nested without end"),
        (long_text, 1000, "Calls are as long as they may be"),
        (many_values, 1000, "Calls have values without end"),
        (bad_text, 1000, "Text is not UTF-8"),
        (costly_lists, 20, "Lists with a costly filter are called without end"),
        (costly_monitors, 3, "A hundred consumers have a costly filter"),
        (many_monitors, 5, "Thousands of Monitors are called on one connection"),
        (many_calls, 100, "Thousands of calls are made, and their answers not read"),
        (slow_readers, 3, "A hundred consumers read a byte a second")):
    tap.add(behaviour + ", and others get events meanwhile", _withstands, attack_function,
            times)


for attack_function, times, behaviour in (
        (other_lists, 10, "A thousand connections of another user call costly Lists"),
        (other_reconnects, 2000, "A thousand connections of another user come and go")):
    tap.add(behaviour + ", and Lists and Monitors of others are answered meanwhile", _delays,
            attack_function, times)


@tap.test
def limits_are_reported():
    """The limits, and how many were refused at them, are in the statistics"""
    with daemons.Daemon("--sessions-max", "20", "--request-max", "8K") as daemon:
        with Attack(half_requests, daemon.socket, 500):
            pass
        statistics = wait.until(lambda: _statistics_of(daemon), "a free session")
        tap.equal(statistics["sessions_max"], 20, "the limit of sessions")
        tap.equal(statistics["request_max"], 8192, "the limit of a request")
        assert statistics["counters"]["sessions_refused"] > 0, statistics


def _statistics_of(daemon):
    try:
        return daemon.statistics()
    except (varlink.Error, varlink.Closed):
        return None


tap.main()
