# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names of links are bytes that anybody may choose: they are requested and published as what they are."""

import contextlib
import json
import os
import socket
import subprocess

import netns
import rtnl
import tap
import varlink
from daemon import Daemon

netns.enter()

CTL = os.environ.get("LINKWATCHCTL", "")


@contextlib.contextmanager
def links(*names):
    """A daemon that knows a bridge of each of these names."""
    with Daemon() as daemon:
        try:
            rtnl.add_bridges(names)
            daemon.call("Refresh")
            yield daemon
        finally:
            for index, _ in socket.if_nameindex():
                if index != 1:
                    rtnl.delete(index)


def indexes():
    """The indexes of all links, by the bytes of their names."""
    return {os.fsencode(name): index for index, name in socket.if_nameindex()}


def ctl(daemon, *arguments):
    """The exit code and output of linkwatchctl."""
    result = subprocess.run([CTL, "--socket", daemon.socket, *arguments], capture_output=True,
                            env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False)
    return result.returncode, result.stdout.decode()


def name_of(link):
    """The bytes of a link's name, as it is published."""
    return bytes.fromhex(link["ifname_bytes"]) if "ifname_bytes" in link \
        else link["ifname"].encode()


def found(daemon, name):
    """The names of the links that linkwatchctl list finds."""
    return sorted(name_of(link) for link in json.loads(ctl(daemon, "--json", "list", name)[1]))


# What steers a terminal, turns the direction of writing, fills a name, or is an option, number, glob,
# condition or name@peer.
HOSTILE = [b"x\x1b[2Jy", b"\xc2\x9b2J", "a\u202eb".encode(), "\u200b".encode(), b"123456789012345", b"\x01",
           b"\xff\xfe", b"a\\b", b'q"uote', b"--json", b"-x", b"42", b"*", b"[ab]", b"up", b"mtu=9000", b"a@if3",
           b"$(id)", "\U0001f600".encode()]


def is_harmless(text, is_ascii):
    """Whether all of it can be shown."""
    return all(c == "\n" or c.isprintable() for c in text) and (text.isascii() or not is_ascii)


@tap.test
def through_every_command():
    """Whatever links are called, each command prints text that is harmless, in the locale's characters, and
    JSON that is ASCII"""
    commands = (["list"], ["show", "*"], ["address"], ["history"], ["complete"], ["metrics", "*"],
                ["wait", "*", "mtu=1", "--all", "--timeout", "0"], ["run", "--hooks", "/*\x1b"])
    with links(*HOSTILE) as daemon:
        for locale in ("C", "C.UTF-8"):
            for command in commands:
                for json_option in ([], ["--json"], ["--json=pretty"]):
                    result = subprocess.run([CTL, "--socket", daemon.socket, *command, *json_option],
                                            capture_output=True, env={**os.environ, "LC_ALL": locale}, check=False)
                    # OpenMetrics text is UTF-8 everywhere.
                    is_json = json_option and command[0] != "complete"
                    is_ascii = is_json or (locale == "C" and command[0] != "metrics")
                    for text in (result.stdout.decode(), result.stderr.decode()):
                        assert is_harmless(text, is_ascii), (locale, command, json_option, text)
                    if json_option == ["--json"] and is_json:
                        for line in result.stdout.splitlines():
                            json.loads(line)


@tap.test
def events_of_hostile_links():
    """The lines and objects of monitor are harmless, too"""
    for json_option in ([], ["--json"], ["--json", "--hold-down", "1ms"]):
        with links(*HOSTILE) as daemon, \
                subprocess.Popen([CTL, "--socket", daemon.socket, "monitor", *json_option], stdout=subprocess.PIPE,
                                 env={**os.environ, "LC_ALL": "C.UTF-8"}) as process:
            # The links, and before or after them a heading or "ready".
            lines = [process.stdout.readline() for _ in range(len(indexes()) + 1)]
            for index in set(indexes().values()) - {1}:
                rtnl.rename(index, b"\x1b]0;%d\x07" % index)
            rtnl.rename(index, b"marker")
            while lines[-1] and b"marker" not in lines[-1]:
                lines.append(process.stdout.readline())
            process.terminate()
            assert len(lines) > 2 * len(HOSTILE), lines
            for line in lines:
                assert is_harmless(line.decode(), bool(json_option)), line
                if json_option:
                    json.loads(line)


@tap.test
def exactly():
    """A name finds the link that is called exactly so, and those that it matches as a glob"""
    with links(b"a[1]", b"a1", b"b\\x", b"*", b"[") as daemon:
        for name, expected in ((b"a[1]", [b"a1", b"a[1]"]), (rb"a\[1\]", [b"a[1]"]),
                               (b"a1", [b"a1"]), (b"b\\x", [b"b\\x"]), (rb"b\\x", [b"b\\x"]),
                               (rb"\*", [b"*"]), (b"[", [b"["]), (b"a?1?", [b"a[1]"])):
            tap.equal(found(daemon, name), expected, name)


@tap.test
def not_absent():
    """A wait for the absence of a link with special characters isn't met while it is there"""
    with links(b"a[1]", b"b\\x", b"a\xff") as daemon:
        for name in (b"a[1]", rb"a\[1\]", b"b\\x", b"a\xff", rb"a\xff"):
            tap.equal(ctl(daemon, "--timeout", "0", "wait", name, "absent")[0], 4, name)
            tap.equal(ctl(daemon, "--timeout", "0", "wait", name, "present")[0], 0, name)
        rtnl.delete(indexes()[b"a[1]"])
        daemon.call("Refresh")
        tap.equal(ctl(daemon, "--timeout", "0", "wait", "a[1]", "absent")[0], 0, "when it is gone")


@tap.test
def characters():
    """A place in a glob is for one character of UTF-8, or one byte that is none"""
    with links("wün".encode(), b"wun", b"w\xffn", "網".encode()) as daemon:
        tap.equal(found(daemon, "w?n"), sorted([b"wun", "wün".encode(), b"w\xffn"]), "w?n")
        tap.equal(found(daemon, "w??n"), [], "w??n")
        tap.equal(found(daemon, "w[ä-ÿ]n"), ["wün".encode()], "w[ä-ÿ]n")
        tap.equal(found(daemon, r"w[\x80-\xff]n"), [b"w\xffn"], r"w[\x80-\xff]n")
        tap.equal(found(daemon, "?"), ["網".encode()], "?")


@tap.test
def bytes_of_names():
    """Two names of which JSON shows the same differ in their bytes, and each is found by them"""
    with links(b"n\xff", b"n\xfe") as daemon:
        for name, digits, escape in ((b"n\xff", "6eff", r"n\xff"), (b"n\xfe", "6efe", r"n\xfe")):
            published = daemon.links()[indexes()[name]]
            tap.equal((published["ifname"], published["ifname_bytes"]), ("n\ufffd", digits), "as published")
            tap.equal(found(daemon, name), [name], "by its bytes")
            tap.equal(found(daemon, escape), [name], "by its escape")
            tap.contains(ctl(daemon, "list", escape)[1], f" {escape} ")


@tap.test
def other_names():
    """Altnames and the name of the master have their bytes beside them, too"""
    with links(b"m\xff", b"port") as daemon:
        rtnl.add_altname(indexes()[b"port"], b"plain")
        rtnl.add_altname(indexes()[b"port"], b"alt\xfd")
        netns.run("ip", "link", "add", "p0", "type", "veth", "peer", "p1")
        netns.run("ip", "link", "set", "p0", "master", b"m\xff")
        daemon.call("Refresh")
        port = daemon.links()[indexes()[b"p0"]]
        tap.equal((port["master"], port["master_bytes"]), ("m\ufffd", "6dff"), "master")
        published = daemon.links()[indexes()[b"port"]]
        tap.equal(set(published["altnames_bytes"]), {b"plain".hex(), b"alt\xfd".hex()}, "altnames")
        tap.equal(found(daemon, r"alt\xfd"), [b"port"], "by its altname")
        tap.equal(ctl(daemon, "--timeout", "0", "wait", "p0", r"master=m\xff")[0], 0, "wait")
        tap.contains(ctl(daemon, "list", "p0")[1], r"m\xff")
        rtnl.delete(indexes()[b"p1"])


@tap.test
def followed():
    """A filter of a name follows the link that is called exactly so, with its bytes before a
    change of its name"""
    with links(b"a[\xff]") as daemon, varlink.Connection(daemon.socket) as connection:
        connection.send("Monitor", {"filter": {"names": [r"a\[\xff\]"]}}, more=True)
        kinds = []
        while "ready" not in kinds:
            kinds.append(connection.receive()["parameters"]["type"])
        tap.contains(kinds, "snapshot")
        index = indexes()[b"a[\xff]"]
        rtnl.rename(index, b"b")
        event = connection.receive()["parameters"]
        tap.equal((event["type"], event["link"]["ifname"]), ("change", "b"), "event")
        tap.equal(event["old"], {"ifname": "a[\ufffd]", "ifname_bytes": b"a[\xff]".hex()}, "old")


tap.main()
