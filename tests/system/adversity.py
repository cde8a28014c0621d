"""What the machine may do to the daemon: nobody reads its log, the disk is full, it is stopped
for a while, it can't get memory at its start."""

import os
import re
import signal
import tempfile

import churn
import daemon as daemons
import netns
import picture
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
    """A log that nobody reads does not stop it; how much was left out is told when somebody
    does"""
    with tempfile.TemporaryDirectory() as directory:
        log = StuckLog(directory)
        with daemons.Daemon("--log-level", "debug", wrapper=log.wrapper()) as daemon:
            with Mirror(daemon.socket).until_ready() as mirror:
                for number in range(30):
                    netns.ip(f"link add s{number} type bridge")
                picture.settle(daemon, mirror)
            log.drain()
            netns.delete_all()
            told = ""

            def held_back():
                nonlocal told
                told += log.drain()
                return re.search(r"linkwatchd: \d+ more log lines were held back\n", told)

            wait.until(held_back, "the number of lines that were left out")
            assert all(line.startswith("linkwatchd: ") for line in told.splitlines()), told
        log.close()


@tap.test
def full_disk():
    """A log on a full disk costs the log, and nothing else"""
    wrapper = ("sh", "-c", 'exec "$@" 2>/dev/full', "sh")
    with daemons.Daemon("--log-level", "debug", wrapper=wrapper) as daemon, \
            Mirror(daemon.socket).until_ready() as mirror:
        netns.ip("link add f0 type bridge")
        mirror.until_event("add", "f0")
        netns.delete_all()
        picture.settle(daemon, mirror)


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
        picture.settle(daemon, mirror)


@tap.test
def stopped():
    """After it was stopped (SIGSTOP) during changes beyond its buffers, it goes on with the
    truth"""
    with daemons.Daemon("--receive-buffer", "4K") as daemon, \
            Mirror(daemon.socket).until_ready() as mirror:
        for seed in range(3):
            daemon.signal(signal.SIGSTOP)
            churn.start(churn.commands(seed, 400)).wait()
            daemon.signal(signal.SIGCONT)
            picture.settle(daemon, mirror)
        status = daemon.status()
        assert status["counters"]["overruns"] > 0, status
        assert status["counters"]["contradictions"] == 0, status
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
        except AssertionError:
            return daemon.wait(), daemon.log()
        wait.until(lambda: is_answered(daemon), "an answer")
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
