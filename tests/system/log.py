# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon writes to a terminal or a file."""

import contextlib
import os
import re

import daemon as daemons
import netns
import tap
import varlink
import wait

netns.enter()

# Of links and the like in that time.
LINES_MAX = 50
PERIOD_SECONDS = 10


def lines(daemon):
    """All that it wrote so far, without its name, which begins each line."""
    logged = daemon.log().splitlines()
    assert all(line.startswith("linkwatchd: ") for line in logged), logged
    return [line.split(": ", 1)[1] for line in logged]


@tap.test
def start():
    """The start is two lines: the standing and why, and where it serves how many links"""
    with daemons.Daemon() as daemon:
        daemon.status()
        logged = lines(daemon)
        tap.equal(len(logged), 2, "the number of lines")
        tap.equal(logged[0], "the subscription is unproven: joined RTNLGRP_LINK; dumps have yet to "
                  "agree with it", "the first line")
        assert re.fullmatch(r"version \S+ listening on %s, links: 1" % re.escape(daemon.socket), logged[1])


@tap.test
def life_of_a_link():
    """A link that appears, changes and goes is logged in a line each, in words of ip's"""
    with daemons.Daemon() as daemon:
        daemon.status()
        for command in ("link add b0 type bridge", "link set b0 mtu 1400", "link set b0 name c0",
                        "link del c0"):
            netns.ip(command)
            daemon.call("Refresh")
        logged = lines(daemon)[2:]
        index = re.search(r"index (\d+)", logged[0]).group(1)
        tap.equal(logged, [f"b0 appeared (index {index}, bridge)",
                         "b0: mtu 1500 -> 1400",
                         "c0: ifname b0 -> c0",
                         f"c0 was removed (index {index}, bridge)"], "lines")


@tap.test
def level():
    """A higher level leaves the links out, and a lower one brings all that changes"""
    with daemons.Daemon("--log-level", "notice") as quiet, \
            daemons.Daemon("--log-level", "debug") as talkative:
        talkative.status()
        netns.ip("link add b0 txqueuelen 10 type bridge")
        netns.ip("link set b0 txqueuelen 20")
        quiet.call("Refresh")
        talkative.call("Refresh")
        tap.equal(lines(quiet), [], "the quiet one's lines")
        tap.contains("\n".join(lines(talkative)), "b0: txqlen 10 -> 20")
        netns.ip("link del b0")


@tap.test
def storm():
    """A storm is logged in a bounded number of lines, and how many were suppressed is logged when
    it is over, with nothing else happening"""
    with daemons.Daemon() as daemon:
        daemon.status()
        netns.ip("link add b0 type bridge")
        for mtu in range(1000, 1000 + 3 * LINES_MAX):
            netns.ip(f"link set b0 mtu {mtu}")
        daemon.call("Refresh")

        def suppressed():
            return re.search(r"^linkwatchd: (\d+) more log lines were suppressed$", daemon.log(),
                             re.MULTILINE)

        count = int(wait.until(suppressed, "the number of lines suppressed").group(1))
        logged = sum(line.startswith("b0") for line in lines(daemon))
        tap.equal(logged + count, 1 + 3 * LINES_MAX, "lines in all")
        assert logged <= 2 * LINES_MAX, logged
        netns.ip("link del b0")


@tap.test
def warnings_in_a_storm():
    """A warning is logged in the middle of a storm"""
    # Somebody who left may count for a moment.
    with daemons.Daemon("--sessions-max", "3") as daemon, contextlib.ExitStack() as guests:
        daemon.call("Refresh")
        netns.ip("link add b0 type bridge")
        for mtu in range(1000, 1000 + 2 * LINES_MAX):
            netns.ip(f"link set b0 mtu {mtu}")
        daemon.call("Refresh")
        for _ in range(4):
            guests.enter_context(varlink.Connection(daemon.socket))
        wait.until(lambda: "limit sessions-max reached" in daemon.log(), "the warning",
                   PERIOD_SECONDS / 2)
        netns.ip("link del b0")


@tap.test
def forged_line():
    """Control characters in a name neither steer the terminal nor begin a line"""
    with daemons.Daemon() as daemon:
        daemon.status()
        netns.run("ip", "link", "add", "a\x1b[2Jb", "type", "bridge")
        daemon.call("Refresh")
        tap.contains(lines(daemon)[-1], r"a\x1b[2Jb appeared (index ")


# Bytes of names, and how they are shown: a C1 control, marks of the direction of writing, a
# line separator, bytes that are not UTF-8, a backslash, and what needs no escape.
SHOWN = ((b"a\xc2\x9b2Jb", r"a\u009b2Jb"), ("a\u202eb".encode(), r"a\u202eb"),
         ("a\u2066b".encode(), r"a\u2066b"), ("a\u2028b".encode(), r"a\u2028b"),
         (b"a\xff", r"a\xff"), (b"a\xfe", r"a\xfe"), (b"\xed\xb0\x80", r"\xed\xb0\x80"),
         (b"a\x7f", r"a\x7f"), (b"a\\xff", r"a\\xff"), ("aü".encode(), "aü"))


@tap.test
def misleading_names():
    """What misleads in a name, or is not UTF-8, is an escape that keeps names distinct"""
    with daemons.Daemon() as daemon:
        daemon.status()
        netns.run("ip", "link", "add", "n0", "type", "bridge")
        before = "n0"
        for name, shown in SHOWN:
            netns.run("ip", "link", "set", os.fsencode(before), "name", name)
            daemon.call("Refresh")
            before = name
            with open(daemon.log_file, "rb") as file:
                logged = file.read()
            tap.contains(logged.splitlines()[-1].decode(), f" -> {shown}")
        for byte in (b"\x1b", b"\x7f", b"\xff", b"\x9b", b"\x80\xae"):
            assert byte not in logged, byte
        netns.run("ip", "link", "del", os.fsencode(before))


tap.main()
