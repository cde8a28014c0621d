# SPDX-License-Identifier: LGPL-2.1-or-later
"""Churn for as long as LINKWATCH_ENDURANCE_EVENTS says: memory and descriptors stay as they are
after the warm-up, and in the end the links are the kernel's. A shorter one under valgrind."""

import os
import shutil
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

# Events that the daemon sends; a few million take an hour.
EVENTS = int(os.environ.get("LINKWATCH_ENDURANCE_EVENTS", "40000"))
tap.TEST_SECONDS = max(tap.TEST_SECONDS, EVENTS // 100)
COMMANDS = 4000
# Memory that may be more at the end than after the warm-up: what the allocator scatters.
GROWTH_MAX = 512 << 10


def _descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


def _use(daemon, position):
    """What consumers do, once each."""
    daemon.links()
    daemon.status()
    with Mirror(daemon.socket, filter={"names": ["v*"], "kinds": ["veth"]}) as other:
        other.until_ready()
    with Mirror(daemon.socket, since=position) as other:
        other.until_ready()
    with daemon.connect() as connection:
        connection.send_bytes(varlink.encode("List")[:20])


def _churn(daemon, mirror, seed):
    """A round of churn; the mirror must be right after it."""
    process = link_churn.start(link_churn.commands(seed, COMMANDS, slow=2))
    while process.poll() is None:
        if mirror.connection.has_message() or wait.readable(mirror.connection, 0.1):
            mirror.take()
    ip_links.settle(daemon, mirror)
    _use(daemon, mirror.position())
    mirror.events.clear()
    netns.delete_all()


def _rounds(daemon, mirror, events):
    """Rounds of churn until so many events came; how many it took."""
    first = mirror.sequence
    seed = 0
    while mirror.sequence - first < events:
        _churn(daemon, mirror, seed)
        seed += 1
    return seed


@tap.test
def endurance():
    """Memory and descriptors stay flat under churn"""
    # The history must be full before one can see what grows.
    with daemons.Daemon("--history-size", "256K") as daemon, \
            Mirror(daemon.socket).until_ready() as mirror:
        _rounds(daemon, mirror, 8000)
        warm = daemon.memory(), _descriptors(daemon)
        began = mirror.sequence
        cpu = daemon.cpu_seconds()
        rounds = _rounds(daemon, mirror, EVENTS)
        end = daemon.memory(), _descriptors(daemon)
        counters = daemon.statistics()["counters"]
        tap.diag(f"{mirror.sequence - began} events in {rounds} rounds, "
                 f"{counters['notifications']} notifications; memory "
                 f"{warm[0] >> 10} KiB after the warm-up, {end[0] >> 10} KiB in the end; "
                 f"descriptors {warm[1]}, then {end[1]}; "
                 f"CPU {daemon.cpu_seconds() - cpu:.1f} s")
        tap.equal(end[1], warm[1], "descriptors")
        if not daemons.SANITIZED:
            assert end[0] < warm[0] + GROWTH_MAX, (warm, end)


@tap.test
def under_valgrind():
    """Valgrind sees no error in it, and nothing that is not freed"""
    if daemons.SANITIZED or not shutil.which("valgrind"):
        raise tap.Skip("the sanitizers see it" if daemons.SANITIZED else
                       "valgrind is not there (Debian: valgrind)")
    with tempfile.NamedTemporaryFile(prefix="linkwatch-valgrind-") as report:
        wrapper = ("valgrind", "--quiet", "--child-silent-after-fork=yes", "--leak-check=full",
                   "--show-leak-kinds=all", "--errors-for-leak-kinds=all", "--error-exitcode=99",
                   f"--log-file={report.name}")
        with daemons.Daemon("--history-size", "64K", "--log-level", "debug",
                            wrapper=wrapper) as daemon, \
                Mirror(daemon.socket).until_ready() as mirror:
            process = link_churn.start(link_churn.commands(1, 300))
            process.wait()
            ip_links.settle(daemon, mirror)
            _use(daemon, mirror.position())
            daemon.signal(1)
            daemon.status()
            netns.delete_all()
        tap.equal(report.read().decode(), "", "valgrind's report")


tap.main()
