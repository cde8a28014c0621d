# SPDX-License-Identifier: LGPL-2.1-or-later
"""What doc/performance.md says that is done for an event, a link and a poll: in system calls and
instructions, which what else the machine does changes little or not at all."""

import atexit
import collections
import contextlib
import re
import shutil
import subprocess
import tempfile

import daemon as daemons
import netns
import stage as stages
import tap
import wait
from plan import Plan

EVENTS = 200
# A timer that is over, or a dump in between.
OTHER_CALLS = 20
# What other compilers and libraries make of the same code.
LEEWAY = 1.25
REQUESTS = ("sendto", "sendmsg")


class Trace:
    """The system calls of a running process."""

    def __init__(self, pid):
        tap.need_program("strace", "strace")
        self._file = tempfile.NamedTemporaryFile(prefix="linkwatch-strace-", mode="r")
        self._strace = subprocess.Popen(["strace", "-o", self._file.name, "-p", str(pid)],
                                        stderr=subprocess.PIPE, text=True)
        line = self._strace.stderr.readline()
        if "attached" not in line:
            self._strace.communicate()
            raise tap.Skip(f"strace can't trace here: {line.strip()}")

    def end(self):
        """Ends it; how often each of them was made and has returned."""
        self._strace.terminate()
        self._strace.communicate()
        with self._file as file:
            return collections.Counter(re.findall(r"^(\w+)\(.* = ", file.read(), re.MULTILINE))


def _changes(stage, daemon, count):
    """So many changes, one by one, each read by one consumer, as soon as it is told to go."""
    return stage.program("delay", stage.first, count, 0, "varlink", daemon.path).wait_ready()


def event_calls(plan):
    """An event for one consumer takes four system calls: it waits, receives twice and sends"""
    stage = plan.stage(plan.few)
    with stage.daemon("--source", "subscribe", "--log-level", "warning") as daemon:
        changes = _changes(stage, daemon, EVENTS)
        trace = Trace(daemon.pid)
        changes.go().result()
        calls = trace.end()
    tap.diag(f"{calls.total() / EVENTS:.2f} system calls an event")
    assert EVENTS < calls.total() <= 4 * EVENTS + OTHER_CALLS, calls


def poll_calls(plan):
    """A poll that finds nothing takes six system calls"""
    stage = plan.stage(plan.few)
    with stage.daemon("--budget", "100%", "--interval-min", "10ms", denied=True) as daemon, \
            contextlib.closing(stages.Connection(daemon.path)):
        trace = Trace(daemon.pid)
        wakeups = daemon.status("voluntary_ctxt_switches")
        wait.until(lambda: daemon.status("voluntary_ctxt_switches") > wakeups + 200, "polls")
        calls = trace.end()
    polls = sum(calls[call] for call in REQUESTS)
    tap.diag(f"{calls.total() / polls:.2f} system calls a poll: {calls}")
    assert polls > 1 and calls.total() <= 6 * (polls + 1), calls


def idle_calls(plan):
    """Where the subscription is trusted and nothing happens, there is none between two audits"""
    stage = plan.stage(plan.few)
    with stage.daemon("--source", "subscribe") as daemon:
        trace = Trace(daemon.pid)
        stages.let_pass(2)
        calls = trace.end()
    assert not calls, calls


def _instructions(stage, use, count):
    """All of a daemon that was used so often, those of the kernel left out."""
    with tempfile.NamedTemporaryFile(prefix="linkwatch-callgrind-", mode="r") as file:
        wrapper = ("valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={file.name}")
        with stage.daemon("--source", "subscribe", "--audit-interval", "1h",
                          wrapper=wrapper) as daemon:
            use(stage, daemon, count)
        # Callgrind makes the file anew.
        with open(file.name, encoding="ascii") as written:
            return int(re.search(r"^totals: (\d+)$", written.read(), re.MULTILINE)[1])


def _make_changes(stage, daemon, count):
    _changes(stage, daemon, count).go().result()


def _take_snapshots(stage, daemon, count):
    stage.run("snapshot", count, "daemon", daemon.path)


def instructions(stage, use, few, many):
    """What each use takes: those at the start and at the end are left out. A dump that only the longer
    one sees is shared by many."""
    if daemons.SANITIZED or not shutil.which("valgrind"):
        raise tap.Skip("the sanitizers' instructions would be counted" if daemons.SANITIZED else
                       "valgrind is not there (Debian: valgrind)")
    return (_instructions(stage, use, many) - _instructions(stage, use, few)) / (many - few)


def event_instructions(plan):
    """An event takes 18,000 instructions, with a thousand links as with ten"""
    few, some = (instructions(plan.stage(links), _make_changes, 50, 1550)
                 for links in (plan.few, plan.some))
    tap.diag(f"{few:.0f} instructions an event, {some:.0f} with {plan.some} links")
    assert 0 < few <= 18000 * LEEWAY, few
    assert some <= 1.1 * few, (some, few)


def snapshot_instructions(plan):
    """A link of a snapshot takes 600 instructions"""
    stage = plan.stage(plan.some)
    one = instructions(stage, _take_snapshots, 5, 25) / stage.links
    tap.diag(f"{one:.0f} instructions a link")
    assert 0 < one <= 600 * LEEWAY, one


def main():
    """Registers all of them and runs them."""
    netns.enter()
    plan = Plan()
    atexit.register(plan.close)
    for count in (event_calls, poll_calls, idle_calls, event_instructions, snapshot_instructions):
        tap.add(count.__doc__, count, plan)
    tap.main()


main()
