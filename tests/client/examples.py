# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples work: on a snapshot, on events, and through a restart of the daemon."""

import os
import signal

import fake
import tap
from fake import INSTANCE, OTHER, link

EXAMPLES = os.path.join(os.environ.get("LINKWATCH_BUILD", "."), "client", "examples")


def begin(daemon, name, *arguments):
    """Starts an example; it, its connection, and what it asked for."""
    program = daemon.run(os.path.join(EXAMPLES, name), *arguments, stop=signal.SIGTERM,
                         env={"LINKWATCH_SOCKET": daemon.path})
    peer = daemon.accept()
    return program, peer, peer.monitor()


def restart(daemon, peer, *links):
    """Another daemon takes over, with these links."""
    peer.close()
    peer = daemon.accept()
    tap.equal(peer.monitor()["since"]["instance"], INSTANCE, "instance")
    peer.event("lost", 1, OTHER)
    peer.snapshot(1, *links, instance=OTHER)
    return peer


@tap.test
def table():
    """The example with poll keeps its table right."""
    with fake.Fake() as daemon:
        program, peer, asked = begin(daemon, "link_table", "eth*", "lan0")
        tap.equal(asked["filter"], {"names": ["eth*", "lan0"]}, "filter")
        peer.snapshot(1, link(2, "eth0", operstate="UP"), link(3, "eth1", mtu=9000))
        program.expect("2 links", "    2 eth0             UP             1500",
                       "    3 eth1             ?              9000")
        peer.event("change", 2, link=link(2, "eth0", operstate="DOWN"), old={})
        program.expect("2 links", "    2 eth0             DOWN           1500",
                       "    3 eth1             ?              9000")
        peer.event("remove", 3, link=link(3, "eth1"))
        program.expect("1 links", "    2 eth0             DOWN           1500")
        peer = restart(daemon, peer, link(4, "eth4"))
        program.expect("1 links", "    4 eth4             ?              1500")


@tap.test
def events():
    """The example with sd-event prints what happens, and ends well on SIGTERM."""
    with fake.Fake() as daemon:
        program, peer, _ = begin(daemon, "events")
        peer.snapshot(1, link(1, "lo"))
        program.expect("! connected", "+ lo", "= 1 links")
        peer.event("add", 2, link=link(2, "eth0"))
        peer.event("change", 3, link=link(2, "lan0", mtu=9), old={})
        program.expect("+ eth0", "~ eth0: ifname mtu, now lan0")
        peer = restart(daemon, peer, link(1, "lo"))
        program.expect("! the daemon closed the connection", "! connected", "! lost -1 events", "- lan0",
                       "= 1 links")
        program.signal(signal.SIGTERM)
        tap.equal(program.finish(), (0, "", ""), "outcome")


@tap.test
def harmless():
    """The examples show names so that they don't steer a terminal."""
    with fake.Fake() as daemon:
        program, peer, _ = begin(daemon, "events")
        peer.snapshot(1, link(1, "a\x1b[2J"))
        program.expect("! connected", r"+ a\x1b[2J", "= 1 links")
        program.signal(signal.SIGTERM)
        program, peer, _ = begin(daemon, "link_table")
        peer.snapshot(1, link(1, "a\u202e"))
        program.expect("1 links", r"    1 a\u202e          ?              1500")


tap.main()
