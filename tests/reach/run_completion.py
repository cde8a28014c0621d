# SPDX-License-Identifier: LGPL-2.1-or-later
"""What shells offer to complete on linkwatch-run's line."""

import os
import tempfile

import programs
import shells
import tap
import terminal

OPTIONS = {"--socket", "--require", "--no-fallback", "--always", "--preload",
           "--help", "--version"}


def offers(shell, line):
    """What is offered for a line."""
    return shells.offers(shells.start(shell, "reach/completions", line))


def options(shell):
    """A word that starts with - is an option, before the program."""
    tap.equal(offers(shell, "linkwatch-run --socket /x --") & OPTIONS, OPTIONS, "all")
    tap.equal(offers(shell, "linkwatch-run --req"), {"--require"}, "with --req")


def program(shell):
    """Then comes a program."""
    for line in ("linkwatch-run linkwatchc", "linkwatch-run -s /x linkwatchc",
                 "linkwatch-run --always linkwatchc"):
        tap.equal(offers(shell, line), {"linkwatchctl"}, line)


# Names of files that a shell could take for more than they are.
FILES = ("$(id>PWN)", "`id>PWN`", "* x", "a'b", 'a"b', "~", "!x", "a;id", "{a,b}", "a\\b")


def files(shell, line):
    """The last word of the line is completed to a file, whatever its name: writes its output
    and errors, of which the name must be a part."""
    with tempfile.TemporaryDirectory() as directory, \
            terminal.Terminal(shell, "reach/completions", "linkwatch-run", directory) as screen:
        os.mkdir(os.path.join(directory, "in"))
        for name in FILES:
            file = os.path.join(directory, "in", name)
            with open(file, "w", encoding="utf-8"):
                pass
            shown = screen.run(line.format("in/\t") + " >out 2>&1")
            os.unlink(file)
            assert "PWN" not in os.listdir(directory), f"{name} was run"
            with open(os.path.join(directory, "out"), encoding="utf-8") as output:
                assert "in/" + name in output.read(), shown


def arguments(shell):
    """On a terminal the program's arguments are files, whatever their names."""
    files(shell, "linkwatch-run printf %s {}")


def sockets(shell):
    """On a terminal the socket is a file, whatever its name."""
    files(shell, "linkwatch-run --require -s {} true")


programs.need_run()
for _shell in shells.SHELLS:
    for _test in (options, program):
        tap.add(f"{_shell}: {_test.__doc__.rstrip('.')}", _test, _shell)
for _shell in terminal.SHELLS:
    for _test in (arguments, sockets):
        tap.add(f"{_shell}: {_test.__doc__.rstrip('.')}", _test, _shell)

tap.main()
