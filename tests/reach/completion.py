"""What bash and fish offer to complete on linkwatch-run's line."""

import os

import programs
import shells
import tap

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


def arguments(shell):
    """Its arguments are files, where nobody knows better."""
    name = os.path.basename(__file__)
    tap.equal(offers(shell, f"linkwatch-run linkwatchd {__file__[:-1]}"), {__file__}, name)


if not os.path.exists(programs.RUN):
    tap.skip_all("linkwatch-run was not built here")
for _shell in shells.SHELLS:
    for _test in (options, program, arguments):
        tap.add(f"{_shell}: {_test.__doc__.rstrip('.')}", _test, _shell)

tap.main()
