"""What bash and fish offer to complete, asked from the shells themselves."""

import os
import shutil
import subprocess

import fake
import tap
import wait
from fake import link

COMPLETIONS = os.path.join(os.environ.get("LINKWATCH_SOURCE", ""), "client", "completions")
CTL = os.environ.get("LINKWATCHCTL", "")

BASH = """
source "$1"
COMP_LINE=$2
COMP_POINT=${#COMP_LINE}
COMPREPLY=()
_linkwatchctl 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = 'source $argv[1]; complete -C $argv[2]'


def start(shell, script, file, line):
    """Starts a shell that completes the line."""
    if not shutil.which(shell):
        raise tap.Skip(f"there is no {shell}")
    path = os.path.dirname(CTL) + os.pathsep + os.environ["PATH"]
    first = ["--no-config"] if shell == "fish" else ["--norc", "--noprofile"]
    name = [] if shell == "fish" else ["bash"]
    return subprocess.Popen([shell, *first, "-c", script, *name, os.path.join(COMPLETIONS, file),
                             line], env={**os.environ, "PATH": path}, stdout=subprocess.PIPE,
                            text=True)


def offers(process):
    """What is offered, without descriptions."""
    output, _ = process.communicate(timeout=wait.SECONDS)
    return {line.split("\t")[0] for line in output.splitlines()} - {""}


SHELLS = {"bash": ("bash", BASH, "linkwatchctl"), "fish": ("fish", FISH, "linkwatchctl.fish")}
COMMANDS = {"list", "monitor", "show", "wait", "refresh", "status"}


def commands(shell):
    """The first word is a command, also behind options."""
    for line in ("linkwatchctl ", "linkwatchctl --socket /x --json ", "linkwatchctl -t 5 "):
        tap.equal(offers(start(*SHELLS[shell], line)), COMMANDS, line)
    tap.equal(offers(start(*SHELLS[shell], "linkwatchctl s")), {"show", "status"}, "with s")


def options(shell):
    """A word that starts with - is an option."""
    got = offers(start(*SHELLS[shell], "linkwatchctl list --"))
    tap.equal({"--socket", "--json", "--timeout", "--no-pager", "--help", "--version"} - got, set(),
              "missing")


def links(shell):
    """Links are those of the daemon whose socket the line names."""
    for command, expected in (("list", {"eth0", "eth1"}), ("monitor eth0", {"eth0", "eth1"}),
                              ("show", {"eth0", "eth1"}), ("wait", {"eth0", "eth1"})):
        with fake.Fake() as daemon:
            process = start(*SHELLS[shell], f"linkwatchctl --socket {daemon.path} {command} e")
            peer = daemon.accept()
            peer.call()
            peer.reply({"links": [link(1, "lo"), link(2, "eth0"), link(3, "eth1")]})
            tap.equal(offers(process), expected, command)


def conditions(shell):
    """After the link, wait takes conditions; where they need a value, values."""
    def offered(line):
        return offers(start(*SHELLS[shell], "linkwatchctl --socket /nonexistent wait eth0 " + line))
    got = offered("")
    tap.equal({"present", "absent", "up", "down", "carrier", "no-carrier", "nomaster",
               "renamed"} - got, set(), "missing")
    tap.equal(offered("up car"), {"carrier"}, "with car")
    states = {value.split("=")[-1] for value in offered("operstate=")}
    tap.contains(states, "LOWERLAYERDOWN")
    tap.contains({value.split("=")[-1] for value in offered("kind=v")}, "veth")


def values(shell):
    """The value of a master is a link."""
    with fake.Fake() as daemon:
        process = start(*SHELLS[shell],
                        f"linkwatchctl --socket {daemon.path} wait eth0 master=br")
        peer = daemon.accept()
        peer.call()
        peer.reply({"links": [link(1, "lo"), link(2, "br0")]})
        tap.equal({value.split("=")[-1] for value in offers(process)}, {"br0"}, "offers")


for _shell in SHELLS:
    for _test in (commands, options, links, conditions, values):
        tap.add(f"{_shell}: {_test.__doc__.rstrip('.')}", _test, _shell)

tap.main()
