"""What a program may do with its subscription, and what may happen to linkwatchd meanwhile:
on a native kernel that denies subscriptions."""

import os
import signal
import subprocess

import daemon as daemons
import netns
import programs
import tap
import wait
import ways
from programs import WAYS, one_link, way

DENIED = ("--bind", "EACCES", "--join", "ENOPROTOOPT")


def deny(*answers):
    """The command line before that of linkwatch-run."""
    return [daemons.helper("deny"), *(answers or DENIED)]


def received_by(name):
    """A link comes and goes; every message is whole, and the kernel's."""
    kind = way(name)
    with daemons.Daemon() as daemon, programs.start(kind, daemon, deny()) as running:
        one_link(running, kind)
        programs.check_messages(running, 40 if name == "short" else None)


def in_situation(name):
    """As the name says in ways.py."""
    kind = way(name)
    with daemons.Daemon() as daemon, programs.start(kind, daemon, deny()) as running:
        for _ in range(3):
            one_link(running, kind)
            running.forget()


def duplicates(pid):
    """How many sockets of a process its tracer holds."""
    return len(programs.sockets_of(programs.tracer_of(pid)))


@tap.test
def lets_go():
    """A socket that was closed 50 times is let go of 50 times"""
    with daemons.Daemon() as daemon, programs.start(way("again"), daemon, deny()) as running:
        # Its own, the one to the daemon, and the last of those.
        wait.until(lambda: duplicates(running.process.pid) <= 3, "one duplicate")


@tap.test
def parent_leaves():
    """A child keeps the subscription that its parent made and left"""
    kind = way("child")
    with daemons.Daemon() as daemon:
        process = subprocess.Popen([*deny(), programs.RUN, "--socket", daemon.socket,
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


@tap.test
def overrun():
    """A program that doesn't read for thousands of changes is told so, with ENOBUFS"""
    kind = way("late")
    with daemons.Daemon() as daemon:
        command = [*deny(), programs.RUN, "--socket", daemon.socket, *kind.command()]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True)
        tap.equal(process.stdout.readline(), "subscribed\n")
        netns.batch([f"link add many{n} type bridge" for n in range(400)])
        for _ in range(3):
            netns.batch([f"link set many{n} up" for n in range(400)])
            netns.batch([f"link set many{n} down" for n in range(400)])
        daemon.call("Refresh")
        netns.ip("link add last type bridge")
        daemon.call("Refresh")
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
    with daemons.Daemon() as daemon, programs.start(kind, daemon, deny()) as running:
        for _ in range(5):
            one_link(running, kind)
            running.forget()
        assert "failed" not in running.text() and "error" not in running.text()


@tap.test
def daemon_comes_later():
    """Where linkwatchd isn't there yet, the telling begins when it appears: also of links that
    went before"""
    kind = way("recvfrom")
    netns.ip("link add early type bridge")
    early = netns.link("early")["ifindex"]
    with daemons.Daemon(serves=False) as daemon, programs.start(kind, daemon, deny()) as running:
        netns.ip("link add one type bridge")
        index = netns.link("one")["ifindex"]
        netns.ip("link del early")
        daemon.start()
        programs.see(running, kind, index)
        programs.see_gone(running, kind, early)
        netns.ip("link del one")
        programs.see_gone(running, kind, index)


@tap.test
def daemon_restarts():
    """What happens while linkwatchd is away is told when it is back"""
    kind = way("recvfrom")
    with daemons.Daemon() as daemon, programs.start(kind, daemon, deny()) as running:
        netns.ip("link add one type bridge")
        one = netns.link("one")["ifindex"]
        programs.see(running, kind, one)
        daemon.stop()
        netns.ip("link del one")
        netns.ip("link add two type bridge")
        two = netns.link("two")["ifindex"]
        daemon.start()
        programs.see_gone(running, kind, one)
        programs.see(running, kind, two)
    netns.delete_all()


@tap.test
def completes():
    """A subscription that is accepted and silent is completed where linkwatchd found that out"""
    silent = ("--join", "0")
    kind = programs.LIBNL
    with daemons.Daemon(wrapper=deny(*silent)) as daemon:
        # Not before its first look.
        daemon.links()
        netns.ip("link add zero type bridge")
        wait.until(lambda: daemon.status()["source"]["standing"] == "incomplete", "the standing")
        with programs.start(kind, daemon, deny(*silent)) as running:
            netns.ip("link add one type bridge")
            programs.see(running, kind, "one", 1500)
            netns.ip("link del one")
            programs.see_gone(running, kind, "one")
    netns.delete_all()


@tap.test
def other_namespace():
    """A socket of another network namespace isn't told of the links of this one"""
    script = f"unshare --net {programs.PYTHON} {WAYS} recvfrom"
    with daemons.Daemon() as daemon:
        result = subprocess.run([*deny(), programs.RUN, "--socket", daemon.socket, "sh", "-c",
                                 script], capture_output=True, text=True, check=False)
        tap.contains(result.stderr, "PermissionError")


@tap.test
def unprivileged():
    """It needs no privilege"""
    nobody = programs.nobody(daemons.helper("deny"), programs.RUN, programs.PYTHON, WAYS)
    kind = way("recvfrom")
    with daemons.Daemon() as daemon:
        os.chmod(daemon.directory, 0o755)
        os.chmod(daemon.socket, 0o666)
        with programs.start(kind, daemon, [*nobody, *deny()]) as running:
            one_link(running, kind)


if not os.path.exists(programs.RUN):
    tap.skip_all("linkwatch-run was not built here")
netns.enter()
for each in ways.WAYS:
    tap.add(f"Messages are whole and the kernel's when they are received by {each}", received_by,
            each)
tap.add("A program that executes itself subscribes anew", in_situation, "executed")
tap.add("A program with 40 subscriptions sees links on the last of them", in_situation, "many")
tap.main()
