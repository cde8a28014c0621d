# SPDX-License-Identifier: LGPL-2.1-or-later
"""What shells offer to complete: asked from bash and fish themselves, and on a terminal."""

import contextlib
import json
import os
import shlex
import socket
import tempfile

import ctl
import fake
import netns
import rtnl
import shells
import tap
import terminal
from daemon import SANITIZED, Daemon
from shells import offers

netns.enter()

# Names that a shell, a terminal, a glob, an option parser or a completion could take for more
# than they are. Kernels forbid white space, ":" and "/" in names; altnames may have these.
ZOO = [b"$(id>PWN)", b"`id>PWN`", b"${x-y}", b"$HOME", b"*", b"?", b"[", b"[a]",
       b"a[1]", b"\\", b"b\\x", b"\\xff", b"'", b"a'b", b'"', b'a"b', b"-x", b"--json", b"~", b"~root",
       b"{a,b}", b"!x", b"!!", b"#x", b"a=b", b"=ls", b"a;id", b"a&", b"a|id", b"<x", b">PWN",
       b"a(b)", b"^a", b"a,b", b"a@b", b"@", b"+1", b"a\x1b[1mb", b"\x01\x02", b"\x7f\x08", b"\xff",
       b"a\xfe", b"\xc3", "aü".encode(), "網".encode(), b"a\xc2\x9bb", "a\u202eb".encode(),
       "e\u0301".encode()]
ALTNAMES = [b"a b", b"a\tb", b"a\nb", b"a:b", b"a/b", b" ", b"\r", b"x" * 127, b"\xff" * 127]


def start(shell, line):
    """Starts a shell that completes the line."""
    return shells.start(shell, "client/completions", line)


COMMANDS = ctl.help_commands() - {"complete"}


def commands(shell):
    """The first word is a command, also behind options."""
    for line in ("linkwatchctl ", "linkwatchctl --socket /x --json ", "linkwatchctl -t 5 "):
        tap.equal(offers(start(shell, line)), COMMANDS, line)
    tap.equal(offers(start(shell, "linkwatchctl s")), {"show", "status"}, "with s")


def options(shell):
    """A word that starts with - is an option: each of the help, and no other."""
    got = offers(start(shell, "linkwatchctl list --"))
    tap.equal({word.split("=")[0].rstrip() for word in got if word.startswith("--")}, ctl.help_options(), "options")


@contextlib.contextmanager
def only_link():
    """A daemon of a namespace with one link; it, and a function that renames the link."""
    def rename(name):
        rtnl.rename(1, name)
        daemon.call("Refresh")

    with Daemon() as daemon:
        netns.ip("link set lo down")
        try:
            yield daemon, rename
        finally:
            rename(b"lo")


def name_of(found):
    """The bytes of a link's name."""
    return bytes.fromhex(found["ifname_bytes"]) if "ifname_bytes" in found \
        else found["ifname"].encode()


# Completions wait two seconds for the daemon, a time for which a machine under load may stand still.
PATIENT = """#!/bin/sh
program={program}
case " $* " in
*" complete "*) ;;
*) exec "$program" "$@" ;;
esac
code=4
while [ $code = 4 ]; do
    "$program" "$@"
    code=$?
done
exit $code
"""


def write_patient(directory):
    """Makes a linkwatchctl there whose completions wait for the daemon as long as it takes."""
    path = os.path.join(directory, "linkwatchctl")
    with open(path, "w", encoding="utf-8") as file:
        file.write(PATIENT.format(program=shlex.quote(os.environ["LINKWATCHCTL"])))
    os.chmod(path, 0o755)


@contextlib.contextmanager
def shell_at(shell):
    """A terminal with the completions, in an empty folder; a function that runs a line whose
    last word is completed, and returns what it wrote to its output."""
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryDirectory() as programs, \
            terminal.Terminal(shell, "client/completions", "linkwatchctl", directory,
                              programs) as screen:
        write_patient(programs)

        def run(line):
            path = os.path.join(directory, "out")
            shown = screen.run(line + "\t >out 2>&1")
            try:
                with open(path, encoding="utf-8") as file:
                    written = file.read()
                os.unlink(path)
            except FileNotFoundError:
                written = ""
            assert not os.path.exists(os.path.join(directory, "PWN")), f"{line} ran a command"
            return written, shown
        yield run


def completed(shell, line, *names):
    """In that line each of the names is completed to a word that names the link."""
    with only_link() as (daemon, rename), shell_at(shell) as run:
        for name in names:
            rename(name)
            written, shown = run(f"linkwatchctl --json --socket {daemon.socket} " + line)
            assert written, f"{name!r} was not found: {shown!r}"
            try:
                found = json.loads(written)
            except ValueError:
                raise AssertionError(f"{name!r}: {written!r} after {shown!r}") from None
            found = found[0] if isinstance(found, list) else found
            tap.equal(name_of(found), name, "the link's name")


def links(shell):
    """On a terminal each name, however hostile, is completed to a word that names that link."""
    completed(shell, "list ", *ZOO)


def values(shell):
    """On a terminal each name is completed as the value of a condition."""
    # Not with a timeout of 0: what is not known within 5 seconds is not met.
    completed(shell, "--timeout 1min wait \\* name=", *ZOO)


def closes(shell, name):
    """Whether the shell closes a quote behind a completed name: fish doesn't behind one
    character."""
    return shell != "fish" or len(name) > 1


def in_quotes(shell):
    """On a terminal each name is completed within single quotes that are open."""
    completed(shell, "list '", *(name for name in ZOO if closes(shell, name)))


def in_double_quotes(shell):
    """On a terminal names are completed within double quotes that are open."""
    # Nothing within them keeps "!" from being history.
    completed(shell, 'list "', *(name for name in ZOO if closes(shell, name) and b"!" not in name))


def beginnings(shell):
    """On a terminal what is typed of a name, quoted or not, is completed."""
    with only_link() as (daemon, rename), shell_at(shell) as run:
        for name, typed in ((b"$(id>PWN)", "\\$"), (b"$(id>PWN)", "'$(i"), (b"a'b", "a\\'"),
                            (b"a;id", "a\\;"), (b"a=b", "a="), (b"eth0", "e"), (b"a,b", "a,")):
            rename(name)
            written, shown = run(f"linkwatchctl --json --socket {daemon.socket} list {typed}")
            assert written, f"{name!r} was not found after {typed}: {shown!r}"
            tap.equal([name_of(found) for found in json.loads(written)], [name], typed)


NAMESPACES = ("$(id>PWN)", "`id>PWN`", "a'b", 'a"b', "*", "a[1]", "!x", "a;id", "a b", "{a,b}", "-x",
              "$HOME", "a&", "a|id", "blue")


def namespaces(shell):
    """On a terminal a network namespace is completed, whatever its name."""
    netns.run("mount", "-t", "tmpfs", "tmpfs", "/run")
    try:
        os.mkdir("/run/netns")
        with shell_at(shell) as run:
            for name in NAMESPACES:
                path = os.path.join("/run/netns", name)
                with open(path, "w", encoding="ascii"):
                    pass
                # It is no namespace really, which the message says of it.
                written, shown = run("linkwatchctl refresh --netns ")
                os.unlink(path)
                assert f'network namespace "{name}"' in written, (name, written, shown)
    finally:
        netns.run("umount", "--lazy", "/run")


def sockets(shell):
    """On a terminal the socket's file is completed, whatever its name."""
    with only_link() as (daemon, _), tempfile.TemporaryDirectory() as directory, \
            shell_at(shell) as run:
        os.symlink(daemon.socket, os.path.join(directory, "$(id>PWN) *"))
        written, shown = run(f"linkwatchctl list --json --socket {directory}/")
        assert written, shown


def conditions(shell):
    """After the link, wait takes conditions; where they need a value, values."""
    def offered(line):
        return offers(start(shell, "linkwatchctl --socket /nonexistent wait eth0 " + line))
    got = offered("")
    tap.equal({"present", "absent", "up", "down", "carrier", "no-carrier", "usable", "nomaster",
               "renamed"} - got, set(), "missing")
    tap.equal(offered("up car"), {"carrier"}, "with car")
    states = {value.split("=")[-1] for value in offered("operstate=")}
    tap.contains(states, "LOWERLAYERDOWN")
    tap.contains({value.split("=")[-1] for value in offered("kind=v")}, "veth")
    for condition, value in (("family=", "inet6"), ("scope=", "global"), ("stable=", "2s")):
        tap.contains({word.split("=")[-1] for word in offered(condition)}, value)


def indexes():
    """The indexes of all links, by the bytes of their names."""
    return {os.fsencode(name): index for index, name in socket.if_nameindex()}


@contextlib.contextmanager
def crowd(names):
    """A daemon of a namespace with a bridge of each name."""
    with Daemon() as daemon:
        try:
            rtnl.add_bridges(names)
            yield daemon
        finally:
            for index, _ in socket.if_nameindex():
                if index != 1:
                    rtnl.delete(index)


@tap.test
def words():
    """A word that is offered means one link, also beside others with similar names."""
    with crowd([*ZOO, b"a1", b"b\\\\x", b"axff", b"c"]) as daemon:
        for number, altname in enumerate(ALTNAMES):
            rtnl.add_altname(indexes()[ZOO[number]], altname)
        # One that is called as another's name is shown, and as that is when it is spelled out.
        rtnl.add_altname(indexes()[b"c"], rb"a\[1\]")
        rtnl.add_altname(indexes()[b"c"], rb"\x61\xfe")
        daemon.call("Refresh")
        code, output, _ = ctl.run("--socket", daemon.socket, "complete")
        tap.equal(code, 0, "exit code")
        assert output.replace("\n", "").isprintable(), output
        named = {}
        for word in output.splitlines():
            _, listing, _ = ctl.run("--socket", daemon.socket, "--json", "list", word)
            found = json.loads(listing)
            tap.equal(len(found), 1, f"links that {word} means")
            named.setdefault(found[0]["ifindex"], []).append(word)
        # Each way to write the byte ff is what another link is called.
        tap.equal(set(indexes().values()) - set(named), {indexes()[b"\xff"]}, "links without")
        tap.equal(sum(map(len, named.values())), len(indexes()) - 1 + len(ALTNAMES) + 2, "words")
        tap.equal(named[indexes()[b"a[1]"]][0], r"\x61\x5b\x31\x5d", "spelled out")


@tap.test
def beginning():
    """Words are offered for names that begin with the text, as they are or as they are shown."""
    with only_link() as (daemon, rename):
        for name, text, word in ((b"a[1]", "a[", r"a\[1\]"), (b"a[1]", r"a\[", r"a\[1\]"),
                                 (b"-x", "-", r"\-x"), (b"\xff", rb"\xf", r"\xff"),
                                 (b"\xff", b"\xff", r"\xff"), (b"eth0", "", "eth0"),
                                 (b"eth0", "f", None)):
            rename(name)
            code, output, _ = ctl.run("--socket", daemon.socket, "complete", "--", text)
            tap.equal((code, output), (0, f"{word}\n" if word else ""), text)


@tap.test
def unreachable():
    """Without a daemon nothing is offered, and the exit code is 3."""
    code, output, _ = ctl.run("--socket", "/nonexistent", "complete")
    tap.equal((code, output), (3, ""), "outcome")


for _shell in shells.SHELLS:
    for _test in (commands, options, conditions):
        tap.add(f"{_shell}: {_test.__doc__.rstrip('.')}", _test, _shell)
# Sanitizers check linkwatchctl, which each shell runs in the same way.
for _shell in terminal.SHELLS[:1] if SANITIZED else terminal.SHELLS:
    for _test in (links, values, in_quotes, in_double_quotes, beginnings, namespaces,
                  sockets):
        tap.add(f"{_shell}: {_test.__doc__.rstrip('.')}", _test, _shell)

tap.main()
