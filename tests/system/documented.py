# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages: they can be read on a terminal, and their examples do what they say."""

import contextlib
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

PAGE = "org.linkwatch.Links.7.in"
DEFAULT_SOCKET = "/run/linkwatchd/socket"
COLUMNS = 80


def needs(program, package):
    """Skips a test where a program is missing."""
    if not shutil.which(program):
        raise tap.Skip(f"{program} is missing (Debian: {package})")


def rendered(page):
    """A page as a terminal shows it, and what the formatter complained about."""
    result = subprocess.run(["groff", "-t", "-man", "-Tutf8", f"-rLL={COLUMNS - 2}n",
                             "-P-c", "-P-b", "-P-u"], input=manual.read(page), text=True,
                            capture_output=True, check=True)
    return result.stdout, result.stderr


@tap.test
def tables_fit():
    """The tables of all pages fit a terminal of 80 columns"""
    needs("groff", "groff-base")
    for page in manual.pages():
        _text, complaints = rendered(page)
        assert "table" not in complaints, f"{os.path.basename(page)}: {complaints}"


@tap.test
def no_hyphenation():
    """No page divides a word at the end of a line: it might be an identifier"""
    needs("groff", "groff-base")
    for page in manual.pages():
        text, _complaints = rendered(page)
        divided = re.findall(r"^.*\u2010$", text, re.MULTILINE)
        tap.equal(divided, [], os.path.basename(page))


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


netns.enter()
tap.main()
