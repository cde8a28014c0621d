# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a program may do with its subscription, and what may happen to linkwatchd meanwhile:
on a native kernel that denies subscriptions."""

import os
import re
import signal
import socket
import struct
import subprocess

import behaviour
import daemon as daemons
import netns
import programs
import tap
import wait
from programs import one_link, situation, way

DENIED = behaviour.deny("--bind", "EACCES", "--join", "ENOPROTOOPT")

# NLMSG_ERROR, with the error 0.
ACKNOWLEDGEMENT = 2


def start(kind, daemon, before=None):
    """Runs a program, and waits until it is subscribed."""
    return programs.start(kind, daemon, before or DENIED)


def duplicates(pid):
    """How many sockets of a process its tracer holds."""
    return len(programs.sockets_of(programs.tracer_of(pid)))


@tap.test
def lets_go():
    """A socket that was closed 50 times is let go of 50 times"""
    with daemons.Daemon() as daemon, start(way("again"), daemon) as running:
        # Its own, the one that the daemon reads, the one to the daemon, and the last of those.
        wait.until(lambda: duplicates(running.process.pid) <= 4, "one duplicate")


@tap.test
def parent_leaves():
    """A child keeps the subscription that its parent made and left"""
    kind = way("child")
    with daemons.Daemon() as daemon:
        process = subprocess.Popen([*DENIED, programs.RUN, "--socket", daemon.socket,
                                    *kind.command()], stdout=subprocess.PIPE, text=True)
        child = int(process.stdout.readline())
        tap.equal(process.stdout.readline(), "subscribed\n")
        process.wait(timeout=wait.SECONDS)
        netns.ip("link add one type bridge")
        index = netns.link("one")["ifindex"]
        tap.equal(process.stdout.readline().split()[:2], ["16", str(index)])
        netns.ip("link del one")
        while True:
            words = process.stdout.readline().split()
            if words[0] == "17":
                break
        tap.equal(words[1], str(index))
        os.kill(child, signal.SIGKILL)
        tap.equal(process.stdout.read(), "", "the end")
        process.stdout.close()


def overrun(receives_by):
    """It doesn't read for thousands of changes, and then does so in that way."""
    kind = way("late", receives_by)
    with daemons.Daemon() as daemon:
        command = [*DENIED, programs.RUN, "--socket", daemon.socket, *kind.command()]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True)
        tap.equal(process.stdout.readline(), "subscribed\n")
        programs.overrun(daemon, programs.tracer_of(process.pid))
        process.stdin.write("\n")
        process.stdin.flush()
        line = process.stdout.readline()
        while line != "ENOBUFS\n":
            assert line, "it ended"
            line = process.stdout.readline()
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()
    netns.delete_all()


@tap.test
def threads():
    """A program with 400 threads that forks and executes sees all links come and go"""
    kind = programs.threads(400)
    with daemons.Daemon() as daemon, start(kind, daemon) as running:
        for _ in range(5):
            one_link(running, kind)
            running.forget()
        assert "failed" not in running.text() and "error" not in running.text()


@tap.test
def daemon_comes_later():
    """Where linkwatchd isn't there yet, updates begin when it appears: also of links that
    went before"""
    kind = way("recvfrom")
    netns.ip("link add early type bridge")
    early = netns.link("early")["ifindex"]
    with daemons.Daemon(serves=False) as daemon, start(kind, daemon) as running:
        netns.ip("link add one type bridge")
        index = netns.link("one")["ifindex"]
        netns.ip("link del early")
        daemon.start()
        programs.see(running, kind, index)
        programs.see_gone(running, kind, early)
        netns.ip("link del one")
        programs.see_gone(running, kind, index)


@tap.test
def handed():
    """Who is handed a subscription in a message receives nothing but an acknowledgement, and the
    one who handed it misses no update for that"""
    kind = situation("handed")
    with daemons.Daemon() as daemon, start(kind, daemon) as running:
        netns.ip("link add one type bridge")
        running.until(f"^handed {ACKNOWLEDGEMENT} 0$", "what the child received")
        programs.see(running, kind, netns.link("one")["ifindex"])
        one_link(running, kind, "two")
    netns.delete_all()


@tap.test
def handed_out():
    """The same holds for a holder who isn't traced"""
    kind = situation("handed_out")
    ours, theirs = socket.socketpair()
    command = [*DENIED, programs.RUN, "--socket"]
    with daemons.Daemon() as daemon, ours, theirs, \
            programs.Running([*command, daemon.socket, *kind.command()], stdin=theirs) as running:
        running.until(kind.ready, "its subscription")
        with socket.socket(fileno=socket.recv_fds(ours, 1, 1)[1][0]) as netlink:
            netns.ip("link add one type bridge")
            tap.equal(struct.unpack_from("=4xH10xi", netlink.recv(65536)), (ACKNOWLEDGEMENT, 0))
        ours.send(b"x")
        programs.see(running, kind, netns.link("one")["ifindex"])
    netns.delete_all()


@tap.test
def threaded():
    """A thread that slept when another one made the socket subscribes as well, and what it slept
    in isn't interrupted"""
    for call in ("futex", "epoll"):
        kind = situation("threaded", call)
        with daemons.Daemon() as daemon, start(kind, daemon) as running:
            one_link(running, kind)


@tap.test
def joins_first():
    """A program that joins, receives an update, and only then binds has its own port"""
    kind = situation("joined")
    reader, writer = os.pipe()
    with daemons.Daemon() as daemon, \
            programs.Running([*DENIED, programs.RUN, "--socket", daemon.socket, *kind.command()],
                             stdin=reader) as running:
        running.until("^joined$", "its subscription")
        netns.ip("link add one type bridge")
        daemon.call("Refresh")
        os.write(writer, b"x")
        programs.see(running, kind, netns.link("one")["ifindex"])
    os.close(reader)
    os.close(writer)
    netns.delete_all()


@tap.test
def displaced():
    """A program that was given a subscription under another number receives acknowledgements"""
    kind = situation("displaced")
    with daemons.Daemon() as daemon, start(kind, daemon) as running:
        netns.ip("link add one type bridge")
        running.until(f"^{ACKNOWLEDGEMENT} ", "an acknowledgement")
        assert not re.search("^1[67] ", running.text(), re.MULTILINE), running.text()
    netns.delete_all()


@tap.test
def copied():
    """A program that keeps a copy of its socket under another number, and closes the first one, is
    served there"""
    with daemons.Daemon() as daemon, start(situation("copied"), daemon) as running:
        netns.ip("link add one type bridge")
        running.until(f"^16 {netns.link('one')['ifindex']} ", "the link")
    netns.delete_all()


programs.need_run()
netns.enter()
behaviour.add(start, DENIED)
for each in ("recvfrom", "recvmmsg"):
    tap.add(f"A program that doesn't read for thousands of changes gets ENOBUFS by {each}", overrun, each)
tap.main()
