# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the machine may do to the daemon: nobody reads its log, the disk is full, it is stopped
for a while, it can't get memory at its start."""

import contextlib
import fcntl
import json
import os
import re
import select
import signal
import socket
import tempfile

import daemon as daemons
import ip_links
import link_churn
import netns
import tap
import varlink
import wait
from mirror import Mirror

netns.enter()


class StuckLog:
    """A pipe for the daemon's log that is full, and that nobody reads until drain()."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "log-pipe")
        os.mkfifo(self.path)
        self._fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        try:
            while True:
                os.write(self._fd, b"x" * 4096)
        except BlockingIOError:
            pass

    def wrapper(self):
        """Before the daemon's command line, to make it write there."""
        return ("sh", "-c", f'exec "$@" 2>>{self.path}', "sh")

    def drain(self):
        """Reads all that is there."""
        data = b""
        try:
            while True:
                data += os.read(self._fd, 1 << 16)
        except BlockingIOError:
            return data.lstrip(b"x").decode()

    def close(self):
        """Forgets it."""
        os.close(self._fd)
        os.unlink(self.path)


@tap.test
def stuck_log():
    """A log that nobody reads does not stop it; how much was left out is logged when somebody
    does"""
    with tempfile.TemporaryDirectory() as directory:
        log = StuckLog(directory)
        with daemons.Daemon("--log-level", "debug", wrapper=log.wrapper()) as daemon:
            with Mirror(daemon.socket).until_ready() as mirror:
                for number in range(30):
                    netns.ip(f"link add s{number} type bridge")
                ip_links.settle(daemon, mirror)
            log.drain()
            netns.delete_all()
            logged = ""

            def suppressed():
                nonlocal logged
                logged += log.drain()
                return re.search(r"linkwatchd: \d+ more log lines were suppressed\n", logged)

            wait.until(suppressed, "the number of lines that were left out")
            assert all(line.startswith("linkwatchd: ") for line in logged.splitlines()), logged
        log.close()


@tap.test
def narrow_terminal():
    """A terminal that has room for some lines and a half does not stop it"""
    master, slave = os.openpty()
    os.set_blocking(slave, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(slave, b"x")
    os.set_blocking(slave, True)
    assert len(os.read(master, 1500)) == 1500
    wait.until(lambda: select.select([], [slave], [], 0)[1], "some room")
    wrapper = ("sh", "-c", f'exec "$@" 2>/proc/{os.getpid()}/fd/{slave}', "sh")
    with daemons.Daemon("--log-level", "debug", wrapper=wrapper) as daemon:
        netns.batch(f"link add n{number} type bridge" for number in range(45))
        daemon.call("Refresh")
        assert not select.select([], [slave], [], 0)[1], "it is not full"
        netns.delete_all()
        daemon.call("Refresh")
    os.close(slave)
    os.close(master)


class Journal:
    """A journal that does not read until it may, in the place of the system's."""

    def __init__(self):
        netns.run("mount", "-t", "tmpfs", "tmpfs", "/run")
        os.makedirs("/run/systemd/journal")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("/run/systemd/journal/socket")
        self._socket.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._socket.close()
        netns.run("umount", "/run")

    @staticmethod
    def _contents(data, descriptors):
        if not descriptors:
            return data
        tap.equal(data, b"", "what stands beside the memory")
        with os.fdopen(descriptors[0], "rb") as file:
            # The journal takes only what nobody can change.
            seals = fcntl.fcntl(file, fcntl.F_GET_SEALS)
            tap.equal(seals & fcntl.F_SEAL_WRITE, fcntl.F_SEAL_WRITE, "the seal")
            return os.pread(file.fileno(), 1 << 24, 0)

    def entries(self):
        """All that was sent, each as a dictionary of byte strings."""
        logged = []
        try:
            while True:
                data, descriptors, _, _ = socket.recv_fds(self._socket, 1 << 20, 1)
                logged.append(_fields(self._contents(data, descriptors)))
        except BlockingIOError:
            return logged


def _fields(data):
    """The fields of an entry in the journal's native protocol."""
    fields = {}
    for line in data.splitlines():
        name, value = line.split(b"=", 1)
        assert re.fullmatch(rb"[A-Z][A-Z0-9_]*", name), name
        fields[name.decode()] = value
    return fields


@contextlib.contextmanager
def journaling_daemon():
    """A daemon whose standard error is the journal's, by the environment."""
    with daemons.Daemon("--log-level", "debug", serves=False) as daemon:
        with open(os.path.join(daemon.directory, "log"), "w", encoding="ascii") as log:
            status = os.fstat(log.fileno())
        daemon.set_environment(JOURNAL_STREAM=f"{status.st_dev}:{status.st_ino}")
        daemon.start()
        yield daemon
        tap.equal(daemon.log(), "", "what went to standard error")


@tap.test
def stuck_journal():
    """A journal that does not read does not stop it; how much was left out is logged when it
    does"""
    with Journal() as journal, journaling_daemon() as daemon:
        with Mirror(daemon.socket).until_ready() as mirror:
            for number in range(40):
                netns.ip(f"link add s{number} type bridge")
            ip_links.settle(daemon, mirror)
        logged = journal.entries()
        assert logged, "nothing was sent"
        wait.until(lambda: [e for e in journal.entries() if int(e.get("SUPPRESSED", 0)) > 0],
                   "the number of entries that were left out")
    netns.delete_all()


@tap.test
def no_journal():
    """Where the journal went away, it serves, and logs how much was left out when there is one
    again"""
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(journaling_daemon())
        netns.ip("link add j0 type bridge")
        daemon.call("Refresh")
        netns.delete_all()
        daemon.call("Refresh")
        with Journal() as journal:
            wait.until(lambda: [e for e in journal.entries() if int(e.get("SUPPRESSED", 0)) > 0],
                       "the number of entries that were left out")


def _add_altnames(link, numbers):
    """Such as become six times as long in JSON."""
    netns.batch(f"link property add dev {link} altname {number:03}" + "\1" * 124
                for number in numbers)


@tap.test
def any_field():
    """Fields that no datagram has room for come into the journal whole, and those of several
    lines forge no other field"""
    with Journal() as journal, journaling_daemon() as daemon:
        journal.entries()
        netns.run("ip", "link", "add", "a0", "type", "bridge")
        netns.run("ip", "link", "set", "a0", "alias", "first line\nSECOND=line")
        _add_altnames("a0", range(400))
        daemon.call("Refresh")
        journal.entries()
        _add_altnames("a0", [400])
        daemon.call("Refresh")
        netns.ip("link del a0")
        daemon.call("Refresh")
        logged = [e for e in journal.entries() if e.get("INTERFACE") == b"a0"]
        changed, gone = logged[0], logged[-1]
        tap.equal(gone["OLD_IFALIAS"], b"first line\\x0aSECOND=line", "the alias")
        tap.equal((gone["SYSLOG_IDENTIFIER"], gone["KIND"]), (b"linkwatchd", b"bridge"))
        tap.equal([len(json.loads(changed[name])) for name in ("OLD_ALTNAMES", "NEW_ALTNAMES")],
                  [400, 401], "the numbers of names")
        assert len(changed["OLD_ALTNAMES"]) > 400 * 6 * 124, len(changed["OLD_ALTNAMES"])


@tap.test
def full_disk():
    """A log on a full disk costs the log, and nothing else"""
    wrapper = ("sh", "-c", 'exec "$@" 2>/dev/full', "sh")
    with daemons.Daemon("--log-level", "debug", wrapper=wrapper) as daemon, \
            Mirror(daemon.socket).until_ready() as mirror:
        netns.ip("link add f0 type bridge")
        mirror.until_event("add", "f0")
        netns.delete_all()
        ip_links.settle(daemon, mirror)


@tap.test
def closed_log():
    """Without any standard error it serves all the same"""
    wrapper = ("sh", "-c", 'exec "$@" 2>&-', "sh")
    with daemons.Daemon("--log-level", "debug", wrapper=wrapper) as daemon, \
            Mirror(daemon.socket).until_ready() as mirror:
        assert os.readlink(f"/proc/{daemon.pid}/fd/2") == "/dev/null"
        netns.ip("link add c0 type bridge")
        mirror.until_event("add", "c0")
        netns.delete_all()
        ip_links.settle(daemon, mirror)


@tap.test
def stopped():
    """After it was stopped (SIGSTOP) during changes beyond its buffers, it goes on with the
    truth"""
    with daemons.Daemon("--receive-buffer", "4K") as daemon, \
            Mirror(daemon.socket).until_ready() as mirror:
        for seed in range(3):
            daemon.signal(signal.SIGSTOP)
            link_churn.start(link_churn.commands(seed, 400)).wait()
            daemon.signal(signal.SIGCONT)
            ip_links.settle(daemon, mirror)
        counters = daemon.statistics()["counters"]
        assert counters["overruns"] > 0, counters
        assert counters["contradictions"] == 0, counters
        netns.delete_all()


def is_answered(daemon):
    """Whether a call is answered; a connection may be lost for want of memory."""
    try:
        return daemon.status()
    except varlink.Closed:
        return False


def start_starving(number, count):
    """Starts it with that allocation and some more failing; its exit code and what it wrote, None
    as the code if it serves."""
    daemon = daemons.Daemon(serves=False, env={
        "LD_PRELOAD": daemons.helper("starve.so"),
        "LINKWATCH_STARVE": f"{number} {count}"})
    with daemon:
        try:
            daemon.start()
            wait.until(lambda: is_answered(daemon), "an answer")
        except (AssertionError, FileNotFoundError, ConnectionRefusedError):
            # It may end when its socket can be connected to already.
            return daemon.wait(), daemon.log()
        return None, daemon.log()


@tap.test
def starving_start():
    """Any allocation of the start may fail: it ends with a line that says so, or serves"""
    if daemons.SANITIZED:
        raise tap.Skip("the sanitizers have an allocator of their own")
    ended = served = 0
    for number in range(1, 1000):
        code, log = start_starving(number, 2)
        if code is None:
            served += 1
            # From here on only what is done after the start fails.
            if "starving" not in log:
                break
            continue
        ended += 1
        assert code in (1, 2), f"allocation {number}: ended with {code}: {log}"
        assert re.search(r"linkwatchd: .*(memory|Cannot allocate)", log), f"{number}: {log!r}"
    tap.diag(f"ended {ended} times with an error, served {served} times")
    assert ended > 5 and served > 1, (ended, served)


tap.main()
