# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests as clients of former versions sent them, byte for byte: they are answered for ever, with
all that those clients read. Nothing here is ever changed, but for new versions that are added."""

import json
import socket

import daemon as daemons
import netns
import tap
import varlink

# linkwatchctl 0.1.0, and liblinkwatch's mirror when it connects anew.
LIST = b'{"method":"org.linkwatch.Links.List","parameters":{},"more":true}\0'
LIST_OF_NAMES = (b'{"method":"org.linkwatch.Links.List","parameters":{"filter":{"names":["lo","v*"]}},'
                 b'"more":true}\0')
REFRESH = b'{"method":"org.linkwatch.Links.Refresh","parameters":{}}\0'
STATUS = b'{"method":"org.linkwatch.Links.GetStatus","parameters":{}}\0'
MONITOR = (b'{"method":"org.linkwatch.Links.Monitor","parameters":{"filter":{"names":["lo"]}},'
           b'"more":true}\0')
MONITOR_SINCE = (b'{"method":"org.linkwatch.Links.Monitor","parameters":{"since":{"instance":'
                 b'"0123456789abcdef0123456789abcdef","sequence":7}},"more":true}\0')
ADDRESSES = (b'{"method":"org.linkwatch.Links.List","parameters":{"filter":{"names":["lo"],'
             b'"families":["inet6"],"scopes":["host"]},"subjects":["addresses"]},"more":true}\0')
MONITOR_ADDRESSES = (b'{"method":"org.linkwatch.Links.Monitor","parameters":{"filter":{"indexes":[1]},'
                     b'"subjects":["links","addresses"]},"more":true}\0')
MONITOR_KINDS = (b'{"method":"org.linkwatch.Links.Monitor","parameters":{"filter":{"kinds":["veth"]}},'
                 b'"more":true}\0')
HISTORY = b'{"method":"org.linkwatch.Links.Monitor","parameters":{"from_oldest":true},"more":true}\0'
ENTER = b'{"method":"org.linkwatch.Links.Enter","parameters":{"socket_fd":0}}\0'
STATISTICS = b'{"method":"org.linkwatch.Statistics.GetStatistics","parameters":{}}\0'
# varlinkctl of systemd 257.
INFO = b'{"method":"org.varlink.service.GetInfo","parameters":{}}\0'
DESCRIPTION = (b'{"method":"org.varlink.service.GetInterfaceDescription","parameters":'
               b'{"interface":"org.linkwatch.Links"}}\0')

LINK = {"ifindex": int, "ifname": str, "flags": list, "link_type": str, "mtu": int}
POSITION = {"instance": str, "sequence": int}


def has(value, members):
    """These members must be there, of that type."""
    for name, kind in members.items():
        if isinstance(kind, dict):
            has(value[name], kind)
        else:
            assert isinstance(value[name], kind), (name, value)


def messages(connection, request, until):
    """The replies to a request, to the one for which the function is true."""
    connection.send_bytes(request)
    replies = []
    while not replies or not until(replies[-1]):
        replies.append(json.loads(connection.receive_bytes()))
        assert "error" not in replies[-1], replies[-1]
    return [reply["parameters"] for reply in replies]


def is_last(reply):
    """It ends its call."""
    return not reply.get("continues")


def is_event(kind):
    """Whether a reply to Monitor is of that type."""
    return lambda reply: reply["parameters"]["type"] == kind


@tap.test
def lists():
    """A List of 0.1.0 gets the links, one in a reply, and their position with the last"""
    with daemons.Daemon() as daemon, varlink.Connection(daemon.socket) as connection:
        for request in (LIST, LIST_OF_NAMES):
            replies = messages(connection, request, is_last)
            tap.equal(replies[0]["link"]["ifname"], "lo")
            for reply in replies:
                has(reply["link"], LINK)
            has(replies[-1], {"position": POSITION, "source": {"standing": str, "stale": bool}})


@tap.test
def once():
    """Refresh, GetStatus and the calls of org.varlink.service of 0.1.0 are answered"""
    with daemons.Daemon() as daemon, varlink.Connection(daemon.socket) as connection:
        has(messages(connection, REFRESH, is_last)[0], {"position": POSITION})
        has(messages(connection, STATUS, is_last)[0],
            {"version": str, "position": POSITION, "interval_usec": int, "cadence": str,
             "links": int, "uptime_usec": int,
             "source": {"standing": str, "reason": str, "stale": bool}})
        has(messages(connection, INFO, is_last)[0],
            {"vendor": str, "product": str, "version": str, "url": str, "interfaces": list})
        tap.contains(messages(connection, DESCRIPTION, is_last)[0]["description"],
                     "interface org.linkwatch.Links")


@tap.test
def monitors():
    """A Monitor of 0.1.0 gets a snapshot, ready, and events with the members that it reads"""
    with daemons.Daemon() as daemon, varlink.Connection(daemon.socket) as connection:
        replies = messages(connection, MONITOR, is_event("ready"))
        tap.equal([reply["type"] for reply in replies], ["snapshot", "ready"])
        has(replies[0], {"link": LINK, "more_follows": bool, "position": POSITION})
        has(replies[1], {"position": POSITION, "source": {"standing": str}})
        netns.ip("link set lo mtu 4000")
        event = json.loads(connection.receive_bytes())["parameters"]
        has(event, {"type": str, "learned": str, "link": LINK, "old": dict, "realtime_usec": int,
                    "monotonic_usec": int, "position": POSITION})
        tap.equal((event["type"], event["old"], event["link"]["mtu"]),
                  ("change", {"mtu": 65536}, 4000))
        netns.ip("link set lo mtu 65536")


@tap.test
def monitors_from_a_position():
    """One with a position of another instance is informed that events were lost, and gets a snapshot"""
    with daemons.Daemon() as daemon, varlink.Connection(daemon.socket) as connection:
        replies = messages(connection, MONITOR_SINCE, is_event("ready"))
        tap.equal([reply["type"] for reply in replies], ["lost", "snapshot", "ready"])


ADDRESS = {"ifindex": int, "ifname": str, "family": str, "local": str, "prefixlen": int, "scope": str, "flags": list}


@tap.test
def addresses():
    """A List of addresses of 0.1.0 gets them, one in a reply, and their source with the last"""
    with daemons.Daemon() as daemon, varlink.Connection(daemon.socket) as connection:
        netns.ip("link set lo up")
        messages(connection, REFRESH, is_last)
        replies = messages(connection, ADDRESSES, is_last)
        tap.equal([reply["address"]["local"] for reply in replies], ["::1"])
        has(replies[-1], {"address": ADDRESS, "position": POSITION, "source": {"standing": str},
                          "address_source": {"standing": str, "reason": str, "stale": bool, "last_dump_usec": int}})


@tap.test
def monitors_addresses():
    """A Monitor of 0.1.0 for addresses gets those after the links, ready with their source, and events"""
    with daemons.Daemon() as daemon, varlink.Connection(daemon.socket) as connection:
        netns.ip("link set lo up")
        replies = messages(connection, MONITOR_ADDRESSES, is_event("ready"))
        has(replies[0], {"link": LINK})
        for reply in replies[1:-1]:
            has(reply, {"address": ADDRESS})
        has(replies[-1], {"position": POSITION, "source": {"standing": str}, "address_source": {"standing": str}})
        netns.ip("address add 192.0.2.1/24 dev lo")
        event = messages(connection, b"", is_event("add"))[-1]
        has(event, {"learned": str, "address": ADDRESS, "realtime_usec": int, "position": POSITION})
        tap.equal(event["address"]["local"], "192.0.2.1")
        netns.ip("address del 192.0.2.1/24 dev lo")


@tap.test
def monitors_kinds():
    """A Monitor of 0.1.0 for a kind gets links of that kind alone"""
    with daemons.Daemon() as daemon, varlink.Connection(daemon.socket) as connection:
        tap.equal([reply["type"] for reply in messages(connection, MONITOR_KINDS, is_event("ready"))], ["ready"])


@tap.test
def history():
    """A Monitor of 0.1.0 from the oldest event gets events, and no snapshot, before ready"""
    with daemons.Daemon() as daemon, varlink.Connection(daemon.socket) as connection:
        messages(connection, REFRESH, is_last)
        replies = messages(connection, HISTORY, is_event("ready"))
        tap.equal({reply["type"] for reply in replies[:-1]} - {"source"}, {"add"})
        for reply in replies:
            has(reply, {"position": POSITION})
            if reply["type"] == "add":
                has(reply, {"learned": str, "link": LINK, "realtime_usec": int})


@tap.test
def enters():
    """An Enter of 0.1.0 is answered; then List is about the network namespace of its socket"""
    with daemons.Daemon() as daemon, varlink.Connection(daemon.socket) as connection:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as rtnl:
            connection.send_with([rtnl.fileno()], ENTER)
            tap.equal(messages(connection, b"", is_last), [{}])
        tap.equal(messages(connection, LIST, is_last)[0]["link"]["ifname"], "lo")


@tap.test
def statistics():
    """GetStatistics of 0.1.0 is answered, with members that may change"""
    with daemons.Daemon() as daemon, varlink.Connection(daemon.socket) as connection:
        assert messages(connection, STATISTICS, is_last)[0]


netns.enter()
tap.main()
