# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatchctl history: what happened, from the daemon's own history."""

import contextlib
import json
import re
import time

import daemon as daemons
import journal_files
import netns
import tap
from ctl import run
from mirror import Mirror

# On a machine without a journal, or with one that has nothing of this daemon.
_REST = "only what the daemon itself still knows is shown"


def history(daemon, *arguments, code=0):
    """What it prints, line by line; what it can't read is said in one line, and is no failure."""
    got, output, errors = run("--socket", daemon.socket, "history", *arguments)
    tap.equal(got, code, f"exit code of {arguments}: {errors}")
    if code == 0:
        tap.equal(len(errors.splitlines()), 1, errors)
        tap.contains(errors, _REST)
    return output.splitlines()


def events(lines):
    """Those that are about links: sign, name and text of each."""
    found = [re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} ([-+~]) (\S+) \(\d+\)(.*)", line) for line in lines]
    return [match.groups() for match in found if match]


def objects(daemon, *arguments):
    """The same as JSON."""
    return [json.loads(line) for line in history(daemon, "--json", *arguments)]


def flap(mirror, *names):
    """Takes the carrier of the first away, and gives it back."""
    for state, flag in (("down", True), ("up", False)):
        netns.ip(f"link set {names[1]} {state}")
        mirror.until(lambda gone=flag: ("NO-CARRIER" in _link(mirror, names[0])["flags"]) == gone,
                     "the carrier")


def _link(mirror, name):
    links = [link for link in mirror.links.values() if link["ifname"] == name]
    return links[0] if links else {"flags": ["NO-CARRIER"]}


def _is_up(mirror, name):
    flags = _link(mirror, name)["flags"]
    return "LOWER_UP" in flags and "NO-CARRIER" not in flags


def pair(mirror, *names):
    """Two links that are up."""
    netns.ip(f"link add {names[0]} type veth peer name {names[1]}")
    netns.batch([f"link set {name} up" for name in names])
    mirror.until(lambda: all(_is_up(mirror, name) for name in names), "links that are up")


@tap.test
def events_and_flaps():
    """What happened is printed as monitor prints it, but for what was there when the daemon began;
    then how often links went down, and since when that is known"""
    netns.ip("link add old0 type veth peer name old1")
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        lines = history(daemon)
        tap.equal(events(lines), [], "events of links that were there")
        tap.equal(lines[-2], "No link went down in the last day.")
        pair(mirror, "a0", "a1")
        flap(mirror, "a0", "a1")
        flap(mirror, "a0", "a1")
        mirror.refresh(daemon.socket)
        lines = history(daemon)
        assert re.fullmatch(r"-- \d{4}-\d\d-\d\d --", lines[0]), lines[0]
        tap.equal({(sign, name) for sign, name, _ in events(lines)},
                  {("+", "a0"), ("+", "a1"), ("~", "a0"), ("~", "a1")}, "signs and names")
        table = [line.split() for line in lines if re.match(r"a\d  ", line)]
        tap.equal(table, [["a0", "2", "2"], ["a1", "2", "2"]], "how often")
        assert re.fullmatch(r"Nothing is known of the time before \d{4}-\d\d-\d\d [\d:]{8}\.",
                            lines[-1]), lines[-1]
        netns.ip("link del a0")
        mirror.until_event("remove", "a0")
        tap.equal({name for _, name, _ in events(history(daemon, "a0"))}, {"a0"}, "of one link")
        assert ("-", "a0") in {event[:2] for event in events(history(daemon))}, "the removal"
        tap.equal(events(history(daemon, "--last", "1ms")), [], "of the last millisecond")
        tap.equal(events(history(daemon, "no*")), [], "of links that never were")
    netns.ip("link del old0")


@tap.test
def as_json():
    """As JSON, each event is as the daemon sent it, and the last object counts flaps"""
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        pair(mirror, "b0", "b1")
        flap(mirror, "b0", "b1")
        mirror.refresh(daemon.socket)
        *got, last = objects(daemon)
        tap.equal(got, [e for e in mirror.events if e["type"] != "source"], "events")
        tap.equal((last["type"], last["journal"]), ("flaps", False))
        tap.equal(last["links"], [{"ifname": "b0", "last_hour": 1, "last_day": 1},
                                  {"ifname": "b1", "last_hour": 1, "last_day": 1}], "flaps")
        assert last["known_since_usec"] <= got[0]["realtime_usec"] <= last["realtime_usec"], last
    netns.ip("link del b0")


@tap.test
def unseen():
    """Flaps that a daemon which polls did not see count as well"""
    with daemons.Daemon("--source", "poll", "--interval-min", "1h", "--interval-max", "1h") as daemon, \
            Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        netns.ip("link add c0 type veth peer name c1")
        netns.batch(["link set c0 up", "link set c1 up"])
        daemon.call("Refresh")
        netns.batch(["link set c1 down", "link set c1 up"] * 3)
        daemon.call("Refresh")
        *_, last = objects(daemon, "c0")
        tap.equal(last["links"], [{"ifname": "c0", "last_hour": 3, "last_day": 3}], "flaps")
    netns.ip("link del c0")


@tap.test
def forgotten():
    """What the daemon no longer holds is a number, and nothing is said to be known of that time"""
    with daemons.Daemon("--history-size", "16K") as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        netns.ip("link add d0 type bridge")
        netns.batch(f"link set d0 mtu {1400 + n % 2}" for n in range(500))
        mirror.refresh(daemon.socket)
        lines = history(daemon)
        notice = next(line for line in lines if " ! " in line)
        assert re.search(r"\d+ earlier events are no longer known to the daemon$", notice), notice
        first, *got, last = objects(daemon)
        tap.equal(first["type"], "lost", "what is lost")
        tap.equal(last["known_since_usec"], got[0]["realtime_usec"], "since when")
    netns.ip("link del d0")


@tap.test
def names_of_others():
    """A name that could steer a terminal is an escape, in text and in JSON"""
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        name = "x\x1b[2J\u202e\""
        netns.run("ip", "link", "add", name, "type", "veth", "peer", "name", "y0")
        netns.run("ip", "link", "set", name, "up")
        netns.ip("link set y0 up")
        mirror.until(lambda: _is_up(mirror, "y0"), "a carrier")
        netns.ip("link set y0 down")
        mirror.refresh(daemon.socket)
        output = "\n".join(history(daemon))
        assert "\x1b" not in output and "\u202e" not in output, output
        tap.contains(output, r'x\x1b[2J\u202e"')
        *_, last = objects(daemon)
        # Both ends lost their carrier, at nearly the same time.
        tap.contains([link["ifname"] for link in last["links"]], r'x\x1b[2J\u202e"')
        netns.ip("link del y0")


@tap.test
def since_when():
    """show prints since when a link is there and when it last went up and down, or that it was there
    before the daemon"""
    netns.ip("link add e0 type bridge")
    # show has the daemon follow the addresses, too, whose events are not for the mirror.
    with daemons.Daemon() as daemon, Mirror(daemon.socket, gaps=True) as mirror:
        mirror.until_ready()
        moment = r": \d{4}-\d\d-\d\d [\d:]{8}%s, .* ago$"
        output = run("--socket", daemon.socket, "show", "e0")[1]
        assert re.search("^ +since" + moment % " or earlier", output, re.MULTILINE), output
        assert "last up" not in output and "last down" not in output, output
        pair(mirror, "f0", "f1")
        flap(mirror, "f0", "f1")
        output = run("--socket", daemon.socket, "show", "f0")[1]
        for label in ("since", "last up", "last down"):
            assert re.search("^ +" + label + moment % "", output, re.MULTILINE), output
        netns.ip("link del f0")
    netns.ip("link del e0")


def _change(number, **fields):
    """An entry of v0, which went down."""
    return journal_files.entry(
        __CURSOR="s", MESSAGE=f"v0: change {number}", MESSAGE_ID=journal_files.message_id("LINK_CHANGED"),
        PRIORITY=6, INTERFACE="v0", IFINDEX=7, INSTANCE="0" * 32, SEQUENCE=number,
        OLD_FLAGS='["UP"]', NEW_FLAGS='["NO-CARRIER","UP"]',
        _SOURCE_REALTIME_TIMESTAMP=int(time.time() * 1e6), **fields)


@contextlib.contextmanager
def _with_journal(entries, code=0):
    """Runs it as JSON beside a journal that has these entries: its objects and errors."""
    with daemons.Daemon() as daemon, contextlib.closing(journal_files.Journal()) as journal:
        journal.fill(entries, code)

        def ask(*arguments):
            got, output, errors = run("--socket", daemon.socket, "--json", "history", *arguments,
                                      env=journal.environment)
            tap.equal(got, 0, f"exit code: {errors}")
            return [json.loads(line) for line in output.splitlines()], errors

        yield ask, journal


def _texts(objects_):
    return [each["text"] for each in objects_ if each.get("origin") == "journal"]


@tap.test
def from_journal():
    """What the journal has of the daemon's unit comes first, and is counted"""
    with _with_journal(_change(1) + _change(2, FLAPS=2)) as (ask, journal):
        got, errors = ask("v0")
        tap.equal((_texts(got), errors), (["v0: change 1", "v0: change 2"], ""))
        first = got[0]
        tap.equal((first["type"], first["position"], first["ifindex"], first["ifname"]),
                  ("change", {"instance": "0" * 32, "sequence": 1}, 7, "v0"))
        tap.equal((got[-1]["journal"], got[-1]["links"]),
                  (True, [{"ifname": "v0", "last_hour": 3, "last_day": 3}]), "flaps")
        assert "_SYSTEMD_UNIT=" + journal_files.UNIT in journal.calls()[1].split(), journal.calls()
        tap.equal(_texts(ask("w0")[0]), [], "of another link")


@tap.test
def no_entry_in_a_value():
    """A value with line breaks and zeros in it is no further entry or field; and one that is not text
    is as if it were not there"""
    inner = b"x\nSEQUENCE=9\0SEQUENCE=9\n\n" + _change(666) + b"\0\0\0\0\0\0\0\0"
    got = _change(1)[:-1] + journal_files.binary("LEARNED", inner) + b"\n"
    unnamed = _change(2).replace(b"MESSAGE=v0: change 2\n", journal_files.binary("MESSAGE", b"\x1b[2J"))
    with _with_journal(got + unnamed + _change(3)) as (ask, _journal):
        got, errors = ask()
        tap.equal((_texts(got), errors), (["v0: change 1", "v0: change 3"], ""))
        tap.equal(got[0]["position"]["sequence"], 1)


@tap.test
def first_of_several():
    """Of several values of a field, the first counts"""
    with _with_journal(_change(1)[:-1] + b"MESSAGE=second\nSEQUENCE=5\n\n") as (ask, _journal):
        first = ask()[0][0]
        tap.equal((first["text"], first["position"]["sequence"]), ("v0: change 1", 1))


@tap.test
def journal_ends_early():
    """What journalctl printed in part when it failed is left out, and that it failed is said"""
    cut = _change(2)
    for rest in (cut[:-1], cut[:-20], cut[:3], b"MESSAGE\n\xff\xff", b"MESSAGE\n" + b"\xff" * 8 + b"x",
                 b"\0\0\n", b"=\n", b"\n\n\n"):
        with _with_journal(_change(1) + rest, code=1) as (ask, _journal):
            got, errors = ask()
            tap.equal(_texts(got), ["v0: change 1"], f"entries before {rest}")
            tap.contains(errors, "journalctl failed; the entries are not complete")


@tap.test
def no_journalctl():
    """Without journalctl, there is no journal"""
    with _with_journal(b"") as (ask, journal):
        journal.environment["PATH"] = "/nowhere"
        tap.contains(ask()[1], "there is no journal here; " + _REST)


@tap.test
def usage():
    """--last takes a time span, and is for history alone"""
    with daemons.Daemon() as daemon:
        for arguments in (("--last", "0"), ("--last", "x")):
            history(daemon, *arguments, code=2)
        tap.equal(run("--socket", daemon.socket, "--last", "1h", "list")[0], 2, "with list")


netns.enter()
tap.main()
