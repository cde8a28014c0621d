# SPDX-License-Identifier: LGPL-2.1-or-later
"""Descriptors that a consumer attaches to its calls: whoever drops the last reference to a file may
have to wait for it, and that is never the daemon."""

import contextlib
import errno
import os
import signal
import socket
import struct
import subprocess

import daemon as daemons
import fuse
import netns
import tap
import varlink
import wait
from mirror import Mirror

netns.enter()
netns.ip("link set lo up")

# Awakenings in a second.
FEW = 10
# Far beyond any test's time.
LINGER_SECONDS = 100000
MOST_IN_A_MESSAGE = 253
CONNECTIONS = 600
CALL = varlink.encode("GetStatus")


SENT, FAILED = range(2)


# Accepts no connection, and so reads from none.
PEER = socket.create_server(("127.0.0.1", 0))


def lingering():
    """A TCP socket whose close() waits as long as its linger time, since its peer does not
    read."""
    end = socket.create_connection(PEER.getsockname())
    end.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            end.send(b"x" * 65536)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, LINGER_SECONDS))
    return end


def connect(path):
    """A connection of the attacker's."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return connection


def attached_to_a_call(path, end):
    """It comes with a call."""
    socket.send_fds(connect(path), [CALL], [end.fileno()])


def most_in_a_message(path, end):
    """As many as one message may have, in many messages."""
    connection = connect(path)
    try:
        for _ in range(8):
            socket.send_fds(connection, [CALL], [end.fileno()] * MOST_IN_A_MESSAGE)
    except OSError as error:
        # A user without privilege may have no more on the way than RLIMIT_NOFILE says.
        if error.errno != errno.ETOOMANYREFS:
            raise


def many_connections(path, end):
    """They come on many connections."""
    connections = [connect(path) for _ in range(CONNECTIONS)]
    for connection in connections:
        socket.send_fds(connection, [CALL], [end.fileno()])


def out_of_band(path, end):
    """It comes with a byte out of band."""
    socket.send_fds(connect(path), [b"{"], [end.fileno()], socket.MSG_OOB)


def behind_other_calls(path, end):
    """It comes behind calls that are good."""
    connection = connect(path)
    connection.send(CALL * 10)
    socket.send_fds(connection, [CALL], [end.fileno()])


def behind_too_much(path, end):
    """It comes behind a request that is too long."""
    connection = connect(path)
    connection.send(b"{" + b" " * 60000)
    socket.send_fds(connection, [b" "], [end.fileno()])


def behind_monitor(path, end):
    """It comes where nobody asks for anything any more."""
    connection = connect(path)
    connection.send(varlink.encode("Monitor", {}, more=True))
    socket.send_fds(connection, [b"{"], [end.fileno()])


ATTACKS = (attached_to_a_call, most_in_a_message, many_connections, out_of_band,
           behind_other_calls, behind_too_much, behind_monitor)


def _attack(attack, path):
    """The end of the attacker's process closes what it has without waiting for it."""
    end = lingering()
    try:
        attack(path, end)
    except BaseException as error:  # pylint: disable=broad-except
        tap.diag(f"{error!r}")
        os._exit(FAILED)
    os._exit(SENT)


@contextlib.contextmanager
def stopped(daemon):
    """All that is sent meanwhile is there when it goes on."""
    daemon.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        daemon.signal(signal.SIGCONT)


def outcome_of(attack, path):
    """Whether what a process attached was sent; in the end, nobody but the daemon has it."""
    child = os.fork()
    if child == 0:
        _attack(attack, path)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _children(daemon):
    with open(f"/proc/{daemon.pid}/task/{daemon.pid}/children", encoding="ascii") as file:
        return file.read().split()


def recovers(daemon, descriptors):
    """Nothing is left of them in the end."""
    wait.until(lambda: daemon.has_sessions(1), "the end of the sessions")
    wait.until(lambda: len(os.listdir(f"/proc/{daemon.pid}/fd")) <= descriptors,
               "closed descriptors")
    wait.until(lambda: not _children(daemon), "the end of its children")


def limited(*options, limit=20000):
    """A daemon with so many descriptors."""
    return daemons.Daemon(*options, wrapper=("sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh"))


def _answers_others(attack):
    with limited() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        mirror.close()
        daemon.status()
        descriptors = len(os.listdir(f"/proc/{daemon.pid}/fd"))
        with stopped(daemon):
            tap.equal(outcome_of(attack, daemon.socket), SENT, "the outcome")
        with daemon.connect() as other:
            assert other.statistics()["sessions"] >= 1
        recovers(daemon, descriptors)


for attack_function in ATTACKS:
    name = attack_function.__doc__.rstrip(".")
    tap.add(f"A socket that lingers keeps nobody waiting: {name}", _answers_others,
            attack_function)


@tap.test
def gets_an_error():
    """Who attaches what is no rtnetlink socket gets an error, and the connection is closed"""
    with limited() as daemon, daemon.connect() as guest, socket.socketpair()[0] as end:
        guest.call("GetStatus")
        guest.send_with([end.fileno()], CALL)
        tap.equal(guest.expect_error("org.varlink.service.InvalidParameter"),
                  {"parameter": "socket_fd"})
        assert guest.is_closed()


def _only_session(daemon):
    """The one connection that it takes, once it noticed that nobody else is there."""
    connection = daemon.connect()
    try:
        connection.call("GetStatus")
        return connection
    except (varlink.Error, varlink.Closed):
        # It may be refused before the call is sent.
        connection.close()
        return None


@tap.test
def refused_connection():
    """A connection that is refused keeps nobody waiting for what is attached to its calls"""
    with limited("--sessions-max", "1") as daemon, \
            wait.until(lambda: _only_session(daemon), "a session") as other:
        refused = other.statistics()["counters"]["sessions_refused"]
        with stopped(daemon):
            tap.equal(outcome_of(many_connections, daemon.socket), SENT, "the outcome")
        wait.until(lambda: other.statistics()["counters"]["sessions_refused"] ==
                   refused + CONNECTIONS, "that all are refused")


@tap.test
def without_free_descriptors():
    """Without free descriptors, what is attached keeps nobody waiting either"""
    with limited(limit=30) as daemon, daemon.connect() as other:
        other.call("GetStatus")
        with contextlib.ExitStack() as guests:
            for _ in range(40):
                guests.enter_context(daemon.connect())
            wait.until(lambda: "cannot accept" in daemon.log(), "a full table of descriptors")
            with stopped(daemon):
                tap.equal(outcome_of(most_in_a_message, daemon.socket), SENT, "the outcome")
            other.call("GetStatus")
        wait.until(lambda: other.statistics()["sessions"] == 1, "the end of the sessions")


@tap.test
def ends_before_limited():
    """SIGTERM ends it at once, whatever is attached to the calls of those who were not accepted"""
    with limited() as daemon:
        daemon.status()
        with stopped(daemon):
            tap.equal(outcome_of(many_connections, daemon.socket), SENT, "the outcome")
            daemon.signal(signal.SIGTERM)
        tap.equal(daemon.wait(), 0)


@tap.test
def passed_listener():
    """Who connected to a socket that was passed, before the daemon could refuse, keeps nobody
    waiting"""
    with daemons.Daemon(serves=False) as daemon, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(daemon.socket)
        listener.listen(1000)
        tap.equal(outcome_of(many_connections, daemon.socket), SENT, "the outcome")
        script = 'exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
        process = subprocess.Popen(["bash", "-c", script, "-", daemons.BINARY, "--config",
                                    daemon.config], stdin=listener.fileno(),
                                   stderr=subprocess.DEVNULL)
        try:
            wait.until(lambda: daemon.has_sessions(1), "the end of the sessions")
        finally:
            process.terminate()
            tap.equal(process.wait(wait.SECONDS), 0)


@tap.test
def unanswered_file():
    """A file whose file system does not answer keeps nobody waiting"""
    with limited() as daemon, fuse.File(daemon.pid) as file:
        descriptor = os.open(file.path, os.O_RDONLY)
        connection = connect(daemon.socket)
        socket.send_fds(connection, [CALL], [descriptor])
        os.close(descriptor)
        connection.close()
        recovers(daemon, len(os.listdir(f"/proc/{daemon.pid}/fd")))


def _ignores_children(daemon):
    with open(f"/proc/{daemon.pid}/status", encoding="ascii") as file:
        ignored = next(line.split()[1] for line in file if line.startswith("SigIgn:"))
    return bool(int(ignored, 16) >> signal.SIGCHLD - 1 & 1)


def _wakeups(daemon):
    with open(f"/proc/{daemon.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file
                    if line.startswith("voluntary_ctxt_switches:"))


def _sleeper(daemon):
    """Whether it was woken seldom since the check before: its timer for children rings every
    50 ms."""
    before = -FEW

    def sleeps():
        nonlocal before
        last, before = before, _wakeups(daemon)
        return before - last < FEW

    return sleeps


@tap.test
def children_that_nobody_sees():
    """Where SIGCHLD is ignored from the start, what is attached keeps nobody waiting, is closed, and
    nobody is waited for afterwards"""
    ignoring = ("bash", "-c", 'trap "" CHLD; exec "$@"', "sh")
    # The search for leaks at the end is a child of which it wants to know how it ended.
    with daemons.Daemon(wrapper=ignoring, env={"ASAN_OPTIONS": "detect_leaks=0"}) as daemon:
        daemon.status()
        assert _ignores_children(daemon)
        descriptors = len(os.listdir(f"/proc/{daemon.pid}/fd"))
        for _ in range(2):
            with stopped(daemon):
                tap.equal(outcome_of(attached_to_a_call, daemon.socket), SENT, "the outcome")
            with daemon.connect() as other:
                assert other.statistics()["sessions"] >= 1
            recovers(daemon, descriptors)
        assert _ignores_children(daemon)
        wait.until(_sleeper(daemon), "the end of its timer", tick=1)
        assert "cannot" not in daemon.log(), daemon.log()


tap.main()
