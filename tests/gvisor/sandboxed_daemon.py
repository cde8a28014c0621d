# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon and linkwatchctl in a gVisor sandbox: python3 sandboxed_daemon.py RELEASE, run in
one by the tests beside this. Its kernel refuses the subscription and reports no more than a few
things of a link; the release's tools decide what can be done to links in it."""

import itertools
import json
import os
import re
import socket
import subprocess
import sys

import daemon as daemons
import documents
import netns
import rtnl
import tap
import varlink
import wait
from mirror import TIMES, Mirror

RELEASE = sys.argv.pop(1)
CTL = os.environ["LINKWATCHCTL"]


def ctl(daemon, *arguments):
    """What linkwatchctl prints."""
    return netns.run(CTL, "--socket", daemon.socket, *arguments)


class Output:
    """The lines of a program that runs on, as they come."""

    def __init__(self, *command):
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE)
        os.set_blocking(self._process.stdout.fileno(), False)
        self._text = b""

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()

    def lines(self):
        """All whole lines so far."""
        data = self._process.stdout.read()
        self._text += data or b""
        return self._text.rpartition(b"\n")[0].decode().splitlines()

    def until(self, condition, what):
        """Waits until condition(lines) is true."""
        try:
            return wait.until(lambda: condition(self.lines()), what)
        except wait.Timeout:
            raise AssertionError(f"{what} never came: {self.lines()}") from None


@tap.test
def denied():
    """GetStatus says that joining was denied, and the kernel's errno"""
    with daemons.Daemon() as daemon:
        source = daemon.status()["source"]
        tap.equal((source["standing"], source.get("errno_name")), ("denied", "ENOPROTOOPT"))
        tap.equal(source["stale"], False)


@tap.test
def status():
    """linkwatchctl status says so to a person"""
    with daemons.Daemon() as daemon:
        text = ctl(daemon, "status")
        tap.contains(text, "denied")
        tap.contains(text, "ENOPROTOOPT")


@tap.test
def attached_descriptors():
    """A call that has a descriptor attached that is no rtnetlink socket is refused and ends its
    connection, and others are answered"""
    with daemons.Daemon() as daemon:
        with daemon.connect() as connection:
            connection.send_with([connection.fileno()], varlink.encode("GetStatus"))
            tap.equal(connection.expect_error("org.varlink.service.InvalidParameter"),
                      {"parameter": "socket_fd"})
            assert connection.is_closed()
        assert daemon.status()["links"] >= 1


@tap.test
def as_ip():
    """Every link has the values that ip prints, and nothing that the kernel didn't report"""
    with rtnl.Tap("tap0"), daemons.Daemon() as daemon:
        expected = netns.links()
        for link in daemon.links().values():
            for field, value in link.items():
                if field in TIMES:
                    continue
                tap.equal(value, expected[link["ifindex"]].get(field), f"{field} of {link}")
            # These are unknown here, and not 0.
            for field in ("operstate", "carrier", "carrier_changes", "link"):
                assert field not in link, link
        tap.equal({"lo", "tap0"}, {link["ifname"] for link in daemon.links().values()})


@tap.test
def list_is_json():
    """linkwatchctl --json list prints the links of List"""
    with rtnl.Tap("tap0"), daemons.Daemon() as daemon:
        printed = json.loads(ctl(daemon, "--json", "list"))
        links = printed["links"] if isinstance(printed, dict) else printed
        tap.equal({link["ifindex"]: link for link in links}, daemon.links())


@tap.test
def tap_comes_and_goes():
    """A TAP link that is made after a monitor started is added, and removed when it is closed"""
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        with rtnl.Tap("tap1"):
            mirror.until_event("add", "tap1")
        mirror.until_event("remove", "tap1")
        tap.equal(set(mirror.links), set(netns.links()))


@tap.test
def tun_comes_and_goes():
    """The same of a TUN link that RTM_DELLINK removes"""
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        with rtnl.Tap("tun1", tun=True):
            index = mirror.until_event("add", "tun1")["link"]["ifindex"]
            rtnl.delete(index)
            mirror.until_event("remove", "tun1")
        tap.equal(set(mirror.links), set(netns.links()))


@tap.test
def made_anew():
    """A TAP link that is made anew under its name is removed before it is added"""
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        for _ in range(10):
            rtnl.Tap("anew0").close()
            with rtnl.Tap("anew0"):
                mirror.refresh(daemon.socket)
            mirror.refresh(daemon.socket)
        kinds = [event["type"] for event in mirror.events if "link" in event]
        tap.equal(kinds, ["add", "remove"] * (len(kinds) // 2))
        assert len(kinds) >= 20, kinds


@tap.test
def monitor_prints():
    """linkwatchctl monitor prints add and remove of a link that is made after it started"""
    with daemons.Daemon() as daemon, Output(CTL, "--socket", daemon.socket, "monitor") as output:
        output.until(lambda lines: any("lo" in line for line in lines), "the first list")
        for sign in "+-":
            link = rtnl.Tap("tap2") if sign == "+" else link.close()
            output.until(lambda lines, sign=sign: any(
                re.search(rf"{re.escape(sign)} tap2\b", line) for line in lines), sign)


@tap.test
def monitor_prints_json():
    """linkwatchctl --json monitor prints them as one object a line"""
    def has(event):
        return lambda lines: any(
            (e["type"], e.get("link", {}).get("ifname")) == (event, "tap3")
            for e in map(json.loads, lines))

    with daemons.Daemon() as daemon, \
            Output(CTL, "--socket", daemon.socket, "--json", "monitor") as output:
        output.until(lambda lines: any('"ready"' in line for line in lines), "ready")
        with rtnl.Tap("tap3"):
            output.until(has("add"), "add")
        output.until(has("remove"), "remove")


@tap.test
def no_phantoms():
    """Dumps in random order report nothing of links that stay as they are"""
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        links = [rtnl.Tap(f"many{n}") for n in range(20)]
        mirror.until_ready().refresh(daemon.socket)
        before = len(mirror.events)
        for _ in range(30):
            mirror.refresh(daemon.socket)
        tap.equal(mirror.events[before:], [], "events")
        tap.equal(set(mirror.links), set(netns.links()))
        for link in links:
            link.close()
        mirror.refresh(daemon.socket)
        tap.equal([link["ifname"] for link in mirror.links.values()], ["lo"])


@tap.test
def growing_dumps():
    """A dump, which is one datagram here, is received whole while links are added"""
    links = []
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        for n in range(900):
            links.append(rtnl.Tap(f"grow{n}"))
            if n % 25 == 0:
                mirror.refresh(daemon.socket)
        mirror.refresh(daemon.socket)
        tap.equal(len(mirror.links), len(links) + 1, "links")
        counters = daemon.statistics()["counters"]
        tap.equal((counters["dumps_failed"], counters["overruns"]), (0, 0), f"in {counters}")
    for link in links:
        link.close()


@tap.test
def refresh():
    """What was done before a Refresh is reported when it answers"""
    with daemons.Daemon("--interval-min", "1h", "--interval-max", "1h") as daemon, \
            Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        for n in range(10):
            with rtnl.Tap(f"here{n}"):
                mirror.refresh(daemon.socket)
                tap.equal(mirror.events[-1]["type"], "add")
            mirror.refresh(daemon.socket)
            tap.equal(mirror.events[-1]["type"], "remove")


def veth_comes_and_goes():
    """Both ends of a veth pair that ip makes are added, and removed together"""
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        netns.ip("link add v0 type veth peer name v1")
        mirror.until_event("add", "v0")
        mirror.until_event("add", "v1")
        netns.ip("link del v1")
        mirror.until_event("remove", "v0")
        mirror.until_event("remove", "v1")
        tap.equal(set(mirror.links), set(netns.links()))


def changes():
    """A new name, MTU and MAC address are reported with the values before"""
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        netns.ip("link add b0 type bridge")
        mirror.until_event("add", "b0")
        for command, name, field in (("name b1", "b1", "ifname"), ("mtu 1400", "b1", "mtu"),
                                     ("address 02:00:00:00:00:07", "b1", "address")):
            before = netns.links()
            netns.ip(f"link set {'b0' if field == 'ifname' else 'b1'} {command}")
            event = mirror.refresh(daemon.socket).until_event("change", name)
            tap.equal(event["old"], {field: before[event["link"]["ifindex"]][field]})
            tap.equal(event["link"][field], netns.link(name)[field])
        netns.ip("link del b1")
        mirror.until_event("remove", "b1")


def swapped():
    """Names that two links swap, and a link that is made anew under the name of another one, are
    never seen twice"""
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        netns.batch(["link add s0 type bridge", "link add s1 type bridge"])
        mirror.until_event("add", "s1")
        for _ in range(5):
            netns.batch(["link set s0 name free0", "link set s1 name s0", "link set free0 name s1"])
            netns.batch(["link del s0", "link add s0 type bridge"])
            mirror.refresh(daemon.socket)
            tap.equal({index: link["ifname"] for index, link in mirror.links.items()},
                      {index: link["ifname"] for index, link in netns.links().items()})
        netns.batch(["link del s0", "link del s1"])
        mirror.refresh(daemon.socket)


def other_namespace():
    """linkwatchctl --netns is about the links of another namespace, and follows them there"""
    netns.ip("netns add far")
    netns.ip("-n far link add there type bridge")
    with daemons.Daemon() as daemon:
        command = (CTL, "--socket", daemon.socket, "--netns", "far", "--json")
        printed = json.loads(netns.run(*command, "list"))
        tap.equal({link["ifname"] for link in printed}, {"lo", "there"})
        assert "there" not in {link["ifname"] for link in daemon.links().values()}
        with Output(*command, "monitor") as output:
            output.until(lambda lines: any('"ready"' in line for line in lines), "ready")
            netns.ip("-n far link add late type bridge")
            output.until(lambda lines: any('"late"' in line for line in lines), "the link")
    netns.ip("netns del far")


def no_other_namespace():
    """linkwatchctl --netns fails, and says that this kernel cannot enter network namespaces"""
    with daemons.Daemon() as daemon:
        process = subprocess.run([CTL, "--socket", daemon.socket, "--netns",
                                  f"/proc/{os.getpid()}/ns/net", "list"], check=False,
                                 stdin=subprocess.DEVNULL, capture_output=True, text=True)
        tap.equal((process.returncode, process.stdout), (1, ""), "exit code and output")
        tap.contains(process.stderr, "this kernel cannot enter network namespaces")


def _in_any_order(lines):
    """What came with one dump, whose order is random here, has one order."""
    return [sorted(together) for _beginning, together in itertools.groupby(
        documents.comparable(lines), lambda line: line[:len("TIME +")])]


def demo():
    """The README's script prints what is shown there"""
    script = "\n".join(documents.block("README.md", "r() {"))
    _command, said, *shown = documents.block(
        "README.md", "# runsc --platform=ptrace --network=none do ./bootstrap run sh -e demo")
    with daemons.Daemon("--log-level", "notice") as daemon, \
            Output(CTL, "--socket", daemon.socket, "monitor") as monitor:
        monitor.until(lambda lines: len(lines) == 2, "the links")
        netns.run("sh", "-ec", script.replace("build/linkwatchctl", CTL),
                  env=dict(os.environ, LINKWATCH_SOCKET=daemon.socket))
        lines = monitor.until(lambda lines: len(lines) >= len(shown) and lines, "all lines")
        tap.equal(daemon.log().splitlines(), [said], "what the daemon writes")
    tap.equal(*map(_in_any_order, (lines, shown)), "lines")


def ip_monitor():
    """ip monitor fails here as the README shows"""
    command, *shown = documents.block("README.md", "# runsc --platform=ptrace --network=none do ip")
    result = subprocess.run(command.partition(" do ")[2].split(), capture_output=True, text=True, check=False)
    tap.equal(result.stderr.splitlines(), shown, "lines")


for function in ((no_other_namespace,) if RELEASE == "bookworm" else
                 (veth_comes_and_goes, changes, swapped, other_namespace, demo, ip_monitor)):
    tap.test(function)


@tap.test
def names():
    """A link is asked for by the name that it has exactly, whatever the characters in it"""
    with rtnl.Tap("a[1]"), rtnl.Tap("a1"), rtnl.Tap("b\\x"), daemons.Daemon() as daemon:
        for name, expected in (("a[1]", ["a1", "a[1]"]), (r"a\[1\]", ["a[1]"]), ("b\\x", ["b\\x"])):
            listed = json.loads(ctl(daemon, "--json", "list", name))
            tap.equal(sorted(link["ifname"] for link in listed), expected, name)
        code = subprocess.run([CTL, "--socket", daemon.socket, "--timeout", "0", "wait", r"a\[1\]",
                               "absent"], check=False).returncode
        tap.equal(code, 4, "exit code of wait")


tap.main()
