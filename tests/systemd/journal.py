# SPDX-License-Identifier: LGPL-2.1-or-later
"""The journal of a booted systemd, as an administrator searches it."""

import os
import re

import machine
import manual
import tap
import varlink
import wait
from mirror import Mirror

CONFIG = machine.config_path()
SERVICE = "linkwatchd.service"
# Of links and the like in ten seconds, as the catalogue says.
ENTRIES_MAX = 50

MACHINE = machine.Machine()


def _message_ids():
    """The kinds of entries and their MESSAGE_IDs, from the daemon's source."""
    with open(os.path.join(os.environ["LINKWATCH_SOURCE"], "protocol/log_kinds.h"), encoding="utf-8") as h:
        return dict(re.findall(r'X\((\w+), *"([0-9a-f]{32})"\)', h.read()))


IDS = _message_ids()


def entries(kind, *matches):
    """The entries of that kind that match."""
    return MACHINE.journal("MESSAGE_ID=" + IDS[kind], "_SYSTEMD_UNIT=" + SERVICE, *matches)


def until_entry(kind, *matches):
    """Waits for such an entry and returns the last one."""
    return wait.until(lambda: entries(kind, *matches), f"an entry {kind} {matches}")[-1]


def refresh():
    """All that happened is reported, and logged, when this is over."""
    varlink.call(MACHINE.socket_path(), "Refresh")


def restart(config=""):
    """A daemon with that configuration, and with all of its quota of entries."""
    MACHINE.write(CONFIG, config)
    MACHINE.systemctl("restart", SERVICE)


@tap.test
def start():
    """The start is logged with the number of links and the standing; what is there already
    is not logged link by link."""
    MACHINE.systemctl("start", SERVICE)
    entry = until_entry("STARTED")
    tap.equal((entry["LINKS"], entry["PRIORITY"]), ("1", "6"), "links and priority")
    assert entry["STANDING"] in ("unproven", "trusted"), entry
    tap.equal(entry["SYSLOG_IDENTIFIER"], "linkwatchd", "the identifier")
    tap.equal(entries("LINK_ADDED"), [], "entries of links")


@tap.test
def start_in_words():
    """The start is logged in two lines that leave no question."""
    output = [e["MESSAGE"] for e in MACHINE.journal("_SYSTEMD_UNIT=" + SERVICE)]
    tap.equal(output[0], "the subscription is unproven: joined RTNLGRP_LINK; dumps have yet to "
              "agree with it", "the first line")
    assert re.fullmatch(r"version \S+ listening on /run/linkwatchd/socket, links: 1", output[1]), output


@tap.test
def link_added():
    """A link that appears is found by its name, with its state."""
    MACHINE.ip("link add v0 mtu 1400 type veth peer name v1")
    refresh()
    entry = until_entry("LINK_ADDED", "INTERFACE=v0")
    tap.equal((entry["KIND"], entry["NEW_MTU"], entry["NEW_OPERSTATE"], entry["PRIORITY"]),
              ("veth", "1400", "DOWN", "6"), "kind, MTU, state and priority")
    links = varlink.call(MACHINE.socket_path(), "List", {"filter": {"names": ["v0"]}})["links"]
    tap.equal(entry["IFINDEX"], str(links[0]["ifindex"]), "the index")
    tap.equal(entry["MESSAGE"], f"v0 appeared (index {entry['IFINDEX']}, veth)", "the text")


@tap.test
def link_changed():
    """A change is logged with the state before and after it."""
    MACHINE.ip("link set v0 up")
    MACHINE.ip("link set v1 up")
    entry = until_entry("LINK_CHANGED", "INTERFACE=v0", "NEW_OPERSTATE=UP")
    tap.equal(entry["OLD_OPERSTATE"], "LOWERLAYERDOWN", "the state before")
    tap.equal((entry["OLD_CARRIER"], entry["NEW_CARRIER"]), ("false", "true"), "the carrier")
    tap.contains(entry["MESSAGE"], "v0: flags ")
    tap.contains(entry["MESSAGE"], "operstate LOWERLAYERDOWN -> UP")
    assert "_count" not in entry["MESSAGE"], "counters only repeat what the carrier says"


@tap.test
def less_notable_change():
    """What few want to read of is logged at debug level alone."""
    MACHINE.ip("link set v0 txqueuelen 77")
    refresh()
    MACHINE.ip("link set v0 mtu 1300")
    until_entry("LINK_CHANGED", "INTERFACE=v0", "NEW_MTU=1300")
    tap.equal(entries("LINK_CHANGED", "NEW_TXQLEN=77"), [], "entries")
    restart("[Log]\nLevel=debug\n")
    refresh()
    MACHINE.ip("link set v0 txqueuelen 78")
    refresh()
    tap.equal(until_entry("LINK_CHANGED", "NEW_TXQLEN=78")["PRIORITY"], "7", "the priority")
    restart()


@tap.test
def renamed():
    """A link that gets another name is found by both."""
    refresh()
    MACHINE.ip("link set v0 name w0")
    entry = until_entry("LINK_CHANGED", "INTERFACE=w0")
    tap.equal(until_entry("LINK_CHANGED", "INTERFACE=v0", "NEW_IFNAME=w0")["__CURSOR"],
              entry["__CURSOR"], "the entry")
    tap.equal(entry["MESSAGE"], "w0: ifname v0 -> w0", "the text")


@tap.test
def found_by_a_former_name():
    """From a link's former name the journal leads to all of its entries, under all its names, as
    linkwatchd(8) says"""
    MACHINE.ip("link set w0 mtu 1290")
    until_entry("LINK_CHANGED", "INTERFACE=w0", "NEW_MTU=1290")
    *_, last = MACHINE.journal("INTERFACE=v0")
    tap.equal(last["NEW_IFNAME"], "w0", "what the last entry under the former name says")
    output = {name for entry in MACHINE.journal("--boot", "IFINDEX=" + last["IFINDEX"])
            for name in _names(entry)}
    assert {"v0", "w0"} <= output, output


def _names(entry):
    names = entry["INTERFACE"]
    return [names] if isinstance(names, str) else names


@tap.test
def removed():
    """A link that goes is logged with what it was at last."""
    MACHINE.ip("link del w0")
    entry = until_entry("LINK_REMOVED", "INTERFACE=w0")
    tap.equal((entry["OLD_MTU"], entry["KIND"]), ("1290", "veth"), "MTU and kind")
    assert not any(field.startswith("NEW_") for field in entry), entry


@tap.test
def catalogue_is_complete():
    """Each kind of entry is explained by the catalogue, and nothing else is."""
    output = MACHINE.run("journalctl", "--list-catalog", *IDS.values())
    tap.equal(sorted(re.findall(r"^[0-9a-f]{32}", output, re.MULTILINE)), sorted(IDS.values()),
              "the kinds")
    with open(os.path.join(os.environ["LINKWATCH_SOURCE"], "units/linkwatchd.catalog"),
              encoding="utf-8") as file:
        tap.equal(sorted(re.findall(r"^-- ([0-9a-f]{32})$", file.read(), re.MULTILINE)),
                  sorted(IDS.values()), "those in the file")


@tap.test
def explained():
    """journalctl -x explains entries with the values of their fields."""
    output = MACHINE.run("journalctl", "--catalog", "--no-pager", "INTERFACE=w0")
    tap.contains(output, "Subject: A link was removed: w0")
    assert re.search(r'"journalctl IFINDEX=\d+" shows all entries about', output), output
    assert not re.search(r"@[A-Z_]+@", output), "a field was not filled in"


@tap.test
def configuration():
    """A configuration that was read, and one that was refused, are entries of their own."""
    MACHINE.write(CONFIG, "[Log]\nLevel=debug\n")
    MACHINE.systemctl("reload", SERVICE)
    until_entry("CONFIG_APPLIED")
    MACHINE.write(CONFIG, "[Log]\nLevel=loud\n")
    MACHINE.systemctl("kill", "--kill-whom=main", "--signal=HUP", SERVICE)
    entry = until_entry("CONFIG_REFUSED")
    tap.equal(entry["PRIORITY"], "3", "the priority")
    tap.contains(entry["MESSAGE"], CONFIG + ":2: Level: ")


@tap.test
def standing():
    """A change of the standing is logged with the one before it."""
    # Longer than a start takes: what it comes to before it serves is no change.
    restart("[Source]\nIntervalMin=10ms\nAuditInterval=1s\n")
    entry = until_entry("STANDING", "STANDING=trusted")
    tap.equal(entry["OLD_STANDING"], "unproven", "the one before")
    tap.contains(entry["MESSAGE"], "the subscription is trusted (was unproven): dumps agreed")


@tap.test
def bounded_in_a_storm():
    """In a storm of changes the journal gets a bounded number of entries, then the number
    of those that were suppressed; consumers get everything, and a warning gets
    through."""
    restart("[Limits]\nSessionsPerUserMax=2\n")
    changes = 2000
    with Mirror(MACHINE.socket_path()) as mirror:
        mirror.until_ready()
        MACHINE.ip("link add s0 type bridge")
        MACHINE.write("/run/storm", "".join(f"link set s0 mtu {1000 + n}\n"
                                            for n in range(changes)))
        MACHINE.run("ip", "-batch", "/run/storm")
        with varlink.Connection(MACHINE.socket_path()) as second:
            second.call("Refresh")
            with varlink.Connection(MACHINE.socket_path()):
                refused = until_entry("SESSION_REFUSED")
        mirror.until(lambda: any(link.get("mtu") == 999 + changes
                                 for link in mirror.links.values()), "the last change")
    tap.equal((refused["LIMIT"], refused["CONSUMER_UID"], refused["PRIORITY"]),
              ("sessions-per-user-max", "0", "4"), "the warning")
    suppressed = int(until_entry("SUPPRESSED")["SUPPRESSED"])
    logged = len(entries("LINK_CHANGED", "INTERFACE=s0"))
    output = sum(event["type"] == "change" for event in mirror.events)
    tap.diag(f"{output} changes, {logged} logged, {suppressed} entries suppressed")
    assert logged <= 2 * ENTRIES_MAX, logged
    assert suppressed >= output - logged - ENTRIES_MAX > 0, (output, logged, suppressed)
    MACHINE.ip("link del s0")


@tap.test
def as_documented():
    """The commands in linkwatchd(8) find what they say"""
    text, = manual.examples("linkwatchd.8", "journalctl")
    restart()
    MACHINE.ip("link add eth0 type veth peer name eth1")
    MACHINE.ip("link set eth1 up")
    MACHINE.ip("link set eth0 up")
    index = until_entry("LINK_CHANGED", "INTERFACE=eth0", "NEW_OPERSTATE=UP")["IFINDEX"]
    MACHINE.ip("link set eth0 down")
    until_entry("LINK_CHANGED", "INTERFACE=eth0", "NEW_OPERSTATE=DOWN")
    MACHINE.ip("link set eth0 name lan0")
    until_entry("LINK_CHANGED", "INTERFACE=lan0")
    lines = [line.replace("IFINDEX=2", "IFINDEX=" + index) for line in text.splitlines()
             if not line.startswith("#")]
    found = [MACHINE.run(*line.split(), "--no-pager", "--output=cat") for line in lines]
    assert all(re.match(r"eth0\b|lan0: ifname eth0 -> lan0", line) for line in found[0].splitlines()), found
    for line in (f"eth0 appeared (index {index}, veth)", "lan0: ifname eth0 -> lan0"):
        tap.contains(found[1], line)
    assert re.search(r"^eth0: .*operstate UP -> DOWN", found[2], re.MULTILINE), found
    tap.contains(found[3], "sessions-per-user-max")
    assert "appeared" not in found[2] + found[3], found
    MACHINE.ip("link del lan0")


@tap.test
def no_line_is_forged():
    """A name of control characters forges no line, and no explanation: they are escapes."""
    restart()
    MACHINE.run("ip", "link", "add", "x\x1b[2J\u202ey", "type", "bridge")
    refresh()
    entry = until_entry("LINK_ADDED", "KIND=bridge", "IFINDEX=" + _index())
    shown = r"x\x1b[2J\u202ey"
    tap.contains(entry["MESSAGE"], f"{shown} appeared")
    tap.equal((entry["INTERFACE"], entry["NEW_IFNAME"]), (shown, shown), "fields")
    output = MACHINE.run("journalctl", "--catalog", "--no-pager", "IFINDEX=" + _index())
    tap.contains(output, f"Subject: A link appeared: {shown}")


def _index():
    links = varlink.call(MACHINE.socket_path(), "List")["links"]
    return str(next(link["ifindex"] for link in links if link["ifname"].startswith("x")))


if __name__ == "__main__":
    machine.run_tests(MACHINE, MACHINE.install)
