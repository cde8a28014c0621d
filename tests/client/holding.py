# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatchctl monitor and wait with --hold-up and --hold-down: what does not last is not shown."""

import contextlib
import json
import signal
import time

import fake
import netns
import tap
from ctl import CTL, end, environment, run, start
from daemon import Daemon
from fake import INSTANCE, OTHER, link

netns.enter()

UP = {"flags": ["UP", "LOWER_UP"], "carrier": True, "operstate": "UP"}
DOWN = {"flags": ["NO-CARRIER", "UP"], "carrier": False, "operstate": "DOWN"}
LINK = link(2, "eth0", **UP)


def change(peer, sequence, **fields):
    """eth0 changes."""
    peer.event("change", sequence, link=link(2, "eth0", **fields), old={})


def monitor(daemon, *arguments):
    """A monitor of eth0, which is up; it, and its connection."""
    process = daemon.run(CTL, "--socket", daemon.path, "monitor", "--no-list", *arguments,
                         env=environment(), stop=signal.SIGTERM)
    peer = daemon.accept()
    peer.monitor()
    peer.snapshot(7, LINK)
    return process, peer


def words(program):
    """The next line without its time."""
    return program.line().split(" ", 1)[1]


@tap.test
def shows_no_flaps():
    """monitor --hold-down shows no carrier that comes back in time, and counts it"""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon, "--hold-down", "1h")
        change(peer, 8, **DOWN)
        change(peer, 9, **UP)
        change(peer, 10, **DOWN)
        change(peer, 11, **DOWN, mtu=9000)
        change(peer, 12, **UP, mtu=9000)
        change(peer, 13, **UP)
        tap.equal([words(process) for _ in range(2)],
                  ["~ eth0 (2): mtu 1500 → 9000; the state changed 2 more times, not shown "
                   "[notification]",
                   "~ eth0 (2): mtu 9000 → 1500; the state changed 2 more times, not shown "
                   "[notification]"], "lines")


@tap.test
def shows_what_lasts():
    """monitor --hold-down shows a carrier that stays away, at the time when it went"""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon, "--hold-down=50ms")
        change(peer, 8, **DOWN)
        tap.equal(process.line(),
                  "22:13:20.000 ~ eth0 (2): flags +NO-CARRIER -LOWER_UP; operstate UP → DOWN; "
                  "carrier yes → no [notification]", "line")
        change(peer, 9, **UP)
        tap.contains(words(process), "operstate DOWN → UP")
        peer.event("add", 10, link=link(3, "eth1", **UP))
        tap.contains(words(process), "+ eth1 (3)")


@tap.test
def own_messages():
    """With --json, the messages are the mirror's own: a snapshot at the beginning, and what lasted"""
    with fake.Fake() as daemon:
        process, peer = daemon.run(CTL, "--socket", daemon.path, "monitor", "--json",
                                   "--hold-up", "50ms", "--hold-down", "1h", env=environment(),
                                   stop=signal.SIGTERM), daemon.accept()
        peer.monitor()
        peer.event("snapshot", 7, link=LINK)
        # Before the snapshot is complete, it is a part of it.
        peer.event("change", 8, link={**LINK, "mtu": 1400}, old={"mtu": 1500})
        peer.event("ready", 8, source=fake.SOURCE)
        change(peer, 9, **DOWN, mtu=1400)
        change(peer, 10, **UP, mtu=1400)
        change(peer, 11, **UP, mtu=9)
        new = link(3, "eth1", **UP)
        peer.event("add", 12, link=new)
        got = [json.loads(process.line()) for _ in range(4)]
        tap.equal(got[0], {"type": "snapshot", "link": {**LINK, "mtu": 1400}}, "snapshot")
        tap.equal(got[1]["type"], "ready", "then")
        tap.equal(got[2], {"type": "change", "position": {"instance": INSTANCE, "sequence": 11},
                           "realtime_usec": 1700000000000011, "monotonic_usec": 11,
                           "learned": "notification", "flaps": 2, "link": {**LINK, "mtu": 9},
                           "old": {"mtu": 1400}}, "change")
        tap.equal(got[3], {"type": "add", "position": {"instance": INSTANCE, "sequence": 12},
                           "realtime_usec": 1700000000000012, "monotonic_usec": 12,
                           "learned": "notification", "link": new}, "add")
        peer.close()
        peer = daemon.accept()
        peer.monitor()
        peer.event("lost", 2, OTHER)
        peer.snapshot(2, {**LINK, **DOWN, "mtu": 10}, new, instance=OTHER)
        got = [json.loads(process.line()) for _ in range(3)]
        tap.equal([message["type"] for message in got], ["lost", "change", "ready"], "after a loss")
        tap.equal((got[1]["link"], got[1]["learned"]), ({**LINK, "mtu": 10}, "snapshot"),
                  "difference")


def waiting(daemon, *arguments):
    """A wait that sees eth0, which is up; it, and its connection."""
    process = start("--socket", daemon.path, "wait", *arguments)
    peer = daemon.accept()
    peer.monitor()
    peer.snapshot(7, LINK)
    return process, peer


@tap.test
def waits_for_what_lasts():
    """wait takes no note of what does not last, but of what is so at the beginning"""
    with fake.Fake() as daemon:
        process, _peer = waiting(daemon, "eth0", "usable", "--hold-up", "1h", "--timeout", "0")
        tap.equal(end(process)[0], 0, "at the beginning")
        process, peer = waiting(daemon, "eth0", "mtu=9", "no-carrier", "--hold-down", "1h",
                                "--timeout", "200ms")
        change(peer, 8, **DOWN, mtu=9)
        code, _, errors = end(process)
        tap.equal(code, 4, "while it may not last")
        tap.contains(errors, "eth0 does not meet no-carrier\n")
        process, peer = waiting(daemon, "eth0", "absent", "--hold-down", "50ms")
        peer.event("remove", 8, link=LINK)
        tap.equal(end(process)[0], 0, "when it lasted")


@tap.test
def flaps_in_time():
    """stable= is not interrupted by flaps that --hold-down passes over"""
    with fake.Fake() as daemon:
        process, peer = waiting(daemon, "eth0", "usable", "stable=500ms", "--hold-down", "1h",
                                "--timeout", "10s")
        sequence = 8
        while process.poll() is None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                change(peer, sequence, **DOWN)
                change(peer, sequence + 1, **UP, mtu=sequence)
            sequence += 2
            time.sleep(0.02)
        tap.equal(end(process)[0], 0, "exit code")


@tap.test
def wrong_usage():
    """A time that is none, and other commands, are refused"""
    for arguments, words_for_it in (
            (["monitor", "--hold-up", "soon"], "a time must be a number such as 5, "),
            (["wait", "eth0", "up", "--hold-down=-1"], "not -1"),
            (["list", "--hold-up", "1s"], "can only be used with monitor, wait and run")):
        code, output, errors = run(*arguments)
        tap.equal((code, output), (2, ""), str(arguments))
        tap.contains(errors, words_for_it)


@tap.test
def real_links():
    """Of the kernel's own links, one that flaps, one that comes and goes and one that is made anew
    under its name are shown as they last"""
    netns.ip("link add v0 type veth peer name v1")
    netns.ip("link set v0 up")
    netns.ip("link set v1 up")
    with Daemon() as daemon:
        process = fake.Program([CTL, "--socket", daemon.socket, "monitor", "--json", "--hold-up",
                                "100ms", "--hold-down", "1h", "v*"], environment(), signal.SIGTERM)
        while json.loads(process.line())["type"] != "ready":
            pass
        for _ in range(3):
            netns.ip("link set v1 down")
            netns.ip("link set v1 up")
        netns.ip("link set v0 mtu 1400")
        event = next_of(process, "v0")
        tap.equal((event["type"], event["old"]["mtu"], event["link"]["operstate"]),
                  ("change", 1500, "UP"), "after flaps")
        # Gone for good, as another link has the name.
        netns.ip("link del v0")
        netns.ip("link add v0 type bridge")
        event = next_of(process, "v0")
        # What it loses before, like its peer.
        while event["type"] == "change":
            assert not {"carrier", "operstate", "flags"} & event["old"].keys(), event
            event = next_of(process, "v0")
        tap.equal(event["type"], "remove", "the old one")
        event = next_of(process, "v0")
        tap.equal((event["type"], event["link"]["linkinfo"]["info_kind"]), ("add", "bridge"),
                  "the new one")
        process.end()


def next_of(process, name):
    """The next event of that link."""
    while True:
        event = json.loads(process.line())
        if event.get("link", {}).get("ifname") == name:
            return event


tap.main()
