# SPDX-License-Identifier: LGPL-2.1-or-later
"""The standing of the subscription, when dumps are taken, and what follows from them."""

import daemon as daemons
import ip_links
import link_churn
import netns
import tap
import wait
from mirror import Mirror

# For what takes its time on a busy machine.
LONG = 200
# With these, an honest subscription is trusted after a few dumps.
QUICK = ("--interval-min", "50ms", "--audit-interval", "400ms")
# With these, there is no dump unless somebody requests it.
RARE = ("--interval-min", "1h", "--interval-max", "1h", "--audit-interval", "1h")


def denied(error, *options):
    """A daemon whose kernel answers so when it joins."""
    return daemons.Daemon(*options, wrapper=(daemons.helper("deny"), "--join", error))


def standing(daemon):
    """The standing at present."""
    return daemon.status()["source"]["standing"]


def until_standing(daemon, wanted):
    """Waits for that standing."""
    wait.until(lambda: standing(daemon) == wanted, f"the standing {wanted}")


@tap.test
def trusted():
    """A subscription that dumps agree with becomes trusted, and then dumps are rare"""
    with daemons.Daemon(*QUICK) as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        until_standing(daemon, "trusted")
        status = daemon.status()
        tap.equal((status["cadence"], status["interval_usec"]), ("audit", 400_000))
        mirror.until(lambda: any(e["type"] == "source" and e["source"]["standing"] == "trusted"
                                 for e in mirror.events), "the event for it")
        netns.ip("link add trusted0 type bridge")
        tap.equal(mirror.until_event("add", "trusted0")["learned"], "notification")


@tap.test
def silent():
    """A subscription that was accepted and stays silent becomes incomplete with the first link
    that only a dump shows, also when it was trusted before"""
    for wait_for in ("unproven", "trusted"):
        with denied("0", *QUICK) as daemon, Mirror(daemon.socket) as mirror:
            mirror.until_ready()
            until_standing(daemon, wait_for)
            netns.ip("link add silent0 type bridge")
            tap.equal(mirror.until_event("add", "silent0")["learned"], "dump")
            until_standing(daemon, "incomplete")
            tap.equal(daemon.status()["cadence"], "polling")
            assert daemon.statistics()["counters"]["contradictions"] >= 1
            netns.ip("link del silent0")
            mirror.until_event("remove", "silent0")


@tap.test
def polling_detects():
    """Where joining is denied, changes are reported without a request, as learned by a dump"""
    with denied("EACCES") as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        netns.ip("link add poll0 type bridge")
        tap.equal(mirror.until_event("add", "poll0")["learned"], "dump")
        netns.ip("link set poll0 mtu 1400")
        tap.equal(mirror.until_event("change", "poll0")["old"], {"mtu": 1500})
        netns.ip("link del poll0")
        mirror.until_event("remove", "poll0")


@tap.test
def idle():
    """Where joining is denied, it polls as rarely as allowed while nobody listens, and at once
    when somebody comes"""
    options = ("--interval-min", "50ms", "--interval-max", "1h")
    with denied("EACCES", *options) as daemon:
        netns.ip("link add idle0 type bridge")
        with Mirror(daemon.socket) as mirror:
            mirror.until(lambda: "idle0" in {l["ifname"] for l in mirror.links.values()} or
                         any(e["type"] == "add" for e in mirror.events), "idle0")
        netns.ip("link del idle0")


@tap.test
def flaps():
    """A carrier that went and came back between two dumps is reported as so many flaps"""
    netns.ip("link add flap0 type veth peer name flap1")
    netns.ip("link set flap0 up")
    netns.ip("link set flap1 up")
    with denied("EACCES", *RARE) as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        ip_links.settle(daemon, mirror)
        before = len(mirror.events)
        for _ in range(3):
            netns.ip("link set flap1 down")
            netns.ip("link set flap1 up")
        wait.until(lambda: netns.link("flap0")["operstate"] == "UP", "an operational link")
        ip_links.settle(daemon, mirror)
        reported = [e for e in mirror.events[before:] if e["link"]["ifname"] == "flap0"]
        tap.equal(sum(e.get("flaps", 0) for e in reported), 6, f"flaps in {reported}")
    netns.ip("link del flap0")


@tap.test
def same_index():
    """Another link that took over an index between two dumps is a remove and an add"""
    netns.ip("link add old0 index 5000 type bridge")
    with denied("EACCES", *RARE) as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        netns.ip("link del old0")
        netns.ip("link add new0 index 5000 type veth peer name new1")
        mirror.refresh(daemon.socket)
        tap.equal([(e["type"], e["link"]["ifname"]) for e in mirror.events
                   if e["link"]["ifindex"] == 5000], [("remove", "old0"), ("add", "new0")])
    netns.ip("link del new0")


@tap.test
def same_name():
    """A port whose bridge was made anew under its name between two dumps changes the index of
    its master"""
    netns.ip("link add again0 type bridge")
    netns.ip("link add port0 type veth peer name port1")
    netns.ip("link set port0 master again0")
    before = netns.link("again0")["ifindex"]
    with denied("EACCES", *RARE) as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        netns.ip("link del again0")
        netns.ip("link add again0 type bridge")
        netns.ip("link set port0 master again0")
        mirror.refresh(daemon.socket)
        reported = [e for e in mirror.events if e["type"] == "change" and
                e["link"]["ifname"] == "port0"]
        tap.equal(reported[0]["old"]["master_ifindex"], before)
        tap.equal((reported[-1]["link"]["master"], reported[-1]["link"]["master_ifindex"]),
                  ("again0", netns.link("again0")["ifindex"]))
        ip_links.settle(daemon, mirror)
    netns.ip("link del again0")
    netns.ip("link del port0")


@tap.test
def flood():
    """Under a flood with a tiny receive buffer it comes to the right links by itself, without
    spinning"""
    # A history that holds it all, so that the mirror's own delay does not count.
    with daemons.Daemon("--receive-buffer", "1K", "--history-size", "64M", *QUICK) as daemon, \
            Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        link_churn.start(link_churn.commands(1, 20000, slow=1)).wait(LONG)
        netns.ip("link add after0 type bridge")
        mirror.until_event("add", "after0")
        ip_links.settle(daemon, mirror)
        assert daemon.statistics()["counters"]["overruns"] >= 1
        before, start = daemon.cpu_seconds(), daemon.status()["uptime_usec"]
        wait.until(lambda: daemon.status()["uptime_usec"] > start + 2_000_000, "time", tick=0.2)
        used = daemon.cpu_seconds() - before
        assert used < 0.4, f"{used} seconds of CPU time in 2 seconds after a flood"
    netns.delete_all()


netns.enter()
tap.main()
