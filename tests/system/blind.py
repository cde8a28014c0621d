# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where dumps fail, no links are known: that is reported everywhere, and
never that there are none."""

import contextlib
import errno
import os
import re
import subprocess

import daemon as daemons
import faults
import netns
import ip_links
import tap
import varlink
import wait
from mirror import Mirror

CTL = os.environ.get("LINKWATCHCTL", "")


@contextlib.contextmanager
def denied(*options):
    """A daemon of which the kernel denies something."""
    with daemons.Daemon(wrapper=(daemons.helper("deny"), *options)) as daemon:
        yield daemon


@contextlib.contextmanager
def unanswered():
    """A daemon whose requests are refused."""
    with faults.Faults() as fault:
        fault.set(faults.ASK, errno.EPERM)
        with daemons.Daemon(env=fault.environment()) as daemon:
            yield daemon


# What is denied, by what error, and how that is called.
KINDS = (
    ("the socket", lambda: denied("--socket", "EAFNOSUPPORT"), "EAFNOSUPPORT",
     "the netlink socket cannot be opened"),
    ("the socket, as firejail does,", lambda: denied("--socket", "EOPNOTSUPP"), "EOPNOTSUPP",
     "the netlink socket cannot be opened"),
    ("receiving", lambda: denied("--receive", "EACCES"), "EACCES",
     "receiving from the netlink socket failed"),
    ("receiving and joining", lambda: denied("--receive", "EACCES", "--join", "EPERM"), "EACCES",
     "receiving from the netlink socket failed"),
    ("receiving and bind()", lambda: denied("--receive", "EACCES", "--bind-any", "EACCES"),
     "EACCES", "receiving from the netlink socket failed"),
    ("asking", unanswered, "EPERM", "the request for a dump was refused"),
)


def ctl(daemon, *arguments):
    """What linkwatchctl makes of it: exit code, output, errors."""
    process = subprocess.run([CTL, "--socket", daemon.socket, *arguments], capture_output=True,
                             text=True, check=False, timeout=wait.SECONDS)
    return process.returncode, process.stdout, process.stderr


def check_reason(source, name, words):
    """It must say what failed, by which error, and that sysfs is there."""
    tap.equal((source["errno"], source["errno_name"]), (getattr(errno, name), name))
    tap.contains(source["reason"], words)
    tap.equal("/sys/class/net" in source["reason"], os.path.isdir("/sys/class/net"), "the hint")


def check_calls(daemon, name, words):
    """List and Refresh answer that nothing is known."""
    for method in ("List", "Refresh", "List"):
        try:
            daemon.call(method)
            raise AssertionError(f"{method} worked")
        except varlink.Error as error:
            tap.equal(error.name, varlink.INTERFACE + ".NeverDumped")
            check_reason(error.parameters, name, words)


def check_monitor(daemon, name, words):
    """Monitor sends the source, and no snapshot."""
    with Mirror(daemon.socket) as mirror:
        first = mirror.take()
        tap.equal((first["type"], first["source"]["stale"]), ("source", True), "the first message")
        assert "last_dump_usec" not in first["source"], first
        check_reason(first["source"], name, words)
        daemon.status()
        assert not mirror.connection.has_message(), mirror.take()


def check_ctl(daemon, name):
    """linkwatchctl doesn't take it for a machine without links."""
    code, output, errors = ctl(daemon, "list")
    tap.equal((code, output), (5, ""), "list")
    tap.contains(errors, name)
    tap.equal(ctl(daemon, "wait", "lo", "absent", "--timeout", "0")[0], 5, "wait, at once")
    code, _, errors = ctl(daemon, "wait", "lo", "absent", "--timeout", "0.1")
    tap.equal(code, 4, "wait")
    tap.contains(errors, "waiting until it can")
    tap.contains(ctl(daemon, "status")[1], "unknown: the daemon has never been able to dump them")


def is_blind(kind, name, words):
    """Nothing is published but why no links are known, and that once."""
    with kind() as daemon:
        check_calls(daemon, name, words)
        check_monitor(daemon, name, words)
        check_ctl(daemon, name)
        opened = daemon.statistics()["counters"]["opens"]
        wait.until(lambda: daemon.statistics()["counters"]["opens"] >= opened + 3, "further attempts")
        tap.equal(daemon.statistics()["counters"]["events"], 1, "events")
        logged = re.findall("^.*cannot be dumped.*$", daemon.log(), re.MULTILINE)
        tap.equal(len(logged), 1, f"lines in the log, of {daemon.log()}")
        tap.contains(logged[0], f"{words}")
        tap.contains(logged[0], f"{name}; no links are known")
        assert "subscription" not in daemon.log(), daemon.log()


for what, *how in KINDS:
    tap.add(f"Where {what} is denied, nothing is published but, once, why no links are known",
            is_blind, *how)


@tap.test
def sees_later():
    """Who waited for the first snapshot gets it with the first dump"""
    with faults.Faults() as fault:
        fault.set(faults.DUMP_ERROR, errno.EACCES)
        with daemons.Daemon(env=fault.environment()) as daemon, Mirror(daemon.socket) as mirror:
            tap.equal(mirror.take()["source"]["errno_name"], "EACCES")
            waiting = subprocess.Popen([CTL, "--socket", daemon.socket, "wait", "later0",
                                        "absent"], stderr=subprocess.PIPE, text=True)
            tap.contains(waiting.stderr.readline(), "waiting until it can")
            fault.set(faults.DUMP_ERROR, 0, 0)
            mirror.until_ready()
            tap.equal({link["ifname"] for link in mirror.links.values()}, {"lo"})
            ip_links.settle(daemon, mirror)
            tap.equal(waiting.wait(wait.SECONDS), 0, "wait")
            waiting.stderr.close()


@tap.test
def incomplete_at_first():
    """Links of a dump that did not come to its end are not published as if they were all"""
    netns.ip("link add part0 type bridge")
    with faults.Faults() as fault:
        fault.set(faults.DUMP_TRUNCATED)
        with daemons.Daemon(env=fault.environment()) as daemon, Mirror(daemon.socket) as mirror:
            check_calls(daemon, "EMSGSIZE", "the kernel's reply was truncated")
            fault.set(faults.DUMP_TRUNCATED, 0, 0)
            mirror.until_ready()
            ip_links.settle(daemon, mirror)
            tap.equal([event for event in mirror.events if "link" in event], [], "events")
    netns.ip("link del part0")


netns.enter()
tap.main()
