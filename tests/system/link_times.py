# SPDX-License-Identifier: LGPL-2.1-or-later
"""Since when a link is there, and when it last went up and down, as List and events have it."""

import daemon as daemons
import netns
import tap
from mirror import TIMES, Mirror


def times(link):
    """The times of a link."""
    return {name: link[name] for name in TIMES if name in link}


def listed(daemon, name):
    """The times of a link in List."""
    return times(next(link for link in daemon.links().values() if link["ifname"] == name))


def link_of(mirror, name):
    """A link that the mirror has."""
    return next(link for link in mirror.links.values() if link["ifname"] == name)


@tap.test
def there_before():
    """Of a link that was there before the daemon nothing is known but that"""
    netns.ip("link set lo up")
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        found = listed(daemon, "lo")
        tap.equal(set(found), {"since_usec", "since_first_dump"}, "what is known")
        tap.equal(found["since_first_dump"], True, "since the first dump")
        assert found["since_usec"] <= daemon.status()["source"]["last_dump_usec"], found
        tap.equal(times(mirror.links[1]), found, "in the snapshot")
        netns.ip("link set lo down")
        event = mirror.until_event("change", "lo")
        tap.equal(listed(daemon, "lo"), found | {"last_down_usec": event["realtime_usec"]},
                  "after it went down")


@tap.test
def with_the_events():
    """A link is there since the event that added it, and up and down since those that show it; other
    changes leave the times as they are"""
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        netns.ip("link add t0 type veth peer name t1")
        known = {"since_usec": mirror.until_event("add", "t0")["realtime_usec"]}
        tap.equal(listed(daemon, "t0"), known, "after the addition")
        netns.ip("link set t0 up")
        mirror.until_event("change", "t0")
        tap.equal(listed(daemon, "t0"), known, "while it has no carrier")
        netns.ip("link set t1 up")
        mirror.until(lambda: "NO-CARRIER" not in link_of(mirror, "t0")["flags"], "a carrier")
        up = next(e for e in reversed(mirror.events) if e["type"] == "change" and
                  e["link"]["ifname"] == "t0" and "flags" in e["old"])
        tap.equal(listed(daemon, "t0"), known | {"last_up_usec": up["realtime_usec"]}, "up")
        before = listed(daemon, "t0")
        count = len(mirror.events)
        netns.ip("link set t0 mtu 1400")
        mirror.until(lambda: link_of(mirror, "t0")["mtu"] == 1400, "another MTU")
        tap.equal(listed(daemon, "t0"), before, "after another change")
        netns.ip("link set t1 down")
        mirror.until(lambda: "NO-CARRIER" in link_of(mirror, "t0")["flags"], "no carrier")
        assert listed(daemon, "t0")["last_down_usec"] > before["last_up_usec"]
        assert all(set(e.get("old", {"add": 1})) for e in mirror.events[count:]), mirror.events
        netns.ip("link del t0")
        removed = mirror.until_event("remove", "t0")
        tap.equal(removed["link"]["since_usec"], known["since_usec"], "in the removal")


@tap.test
def unseen():
    """A flap that only the counters show is the last time that the link went up, and down"""
    netns.ip("link add u0 type veth peer name u1")
    netns.batch(["link set u0 up", "link set u1 up"])
    with daemons.Daemon("--source", "poll", "--interval-min", "1h", "--interval-max", "1h") as daemon, \
            Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        netns.batch(["link set u1 down", "link set u1 up"])
        daemon.call("Refresh")
        event = mirror.until_event("change", "u0")
        assert event["flaps"] > 0, event
        found = listed(daemon, "u0")
        tap.equal((found["last_up_usec"], found["last_down_usec"]),
                  (event["realtime_usec"], event["realtime_usec"]), "both times")
        assert found["since_usec"] < event["realtime_usec"] and found["since_first_dump"], found
    netns.ip("link del u0")


@tap.test
def another_link():
    """A link that came back under its index is there since then"""
    netns.ip("link add x0 index 77 type bridge")
    with daemons.Daemon("--source", "poll", "--interval-min", "1h", "--interval-max", "1h") as daemon, \
            Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        netns.batch(["link del x0", "link add x0 index 77 type veth peer name x1"])
        daemon.call("Refresh")
        event = mirror.until_event("add", "x0")
        tap.equal(listed(daemon, "x0"), {"since_usec": event["realtime_usec"]}, "the times")
    netns.ip("link del x0")


netns.enter()
tap.main()
