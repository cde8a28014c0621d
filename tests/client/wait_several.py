# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatchctl wait for several links, and for some time without an interruption."""

import json
import subprocess
import time

import fake
import netns
import tap
import daemon as daemons
from ctl import end, run, start
from fake import OTHER, address, link


def waiting(daemon, *arguments, sees=()):
    """A wait that has these links; it and its connection."""
    process = start("--socket", daemon.path, "wait", *arguments)
    peer = daemon.accept()
    parameters = peer.monitor()
    peer.snapshot(1, *sees)
    return process, peer, parameters


def up(ifindex, ifname, **fields):
    """A link that is up."""
    return link(ifindex, ifname, flags=["UP"], **fields)


def outcome(*arguments, sees=()):
    """Exit code and errors of a check."""
    with fake.Fake() as daemon:
        process, _peer, _ = waiting(daemon, *arguments, "--timeout", "0", sees=sees)
        code, output, errors = end(process)
        tap.equal(output, "", "output")
        return code, errors.removeprefix("linkwatchctl: the conditions are not met: ")


PAIR = [up(2, "eth0"), link(3, "eth1")]
VERDICTS = (
    (["eth0", "eth1", "up", "--any"], 0), (["eth1", "eth0", "up", "--any"], 0),
    (["eth0", "eth1", "up", "--all"], 4), (["eth0", "eth1", "present", "--all"], 0),
    (["eth0", "eth9", "present", "--all"], 4), (["eth*", "present", "--all"], 0),
    (["eth*", "up", "--all"], 4), (["eth0", "up", "--all"], 0),
    (["eth*", "eth0", "present", "--all"], 0), (["lan*", "present", "--all"], 4),
    (["eth*", "lan0", "present", "--all"], 4), (["eth*", "up", "--at-least", "1"], 0),
    (["eth*", "up", "--at-least", "2"], 4), (["eth*", "eth0", "present", "--at-least", "2"], 0),
    (["eth*", "present", "--at-least", "3"], 4), (["eth0", "lan0", "present", "--at-least=2"], 4),
    (["lan0", "lan1", "absent", "--all"], 0), (["lan0", "eth0", "absent", "--all"], 4),
    (["lan0", "eth0", "absent", "--any"], 0), (["lan0", "eth0", "absent", "--at-least=2"], 4),
    (["eth0", "stable=0", "up"], 0))


def judged(arguments, code):
    """eth0 is up, eth1 is there."""
    tap.equal(outcome(*arguments, sees=PAIR)[0], code, "exit code")


for _arguments, _code in VERDICTS:
    tap.add(f"wait {' '.join(_arguments)} ends with {_code}", judged, _arguments, _code)


@tap.test
def says_who_lacks_what():
    """After a timeout wait says which of the links lacks what, and which is not there"""
    for arguments, errors in (
            (["eth0", "eth1", "eth9", "up", "mtu=9000", "--all"],
             'there is no link "eth9"; eth0 does not meet mtu=9000; eth1 does not meet up, mtu=9000\n'),
            (["lan*", "eth0", "up", "--all"], 'no link matches "lan*"\n'),
            (["eth*", "usable", "--all"], "eth1 does not meet usable (it is down)\n"),
            (["eth0", "lan0", "absent", "--all"], "eth0 does not meet absent\n"),
            (["eth*", "up", "--at-least", "2"], "eth1 does not meet up\n")):
        tap.equal(outcome(*arguments, sees=PAIR), (4, errors), str(arguments))


@tap.test
def later():
    """With --all the last link decides, also one that comes later; one that goes is missed no more"""
    with fake.Fake() as daemon:
        process, peer, parameters = waiting(daemon, "eth*", "lan0", "up", "--all", sees=PAIR)
        tap.equal(parameters["filter"], {"names": ["eth*", "lan0"]}, "filter")
        peer.event("add", 2, link=link(4, "eth2"))
        peer.event("add", 3, link=up(5, "lan0"))
        peer.event("change", 4, link=up(3, "eth1"), old={"flags": []})
        assert process.poll() is None, "eth2 is down"
        peer.event("remove", 5, link=link(4, "eth2"))
        tap.equal(end(process), (0, "", ""), "outcome")


@tap.test
def followed():
    """A link that is followed under a new name stands for the name that it had"""
    with fake.Fake() as daemon:
        process, peer, _ = waiting(daemon, "eth0", "eth1", "renamed", "--all", sees=PAIR)
        peer.event("change", 2, link=up(2, "lan0"), old={"ifname": "eth0"})
        peer.event("change", 3, link=link(3, "lan1"), old={"ifname": "eth1"})
        tap.equal(end(process), (0, "", ""), "outcome")


@tap.test
def as_json():
    """wait --json prints the first link, or with --all and --at-least an array of those that met it"""
    for arguments, wanted in ((["eth*", "present"], PAIR[0]), (["eth*", "present", "--all"], PAIR),
                              (["eth*", "present", "--at-least=2"], PAIR),
                              (["lan0", "lan1", "absent", "--all"], []),
                              (["lan0", "lan1", "absent", "--any"], None)):
        with fake.Fake() as daemon:
            code, output, _ = end(waiting(daemon, "--json", *arguments, sees=PAIR)[0])
            tap.equal((code, json.loads(output)), (0, wanted), str(arguments))


@tap.test
def misspelled():
    """A condition that is misspelled is no link: several must be announced"""
    code, output, errors = run("wait", "eth0", "carier", "up")
    tap.equal((code, output), (2, ""), "outcome")
    tap.contains(errors, "linkwatchctl: carier is not a condition; the conditions are ")
    tap.contains(errors, "to wait for several links, add --any, --all or --at-least N")
    for arguments, errors in (
            (["a", "b", "--all"], "b is not a condition; "),
            (["a", "b", "up", "--all", "--any"], "--any, --all and --at-least cannot be combined"),
            (["a", "up", "--at-least", "0"], "--at-least must be a number from 1, not 0"),
            (["a", "up", "--at-least", "-1"], "--at-least must be a number from 1, not -1"),
            (["a", "b", "up", "--at-least", "3"],
             "--at-least 3 can never be met: there are 2 names"),
            (["a", "stable=2s"], "stable=2s needs another condition beside it"),
            (["a", "up", "stable=2d"], "stable=2d is not valid: stable= must be "),
            (["a", "up", "stable=2s", "--timeout", "2"],
             "stable=2s can never be met: the timeout is not longer"),
            (["a", "up", "stable=2s", "--timeout", "0"],
             "stable=2s can never be met: the timeout is not longer"),
            (["a", "up", "scope=local"], "scope=local can never be met: scope= must be "),
            (["x"] * 257 + ["up", "--all"], "at most 256 names or indexes can be given")):
        code, _, shown = run("wait", *arguments)
        tap.equal(code, 2, str(arguments))
        tap.contains(shown, errors)
    tap.contains(run("list", "--all")[2], "can only be used with wait")


# So long that whatever a test does comes first, and so short that what counts ends it.
NEVER = "stable=1h"
SOON = "stable=200ms"


@tap.test
def stable():
    """With stable= the conditions must have been met for so long"""
    with fake.Fake() as daemon:
        process, peer, _ = waiting(daemon, "eth*", "up", SOON, sees=PAIR)
        tap.equal(end(process), (0, "", ""), "outcome")
        process, peer, _ = waiting(daemon, "eth0", "up", NEVER, "--timeout", "2h", sees=PAIR[:1])
        peer.event("change", 2, link=link(2, "eth0"), old={"flags": ["UP"]})
        peer.event("change", 3, link=up(2, "eth0"), old={"flags": []})
        process.terminate()
        tap.equal(end(process)[0], -15, "it was waiting")
        process, peer, _ = waiting(daemon, "lan0", "absent", SOON, sees=PAIR[:1])
        tap.equal(end(process), (0, "", ""), "outcome")


@tap.test
def not_long_enough():
    """What was met not long enough is named by stable=, what is not met by itself"""
    for interrupted, unmet in ((False, "eth0 does not meet up"), (True, "eth0 does not meet stable=2s")):
        with fake.Fake() as daemon:
            process, peer, _ = waiting(daemon, "eth0", "up", "stable=2s", "--timeout", "2.1",
                                       sees=[link(2, "eth0")])
            if interrupted:
                time.sleep(0.5)
                peer.event("change", 2, link=up(2, "eth0"), old={"flags": []})
            tap.equal(end(process), (4, "", "linkwatchctl: the timeout of 2.1 s expired: "
                                     f"{unmet}\n"), "outcome")


def interruption(conditions, act, code):
    """A wait of which everything is met at first, and then something happens all the time."""
    with fake.Fake() as daemon:
        process, peer, _ = waiting(daemon, "eth0", *conditions, "stable=2s", "--timeout", "3",
                                   sees=[up(2, "eth0", carrier=True)])
        for number in range(2, 100):
            time.sleep(0.1)
            if process.poll() is not None:
                break
            try:
                act(peer, number)
            except BrokenPipeError:
                break
        tap.equal(end(process)[0], code, "exit code")


def flap(peer, number):
    """The carrier was away unseen."""
    peer.event("change", number, link=up(2, "eth0", carrier=True, carrier_changes=number), old={},
               flaps=2)


def other(peer, number):
    """Something else changed."""
    peer.event("change", number, link=up(2, "eth0", carrier=True, mtu=number), old={})


def lose(peer, number):
    """Events were lost."""
    peer.event("lost", number, lost=1)
    peer.snapshot(number, up(2, "eth0", carrier=True))


tap.add("a carrier that flapped unseen interrupts stable=", interruption, ["carrier"], flap, 4)
tap.add("it does not where no condition is about the carrier", interruption, ["up"], flap, 0)
tap.add("another change does not interrupt stable=", interruption, ["carrier"], other, 0)
tap.add("lost events interrupt stable=", interruption, ["carrier"], lose, 4)


@tap.test
def away():
    """While the daemon is away nothing is met for long enough"""
    with fake.Fake() as daemon:
        process, peer, _ = waiting(daemon, "eth0", "up", SOON, "--timeout", "60",
                                   sees=[up(2, "eth0")])
        daemon.stop()
        peer.close()
        try:
            code = process.wait(timeout=1)
            raise AssertionError(f"it ended with {code}")
        except subprocess.TimeoutExpired:
            pass
        daemon.listen()
        peer = daemon.accept()
        peer.monitor()
        peer.event("lost", 5, OTHER)
        peer.snapshot(5, up(2, "eth0"), instance=OTHER)
        tap.equal(end(process), (0, "", ""), "outcome")


@tap.test
def scope():
    """scope= is met by an address of that scope; an address that goes is an interruption"""
    seen = [address(2, "eth0", "169.254.0.1", scope="link"), address(2, "eth0", "10.0.0.1")]
    for addresses, wanted, code in ((seen, "scope=global", 0), (seen[:1], "scope=global", 4),
                                    (seen[:1], "scope=link", 0), (seen[:1], "scope=253", 0)):
        with fake.Fake() as daemon:
            process = start("--socket", daemon.path, "wait", "eth0", wanted, "--timeout", "0")
            peer = daemon.accept()
            tap.equal(peer.monitor()["subjects"], ["links", "addresses"], "subjects")
            peer.event("snapshot", 1, link=up(2, "eth0"))
            for each in addresses:
                peer.event("snapshot", 1, address=each)
            peer.event("ready", 1, source=fake.SOURCE, address_source=fake.SOURCE)
            tap.equal(end(process)[0], code, wanted)


@tap.test
def with_the_daemon():
    """All of it, with the daemon and the kernel"""
    netns.ip("link add w0 type bridge")
    netns.ip("link add w1 type bridge")
    with daemons.Daemon() as daemon:
        process = start("--socket", daemon.socket, "wait", "w*", "usable", "scope=global", SOON, "--all",
                        "-t", "60")
        netns.ip("link set w0 up")
        netns.ip("address add 10.1.0.1/24 dev w0")
        code, _, errors = run("--socket", daemon.socket, "wait", "w0", "w1", "usable",
                              "scope=global", "--all", "-t", "0")
        tap.equal(code, 4, "exit code")
        tap.contains(errors, "w1 does not meet usable (it is down), scope=global\n")
        netns.ip("link set w1 up")
        netns.ip("address add 10.2.0.1/24 dev w1")
        tap.equal(end(process), (0, "", ""), "outcome")
    netns.delete_all()


netns.enter()
tap.main()
