# SPDX-License-Identifier: LGPL-2.1-or-later
"""A consumer of Monitor that holds the daemon to its word: every message must fit what
came before."""

import collections

import varlink
import wait

_LINK_EVENTS = ("add", "remove", "change")


class Mirror:
    """The links, made of Monitor's messages alone, in links by index;
    events holds what happened since ready, lost what was announced as lost."""

    def __init__(self, path, filter=None, since=None, rtnl=None):  # pylint: disable=redefined-builtin
        self.connection = varlink.Connection(path)
        if rtnl:
            self.connection.enter(rtnl)
        self.links = {}
        self.events = []
        self.lost = []
        self.ready = None
        self.counts = collections.Counter()
        self.instance = since["instance"] if since else None
        self.sequence = since["sequence"] if since else None
        self.more_follows = False
        self._filtered = bool(filter)
        self._resumed = since is not None
        self._fresh = {} if since is None else None
        parameters = {}
        if filter:
            parameters["filter"] = filter
        if since:
            parameters["since"] = since
        self.connection.send("Monitor", parameters, more=True)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def close(self):
        """Ends the stream."""
        self.connection.close()

    def position(self):
        """Where this consumer stands."""
        return {"instance": self.instance, "sequence": self.sequence}

    def take(self, seconds=wait.SECONDS):
        """Takes one message, checks it against all that came before, and returns it."""
        reply = self.connection.receive(seconds)
        if "error" in reply:
            raise varlink.Error(reply["error"], reply.get("parameters", {}))
        assert reply.get("continues") is True, f"the stream ended: {reply}"
        message = reply["parameters"]
        self.counts[message["type"]] += 1
        self._check_instance(message)
        self._check_sequence(message)
        assert self._fresh is None or "link" not in message or message.get("more_follows"), \
            f"a position before ready that seems resumable: {message}"
        getattr(self, "_take_" + message["type"])(message)
        self.sequence = message["sequence"]
        self.more_follows = message.get("more_follows", False)
        self._check_links()
        return message

    def _check_links(self):
        """Outside of events that belong together the links are such as a kernel may have:
        each name once, and the master of each port there."""
        if self._filtered or self._fresh is not None or self.ready is None or self.more_follows:
            return
        seen = collections.Counter(name for link in self.links.values()
                                   for name in [link["ifname"], *link.get("altnames", ())])
        twice = [name for name, count in seen.items() if count > 1]
        assert not twice, f"names with two bearers: {twice}; last events: {self.events[-4:]}"
        for link in self.links.values():
            master = self.links.get(link.get("master_ifindex"))
            if "master" in link:
                assert master and master["ifname"] == link["master"], \
                    f"a port of a master that is not there: {link}"

    def _check_instance(self, message):
        if self.instance is not None and message["type"] != "lost":
            assert message["instance"] == self.instance, f"another instance: {message}"
        self.instance = message["instance"]

    def _check_sequence(self, message):
        number = message["sequence"]
        if message["type"] == "lost" or self.sequence is None:
            return
        assert number >= self.sequence, f"{number} after {self.sequence}: {message}"
        if message["type"] == "source" and "realtime_usec" not in message:
            # How it is at that position, before there is a snapshot.
            assert self.ready is None, f"a source without a number: {message}"
            return
        if message["type"] in _LINK_EVENTS + ("source",):
            assert number > self.sequence, f"{number} twice: {message}"
            # Between snapshots, and with a filter, events are passed over unannounced.
            if self._fresh is None and not self._filtered:
                assert number == self.sequence + 1, f"a gap from {self.sequence}: {message}"

    def _current(self):
        return self.links if self._fresh is None else self._fresh

    def _take_snapshot(self, message):
        assert self._fresh is not None, f"a snapshot out of turn: {message}"
        link = message["link"]
        assert link["ifindex"] not in self._fresh, f"a snapshot twice: {message}"
        self._fresh[link["ifindex"]] = link

    def _take_ready(self, message):
        assert message["source"]["standing"], message
        assert self._fresh is not None or not self.more_follows, \
            f"ready between events that belong together: {message}"
        if self._fresh is not None:
            self.links, self._fresh = self._fresh, None
        self.ready = message

    def _take_lost(self, message):
        self.more_follows = False
        if "lost" in message and self.sequence is not None:
            expected = message["sequence"] - self.sequence
            if self._filtered:
                assert message["lost"] >= expected > 0, message
            elif self._fresh is None:
                assert message["lost"] == expected > 0, f"{message} after {self.sequence}"
        self.lost.append(message)
        self._fresh = {}
        self._resumed = False

    def _take_source(self, message):
        self.events.append(message)

    def _take_add(self, message):
        link = message["link"]
        if not self._filtered and not self._resumed:
            assert link["ifindex"] not in self._current(), f"added though known: {message}"
        self._current()[link["ifindex"]] = link
        self.events.append(message)

    def _take_remove(self, message):
        link = message["link"]
        held = self._current().pop(link["ifindex"], None)
        if not self._filtered and not self._resumed:
            assert held is not None, f"removed though unknown: {message}"
            assert held == link, f"removed {link}, held was {held}"
        self.events.append(message)

    def _take_change(self, message):
        link, old = message["link"], message["old"]
        held = self._current().get(link["ifindex"])
        if not self._filtered and not self._resumed:
            assert held is not None, f"changed though unknown: {message}"
            changed = {f for f in set(held) | set(link) if held.get(f) != link.get(f)}
            assert changed == set(old), f"changed {changed}, reported {set(old)}: {message}"
            for field, value in old.items():
                assert held.get(field) == value, f"{field} was {held.get(field)}: {message}"
        assert old, f"nothing changed: {message}"
        self._current()[link["ifindex"]] = link
        self.events.append(message)

    def until(self, condition, what, seconds=wait.SECONDS):
        """Takes messages until condition() is true."""
        while not condition():
            try:
                self.take(seconds)
            except wait.Timeout as error:
                raise wait.Timeout(f"{what}: {error}; last events: {self.events[-5:]}") from error
        return self

    def until_ready(self, seconds=wait.SECONDS):
        """Takes messages until the snapshot is complete."""
        return self.until(lambda: self.ready is not None, "ready", seconds)

    def until_event(self, kind, name, seconds=wait.SECONDS):
        """Takes messages until such an event of a link of that name; returns the event."""
        seen = 0

        def find():
            nonlocal seen
            fresh, seen = self.events[seen:], len(self.events)
            return [e for e in fresh
                    if e["type"] == kind and e.get("link", {}).get("ifname") == name]

        found = find()
        while not found:
            self.until(lambda: len(self.events) > seen, f"{kind} of {name}", seconds)
            found = find()
        return found[-1]

    def until_sequence(self, sequence, seconds=wait.SECONDS):
        """Takes messages until everything up to that event came."""
        return self.until(lambda: self._fresh is None and (self.sequence or 0) >= sequence,
                          f"event {sequence}", seconds)

    def refresh(self, path):
        """Lets the daemon take a dump, and takes all messages that follow from it."""
        position = varlink.call(path, "Refresh")["position"]
        assert not self._filtered, "events that a filter holds back can't be waited for"
        return self.until_sequence(position["sequence"])
