# SPDX-License-Identifier: LGPL-2.1-or-later
"""One environment put to the test: churn, the same in each, then single changes whose delay is
measured. What came of it is a row of a table."""

import contextlib
import os
import random
import re
import statistics
import subprocess
import time

import address_churn
import ip_addresses
import ip_links
import link_churn
import netns
import rtnl
import tap
import varlink
import wait
from mirror import Mirror

CHURN = 300
SINGLES = 20
BLIND_SECONDS = 5
# Before the first change of which the delay is measured.
QUIET_SECONDS = float(os.environ.get("LINKWATCH_QUIET_SECONDS") or 0)


class _Use:
    """The CPU time that a daemon has used by now."""

    def __init__(self, daemon):
        self.cpu, self.at = daemon.cpu_seconds(), time.monotonic()

    def since(self, before):
        """The share of one CPU since then."""
        return (self.cpu - before.cpu) / (self.at - before.at)


def _is_settled(daemon, mirror):
    mirror.refresh(daemon.socket)
    ip_links.settle(daemon, mirror)


def _is_refused(daemon, _mirror):
    for method in ("List", "Refresh"):
        try:
            daemon.call(method)
            raise AssertionError(f"{method} worked")
        except varlink.Error as error:
            tap.equal(error.name, varlink.INTERFACE + ".NeverDumped")


def _change(daemon, mirror, disturb, check):
    """Runs the script of all environments, with checks on the way; the number of changes that the
    kernel made. What it can't do there is left out. Dumps, and so the events, fall in between as
    they may."""
    made = 0
    for seed in range(3):
        disturb()
        commands = list(link_churn.commands(seed, CHURN // 3))
        result = subprocess.run(["ip", "-force", "-batch", "-"], text=True, check=False,
                                input="".join(line + "\n" for line in commands),
                                capture_output=True)
        failed = len(re.findall("^Command failed", result.stderr, re.MULTILINE))
        # An ip(8) that can do nothing at all gives up at once.
        made += len(commands) - failed if failed or result.returncode == 0 else 0
        for n in range(5):
            rtnl.Tap(f"c{n}").close()
            made += 2
        disturb()
        check(daemon, mirror)
    return made


def _delay(mirror, kind, name, change):
    """Milliseconds from when a change was made until the daemon learned it by itself; it
    may be reported before the system call returns."""
    change()
    made = time.monotonic()
    event = mirror.until_event(kind, name)
    return max(0, event["monotonic_usec"] / 1e3 - made * 1e3)


def _delays(mirror):
    """Of links that come and go, one at a time."""
    delays = []
    chance = random.Random(1)

    def one(kind, name, change):
        # At any moment between two dumps.
        moment = time.monotonic() + chance.random() / 5
        wait.until(lambda: time.monotonic() > moment, "the moment", tick=0.001)
        delays.append(_delay(mirror, kind, name, change))

    for n in range(SINGLES):
        link = []
        one("add", f"d{n}", lambda: link.append(rtnl.Tap(f"d{n}")))  # pylint: disable=W0640
        one("remove", f"d{n}", link[0].close)
    return delays


def run_blind(name, daemon, reason):
    """The same changes where dumps fail: who lists or monitors must learn
    that nothing is known, and by which errno. Prints the row."""
    with Mirror(daemon.socket) as mirror:
        first = mirror.take()
        tap.equal((first["type"], first["source"]["errno_name"]), ("source", reason), "at first")
        begun = _Use(daemon)
        made = _change(daemon, mirror, lambda: None, _is_refused)
        wait.until(lambda: time.monotonic() > begun.at + BLIND_SECONDS, "further attempts")
        used = _Use(daemon).since(begun)
        _is_refused(daemon, mirror)
        status = daemon.status()
        assert not mirror.connection.has_message(), mirror.take()
        row = (name, f"{status['source']['standing']}, nothing known", made, 0, 0,
               f"{status['interval_usec'] / 1e3:.0f} ms ({status['cadence']})", "-", "-",
               f"{used:.1%}")
    tap.diag("row: " + " | ".join(str(value) for value in row))
    netns.delete_all()


def run(name, daemon, check, disturb=lambda: None):
    """Puts the environment to the test that the daemon runs in: its links must be the
    kernel's, after a Refresh and without one. check(daemon) holds the standing that was
    reached against the one expected. Prints the row."""
    with Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        made = _change(daemon, mirror, disturb, _is_settled)
        check(daemon)
        # From here on nobody requests a dump.
        begun = _Use(daemon)
        wait.until(lambda: time.monotonic() > begun.at + QUIET_SECONDS, "a time without changes",
                   seconds=QUIET_SECONDS + wait.SECONDS, tick=1)
        quiet = _Use(daemon)
        delays = _delays(mirror)
        used = _Use(daemon).since(quiet)
        if QUIET_SECONDS:
            tap.diag(f"after {QUIET_SECONDS:.0f} s without a change, at {quiet.since(begun):.2%} "
                     f"CPU, the first one was reported after {delays[0]:.1f} ms; "
                     f"CPU of all: {_Use(daemon).since(begun):.2%}")
        wait.until(lambda: set(ip_links.kernel()) == set(mirror.links), "the kernel's links")
        status = daemon.status()
        seen = [event for event in mirror.events if "link" in event]
        row = (name, status["source"]["standing"], made + len(delays), len(seen),
               sum(event.get("flaps", 0) for event in seen),
               f"{status['interval_usec'] / 1e3:.0f} ms ({status['cadence']})",
               f"{statistics.median(delays):.1f} ms", f"{max(delays):.1f} ms", f"{used:.1%}")
    tap.diag("row: " + " | ".join(str(value) for value in row))
    netns.delete_all()


def _change_addresses(daemon, mirror, disturb, links):
    """The script of address_churn, with checks on the way; the number of changes."""
    made = 0
    for seed in range(3):
        disturb()
        lines = list(address_churn.commands(seed, CHURN // 3, *links))
        result = subprocess.run(["ip", "-force", "-batch", "-"], text=True, check=False,
                                input="".join(line + "\n" for line in lines), capture_output=True)
        made += len(lines) - len(re.findall("^Command failed", result.stderr, re.MULTILINE))
        disturb()
        ip_addresses.settle(daemon, mirror)
    return made


def _address_delays(mirror):
    """Of addresses that come and go, one at a time; in milliseconds."""
    delays = []
    chance = random.Random(2)
    for n in range(SINGLES):
        local = f"10.99.{n}.1"
        for kind, word in (("add", "add"), ("remove", "del")):
            moment = time.monotonic() + chance.random() / 5
            wait.until(lambda: time.monotonic() > moment, "the moment",  # pylint: disable=W0640
                       tick=0.001)
            netns.ip(f"address {word} {local}/24 dev d0")
            made = time.monotonic()
            event = mirror.until_address(kind, local)
            delays.append(max(0, event["monotonic_usec"] / 1e3 - made * 1e3))
    return delays


def run_addresses(name, daemon, disturb=lambda: None, *, in_sandbox=False):
    """The same for addresses: they must be the kernel's, after a Refresh and without one. In a
    sandbox links are made through /dev/net/tun. Prints the row."""
    with contextlib.ExitStack() as stack:
        links = ()
        if in_sandbox:
            links = (None,)
            for n in range(address_churn.LINKS):
                stack.enter_context(rtnl.Tap(f"b{n}"))
        stack.enter_context(rtnl.Tap("d0"))
        mirror = stack.enter_context(Mirror(daemon.socket, subjects=["links", "addresses"]))
        mirror.until_ready()
        made = _change_addresses(daemon, mirror, disturb, links)
        begun = _Use(daemon)
        delays = _address_delays(mirror)
        used = _Use(daemon).since(begun)
        mirror.until(lambda: set(ip_addresses.kernel()) == set(mirror.addresses),
                     "the kernel's addresses")
        seen = [event for event in mirror.events if "address" in event]
        sources = [message["address_source"] for message in [mirror.ready, *mirror.events]
                   if "address_source" in message]
        row = (f"{name}: addresses", sources[-1]["standing"], made + len(delays), len(seen), 0, "-",
               f"{statistics.median(delays):.1f} ms", f"{max(delays):.1f} ms", f"{used:.1%}")
    tap.diag("row: " + " | ".join(str(value) for value in row))
    netns.delete_all()
