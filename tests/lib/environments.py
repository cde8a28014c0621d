"""The kinds of kernel that the daemon must tell the truth on, as far as they can be made
on any Linux. The same tests run in each of them."""

import daemon as daemons


class Environment:
    """name says it; start() makes a daemon in it; standings are those it may have."""

    def __init__(self, name, start, standings, errno=None):
        self.name = name
        self.start = start
        self.standings = standings
        self.errno = errno

    def check(self, status):
        """Fails unless the daemon found out where it is."""
        source = status["source"]
        assert source["standing"] in self.standings, f"in {self.name}: {source}"
        assert source.get("errno") == self.errno, f"in {self.name}: {source}"
        assert source["stale"] is False, f"in {self.name}: {source}"


def _denied(errno):
    return lambda: daemons.Daemon(wrapper=(daemons.helper("deny"), "--join", errno))


NATIVE = Environment("a subscription", daemons.Daemon, ("unproven", "trusted"))

ALL = (
    NATIVE,
    Environment("joining denied with EACCES", _denied("EACCES"), ("denied",), "EACCES"),
    Environment("joining denied with ENOPROTOOPT", _denied("ENOPROTOOPT"), ("denied",),
                "ENOPROTOOPT"),
    Environment("polling by choice", lambda: daemons.Daemon("--source", "poll"), ("denied",)),
    Environment("joining that works and tells nothing", _denied("0"),
                ("unproven", "incomplete")),
)
