# SPDX-License-Identifier: LGPL-2.1-or-later
"""Varlink clients that this project did not write, as Debian 13 packages them, against the
daemon: systemd's varlinkctl, and python3-varlink."""

import json
import os
import shlex

import daemon as daemons
import manual
import netns
import packages
import tap
from other_release import Guest, sequence

try:
    # Before there is no network any more.
    SYSTEM = packages.system("trixie", ("systemd", "python3-varlink"))
except tap.Skip as reason:
    tap.skip_all(str(reason))
if os.geteuid() != 0:
    tap.skip_all("chroot needs root")
netns.enter()
netns.ip("link set lo up")

_INTERFACES = ("io.systemd.Metrics", "org.linkwatch.Links", "org.linkwatch.Statistics",
               "org.varlink.service")
_METHODS = ["io.systemd.Metrics.Describe", "io.systemd.Metrics.List",
            "org.linkwatch.Links.Enter", "org.linkwatch.Links.GetStatus",
            "org.linkwatch.Links.List",
            "org.linkwatch.Links.Monitor", "org.linkwatch.Links.Refresh",
            "org.linkwatch.Statistics.GetStatistics",
            "org.varlink.service.GetInfo", "org.varlink.service.GetInterfaceDescription"]


def _names(links):
    return sorted(link["ifname"] for link in links)


def _follow(process, types):
    """The objects that a program prints, one a line, while links come and go: until all
    those types of events were reported of b7."""
    events = []
    with process.stdout:
        for line in process.stdout:
            message, = sequence(line)
            events.append(message)
            if message["type"] == "ready":
                netns.ip("link add b7 type bridge")
                netns.ip("link set b7 mtu 1400")
                netns.ip("link del b7")
            seen = {m["type"] for m in events if m.get("link", {}).get("ifname") == "b7"}
            if seen >= types:
                break
    return events


@tap.test
def varlinkctl_info():
    """varlinkctl info, list-interfaces and list-methods print what the daemon speaks"""
    with daemons.Daemon() as daemon, Guest(SYSTEM, daemon) as guest:
        info = guest.varlinkctl("info", "--json=short", "/mnt/socket")
        tap.equal(json.loads(info)["product"], "linkwatchd")
        tap.equal(guest.varlinkctl("list-interfaces", "/mnt/socket").split(),
                  list(_INTERFACES))
        tap.equal(guest.varlinkctl("list-methods", "/mnt/socket").split(), _METHODS)


@tap.test
def varlinkctl_introspects():
    """varlinkctl introspect parses all interfaces, with their comments"""
    with daemons.Daemon() as daemon, Guest(SYSTEM, daemon) as guest:
        for interface in _INTERFACES:
            text = guest.varlinkctl("introspect", "/mnt/socket", interface)
            tap.contains(text, f"interface {interface}")
            tap.contains(text, "# ")
        # Its own parser judges the file itself, too.
        source = os.environ["LINKWATCH_SOURCE"]
        for name in _INTERFACES:
            with open(f"{source}/protocol/{name}.varlink", encoding="utf-8") as file, \
                    open(f"{daemon.directory}/idl", "w", encoding="utf-8") as copy:
                copy.write(file.read())
            guest.varlinkctl("validate-idl", "/mnt/idl")


@tap.test
def varlinkctl_calls():
    """varlinkctl call List, Refresh and GetStatus answer; a wrong parameter is an error"""
    with daemons.Daemon() as daemon, Guest(SYSTEM, daemon) as guest:
        netns.delete_all()
        netns.ip("link add b1 type bridge")
        guest.varlinkctl("call", "/mnt/socket", "org.linkwatch.Links.Refresh", "{}")
        replies = guest.varlinkctl("call", "--more", "--json=short", "/mnt/socket",
                                   "org.linkwatch.Links.List", '{"filter":{"names":["b*"]}}')
        tap.equal(_names([reply["link"] for reply in sequence(replies)]), ["b1"])
        status = json.loads(guest.varlinkctl("call", "/mnt/socket",
                                             "org.linkwatch.Links.GetStatus", "{}"))
        tap.equal(status["links"], 2)
        code, _output, errors = guest.run("varlinkctl", "call", "--more", "/mnt/socket",
                                          "org.linkwatch.Links.List", '{"filter":{"names":1}}')
        assert code != 0
        tap.contains(errors, "org.varlink.service.InvalidParameter")


@tap.test
def varlinkctl_as_documented():
    """The examples with varlinkctl in org.linkwatch.Links(7) list the bridges and follow links"""
    text, = manual.examples("org.linkwatch.Links.7", "varlinkctl")
    text = text.replace("/run/linkwatchd/socket", "/mnt/socket").replace("\\\n", " ")
    listing, following = (shlex.split(line) for line in text.splitlines())
    with daemons.Daemon() as daemon, Guest(SYSTEM, daemon) as guest:
        netns.delete_all()
        netns.ip("link add b3 type bridge")
        daemon.call("Refresh")
        tap.contains(guest.varlinkctl(*listing[1:]), '"b3"')
        process = guest.start(*following)
        try:
            assert any('"ready"' in line for line in process.stdout), "no ready"
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()
            process.stderr.close()


@tap.test
def varlinkctl_statistics():
    """The example in org.linkwatch.Statistics(7) prints counters and limits"""
    text, = manual.examples("org.linkwatch.Statistics.7", "varlinkctl")
    text = text.replace("/run/linkwatchd/socket", "/mnt/socket").replace("\\\n", " ")
    with daemons.Daemon() as daemon, Guest(SYSTEM, daemon) as guest:
        statistics = json.loads(guest.varlinkctl(*shlex.split(text)[1:]))
        tap.equal(statistics["sessions"], 1)


@tap.test
def varlinkctl_follows():
    """varlinkctl call --more follows Monitor: snapshot, ready, add, change and remove"""
    with daemons.Daemon() as daemon, Guest(SYSTEM, daemon) as guest:
        process = guest.start("varlinkctl", "call", "--more", "--json=short", "/mnt/socket",
                              "org.linkwatch.Links.Monitor", "{}")
        try:
            events = _follow(process, {"add", "change", "remove"})
        finally:
            process.terminate()
            process.wait()
            process.stderr.close()
        tap.equal(events[0]["type"], "snapshot")


_PYTHON_LIST = """
import json, varlink
client = varlink.Client(address="unix:/mnt/socket")
assert client.get_interfaces() == [
    "org.varlink.service", "org.linkwatch.Links", "org.linkwatch.Statistics", "io.systemd.Metrics"]
with client.open("io.systemd.Metrics") as metrics:
    described = {family["name"]: family["type"] for family in metrics.Describe(_more=True)}
    listed = list(metrics.List(_more=True))
    assert {metric["name"] for metric in listed} <= set(described), listed
    assert {"name": "org.linkwatch.Consumers", "value": 1} in listed, listed
    assert described["org.linkwatch.EventsLost"] == "counter", described
with client.open("org.linkwatch.Links") as links:
    replies = links.List(_more=True, filter={"names": ["b*"], "kinds": ["bridge"]})
    print(json.dumps([reply["link"] for reply in replies]))
    assert links.Refresh()["position"]["sequence"] >= 0
    try:
        links.Monitor()
    except varlink.VarlinkError as error:
        assert error.error() == "org.varlink.service.ExpectedMore", error
    else:
        raise AssertionError("Monitor without more")
    try:
        list(links.List(_more=True, filter={"indexes": [0]}))
    except varlink.VarlinkError as error:
        assert error.parameters() == {"parameter": "filter.indexes"}, error
    else:
        raise AssertionError("a wrong index was taken")
"""

_PYTHON_MONITOR = """
import json, varlink
client = varlink.Client(address="unix:/mnt/socket")
with client.open("org.linkwatch.Links") as links:
    for message in links.Monitor(_more=True):
        print(json.dumps(message), flush=True)
"""


@tap.test
def python_calls():
    """python3-varlink reads the interface, calls List and Refresh, and understands errors"""
    with daemons.Daemon() as daemon, Guest(SYSTEM, daemon) as guest:
        netns.delete_all()
        netns.ip("link add b2 type bridge")
        daemon.call("Refresh")
        code, output, errors = guest.run("python3", "-c", _PYTHON_LIST)
        assert code == 0, errors
        tap.equal(_names(json.loads(output)), ["b2"])


@tap.test
def python_follows():
    """python3-varlink follows Monitor: snapshot, ready, add, change and remove"""
    with daemons.Daemon() as daemon, Guest(SYSTEM, daemon) as guest:
        process = guest.start("python3", "-c", _PYTHON_MONITOR)
        try:
            events = _follow(process, {"add", "change", "remove"})
        finally:
            process.kill()
            process.wait()
            process.stderr.close()
        tap.equal(events[0]["type"], "snapshot")


tap.main()
