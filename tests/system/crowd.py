# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many consumers, slow ones, dead ones, and a daemon that dies: who lives on knows the truth,
and got how it came about."""

import json
import random
import subprocess

import daemon as daemons
import ip_links
import link_churn
import netns
import tap
import varlink
import wait
from mirror import Mirror

# For a whole test on a busy machine.
LONG = 500
MARKER = "the-end"


class Crowd:
    """Mirrors of liblinkwatch in a process of their own; see tests/support/crowd.c."""

    def __init__(self, daemon, count):
        self._process = subprocess.Popen(
            [daemons.helper("crowd"), daemon.socket, str(count), MARKER],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def kill(self):
        """Ends it in the middle of whatever it does."""
        self._process.kill()
        self._process.communicate()

    def outcome(self):
        """The links that all of them have in the end, and figures."""
        try:
            output, errors = self._process.communicate(timeout=LONG)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        assert self._process.returncode == 0, errors
        links = {link["ifindex"]: link for link in json.loads(output)}
        figures = json.loads(errors.strip().splitlines()[-1])
        tap.diag(figures)
        return links, figures


def mark_end(daemon):
    """Makes the link by which the crowd knows that this is all."""
    daemon.call("Refresh")
    netns.ip(f"link add {MARKER} type bridge")
    daemon.call("Refresh")


def expect_truth(links):
    """Compares links with the kernel's."""
    wrong = ip_links.differences(ip_links.ours(links), ip_links.kernel())
    assert not wrong, wrong


def stalled_consumer(daemon):
    """A consumer that asks for everything and never reads."""
    connection = varlink.Connection(daemon.socket)
    connection.send("Monitor", {}, more=True)
    return connection


@tap.test
def five_hundred():
    """Of 500 consumers, 50 never read and 50 are killed: the links of each other one are the kernel's,
    without an unannounced gap"""
    netns.delete_all()
    with daemons.Daemon("--history-size", "1M") as daemon:
        stalled = [stalled_consumer(daemon) for _ in range(50)]
        healthy = Crowd(daemon, 400)
        doomed = [Crowd(daemon, 10) for _ in range(5)]
        wait.until(lambda: daemon.statistics()["sessions"] >= 500, "500 sessions")
        changes = link_churn.start(link_churn.commands(1, 1000))
        for number, crowd in enumerate(random.Random(1).sample(doomed, len(doomed))):
            before = daemon.statistics()["counters"]["events"]
            wait.until(lambda: changes.poll() is not None or
                       daemon.statistics()["counters"]["events"] > before + 100, "churn")
            crowd.kill()
            tap.diag(f"killed {number + 1} at event {before}")
        changes.wait(timeout=LONG)
        mark_end(daemon)
        links, figures = healthy.outcome()
        expect_truth(links)
        tap.equal(figures["consumers"], 400)
        for connection in stalled:
            connection.close()
        wait.until(lambda: daemon.has_sessions(1), "the end of all sessions")
        netns.delete_all()


@tap.test
def killed_daemon():
    """After the daemon is killed under churn and started again, each mirror ends right, with a
    consistent sequence of events"""
    netns.delete_all()
    with daemons.Daemon() as daemon:
        crowd = Crowd(daemon, 40)
        changes = link_churn.start(link_churn.commands(2, 6000))
        for _ in range(4):
            before = daemon.statistics()["counters"]["events"]
            wait.until(lambda: changes.poll() is not None or
                       daemon.statistics()["counters"]["events"] > before + 300, "churn")
            daemon.kill()
            daemon.start()
        changes.wait(timeout=LONG)
        mark_end(daemon)
        links, figures = crowd.outcome()
        expect_truth(links)
        assert figures["connected"] > 40, figures
        netns.delete_all()


@tap.test
def stopped_reading():
    """A consumer that stops reading for 100,000 events, and then reads on, learns exactly how
    many it lost, and ends with the kernel's links"""
    netns.delete_all()
    netns.ip("link add v0 type veth peer name v1")
    with daemons.Daemon("--history-size", "1M") as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        start = mirror.sequence
        link_churn.start(f"link set v0 mtu {1000 + n % 400}"
                         for n in range(100000)).wait(timeout=LONG)
        netns.ip("link set v1 up")
        end = daemon.call("Refresh")["position"]["sequence"]
        assert end - start >= 100000, (start, end)
        mirror.until_sequence(end)
        received = [event["position"]["sequence"] for event in mirror.events]
        assert mirror.lost, "nothing was lost: the test is too small"
        tap.equal(len([n for n in received if n <= end]) + sum(m["lost"] for m in mirror.lost),
                  end - start, "events received and lost")
        tap.equal(daemon.statistics()["counters"]["events_lost"], sum(m["lost"] for m in mirror.lost))
        expect_truth(mirror.links)


@tap.test
def slow_reader_delays_nobody():
    """Consumers that never read take no processor time, and delay nobody"""
    netns.delete_all()
    netns.ip("link add b0 type bridge")
    with daemons.Daemon("--history-size", "64K") as daemon:
        stalled = [stalled_consumer(daemon) for _ in range(100)]
        link_churn.start(f"link set b0 mtu {1000 + n % 400}" for n in range(5000)).wait(timeout=LONG)
        daemon.call("Refresh")
        status = daemon.statistics()["counters"]
        before = daemon.cpu_seconds()
        with Mirror(daemon.socket) as mirror:
            mirror.until_ready()
            for n in range(50):
                netns.ip(f"link set b0 mtu {1000 + n}")
                mirror.until(lambda mtu=1000 + n: mirror.events and
                             mirror.events[-1]["link"]["mtu"] == mtu, "the event")
        used = daemon.cpu_seconds() - before
        tap.diag(f"50 events beside 100 stalled consumers cost {used:.2f} s; {status}")
        # Serving them for each event again would cost a multiple.
        assert used < 5, used
        for connection in stalled:
            connection.close()


netns.enter()
tap.main()
