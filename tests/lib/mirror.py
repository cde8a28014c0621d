# SPDX-License-Identifier: LGPL-2.1-or-later
"""A consumer of Monitor that holds the daemon to its word: every message must fit what
came before."""

import collections

import varlink
import wait

# When the daemon learned what: members of a link that are no fields of it.
TIMES = frozenset(("since_usec", "since_first_dump", "last_up_usec", "last_down_usec"))
_LINK_EVENTS = ("add", "remove", "change")


def address_key(address):
    """What an address is known by."""
    return tuple(address.get(field)
                 for field in ("ifindex", "family", "local", "prefixlen", "address"))


class Mirror:
    """The links, made of Monitor's messages alone, in links by index, and the addresses, where the
    subjects have them, in addresses by address_key(); events holds what happened since ready, lost
    what was announced as lost. With gaps, events of other subjects may be passed over."""

    def __init__(self, path, filter=None, since=None, rtnl=None,  # pylint: disable=redefined-builtin
                 subjects=None, gaps=False):
        self.connection = varlink.Connection(path)
        if rtnl:
            self.connection.enter(rtnl)
        self.links = {}
        self.addresses = {}
        self.events = []
        self.lost = []
        self.ready = None
        self.counts = collections.Counter()
        self.instance = since["instance"] if since else None
        self.sequence = since["sequence"] if since else None
        self.more_follows = False
        # How many events may be passed over: those of addresses whose link has other alternative
        # names, or is of another kind.
        self._may_skip = 0
        self._filtered = bool(filter)
        self._gaps = self._filtered or gaps
        self._has_links = subjects is None or "links" in subjects
        self._has_addresses = "addresses" in (subjects or ())
        self._resumed = since is not None
        self._fresh = {} if since is None else None
        self._fresh_addresses = {} if since is None else None
        parameters = {}
        if subjects is not None:
            parameters["subjects"] = subjects
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
        assert self._fresh is None or not {"link", "address"} & set(message) or \
            message.get("more_follows"), \
            f"a position before ready that seems resumable: {message}"
        if "link" in message:
            varlink.check_indexes(message["link"], message.get("old"))
        getattr(self, "_take_" + message["type"])(message)
        self.sequence = message["position"]["sequence"]
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
            assert message["position"]["instance"] == self.instance, f"another instance: {message}"
        self.instance = message["position"]["instance"]

    def _check_sequence(self, message):
        number = message["position"]["sequence"]
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
            if self._fresh is None and not self._gaps:
                gap = number - self.sequence - 1
                assert gap <= self._may_skip or (self._resumed and self._has_addresses), \
                    f"a gap from {self.sequence}: {message}"
                self._may_skip -= gap

    def _current(self):
        return self.links if self._fresh is None else self._fresh

    def _check_link_of(self, address):
        """An address is reported only while its link is known."""
        if self._has_links and not self._filtered and not self._resumed:
            link = self._current().get(address["ifindex"])
            assert link, f"an address of a link that is not there: {address}"
            assert self.more_follows or link["ifname"] == address["ifname"] or \
                self.ready is None, f"{address} of {link}"

    def _take_address(self, message):
        kind, address = message["type"], message["address"]
        held = self.addresses if self._fresh_addresses is None else self._fresh_addresses
        key = address_key(address)
        if kind in ("add", "change", "snapshot"):
            self._check_link_of(address)
        if not self._filtered and not self._resumed:
            assert (key in held) == (kind in ("remove", "change")), f"{message}, known: {held}"
        if kind == "change" and not self._filtered and not self._resumed:
            before = held[key]
            lifetimes = {"valid_life_time", "preferred_life_time"}
            changed = {f for f in set(before) | set(address)
                       if before.get(f) != address.get(f)} - lifetimes
            assert changed == set(message["old"]) - lifetimes, message
            assert message["old"], message
        if kind == "remove":
            held.pop(key, None)
        else:
            held[key] = address
        if kind != "snapshot":
            self.events.append(message)

    def _take_snapshot(self, message):
        assert self._fresh is not None, f"a snapshot out of turn: {message}"
        if "address" in message:
            self._take_address(message)
            return
        link = message["link"]
        assert link["ifindex"] not in self._fresh, f"a snapshot twice: {message}"
        self._fresh[link["ifindex"]] = link

    def _take_ready(self, message):
        assert message["source"]["standing"], message
        assert self._fresh is not None or not self.more_follows, \
            f"ready between events that belong together: {message}"
        if self._fresh is not None:
            self.links, self._fresh = self._fresh, None
            self.addresses, self._fresh_addresses = self._fresh_addresses, None
        self.ready = message

    def _take_lost(self, message):
        self.more_follows = False
        if "lost" in message and self.sequence is not None:
            expected = message["position"]["sequence"] - self.sequence
            if self._filtered:
                assert message["lost"] >= expected > 0, message
            elif self._fresh is None and not self._gaps:
                assert expected - self._may_skip <= message["lost"] <= expected > 0, \
                    f"{message} after {self.sequence}"
        self.lost.append(message)
        self._fresh, self._fresh_addresses = {}, {}
        self._resumed = False

    def _take_source(self, message):
        self.events.append(message)

    def _take_add(self, message):
        if "address" in message:
            self._take_address(message)
            return
        link = message["link"]
        if not self._filtered and not self._resumed:
            assert link["ifindex"] not in self._current(), f"added though known: {message}"
        self._current()[link["ifindex"]] = link
        self.events.append(message)

    def _take_remove(self, message):
        if "address" in message:
            self._take_address(message)
            return
        link = message["link"]
        left = [a for a in self.addresses.values() if a["ifindex"] == link["ifindex"]]
        assert not left, f"a link is removed before its addresses: {message}, {left}"
        held = self._current().pop(link["ifindex"], None)
        if not self._filtered and not self._resumed:
            assert held is not None, f"removed though unknown: {message}"
            assert held == link, f"removed {link}, held was {held}"
        self.events.append(message)

    def _take_change(self, message):
        if "address" in message:
            self._take_address(message)
            return
        link, old = message["link"], message["old"]
        held = self._current().get(link["ifindex"])
        if not self._filtered and not self._resumed:
            assert held is not None, f"changed though unknown: {message}"
            changed = {f for f in set(held) | set(link) if held.get(f) != link.get(f)}
            times = changed & TIMES
            assert not times or "flags" in old or message.get("flaps"), message
            assert not times & {"since_usec", "since_first_dump"}, message
            changed -= times
            assert changed == set(old), f"changed {changed}, reported {set(old)}: {message}"
            for field, value in old.items():
                assert held.get(field) == value, f"{field} was {held.get(field)}: {message}"
        assert old, f"nothing changed: {message}"
        if "altnames" in old or "linkinfo" in old:
            self._may_skip += sum(a["ifindex"] == link["ifindex"] for a in self.addresses.values())
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

    def until_address(self, kind, local, seconds=wait.SECONDS):
        """The same with an event of an address."""
        seen = 0

        def find():
            nonlocal seen
            fresh, seen = self.events[seen:], len(self.events)
            return [e for e in fresh
                    if e["type"] == kind and e.get("address", {}).get("local") == local]

        found = find()
        while not found:
            self.until(lambda: len(self.events) > seen, f"{kind} of {local}", seconds)
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
