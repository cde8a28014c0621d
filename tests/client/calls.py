# SPDX-License-Identifier: LGPL-2.1-or-later
"""The blocking calls beside a daemon that a test plays."""

import signal
import socket

import fake
import tap
from fake import INSTANCE, OTHER, link

# Linux 6.16.
SO_PASSRIGHTS = 83
FOREVER = "-1"
SOON = "50000"
SERVICE = "org.varlink.service."
HOUSE = "org.linkwatch."
OWN = HOUSE + "Links."


def answer(peer, method, parameters):
    """Answers the next call, which must be of that method; a List with its links."""
    tap.equal(peer.call()["method"], (HOUSE if "." in method else OWN) + method, "method")
    if method == "List":
        peer.list(parameters)
    else:
        peer.reply(parameters)


@tap.test
def lists():
    """List gives the links in the order of their indexes, in whichever order they come."""
    with fake.Fake() as daemon:
        caller = daemon.driver("call", FOREVER, "list")
        answer(daemon.accept(), "List", [link(7, "b"), link(1, "lo"), link(3, "a")])
        caller.expect("1:lo 3:a 7:b 0: ")


@tap.test
def several():
    """One connection serves call after call."""
    with fake.Fake() as daemon:
        caller = daemon.driver("call", FOREVER, "list", "refresh", "status", "statistics", "list")
        peer = daemon.accept()
        answer(peer, "List", [])
        answer(peer, "Refresh", {})
        answer(peer, "GetStatus", {"source": {"standing": "denied"}, "links": 5})
        answer(peer, "Statistics.GetStatistics", {"counters": {"dumps": 7}})
        answer(peer, "List", [link(1, "lo")])
        caller.expect("0: ", "0: ", "denied 5 0: ", "7 0: ", "1:lo 0: ")


def refuses(connection):
    """Whether the kernel refuses to send a descriptor there."""
    try:
        socket.send_fds(connection, [b" "], [0])
    except PermissionError:
        return True
    return False


@tap.test
def no_descriptors():
    """No descriptor can be attached to a reply, where the kernel can refuse it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        try:
            theirs.setsockopt(socket.SOL_SOCKET, SO_PASSRIGHTS, 0)
        except OSError:
            raise tap.Skip("this kernel can't refuse descriptors") from None
    with fake.Fake() as daemon:
        caller = daemon.driver("call", FOREVER, "refresh")
        peer = daemon.accept()
        assert refuses(peer.socket), "it was sent"
        answer(peer, "Refresh", {})
        caller.expect("0: ")


@tap.test
def missing():
    """What a status doesn't have, or has as another type, is not made up."""
    with fake.Fake() as daemon:
        caller = daemon.driver("call", FOREVER, "status")
        answer(daemon.accept(), "GetStatus", {"source": {"standing": 5}, "links": None})
        caller.expect("- -1 0: ")


ERRORS = (
    (SERVICE + "InvalidParameter", {"parameter": "filter"},
     "EINVAL: the daemon rejected a parameter (filter)"),
    (SERVICE + "MethodNotFound", {"method": "X"},
     "EOPNOTSUPP: the daemon has no such method (X)"),
    (SERVICE + "MethodNotImplemented", {}, "EOPNOTSUPP: the daemon has no such method"),
    (SERVICE + "InterfaceNotFound", {"interface": "X"},
     "EOPNOTSUPP: the daemon has no such interface (X)"),
    (SERVICE + "PermissionDenied", {}, "EACCES: the daemon denied the request"),
    (OWN + "LimitReached", {"limit": "sessions"},
     "EBUSY: a limit of the daemon was reached (sessions)"),
    (OWN + "DumpFailed", {"errno": 13, "errno_name": "EACCES"},
     "EIO: the daemon cannot dump the links (EACCES)"),
    (OWN + "NeverDumped", {"errno": 97, "errno_name": "EAFNOSUPPORT", "reason": "no socket"},
     "ENODATA: no links are known because the daemon has never been able to dump them: "
     "no socket (EAFNOSUPPORT)"),
    (OWN + "DumpFailed", {"errno": 13}, "EIO: the daemon cannot dump the links"),
    ("com.example.Other", {}, "EREMOTEIO: the daemon replied with com.example.Other"),
)


def error(name, parameters, line):
    """An error reply becomes an errno and words; the connection lives on."""
    with fake.Fake() as daemon:
        caller = daemon.driver("call", FOREVER, "refresh", "refresh")
        peer = daemon.accept()
        peer.call()
        peer.error(name, **parameters)
        answer(peer, "Refresh", {})
        caller.expect(line, "0: ")


for _error in ERRORS:
    tap.add(f"the error {_error[0]} {_error[1]} is explained in words", error, *_error)


def broken(break_it, line):
    """After a call that broke, the next one connects anew."""
    with fake.Fake() as daemon:
        caller = daemon.driver("call", FOREVER, "list", "list")
        peer = daemon.accept()
        peer.call()
        break_it(peer)
        caller.expect(line)
        answer(daemon.accept(), "List", [])
        caller.expect("0: ")


PROTOCOL = "EPROTO: the daemon's reply was not understood"
for _what, _break, _line in (
        ("a hang-up", lambda peer: peer.close(), "ECONNRESET: the daemon closed the connection"),
        ("half a reply", lambda peer: (peer.raw(b'{"parameters"'), peer.close()),
         "ECONNRESET: the daemon closed the connection"),
        ("no JSON", lambda peer: peer.raw(b"hello\0"), PROTOCOL),
        ("an empty message", lambda peer: peer.raw(b"\0"), PROTOCOL),
        ("no object", lambda peer: peer.raw(b"[]\0"), PROTOCOL)):
    tap.add(f"after {_what} the next call connects anew", broken, _break, _line)


def misunderstood(*replies):
    """An answer that is none of List's is an error, and no crash; the next call connects anew."""
    with fake.Fake() as daemon:
        caller = daemon.driver("call", FOREVER, "list", "list")
        peer = daemon.accept()
        peer.call()
        for reply in replies:
            peer.reply(reply, continues=True)
        caller.expect(PROTOCOL)
        answer(daemon.accept(), "List", [])
        caller.expect("0: ")


for _what, _replies in (
        ("with an array as a link", [{"link": []}]),
        ("with a link that is none", [{"link": link(1, "lo")}, {"link": 5}]),
        ("with a link without a name", [{"link": {"ifindex": 1}}])):
    tap.add(f"a list {_what} is an error", misunderstood, *_replies)


@tap.test
def error_in_a_list():
    """An error in the middle of a list ends it, and the connection lives on."""
    with fake.Fake() as daemon:
        caller = daemon.driver("call", FOREVER, "list", "list")
        peer = daemon.accept()
        peer.call()
        peer.reply({"link": link(1, "lo")}, continues=True)
        peer.error(OWN + "LimitReached", limit="list-memory")
        caller.expect("EBUSY: a limit of the daemon was reached (list-memory)")
        answer(peer, "List", [link(1, "lo")])
        caller.expect("1:lo 0: ")


@tap.test
def bytewise():
    """An answer may come byte by byte."""
    with fake.Fake() as daemon:
        caller = daemon.driver("call", FOREVER, "list")
        peer = daemon.accept()
        peer.call()
        for byte in fake.encode_list([link(1, "lo")]):
            peer.raw(bytes([byte]))
        caller.expect("1:lo 0: ")


@tap.test
def timeout():
    """Without an answer in time a call fails, and a late answer disturbs no other call."""
    with fake.Fake() as daemon:
        caller = daemon.driver("call", SOON, "list")
        peer = daemon.accept()
        caller.expect("ETIMEDOUT: the daemon did not reply in time")
        peer.call()
        assert peer.is_closed()


@tap.test
def signals():
    """Signals don't disturb a call."""
    with fake.Fake() as daemon:
        caller = daemon.driver("call", FOREVER, "list")
        peer = daemon.accept()
        peer.call()
        for byte in fake.encode_list([link(1, "lo")]):
            caller.signal(signal.SIGUSR1)
            peer.raw(bytes([byte]))
        caller.expect("1:lo 0: ")


@tap.test
def nobody():
    """Without a daemon, the error of connecting shows which of the two it is."""
    with fake.Fake() as daemon:
        daemon.stop()
        daemon.driver("call", FOREVER, "list").expect("ENOENT")
        with open(daemon.path, "w", encoding="ascii"):
            pass
        daemon.driver("call", FOREVER, "list").expect("ECONNREFUSED")


def waiting(daemon, *arguments, sees=()):
    """A wait that has these links."""
    waiter = daemon.driver("wait", *arguments)
    peer = daemon.accept()
    parameters = peer.monitor()
    peer.snapshot(1, *sees)
    return waiter, peer, parameters


@tap.test
def met_at_once():
    """A wait for what is so already ends at once."""
    with fake.Fake() as daemon:
        waiter, _, _ = waiting(daemon, "eth*", FOREVER, "up", sees=[link(2, "eth0", flags=["UP"])])
        waiter.expect("0 eth0")


@tap.test
def met_later():
    """All conditions must be met at the same time, by one link."""
    with fake.Fake() as daemon:
        waiter, peer, parameters = waiting(daemon, "eth*", FOREVER, "up", "mtu=9000",
                                           sees=[link(2, "eth0", flags=["UP"]),
                                                 link(3, "eth1", mtu=9000)])
        tap.equal(parameters["filter"], {"names": ["eth*"]}, "filter")
        peer.event("change", 2, link=link(2, "eth0", mtu=9000), old={})
        peer.event("change", 3, link=link(2, "eth0", flags=["UP"]), old={})
        peer.event("change", 4, link=link(3, "eth1", flags=["UP"], mtu=9000), old={})
        waiter.expect("0 eth1")


@tap.test
def absent():
    """Absent is met when the last link that matches is gone, or has another name."""
    with fake.Fake() as daemon:
        waiter, peer, _ = waiting(daemon, "eth*", FOREVER, "absent",
                                  sees=[link(2, "eth0"), link(3, "eth1")])
        peer.event("remove", 2, link=link(2, "eth0"))
        peer.event("change", 3, link=link(3, "lan1"), old={"ifname": "eth1"})
        waiter.expect("0 -")
    with fake.Fake() as daemon:
        waiter, _, _ = waiting(daemon, "eth*", FOREVER, "absent")
        waiter.expect("0 -")


@tap.test
def renamed():
    """A renamed link is followed under its new name where a condition asks for it."""
    with fake.Fake() as daemon:
        waiter, peer, parameters = waiting(daemon, "eth0", FOREVER, "renamed", "up",
                                           sees=[link(2, "eth0")])
        tap.equal(parameters.get("filter"), None, "filter")
        peer.event("change", 2, link=link(2, "lan0"), old={"ifname": "eth0"})
        peer.event("change", 3, link=link(2, "lan0", flags=["UP"]), old={"flags": []})
        waiter.expect("0 lan0")


@tap.test
def not_followed():
    """Without such a condition, a link that got another name isn't meant any more."""
    with fake.Fake() as daemon:
        waiter, peer, _ = waiting(daemon, "eth0", FOREVER, "up", sees=[link(2, "eth0")])
        peer.event("change", 2, link=link(2, "lan0"), old={"ifname": "eth0"})
        peer.event("change", 3, link=link(2, "lan0", flags=["UP"]), old={"flags": []})
        peer.event("add", 4, link=link(3, "eth0", flags=["UP"]))
        waiter.expect("0 eth0")


@tap.test
def through_restart():
    """A wait goes on with a daemon that was started anew."""
    with fake.Fake() as daemon:
        waiter, peer, _ = waiting(daemon, "eth0", FOREVER, "present")
        daemon.stop()
        peer.close()
        daemon.listen()
        peer = daemon.accept()
        tap.equal(peer.monitor()["since"], {"instance": INSTANCE, "sequence": 1}, "since")
        peer.event("lost", 5, OTHER)
        peer.snapshot(5, link(2, "eth0"), instance=OTHER)
        waiter.expect("0 eth0")


@tap.test
def in_vain():
    """A wait ends when its time is over."""
    with fake.Fake() as daemon:
        waiter, _, _ = waiting(daemon, "eth0", SOON, "present")
        waiter.expect("ETIMEDOUT -")


@tap.test
def only_look():
    """A timeout of 0 checks once, also where the links take longer than nothing."""
    with fake.Fake() as daemon:
        waiter, _, _ = waiting(daemon, "eth0", "0", "present", sees=[link(2, "eth0")])
        waiter.expect("0 eth0")
    with fake.Fake() as daemon:
        waiter, _, _ = waiting(daemon, "eth0", "0", "present", sees=[link(2, "eth1")])
        waiter.expect("ETIMEDOUT -")


@tap.test
def wait_for_nobody():
    """A wait fails at once if there is no daemon at the beginning."""
    with fake.Fake() as daemon:
        daemon.stop()
        daemon.driver("wait", "eth0", FOREVER, "present").expect("ENOENT -")


@tap.test
def impossible():
    """Absent and something else at once can't be; which condition is wrong is said, and why."""
    with fake.Fake() as daemon:
        daemon.driver("wait", "eth0", FOREVER, "absent", "up").expect(
            "absent cannot be combined with other conditions", "EINVAL -")
        for wrong, reason in (
                ("upp", "is not a condition; the conditions are present, absent, up, "),
                ("mtu=big", "can never be met: mtu= must be a number "),
                ("mtu=", "can never be met: mtu= must be a number "),
                ("family=x", "can never be met: family= must be inet or inet6"),
                ("address=02:", "can never be met: address= must be a hardware address "),
                ("operstate=foo", "can never be met: operstate= must be UP, ")):
            waiter = daemon.driver("wait", "eth0", FOREVER, "up", wrong, "carrier")
            tap.contains(waiter.line(), f"{wrong} {reason}")
            waiter.expect("EINVAL -")


tap.main()
