"""What bash and fish offer to complete, asked from the shells themselves."""

import fake
import shells
import tap
from fake import link
from shells import offers


def start(shell, line):
    """Starts a shell that completes the line."""
    return shells.start(shell, "client/completions", line)


COMMANDS = {"list", "monitor", "show", "wait", "refresh", "status"}


def commands(shell):
    """The first word is a command, also behind options."""
    for line in ("linkwatchctl ", "linkwatchctl --socket /x --json ", "linkwatchctl -t 5 "):
        tap.equal(offers(start(shell, line)), COMMANDS, line)
    tap.equal(offers(start(shell, "linkwatchctl s")), {"show", "status"}, "with s")


def options(shell):
    """A word that starts with - is an option."""
    got = offers(start(shell, "linkwatchctl list --"))
    tap.equal({"--socket", "--json", "--timeout", "--no-pager", "--help", "--version"} - got, set(),
              "missing")


def links(shell):
    """Links are those of the daemon whose socket the line names."""
    for command, expected in (("list", {"eth0", "eth1"}), ("monitor eth0", {"eth0", "eth1"}),
                              ("show", {"eth0", "eth1"}), ("wait", {"eth0", "eth1"})):
        with fake.Fake() as daemon:
            process = start(shell, f"linkwatchctl --socket {daemon.path} {command} e")
            peer = daemon.accept()
            peer.call()
            peer.reply({"links": [link(1, "lo"), link(2, "eth0"), link(3, "eth1")]})
            tap.equal(offers(process), expected, command)


def conditions(shell):
    """After the link, wait takes conditions; where they need a value, values."""
    def offered(line):
        return offers(start(shell, "linkwatchctl --socket /nonexistent wait eth0 " + line))
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
        process = start(shell, f"linkwatchctl --socket {daemon.path} wait eth0 master=br")
        peer = daemon.accept()
        peer.call()
        peer.reply({"links": [link(1, "lo"), link(2, "br0")]})
        tap.equal({value.split("=")[-1] for value in offers(process)}, {"br0"}, "offers")


for _shell in shells.SHELLS:
    for _test in (commands, options, links, conditions, values):
        tap.add(f"{_shell}: {_test.__doc__.rstrip('.')}", _test, _shell)

tap.main()
