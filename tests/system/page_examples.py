# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of the manual pages and of the README are run, and print what they should."""

import contextlib
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile

import daemon as daemons
import documents
import manual
import netns
import tap
import wait

DEFAULT_SOCKET = "/run/linkwatchd/socket"


def follow(command, ready="ready", suffix="", **environment):
    """Runs an example that follows links; when it has written that line, a link comes, changes and
    goes, and it must write so."""
    missing = [f"{event} manual0{suffix}" for event in ("add", "change", "remove")]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, **environment), start_new_session=True) as process:
        seen = []
        try:
            while missing:
                line = process.stdout.readline()
                assert line, f"it ended with {process.wait()} after {seen}"
                seen.append(line.rstrip())
                if seen[-1] == ready:
                    netns.ip("link add manual0 type bridge")
                    netns.ip("link set manual0 mtu 1400")
                    netns.ip("link del manual0")
                if seen[-1] == missing[0]:
                    missing.pop(0)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def the_one(examples, daemon):
    """The one example that there is, with the daemon's socket in it."""
    text, = examples
    return text.replace(DEFAULT_SOCKET, daemon.socket)


@tap.test
def python():
    """The example in Python follows links"""
    with daemons.Daemon() as daemon:
        follow(["python3", "-c", the_one(manual.examples("org.linkwatch.Links.7", "python"), daemon)])


@tap.test
def go():
    """The example in Go follows links"""
    tap.need_program("go", "golang-go")
    with daemons.Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "main.go")
        with open(source, "w", encoding="utf-8") as file:
            file.write(the_one(manual.examples("org.linkwatch.Links.7", "go"), daemon))
        program = os.path.join(folder, "follow")
        netns.run("env", f"HOME={folder}", f"GOCACHE={folder}/cache", "GO111MODULE=off",
                  "GOFLAGS=", "go", "build", "-o", program, source)
        follow([program])


@tap.test
def jq():
    """The example with jq prints what happens, and the state of the link"""
    tap.need_program("jq", "jq")
    path = os.path.dirname(daemons.BINARY) + ":" + os.environ["PATH"]
    with daemons.Daemon() as daemon:
        follow(["sh", "-c", the_one(manual.examples("org.linkwatch.Links.7", "jq"), daemon)], "ready - -", " DOWN", PATH=path,
               LINKWATCH_SOCKET=daemon.socket)


# The journal of this machine is nothing to the test.
PROGRAMS = {"logger": 'echo "$@"', "on-change": 'echo "$LINKWATCH_EVENT $LINKWATCH_IFNAME"',
            "journalctl": "exit 0"}


@contextlib.contextmanager
def started(text, daemon, errors):
    """Runs an example for a shell, where the programs are that it names; its standard output does not
    block."""
    with tempfile.TemporaryDirectory() as folder:
        for program, script in PROGRAMS.items():
            path = pathlib.Path(folder, program)
            path.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
            path.chmod(0o755)
        environment = dict(os.environ, LINKWATCH_SOCKET=daemon.socket,
                           PATH=f"{folder}:{os.path.dirname(daemons.BINARY)}:{os.environ['PATH']}")
        process = subprocess.Popen(["sh", "-c", text], env=environment, cwd=folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        os.set_blocking(process.stdout.fileno(), False)
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            tap.equal(process.communicate()[1].decode(), errors, "errors")


def shell(text):
    """An example for a shell prints what is expected, until which a link goes down and up, and fails at
    nothing. Those that follow links go on."""
    (link, pattern, errors), = (expected for start, expected in EXPECTED.items() if text.startswith(start))
    if re.search(r"\bjq ", text):
        tap.need_program("jq", "jq")
    netns.delete_all()
    for one, other in (("eth0", "peer0"), ("eth1", "peer1"), ("veth0", "peer2")):
        netns.ip(f"link add {one} type veth peer name {other}")
        for end in (one, other):
            netns.ip(f"link set {end} up")
    states = itertools.cycle(("down", "up"))
    with daemons.Daemon() as daemon:
        for _ in range(2):
            netns.ip(f"link set {link} {next(states)}")
        daemon.call("Refresh")
        printed = ""
        with started(text, daemon, errors) as process:
            def has_printed():
                nonlocal printed
                netns.ip(f"link set {link} {next(states)}")
                ended = process.poll() is not None
                printed += (process.stdout.read() or b"").decode()
                return ended or pattern and re.search(pattern, printed, re.MULTILINE)
            wait.until(has_printed, f"{pattern} of {text}", tick=0.1)
            tap.equal(process.poll() or 0, 0, "exit code")
    if pattern:
        assert re.search(pattern, printed, re.MULTILINE), printed
    else:
        tap.equal(printed, "", "output")
    netns.delete_all()


NO_JOURNAL = "linkwatchctl: there is no journal here; only what the daemon itself still knows is shown\n"
# By how they begin: the link that goes down and up; what they print then, None where they end without
# a word; and what they print on standard error.
EXPECTED = {
    "linkwatchctl run 'eth*'": ("eth0", r"^eth0: (DOWN|UP)$", ""),
    "linkwatchctl wait 'eth*'": ("veth0", None, ""),
    "linkwatchctl wait eth0 eth1": ("veth0", None, ""),
    "linkwatchctl --json list": ("veth0", r'^"eth0"$', ""),
    "linkwatchctl --json monitor 'veth*'": ("veth0", r'^{"type":"change",.*"ifname":"veth0"', ""),
    "linkwatchctl list 'veth*'": ("veth0", r"^INDEX +LINK .*\n\d+ +veth0 .*\n\Z", ""),
    "linkwatchctl monitor": ("veth0", r"^\d+ +veth0 [^\0]*^[\d:.]+ ~ veth0 \(\d+\): .*operstate UP → DOWN", ""),
    "linkwatchctl wait eth0 up": ("veth0", None, ""),
    "linkwatchctl history eth0": ("eth0", r"^[\d:.]+ ~ eth0 \(\d+\): [^\0]*^eth0 +\d +\d$", NO_JOURNAL),
    "linkwatchctl address": ("veth0", r"^eth0 +inet6 +fe80:", ""),
    "linkwatchctl --json monitor | jq": ("veth0", r'^  "type": "change",$', ""),
    "linkwatchctl run -- ./on-change": ("veth0", r"^change veth0$", ""),
    "linkwatchctl status": ("veth0", r"^ *Standing: ", ""),
    "linkwatchctl metrics": ("veth0", r'^linkwatch_links{operstate="UP",kind="veth"} \d$', ""),
}
for _text in manual.examples("linkwatchctl.1", "shell"):
    tap.add(f"An example of linkwatchctl(1) works: {_text.splitlines()[0]}", shell, _text)
for _line in documents.block("README.md", "linkwatchctl list"):
    tap.add(f"A line of the README works: {_line.split(' # ')[0].rstrip()}", shell, _line)


LIBRARY = os.path.join(os.environ["LINKWATCH_BUILD"], "client/.libs/liblinkwatch.so")
MAIN = """
int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    return %s < 0;
}
"""


def in_c(text, folder):
    """The program that an example in C makes, or makes with the rest of one."""
    tap.need_program("gcc", "gcc")
    if os.environ.get("LINKWATCH_SANITIZERS") == "yes":
        raise tap.Skip("the library was built with sanitizers")
    if not os.path.exists(LIBRARY):
        raise tap.Skip("configured with --disable-shared")
    if "#include" not in text:
        text = f"#include <linkwatch.h>\n#include <stdio.h>\n#include <stdlib.h>\n{text}"
    program = os.path.join(folder, "program")
    netns.run("gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-I",
              os.path.join(os.environ["LINKWATCH_SOURCE"], "client"), "-x", "c", "-", "-x", "none",
              LIBRARY, f"-Wl,-rpath,{os.path.dirname(LIBRARY)}", "-o", program, text=text)
    return program


@tap.test
def c_list():
    """The example of liblinkwatch(3) prints the names of the links that are up"""
    text, = manual.examples("liblinkwatch.3", "c")
    netns.delete_all()
    netns.ip("link add up0 type veth peer name down0")
    netns.ip("link set up0 up")
    with daemons.Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        tap.equal(netns.run("env", f"LINKWATCH_SOCKET={daemon.socket}", in_c(text, folder)),
                  "up0\n", "output")
    netns.delete_all()


@tap.test
def c_mirror():
    """The example of linkwatch_mirror(3) prints the links that are there, and each that appears"""
    text, = manual.examples("linkwatch_mirror.3", "c")
    with daemons.Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        program = in_c(text + MAIN % "follow()", folder)
        with subprocess.Popen([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              env=dict(os.environ, LINKWATCH_SOCKET=daemon.socket)) as process:
            tap.equal(process.stdout.readline(), "lo appeared\n", "the first line")
            netns.ip("link add c0 type bridge")
            tap.equal(process.stdout.readline(), "c0 appeared\n", "the second line")
            process.terminate()
    netns.delete_all()


@tap.test
def c_wait():
    """The example of linkwatch_wait(3) waits for an Ethernet link that is usable and has an address"""
    text, = manual.examples("linkwatch_wait.3", "c")
    text = f"""
static int until_usable(void)
{{
{text}
    if (r >= 0) {{
        puts(linkwatch_link_ifname(link));
        linkwatch_link_unref(link);
    }}
    return r;
}}
{MAIN % "until_usable()"}"""
    netns.ip("link add eth0 type veth peer name eth1")
    with daemons.Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        with subprocess.Popen([in_c(text, folder)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              text=True, env=dict(os.environ, LINKWATCH_SOCKET=daemon.socket)) as process:
            netns.ip("link set eth1 up")
            netns.ip("address add 192.0.2.1/24 dev eth0")
            assert not wait.readable(process.stdout, 0.5), "it printed something"
            netns.ip("link set eth0 up")
            assert process.stdout.readline() in ("eth0\n", "eth1\n")
            tap.equal(process.wait(), 0, "exit code")
    netns.delete_all()


@tap.test
def configuration():
    """The example of linkwatchd.conf(5) is accepted"""
    text, = manual.examples("linkwatchd.conf.5", "configuration")
    with daemons.Daemon(config=text) as daemon:
        tap.equal(daemon.statistics()["history"]["bytes_max"], 64 << 20)


def exchanges():
    """The sessions of the page: requests, and the replies that follow each."""
    for text in manual.examples("org.linkwatch.Links.7", "session"):
        request, *replies = re.split(r"^< ", text, flags=re.MULTILINE)
        yield (json.loads(re.sub(r"\n +", "", request.removeprefix("> "))),
               [json.loads(re.sub(r"\n +", "", reply)) for reply in replies])


def shape(value):
    """The names of members, and of theirs; of the others the types."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return type(value).__name__


def change_links():
    """What the page says happens while links are monitored."""
    netns.ip("link add v0 type veth peer name peer0")
    netns.ip("link set v0 mtu 9000")
    netns.ip("link set v0 name w0")


@tap.test
def sessions():
    """The replies of the sessions have the members that the daemon's have, and their types"""
    sent = list(exchanges())
    tap.equal([request["method"].rpartition(".")[2] for request, _replies in sent],
              ["List", "Monitor", "Monitor", "List"], "requests")
    # With as few other links as the page has.
    netns.delete_all()
    with daemons.Daemon("--audit-interval", "1s") as daemon:
        for request, replies in sent:
            with daemon.connect() as connection:
                connection.send(request["method"].rpartition(".")[2], request["parameters"],
                                more=request.get("more", False))
                for number, reply in enumerate(replies):
                    tap.equal(shape(connection.receive()), shape(reply), f"reply {number} to {request}")
                    if number == 0 and "names" in str(request) and request["method"].endswith("Monitor"):
                        change_links()
            netns.delete_all()
            daemon.call("Refresh")



@tap.test
def message():
    """The call that org.linkwatch.Links(7) begins with is replied to as it says"""
    text, = manual.examples("org.linkwatch.Links.7", "message")
    call, reply = text.splitlines()
    with daemons.Daemon() as daemon, socket.socket(socket.AF_UNIX) as connection:
        connection.connect(daemon.socket)
        connection.sendall(call.encode() + b"\0")
        received = b""
        while not received.endswith(b"\0"):
            received += connection.recv(1 << 16)
    tap.equal(list(json.loads(received[:-1])), list(json.loads(reply.replace("...", ""))), "members")


netns.enter()
tap.main()
