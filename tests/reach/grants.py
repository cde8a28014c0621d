# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the kernel grants to each call of a program decides who sends it updates: on a native
kernel, under a filter that refuses every other group than that of links, alone or together with
it, as the newest gVisor does."""

import contextlib
import subprocess

import behaviour
import daemon as daemons
import faults
import netns
import programs
import tap
import wait
from programs import PYTHON

STEPS = str(programs.WAYS.with_name("scripted.py"))
REFUSING = behaviour.deny("--others", "EOPNOTSUPP")
DENYING = behaviour.deny("--bind", "EACCES", "--join", "ENOPROTOOPT")
LINK, LINK_AND_ADDRESSES, ROUTES = "0x1", "0x111", "0x440"
# The group of IPv4 addresses, and that of IPv4 routes.
OTHER, UNSERVED = 5, 7


class Running:
    """A program that does these steps under linkwatch-run, and what it printed."""

    def __init__(self, daemon, options, before, steps):
        self._process = subprocess.Popen(
            [*before, *programs.command(daemon.socket, PYTHON, STEPS, *steps, options=options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True)
        self.printed = []

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def until(self, *words):
        """Reads up to a line with those words, and returns what was before it."""
        before = []
        while True:
            line = self._process.stdout.readline()
            assert line, f"it ended before {words}: {self.printed}"
            self.printed.append(line.strip())
            if all(word in line.split() for word in words):
                return before
            before.append(line.split())

    def go_on(self):
        """Gives it the line that it waits for."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()


def become_incomplete(daemon, fault):
    """The daemon gets no update, and finds that out; from then on it gets some."""
    # Not before its first dump.
    daemon.links()
    fault.set(faults.NOTIFICATION, 1000)
    netns.ip("link add name zero type ifb")
    wait.until(lambda: daemon.status()["source"]["standing"] == "incomplete", "the standing")
    fault.set(faults.NOTIFICATION, 500)
    netns.delete_all()
    daemon.call("Refresh")


@contextlib.contextmanager
def running(options, before, *steps):
    """A daemon that finds the kernel's updates incomplete, and a program."""
    netns.delete_all()
    with faults.Faults() as fault:
        with daemons.Daemon(env=fault.environment()) as daemon:
            become_incomplete(daemon, fault)
            with Running(daemon, options, before, steps) as program:
                yield daemon, program
    netns.delete_all()


# Eight changes, and which link the last one is about.
LIFE = (
    ("link add name roof type bridge", "16", "roof"),
    ("link add name one type veth peer name two", "16", "one"),
    ("link set one up", "16", "one"),
    ("link set one name uno", "16", "uno"),
    ("link set uno mtu 1400", "16", "uno"),
    ("link set uno master roof", "16", "uno"),
    ("link set uno down", "16", "uno"),
    ("link del uno", "17", "uno"),
)


def sees_all(options, before, *steps):
    """It receives all that happens."""
    with running(options, before, *steps, "follow") as (_daemon, program):
        program.until("follows")
        for change, kind, name in LIFE:
            netns.ip(change)
            program.until(kind, name)


def leaves(options, before, join, leave):
    """It receives links while it has joined."""
    steps = ("bind:0", join, "until:one", leave, "line", join, "follow")
    with running(options, before, *steps) as (daemon, program):
        program.until(join, "done")
        netns.ip("link add name one type ifb")
        program.until(leave, "done")
        netns.ip("link add name two type ifb")
        daemon.call("Refresh")
        two = netns.link("two")["ifindex"]
        program.go_on()
        program.until("follows")
        netns.ip("link add name three type ifb")
        received = program.until("16", "three")
        assert all(words[1] != str(two) for words in received), received


def not_twice(options):
    """The kernel grants it links, and sends every update: a daemon that sees all of them adds
    none."""
    netns.delete_all()
    with daemons.Daemon() as daemon, \
            Running(daemon, options, REFUSING, ("bind:0x1", "follow")) as program:
        program.until("follows")
        netns.ip("link add name one type ifb")
        daemon.call("Refresh")
        netns.ip("link set one up")
        daemon.call("Refresh")
        netns.ip("link del one")
        daemon.call("Refresh")
        netns.ip("link add name last type ifb")
        received = program.until("16", "last")
        tap.equal([(words[0], words[2]) for words in received],
                  [("16", "one"), ("16", "one"), ("16", "one"), ("17", "one")])
    netns.delete_all()


def plain_monitor(options):
    """ip(8) wants all groups, by one bind and then by their numbers."""
    kind = programs.Kind("ip monitor", lambda: ["ip", "monitor"], programs.IP.present,
                         programs.IP.gone)
    netns.delete_all()
    with daemons.Daemon() as daemon, \
            programs.start(kind, daemon, REFUSING, options) as running:
        netns.ip("link add name one type veth peer name two")
        programs.see(running, kind, "one", 1500)
        netns.ip("link set one mtu 1400")
        programs.see(running, kind, "one", 1400)
        netns.ip("link set one name uno")
        programs.see(running, kind, "uno")
        netns.ip("link del uno")
        programs.see_gone(running, kind, "uno")
    netns.delete_all()


def stays_denied(options):
    """It wants only routes."""
    for steps in ((f"bind:{ROUTES}",), (f"add:{UNSERVED}",)):
        with running(options, REFUSING, *steps) as (_daemon, program):
            program.until(*steps, "ENOTSUP")


SUBSCRIPTIONS = {
    "links with others by one bind": (f"bind:{LINK_AND_ADDRESSES}",),
    "links with others by one bind, and links once more": (f"bind:{LINK_AND_ADDRESSES}", "add:1"),
    "links, then others by their numbers": ("bind:0", "add:1", f"add:{OTHER}"),
    "links alone by a bind, then others": (f"bind:{LINK}", f"add:{OTHER}"),
    "links, and then again with others by a bind": ("add:1", f"bind:{LINK_AND_ADDRESSES}"),
    "others, which is denied, and then links": ("bind:0", f"add:{OTHER}", "add:1"),
}

programs.need_run()
netns.enter()
for _name, _options in programs.HELPS.items():
    for _what, _steps in SUBSCRIPTIONS.items():
        tap.add(f"{_name}: {_what}: nothing is lost where the kernel refuses the others",
                sees_all, _options, REFUSING, *_steps)
    for _before, _kernel in ((DENYING, "denies links"), (REFUSING, "grants links")):
        tap.add(f"{_name}: NETLINK_DROP_MEMBERSHIP ends a subscription where the kernel {_kernel}",
                leaves, _options, _before, "add:1", "drop:1")
        tap.add(f"{_name}: a bind to no group ends a subscription where the kernel {_kernel}",
                leaves, _options, _before, f"bind:{LINK}", "bind:0")
    tap.add(f"{_name}: plain ip monitor sees links where the kernel refuses the other groups",
            plain_monitor, _options)
    tap.add(f"{_name}: nothing that the kernel reports comes twice", not_twice,
            (*_options, "--always"))
    tap.add(f"{_name}: who wants only what linkwatchd has not is denied as before", stays_denied, _options)
tap.main()
