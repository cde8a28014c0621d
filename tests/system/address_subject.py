# SPDX-License-Identifier: LGPL-2.1-or-later
"""Addresses, the second subject: equal to what ip(8) prints, reported between their links' add and
remove, whatever the kernel grants; and nothing of it for those who don't want them."""

import contextlib
import os
import subprocess

import address_churn
import daemon as daemons
import ip_addresses
import ip_links
import netns
import tap
import varlink
import wait
from mirror import Mirror

BOTH = ["links", "addresses"]
# With these, a subscription that swallows something is found out quickly.
QUICK = ("--interval-min", "50ms", "--audit-interval", "400ms")
# With these, there is no dump unless somebody requests it.
RARE = ("--interval-min", "1h", "--interval-max", "1h", "--audit-interval", "1h")
# RTMGRP_LINK, and RTMGRP_IPV4_IFADDR with RTMGRP_IPV6_IFADDR.
LINK_GROUP, ADDRESS_GROUPS = 0x1, 0x110

# Each kind of address that ip(8) can make.
ATTEMPTS = (
    "10.0.0.1/24 brd + dev b0",
    "10.0.0.2/24 dev b0",
    "10.0.0.3/24 dev b0 label b0:x valid_lft 1000 preferred_lft 500",
    "10.0.1.1 peer 10.0.1.2 dev b0 metric 5",
    "10.0.1.1 peer 10.0.1.3 dev b0",
    "10.0.2.1/24 dev b0 scope link",
    "10.0.3.1/24 dev b0 scope host noprefixroute",
    "10.0.4.1/24 dev b0 scope 77",
    "10.0.5.1/32 brd 10.0.5.255 dev b0",
    "0.0.0.0/8 dev b0",
    "255.255.255.255/32 dev b0",
    "2001:db8::1/64 dev b0",
    "2001:db8::2/64 dev b0 nodad",
    "2001:db8::3/128 dev b0 mngtmpaddr",
    "2001:db8::4 peer 2001:db8::5/64 dev b0 metric 9",
    "2001:db8::6/64 dev b0 noprefixroute home optimistic",
    "2001:db8::7/64 dev b0 valid_lft 1000 preferred_lft 0",
    "2001:db8::8/64 dev b0 valid_lft 1000 preferred_lft 900",
    "::ffff:192.0.2.1/128 dev b0",
    "fe80::1/64 dev b0",
    "fec0::1/64 dev b0",
    "10.0.6.1/24 dev b0 proto 99",
    "10.0.7.1/24 dev b0 proto kernel_ra",
    "127.5.0.1/8 dev lo",
    "::2/128 dev lo",
    "239.1.1.1/32 dev b0 autojoin",
)


def denied(error, *options):
    """A daemon whose kernel answers so when it joins."""
    return daemons.Daemon(*options, wrapper=(daemons.helper("deny"), "--join", error))


def try_ip(command):
    """Whether ip(8) does that."""
    return subprocess.run(["ip", *command.split()], capture_output=True, check=False).returncode == 0


def bridge(name="b0"):
    """A bridge that is up."""
    netns.ip(f"link add {name} type bridge")
    netns.ip(f"link set {name} up")


def list_addresses(daemon, **parameters):
    """The addresses that List answers with, and its last reply."""
    with varlink.Connection(daemon.socket) as connection:
        connection.send("List", {"subjects": ["addresses"], **parameters})
        replies = connection.replies()
    return [reply["address"] for reply in replies if "address" in reply], replies[-1]


def groups_of(daemon):
    """The groups that the daemon's netlink socket has joined, RTMGRP_* together."""
    with open("/proc/net/netlink", encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    inodes = set()
    for descriptor in os.listdir(f"/proc/{daemon.pid}/fd"):
        # One may be closed meanwhile.
        with contextlib.suppress(FileNotFoundError):
            kind, _, number = os.readlink(f"/proc/{daemon.pid}/fd/{descriptor}").partition(":")
            if kind == "socket":
                inodes.add(int(number.strip("[]")))
    return [int(row[3], 16) for row in rows if int(row[-1]) in inodes]


def tests(function):
    """A test that begins without links or addresses of others."""
    def run():
        netns.delete_all()
        netns.ip("address flush dev lo")
        function()
    run.__doc__ = function.__doc__
    return tap.test(run)


@tests
def kinds():
    """Each kind of address is listed and reported as ip prints it, value by value"""
    bridge()
    netns.ip("link set lo up")
    # A dump that proves the subscription may come before a notification.
    with daemons.Daemon("--source", "subscribe") as daemon, \
            Mirror(daemon.socket, subjects=BOTH) as mirror:
        mirror.until_ready()
        made = [attempt for attempt in ATTEMPTS if try_ip("address add " + attempt)]
        tap.diag("made: " + "; ".join(made))
        tap.diag("not here: " + "; ".join(a for a in ATTEMPTS if a not in made))
        assert len(made) > 15, made
        ip_addresses.settle(daemon, mirror)
        listed = {ip_addresses.address_key(a): a for a in list_addresses(daemon)[0]}
        wrong = ip_addresses.differences(listed, ip_addresses.kernel())
        assert not wrong, wrong
        # As they were learned one by one, too.
        for event in mirror.events:
            if "address" in event:
                tap.equal(event["learned"], "notification", str(event))
        with Mirror(daemon.socket, subjects=["addresses"]) as other:
            other.until_ready()
            tap.equal(other.links, {}, "links")
            tap.equal(set(other.addresses), set(mirror.addresses), "addresses of a snapshot")


@tests
def changes():
    """Changes of flags, lifetimes and labels are reported with the values before"""
    bridge()
    with daemons.Daemon() as daemon, Mirror(daemon.socket, subjects=BOTH) as mirror:
        mirror.until_ready()
        netns.ip("address add 10.0.0.1/24 dev b0")
        mirror.until_address("add", "10.0.0.1")
        netns.ip("address change 10.0.0.1/24 dev b0 valid_lft 1000 preferred_lft 500")
        event = mirror.until_address("change", "10.0.0.1")
        tap.equal(event["old"], {"flags": [], "valid_life_time": ip_addresses.FOREVER,
                                 "preferred_life_time": ip_addresses.FOREVER})
        tap.equal(event["address"]["flags"], ["dynamic"])
        tap.equal((event["address"]["valid_life_time"], event["address"]["preferred_life_time"]),
                  (1000, 500))
        mirror.events.clear()
        netns.ip("address change 10.0.0.1/24 dev b0 valid_lft 2000 preferred_lft 0")
        event = mirror.until_address("change", "10.0.0.1")
        assert {"flags", "valid_life_time", "preferred_life_time"} == set(event["old"]), event
        assert "deprecated" in event["address"]["flags"], event
        netns.ip("link set b0 down")
        netns.ip("link set b0 name c0")
        mirror.until(lambda: any(a["ifname"] == "c0" for a in mirror.addresses.values()), "c0")
        ip_addresses.settle(daemon, mirror)
        netns.ip("address add 2001:db8::4 peer 2001:db8::5/64 dev c0")
        mirror.until_address("add", "2001:db8::4")
        netns.ip("address change 2001:db8::4 peer 2001:db8::6/64 dev c0")
        mirror.until(lambda: any(a.get("address") == "2001:db8::6"
                                 for a in mirror.addresses.values()), "another peer")
        ip_addresses.settle(daemon, mirror)


@tests
def running_down():
    """A lifetime that merely runs down is no change, however often it is seen"""
    bridge()
    netns.ip("address add 10.0.0.1/24 dev b0 valid_lft 1000 preferred_lft 500")
    netns.ip("address add 2001:db8::1/64 dev b0 nodad valid_lft 1000 preferred_lft 500")
    with denied("EACCES", "--interval-min", "50ms") as daemon, \
            Mirror(daemon.socket, subjects=BOTH) as mirror:
        mirror.until_ready()
        before = len(mirror.events)
        began = {a["local"]: a["valid_life_time"] for a in list_addresses(daemon)[0]}
        wait.until(lambda: all(began[a["local"]] - a["valid_life_time"] >= 2
                               for a in list_addresses(daemon)[0]
                               if a["valid_life_time"] != ip_addresses.FOREVER), "two seconds")
        mirror.refresh(daemon.socket)
        tap.equal([e for e in mirror.events[before:] if e["type"] == "change" and
                   "valid_life_time" in e.get("old", {})], [], "events")


@tests
def duplicate_detection():
    """An address is reported as tentative, and then as one that is not"""
    netns.ip("link add v0 type veth peer name w0")
    netns.ip("link set w0 up")
    netns.ip("link set v0 up")
    with daemons.Daemon() as daemon, Mirror(daemon.socket, subjects=BOTH) as mirror:
        mirror.until_ready()
        netns.ip("address add 2001:db8::1/64 dev v0")
        event = mirror.until_address("add", "2001:db8::1")
        assert "tentative" in event["address"]["flags"], event
        mirror.until(lambda: any(e["type"] == "change" and "flags" in e["old"] and
                                 e.get("address", {}).get("local") == "2001:db8::1" and
                                 "tentative" not in e["address"]["flags"]
                                 for e in mirror.events), "the end of it", 20)
        ip_addresses.settle(daemon, mirror)


@tests
def order():
    """A link's addresses come after its add and go before its remove, polled too"""
    for start in (daemons.Daemon, lambda: denied("EACCES"), lambda: denied("0", *QUICK)):
        with start() as daemon, Mirror(daemon.socket, subjects=BOTH) as mirror:
            mirror.until_ready()
            # Mirror checks it with each event.
            for n in range(10):
                bridge(f"o{n}")
                netns.ip(f"address add 10.0.{n}.1/24 dev o{n}")
                netns.ip(f"address add 2001:db8:{n}::1/64 dev o{n} nodad")
                if n % 2:
                    mirror.until_address("add", f"10.0.{n}.1")
                netns.ip(f"link del o{n}")
                if n % 4 == 1:
                    mirror.until_event("remove", f"o{n}")
            ip_addresses.settle(daemon, mirror)
            ip_links.settle(daemon, mirror)


def churn_in(daemon, seeds, disturb=lambda: None):
    """Whatever happens, the mirror's addresses are the kernel's in the end."""
    with Mirror(daemon.socket, subjects=BOTH) as mirror:
        mirror.until_ready()
        for seed in seeds:
            disturb()
            subprocess.run(["ip", "-force", "-batch", "-"], text=True, check=False,
                           input="".join(line + "\n" for line in
                                         address_churn.commands(seed, 150)),
                           capture_output=True)
            disturb()
            ip_addresses.settle(daemon, mirror)
            ip_links.settle(daemon, mirror)
        addresses = [e for e in mirror.events if "address" in e]
        assert len(addresses) > 50, len(addresses)
        status = mirror.ready["address_source"]
    tap.diag(f"{len(addresses)} events of addresses; at first: {status['standing']}")


@tests
def churn_subscribed():
    """Under random changes the addresses become the kernel's: a subscription"""
    with daemons.Daemon() as daemon:
        churn_in(daemon, range(3))


@tests
def churn_denied():
    """The same where joining is denied"""
    with denied("EACCES") as daemon:
        churn_in(daemon, range(3))


@tests
def churn_silent():
    """The same where joining is accepted, and nothing reported"""
    with denied("0") as daemon:
        churn_in(daemon, range(3))


@tests
def churn_small_buffer():
    """The same where notifications are lost for lack of room"""
    with daemons.Daemon("--receive-buffer", "1K") as daemon:
        churn_in(daemon, range(3))


def until_source(mirror, member, standing):
    """Waits until that source was reported with that standing."""
    def found():
        sources = [e[member] for e in [mirror.ready, *mirror.events] if e and member in e]
        return sources and sources[-1]["standing"] == standing
    mirror.until(found, f"{member} {standing}")


@tests
def standings():
    """Each subject has a standing of its own: what is swallowed of one is no reproach to the other"""
    bridge()
    with denied("0", *QUICK) as daemon, Mirror(daemon.socket, subjects=BOTH) as mirror:
        mirror.until_ready()
        netns.ip("address add 10.0.0.1/24 dev b0")
        tap.equal(mirror.until_address("add", "10.0.0.1")["learned"], "dump")
        until_source(mirror, "address_source", "incomplete")
        tap.equal([e for e in mirror.events if e.get("source", {}).get("standing") == "incomplete"],
                  [], "reproaches to the links")
        netns.ip("link add b1 type bridge")
        mirror.until_event("add", "b1")
        until_source(mirror, "source", "incomplete")
    with daemons.Daemon(*QUICK) as daemon, Mirror(daemon.socket, subjects=BOTH) as mirror:
        mirror.until_ready()
        until_source(mirror, "address_source", "trusted")


@tests
def only_while_wanted():
    """The groups of addresses are joined while somebody wants them, and left some time later"""
    bridge()
    netns.ip("address add 10.0.0.1/24 dev b0")
    with daemons.Daemon() as daemon:
        with Mirror(daemon.socket) as mirror:
            mirror.until_ready()
            tap.equal(groups_of(daemon), [LINK_GROUP], "groups before")
            with Mirror(daemon.socket, subjects=["addresses"]) as other:
                other.until_ready()
                tap.equal(groups_of(daemon), [LINK_GROUP | ADDRESS_GROUPS], "groups")
            # Who comes back soon goes on from where he was.
            netns.ip("address add 10.0.0.2/24 dev b0")
            with Mirror(daemon.socket, subjects=["addresses"], since=other.position(),
                        gaps=True) as again:
                again.until_ready()
                tap.equal((again.lost, [e["address"]["local"] for e in again.events]),
                          ([], ["10.0.0.2"]))
            wait.until(lambda: groups_of(daemon) == [LINK_GROUP], "the groups left", 60)
            # After that nobody knows what happened.
            with Mirror(daemon.socket, subjects=["addresses"], since=again.position(),
                        gaps=True) as late:
                late.until_ready()
                tap.equal(len(late.lost), 1, "what was lost")
                tap.equal(len(late.addresses), len(ip_addresses.kernel()), "addresses")


@tests
def in_status():
    """Status and statistics have the addresses while they are followed; counters go on"""
    of_addresses = {"address_source", "address_interval_usec", "address_cadence", "addresses"}
    # While it is down, it has no address that it made itself.
    netns.ip("link add b0 type bridge")
    netns.ip("address add 10.0.0.1/24 dev b0")
    with daemons.Daemon() as daemon:
        tap.equal(of_addresses & set(daemon.call("GetStatus")), set(), "before")
        tap.equal(set(daemon.statistics()["address_counters"].values()), {0}, "counters before")
        for count in (1, 2):
            with Mirror(daemon.socket, subjects=BOTH) as mirror:
                mirror.until_ready()
                netns.ip(f"address add 10.0.0.{count + 1}/24 dev b0")
                mirror.until_address("add", f"10.0.0.{count + 1}")
                status = daemon.call("GetStatus")
                tap.equal(of_addresses - set(status), set(), "members")
                tap.equal(status["addresses"], len(ip_addresses.kernel()), "addresses")
                tap.equal(status["address_source"]["stale"], False, "stale")
                counters = daemon.statistics()["address_counters"]
                assert counters["dumps"] >= count, counters
                tap.equal((counters["notifications"], counters["events"], counters["joins"],
                           counters["malformed"]), (count, count, count, 0), str(counters))
                assert "address_dump_cost_usec" in daemon.statistics()
            wait.until(lambda: not of_addresses & set(daemon.call("GetStatus")), "end", 60)
            tap.equal(daemon.statistics()["address_counters"]["events"], count, "events")
    with denied("0", *RARE) as daemon, Mirror(daemon.socket, subjects=BOTH) as mirror:
        mirror.until_ready()
        netns.ip("address add 10.0.0.9/24 dev b0")
        mirror.refresh(daemon.socket)
        wait.until(lambda: daemon.statistics()["address_counters"]["contradictions"], "a count")


@tests
def older_consumers():
    """Who wants links alone sees nothing of addresses, while others do"""
    bridge()
    with daemons.Daemon() as daemon, Mirror(daemon.socket, subjects=BOTH) as other, \
            Mirror(daemon.socket, gaps=True) as mirror:
        other.until_ready()
        mirror.until_ready()
        for n in range(1, 200):
            netns.ip(f"address add 10.0.0.{n}/24 dev b0")
        netns.ip("link add b1 type bridge")
        mirror.until_event("add", "b1")
        other.until_event("add", "b1")
        seen = [mirror.ready, *mirror.events, daemon.call("List")]
        assert "address_source" not in str(seen) and "10.0.0." not in str(seen), seen
        # The link's own one is still being configured.
        tap.equal(sum("10.0.0." in str(e.get("address")) for e in other.events), 199)
        # Everything is there for who wants it from the history.
        with Mirror(daemon.socket, subjects=BOTH, since={
                "instance": other.instance, "sequence": other.ready["position"]["sequence"]}) as again:
            again.until_ready()
            # The kernel may go on configuring the link's own address.
            tap.equal([e["position"] for e in again.events][:len(other.events)],
                      [e["position"] for e in other.events])


@tests
def filters():
    """Filters hold by link, family and scope, for List and Monitor"""
    netns.ip("address add 127.0.0.1/8 dev lo")
    bridge()
    bridge("b1")
    netns.ip("link property add dev b1 altname other")
    with daemons.Daemon() as daemon:
        with Mirror(daemon.socket, subjects=BOTH) as mirror:
            mirror.until_ready()
            for command in ("10.0.0.1/24 dev b0", "10.0.1.1/24 dev b1 scope link",
                            "2001:db8::1/64 dev b1 nodad"):
                netns.ip("address add " + command)
            ip_addresses.settle(daemon, mirror)
        index = next(i for i, link in netns.links().items() if link["ifname"] == "b1")

        def listed(**filter_):
            return {a["local"] for a in list_addresses(daemon, filter=filter_)[0]
                    if not a["local"].startswith("fe80")}

        both = {"10.0.1.1", "2001:db8::1"}
        tap.equal(listed(names=["b1"]), both)
        tap.equal(listed(names=["oth*"]), both)
        tap.equal(listed(indexes=[index]), both)
        tap.equal(listed(kinds=["bridge"]), both | {"10.0.0.1"})
        tap.equal(listed(families=["inet"]), {"127.0.0.1", "10.0.0.1", "10.0.1.1"})
        tap.equal(listed(families=["inet6"], names=["b*"]), {"2001:db8::1"})
        tap.equal(listed(scopes=["link"], families=["inet"]), {"10.0.1.1"})
        tap.equal(listed(scopes=[]), set())
        tap.equal(listed(families=[]), set())
        tap.equal(listed(names=[]), set())
        with Mirror(daemon.socket, {"names": ["b1"], "families": ["inet"], "fields": ["flags"]},
                    subjects=BOTH) as mirror:
            mirror.until_ready()
            tap.equal([a["local"] for a in mirror.addresses.values()], ["10.0.1.1"])
            tap.equal([link["ifname"] for link in mirror.links.values()], ["b1"],
                      "links pass what is about addresses")
            netns.ip("address change 10.0.1.1/24 dev b1 valid_lft 1000 preferred_lft 500")
            event = mirror.until_address("change", "10.0.1.1")
            assert "flags" in event["old"], event
            netns.ip("address add 10.0.1.2/24 dev b0")
            netns.ip("address add 10.0.2.1/24 dev b1")
            mirror.until_address("add", "10.0.2.1")
            assert not any(e.get("address", {}).get("local") == "10.0.1.2" for e in mirror.events)


@tests
def alternative_names():
    """An alternative name of its link is no change of an address, but may bring it into a filter"""
    for start in (daemons.Daemon, lambda: denied("EACCES"), lambda: denied("0", *QUICK)):
        netns.delete_all()
        netns.ip("link add b1 type bridge")
        netns.ip("address add 10.0.1.1/24 dev b1")
        with start() as daemon, Mirror(daemon.socket, subjects=BOTH) as mirror, \
                Mirror(daemon.socket, {"names": ["oth*"]}, subjects=BOTH) as other, \
                Mirror(daemon.socket, {"names": ["b1"]}, subjects=BOTH) as same:
            mirrors = (mirror, other, same)
            for each in mirrors:
                each.until_ready()
            netns.ip("link property add dev b1 altname other")
            mirror.until_event("change", "b1")
            event = other.until_address("change", "10.0.1.1")
            tap.equal(event["old"], {}, "what changed")
            netns.ip("link property del dev b1 altname other")
            mirror.until(lambda m=mirror: sum(e["type"] == "change" for e in m.events) == 2, "both")
            netns.ip("address add 10.0.1.2/24 dev b1")
            for each in (mirror, same):
                each.until_address("add", "10.0.1.2")
                tap.equal([e["type"] for e in each.events if "address" in e], ["add"], "events")
            netns.ip("link set b1 name b2")
            # The kernel changes the label with the name, where that is the same.
            mirror.until(lambda m=mirror: any(e["old"].get("ifname") == "b1" for e in m.events
                                              if e["type"] == "change" and "address" in e), "name")


@tests
def bad_requests():
    """Wrong subjects and members are refused by their name"""
    with daemons.Daemon() as daemon:
        for parameters, wrong in (
                ({"subjects": ["routes"]}, "subjects"),
                ({"subjects": []}, "subjects"),
                ({"subjects": "links"}, "subjects"),
                ({"subjects": ["links", 1]}, "subjects"),
                ({"subjects": ["links"] * 3}, "subjects"),
                ({"filter": {"families": ["inet"]}}, "filter.families"),
                ({"filter": {"scopes": ["link"]}}, "filter.scopes"),
                ({"subjects": ["addresses"], "filter": {"families": ["ipv4"]}}, "filter.families"),
                ({"subjects": ["addresses"], "filter": {"scopes": [1]}}, "filter.scopes"),
                ({"subjects": ["addresses"], "filter": {"names": "b0"}}, "filter.names")):
            for method in ("List", "Monitor"):
                with varlink.Connection(daemon.socket) as connection:
                    connection.send(method, parameters, more=True)
                    error = connection.expect_error(varlink.SERVICE + ".InvalidParameter")
                    tap.equal(error, {"parameter": wrong}, str(parameters))
        with varlink.Connection(daemon.socket) as connection:
            connection.send("Monitor", {"subjects": ["addresses"],
                                        "filter": {"fields": ["mtu"]}}, more=True)
            tap.equal(connection.expect_error(varlink.SERVICE + ".InvalidParameter"),
                      {"parameter": "filter.fields"}, "a link's field")


@tests
def many():
    """A link may have a thousand addresses, and lose them all at once"""
    bridge()
    bridge("b1")
    with daemons.Daemon() as daemon, Mirror(daemon.socket, subjects=BOTH) as mirror:
        mirror.until_ready()
        netns.batch([f"address add 10.{n // 250}.{n % 250}.1/24 dev b0" for n in range(1000)])
        ip_addresses.settle(daemon, mirror)
        tap.equal(sum(a["ifname"] == "b0" and a["family"] == "inet"
                      for a in mirror.addresses.values()), 1000)
        netns.ip("link del b0")
        mirror.until_event("remove", "b0")
        ip_addresses.settle(daemon, mirror)
        assert all(a["ifname"] != "b0" for a in mirror.addresses.values())


@tests
def refreshed():
    """Refresh shows what happened to addresses before it, where nothing else does"""
    bridge()
    with denied("0", *RARE) as daemon, Mirror(daemon.socket, subjects=BOTH) as mirror:
        mirror.until_ready()
        for n in range(1, 20):
            netns.ip(f"address add 10.0.0.{n}/24 dev b0")
            mirror.refresh(daemon.socket)
            assert any(a["local"] == f"10.0.0.{n}" for a in mirror.addresses.values()), n
        netns.ip("address flush dev b0")
        mirror.refresh(daemon.socket)
        tap.equal([a for a in mirror.addresses.values() if a["ifname"] == "b0"], [])


@tests
def entered():
    """Addresses of a namespace that was entered are that namespace's"""
    bridge()
    netns.ip("address add 10.0.0.1/24 dev b0")
    with daemons.Daemon() as daemon, netns.Namespace() as other:
        other.ip("link add i0 type bridge")
        other.ip("address add 10.9.0.1/24 dev i0")
        with other.rtnl()[0] as rtnl, Mirror(daemon.socket, rtnl=rtnl, subjects=BOTH) as mirror:
            mirror.until_ready()
            tap.equal({a["local"] for a in mirror.addresses.values()}, {"10.9.0.1"})
            other.ip("address add 10.9.0.2/24 dev i0")
            mirror.until_address("add", "10.9.0.2")


netns.enter()
tap.main()
