# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens to links, as a consumer of Monitor sees it, in each environment: the same
truth everywhere."""

import environments
import netns
import ip_links
import tap
import wait
from mirror import Mirror


class Expected:
    """An event that must be among those sent: of that type, of a link that is called so
    afterwards, with that field changed from old to new."""

    def __init__(self, kind, name, field=None, old=None, new=None):
        self.kind, self.name, self.field, self.old, self.new = kind, name, field, old, new

    def __repr__(self):
        return f"{self.kind} of {self.name}: {self.field} {self.old!r} -> {self.new!r}"

    def fits(self, event):
        """Whether an event is this one."""
        link = event.get("link", {})
        if event["type"] != self.kind or link.get("ifname") != self.name:
            return False
        if self.field is None:
            return True
        return self._is(event["old"].get(self.field, self), self.old) and self._is(
            link.get(self.field), self.new)

    @staticmethod
    def _is(value, wanted):
        return wanted(value) if callable(wanted) else value == wanted


def _with(flag):
    return lambda flags: isinstance(flags, list) and flag in flags


def _without(flag):
    return lambda flags: isinstance(flags, list) and flag not in flags


# In this order: each goes on where the one before it ended. What is done, by ip(8), and
# what must be reported of it.
CASES = (
    ("both ends of a new veth pair are added",
     ("link add v0 type veth peer name v1",),
     (Expected("add", "v0"), Expected("add", "v1"))),
    ("a new bridge is added",
     ("link add b0 type bridge",),
     (Expected("add", "b0"),)),
    ("a new name is a change of ifname",
     ("link set v0 name w0",),
     (Expected("change", "w0", "ifname", "v0", "w0"),)),
    ("a renamed link is renamed in the link that stands on it",
     (),
     (Expected("change", "v1", "link", "v0", "w0"),)),
    ("a new MTU is a change of mtu",
     ("link set w0 mtu 1400",),
     (Expected("change", "w0", "mtu", 1500, 1400),)),
    ("a new MAC address is a change of address",
     ("link set w0 address 02:00:00:00:00:01", "link set w0 address 02:00:00:00:00:02"),
     (Expected("change", "w0", "address", lambda old: old != "02:00:00:00:00:02",
           "02:00:00:00:00:02"),)),
    ("a link set up is a change of flags",
     ("link set w0 up",),
     (Expected("change", "w0", "flags", _without("UP"), _with("UP")),)),
    ("a pair set up at both ends is operational at both",
     ("link set v1 up",),
     (Expected("change", "w0", "operstate", lambda old: old != "UP", "UP"),
      Expected("change", "v1", "operstate", lambda old: old != "UP", "UP"))),
    ("a port that joins a bridge changes its master",
     ("link set b0 up", "link set w0 master b0"),
     (Expected("change", "w0", "master", None, "b0"),
      Expected("change", "b0", "operstate", lambda old: old != "UP", "UP"))),
    ("a new name of the bridge is one of its port's master too",
     ("link set b0 down", "link set b0 name bb", "link set bb up"),
     (Expected("change", "bb", "ifname", "b0", "bb"),
      Expected("change", "w0", "master", "b0", "bb"))),
    ("a port that leaves its bridge lives on",
     ("link set w0 nomaster",),
     (Expected("change", "w0", "master", "bb", None),)),
    ("a port's linkinfo says that its master is a bridge",
     ("link set w0 master bb",),
     (Expected("change", "w0", "linkinfo", {"info_kind": "veth"},
           {"info_kind": "veth", "info_slave_kind": "bridge"}),)),
    ("an alias, a group and a queue length are reported",
     ("link set w0 alias a.name", "link set w0 group 7", "link set w0 txqueuelen 42"),
     (Expected("change", "w0", "ifalias", None, "a.name"),
      Expected("change", "w0", "group", "default", "7"),
      Expected("change", "w0", "txqlen", lambda old: old != 42, 42))),
    ("an alternative name is reported",
     ("link property add dev w0 altname another-name",),
     (Expected("change", "w0", "altnames", None, ["another-name"]),)),
    ("a link set down takes the carrier from its peer",
     ("link set v1 down",),
     (Expected("change", "v1", "flags", _with("UP"), _without("UP")),
      Expected("change", "w0", "operstate", "UP", lambda new: new != "UP"))),
    ("a removed bridge is removed",
     ("link del bb",),
     (Expected("remove", "bb"),)),
    ("a removed veth end takes its peer along",
     ("link del v1",),
     (Expected("remove", "w0"), Expected("remove", "v1"))),
    ("another link under the same index is a remove and an add",
     ("link add one index 4000 type bridge", "link del one",
      "link add two index 4000 type veth peer name three"),
     (Expected("remove", "one"), Expected("add", "two"), Expected("add", "three"))),
    ("a link that is gone before the next dump leaves nothing behind",
     ("link add brief type bridge", "link del brief"),
     ()),
)

# These can only be reported where a dump falls in between, or the kernel reports each.
_NEEDS_A_LOOK_BETWEEN = ("another link under the same index is a remove and an add",)


class Script:
    """The cases in one environment, with one daemon and one consumer for all of them."""

    def __init__(self, environment):
        self._environment = environment
        self._daemon = None
        self._mirror = None

    def begin(self):
        """the first snapshot is the kernel's"""
        netns.delete_all()
        self._daemon = self._environment.start()
        self._daemon.__enter__()
        self._mirror = Mirror(self._daemon.socket).until_ready()
        ip_links.settle(self._daemon, self._mirror)

    def case(self, name, commands, expected):
        """Does what a case says and waits until all is reported that must be."""
        if not self._mirror:
            raise tap.Skip("there is no daemon")
        start = len(self._mirror.events) if commands else 0
        self._environment.disturb()
        for command in commands:
            netns.ip(command)
            if name in _NEEDS_A_LOOK_BETWEEN:
                self._mirror.refresh(self._daemon.socket)

        def missing():
            ip_links.settle(self._daemon, self._mirror)
            events = self._mirror.events[start:]
            return [one for one in expected if not any(one.fits(e) for e in events)]

        try:
            wait.until(lambda: not missing(), name)
        except wait.Timeout:
            raise AssertionError(f"never reported: {missing()}; "
                                 f"but: {self._mirror.events[start:]}") from None

    def end(self):
        """a consumer that starts now sees the same, and the daemon knows where it is"""
        if not self._mirror:
            raise tap.Skip("there is no daemon")
        with Mirror(self._daemon.socket) as second:
            second.until_ready()
            tap.equal(second.links, self._mirror.links, "the links")
        learned = {event["learned"] for event in self._mirror.events
                   if event["type"] in ("add", "remove")}
        if self._environment.learned:
            tap.equal(learned, {self._environment.learned}, "how links were learned of")
        self._environment.check(self._daemon)
        self._mirror.close()
        self._daemon.__exit__(None, None, None)
        self._environment.close()


def main():
    """Registers each case in each environment."""
    netns.enter()
    for environment in environments.ALL:
        script = Script(environment)
        title = environment.name + ": "
        tap.add(title + script.begin.__doc__, script.begin)
        for name, commands, expected in CASES:
            tap.add(title + name, script.case, name, commands, expected)
        tap.add(title + script.end.__doc__, script.end)
    tap.main()


main()
