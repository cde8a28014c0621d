# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages: they can be read on a terminal, and their examples do what they say."""

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

import daemon as daemons
import manual
import netns
import tap
import wait

PAGE = "org.linkwatch.Links.7.in"
DEFAULT_SOCKET = "/run/linkwatchd/socket"
COLUMNS = 80


def needs(program, package):
    """Skips a test where a program is missing."""
    if not shutil.which(program):
        raise tap.Skip(f"{program} is missing (Debian: {package})")


def rendered():
    """The name of each page, its text on a terminal, and what the formatter warned of."""
    needs("groff", "groff-base")
    pages = manual.built()
    assert len(pages) > 10, pages
    for page in pages:
        result = subprocess.run(["groff", "-t", "-man", "-Tutf8", "-ww", f"-rLL={COLUMNS}n",
                                 "-P-c", "-P-b", "-P-u"], input=manual.read(page), text=True,
                                encoding="utf-8", capture_output=True, check=True)
        yield os.path.basename(page), result.stdout, result.stderr


@tap.test
def no_warnings():
    """The formatter warns of nothing in any page"""
    for name, _text, warnings in rendered():
        tap.equal(warnings, "", name)


@tap.test
def no_hyphenation():
    """No page divides a word at the end of a line: it might be an identifier"""
    for name, text, _warnings in rendered():
        tap.equal(re.findall(r"^.*\u2010$", text, re.MULTILINE), [], name)


@tap.test
def status_lines():
    """linkwatchctl(1) explains each line of linkwatchctl status, and no other"""
    page = manual.read(os.path.join(manual.FOLDER, "linkwatchctl.1"))
    section = page.split(".SH OUTPUT OF STATUS\n")[1].split("\n.SH ")[0]
    with daemons.Daemon() as daemon:
        output = netns.run(os.environ["LINKWATCHCTL"], "--socket", daemon.socket, "status")
    tap.equal(re.findall(r"^\.B (\w+)$", section, re.MULTILINE),
              re.findall(r"^ *(\w+): ", output, re.MULTILINE), "lines")


@tap.test
def show_with_a_glob():
    """linkwatchctl show with a glob shows each link that matches, beginning with index and name"""
    with daemons.Daemon() as daemon:
        netns.ip("link add manual1 type veth peer name manual2")
        daemon.call("Refresh")
        output = netns.run(os.environ["LINKWATCHCTL"], "--socket", daemon.socket, "show", "manual*")
        netns.ip("link del manual1")
    tap.equal(re.findall(r"^\d+: (\S+)$", output, re.MULTILINE), ["manual2", "manual1"], "links")


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


def the_example(language, daemon):
    """The one example in that language, with the daemon's socket in it."""
    text, = manual.examples(PAGE, language)
    return text.replace(DEFAULT_SOCKET, daemon.socket)


@tap.test
def python():
    """The example in Python follows links"""
    with daemons.Daemon() as daemon:
        follow(["python3", "-c", the_example("python", daemon)])


@tap.test
def go():
    """The example in Go follows links"""
    needs("go", "golang-go")
    with daemons.Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "main.go")
        with open(source, "w", encoding="utf-8") as file:
            file.write(the_example("go", daemon))
        program = os.path.join(folder, "follow")
        netns.run("env", f"HOME={folder}", f"GOCACHE={folder}/cache", "GO111MODULE=off",
                  "GOFLAGS=", "go", "build", "-o", program, source)
        follow([program])


@tap.test
def jq():
    """The example with jq prints what happens, and the state of the link"""
    needs("jq", "jq")
    path = os.path.dirname(daemons.BINARY) + ":" + os.environ["PATH"]
    with daemons.Daemon() as daemon:
        follow(["sh", "-c", the_example("jq", daemon)], "ready - -", " DOWN", PATH=path,
               LINKWATCH_SOCKET=daemon.socket)


def has_ended_or_written(process, name):
    """Whether an example is over, or has written something: those that follow links go on."""
    links = itertools.cycle((f"link set {name} down", f"link set {name} up"))

    def done():
        netns.ip(next(links))
        return process.poll() is not None or wait.readable(process.stdout, 0.1)

    return done


def shell(text, name):
    """An example for a shell does something, and fails at nothing."""
    netns.delete_all()
    for one, other in (("eth0", "peer0"), ("eth1", "peer1"), ("veth0", "peer2")):
        netns.ip(f"link add {one} type veth peer name {other}")
        for link in (one, other):
            netns.ip(f"link set {link} up")
    with daemons.Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        logger = os.path.join(folder, "logger")
        with open(logger, "w", encoding="ascii") as file:
            file.write('#!/bin/sh\necho "$@"\n')
        os.chmod(logger, 0o755)
        environment = dict(os.environ, LINKWATCH_SOCKET=daemon.socket,
                           PATH=f"{folder}:{os.path.dirname(daemons.BINARY)}:{os.environ['PATH']}")
        process = subprocess.Popen(["sh", "-c", text], env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        try:
            wait.until(has_ended_or_written(process, name), "what it does")
            tap.equal(process.poll() or 0, 0, "exit code")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            tap.equal(process.communicate()[1].decode(), "", "errors")
    netns.delete_all()


SHELL = manual.examples("linkwatchctl.1", "shell")
for _text in SHELL:
    tap.add(f"An example of linkwatchctl(1) works: {_text.splitlines()[0]}", shell, _text,
            "eth0" if "linkwatchctl run" in _text else "veth0")


@tap.test
def all_are_tested():
    """There are examples for the shell, and none of that page is left out"""
    commands = re.findall(r"^\.EX\n(?:linkwatchctl) ", manual.read(os.path.join(manual.FOLDER, "linkwatchctl.1")),
                          re.MULTILINE)
    tap.equal(len(SHELL), len(commands))
    assert len(SHELL) >= 5, SHELL


@tap.test
def configuration():
    """The example of linkwatchd.conf(5) is accepted"""
    text, = manual.examples("linkwatchd.conf.5.in", "configuration")
    with daemons.Daemon(config=text) as daemon:
        tap.equal(daemon.statistics()["history"]["bytes_max"], 64 << 20)


def exchanges():
    """The sessions of the page: requests, and the replies that follow each."""
    for text in manual.examples(PAGE, "session"):
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


netns.enter()
tap.main()
