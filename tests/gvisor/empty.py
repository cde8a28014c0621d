# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon in a gVisor container whose network namespace has no link, not even lo: python3
empty.py RELEASE, run in one by the tests beside this."""

import sys

import daemon as daemons
import netns
import rtnl
import tap
import wait
from mirror import Mirror

sys.argv.pop(1)


@tap.test
def no_link():
    """That there is no link is the truth, and no failure"""
    tap.equal(netns.links(), {})
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        tap.equal(mirror.refresh(daemon.socket).links, {})
        tap.equal(daemon.links(), {})
        tap.equal(daemon.status()["source"]["stale"], False)


@tap.test
def last_link():
    """The last link that goes is removed"""
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        for n in range(3):
            with rtnl.Tap(f"tap{n}"):
                mirror.until_event("add", f"tap{n}")
            mirror.until_event("remove", f"tap{n}")
            wait.until(lambda: not daemon.status()["source"]["stale"], "a dump")
            tap.equal(mirror.refresh(daemon.socket).links, {})


tap.main()
