# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kinds of kernel on which the daemon must be right, as far as they can be made
on any Linux. The same tests run in each of them."""

import errno
import itertools

import daemon as daemons
import faults
import wait

INCOMPLETE = ("incomplete",)
BELIEVED = ("unproven", "trusted")


class Environment:
    """One kind of kernel. standings are those that the daemon may have in the end, reason
    is the errno's name that it must give, learned how it must learn of links that come and
    go; None: now so, now so."""

    def __init__(self, name, standings, reason=None, options=(), deny=(), learned="dump"):
        self.name = name
        self.standings = standings
        self.reason = reason
        self.learned = learned
        self._options = options
        self._deny = deny

    def start(self):
        """A daemon in this environment, not yet entered."""
        wrapper = (daemons.helper("deny"), *self._deny) if self._deny else ()
        return daemons.Daemon(*self._options, wrapper=wrapper)

    def disturb(self):
        """Lets something go wrong with the next dump."""

    def close(self):
        """The daemon has ended."""

    def check(self, daemon):
        """Waits until the daemon found out where it is."""
        def found():
            source = daemon.status()["source"]
            return (source["standing"] in self.standings and not source["stale"] and
                    source.get("errno_name") == self.reason)

        try:
            wait.until(found, "the standing")
        except wait.Timeout:
            raise AssertionError(f"in {self.name}: {daemon.status()['source']}") from None


class Faulty(Environment):
    """A kernel in which something goes wrong, now and then or always."""

    def __init__(self, name, standings, reason=None, always=(), sometimes=()):
        super().__init__(name, standings, reason, learned=None)
        self._always = always
        self._sometimes = itertools.cycle(sometimes) if sometimes else None
        self._armed = set()
        self._faults = None

    def start(self):
        self._faults = faults.Faults()
        for kind, value in self._always:
            self._faults.set(kind, value)
        return daemons.Daemon(env=self._faults.environment())

    def disturb(self):
        # One at a time: together they would be a kernel on which dumps fail.
        if self._sometimes and not any(map(self._faults.left, self._armed)):
            kind, value, times = next(self._sometimes)
            self._armed.add(kind)
            self._faults.set(kind, value, times)

    def check(self, daemon):
        super().check(daemon)
        expected = {kind for kind, *_rest in self._always} | self._armed
        missed = {kind for kind in expected if self._faults.done(kind) == 0}
        assert not missed, f"faults that never happened: {missed}"

    def close(self):
        if self._faults:
            self._faults.close()


class Blind(Environment):
    """A kernel on which all dumps fail; reason is the errno's name that is published for it."""

    def __init__(self, name, reason, deny):
        super().__init__(name, ("denied",), reason, deny=deny, learned=None)


# Each is got over within what one Refresh waits for.
_FAILING_LOOKS = (
    (faults.DUMP_ERROR, errno.EBUSY, 1),
    (faults.DUMP_EMPTY, 0, 1),
    (faults.DUMP_INTERRUPTED, 0, 2),
    (faults.DUMP_TRUNCATED, 0, 1),
    (faults.ASK, errno.ENOBUFS, 1),
    (faults.DUMP_ERROR, errno.EACCES, 2),
    (faults.RECEIVE, errno.EINTR, 5),
    (faults.DUMP_EMPTY, 0, 2),
    (faults.RECEIVE, errno.ENOBUFS, 3),
)

ALL = (
    Environment("a subscription", BELIEVED, learned="notification"),
    Environment("bind() denied", BELIEVED, deny=("--bind-any", "EACCES"), learned="notification"),
    Environment("denied with EACCES", ("denied",), "EACCES", deny=("--join", "EACCES")),
    Environment("denied with ENOPROTOOPT", ("denied",), "ENOPROTOOPT",
                deny=("--join", "ENOPROTOOPT")),
    Environment("bind() and joining denied", ("denied",), "EPERM",
                deny=("--bind-any", "EACCES", "--join", "EPERM")),
    Environment("polling by choice", ("denied",), options=("--source", "poll")),
    Environment("accepted and silent", INCOMPLETE, deny=("--join", "0")),
    Faulty("accepted and half silent", INCOMPLETE, always=((faults.NOTIFICATION, 500),)),
    Environment("lossy", BELIEVED, options=("--receive-buffer", "1K"), learned=None),
    Faulty("failing now and then", BELIEVED, sometimes=_FAILING_LOOKS),
    Faulty("denied and failing now and then", ("denied",), "EACCES",
           always=((faults.JOIN, errno.EACCES),), sometimes=_FAILING_LOOKS),
)

# No links are known there; tests/system/blind.py shows what that means.
BLIND = (
    Blind("the socket denied", "EAFNOSUPPORT", deny=("--socket", "EAFNOSUPPORT")),
    Blind("receiving denied", "EACCES", deny=("--receive", "EACCES")),
    Blind("bind() and receiving denied", "EACCES",
          deny=("--bind-any", "EACCES", "--receive", "EACCES")),
)
