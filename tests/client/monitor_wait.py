# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatchctl monitor and wait: what they print of what happens."""

import datetime
import json
import signal

import fake
import tap
from ctl import CTL, LINKS, TABLE, end, environment, start
from fake import INSTANCE, OTHER, link


def monitor(daemon, *arguments, **options):
    """A monitor that has shown lo and veth0; it, and its connection."""
    process = daemon.run(CTL, "--socket", daemon.path, "monitor", *arguments,
                         env=environment(options), stop=signal.SIGTERM)
    peer = daemon.accept()
    peer.monitor()
    peer.snapshot(7, *LINKS)
    return process, peer


def words(program):
    """The next line without its time."""
    time, line = program.line().split(" ", 1)
    assert len(time) == len("12:34:56.789") and time.count(":") == 2, time
    return line


@tap.test
def monitors():
    """monitor shows the links, then an event a line: when, what, from what to what, how."""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon)
        process.expect(*TABLE.splitlines())
        peer.event("change", 8, link={**LINKS[1], "mtu": 1500, "flags": ["UP", "LOWER_UP"]},
                   old={}, realtime_usec=1700000000123456, learned="dump", flaps=4)
        process.expect("22:13:20.123 ~ veth0 (20): flags +UP +LOWER_UP; mtu 9000 → 1500; the "
                       "carrier changed 4 more times, unseen [dump]")
        peer.event("change", 9, link={**LINKS[1], "ifname": "lan", "master": None}, old={})
        peer.event("add", 10, link=link(21, "v9", operstate="DOWN", link="lan"))
        peer.event("remove", 11, link=link(21, "v9"), new_netnsid=0, new_ifindex=7)
        tap.equal([words(process) for _ in range(3)],
                  ["~ veth0 (20): ifname veth0 → lan; flags -UP -LOWER_UP; mtu 1500 → 9000; "
                   "master br0 → none [notification]",
                   "+ v9 (21) ether, DOWN, mtu 1500, link lan [notification]",
                   "- v9 (21) ether, mtu 1500 new-netnsid 0 new-ifindex 7 [notification]"],
                  "lines")


@tap.test
def monitors_ascii():
    """In a locale without UTF-8 the arrow is one of ASCII."""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon, LC_ALL="C")
        process.expect(*TABLE.splitlines())
        peer.event("change", 8, link={**LINKS[1], "mtu": 1}, old={})
        tap.equal(words(process), "~ veth0 (20): mtu 9000 -> 1 [notification]", "line")


@tap.test
def monitors_on():
    """monitor goes on through a restart of the daemon, and prints the difference."""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon)
        peer.close()
        peer = daemon.accept()
        tap.equal(peer.monitor()["since"], {"instance": INSTANCE, "sequence": 7}, "since")
        peer.event("lost", 2, OTHER)
        peer.snapshot(2, LINKS[0], instance=OTHER)
        process.expect(*TABLE.splitlines())
        tap.equal([words(process) for _ in range(4)],
                  ["! no connection to linkwatchd: the daemon closed the connection; retrying",
                   "! reconnected", "! the daemon restarted; what changed meanwhile:",
                   "- veth0 (20) veth, UP, mtu 9000, address 02:00:00:00:00:01, master br0 "
                   "[snapshot]"], "lines")


def blind_first(peer):
    """What a daemon sends that could never dump the links."""
    peer.event("source", 7, source=fake.BLIND, realtime_usec=None, monotonic_usec=None)


@tap.test
def monitors_blindly():
    """monitor says in its first line that no links are known, and why; and shows them once they
    are"""
    with fake.Fake() as daemon:
        process = daemon.run(CTL, "--socket", daemon.path, "monitor", env=environment(),
                             stop=signal.SIGTERM)
        peer = daemon.accept()
        peer.monitor()
        blind_first(peer)
        tap.equal(words(process), "! no links are known: linkwatchd has never been able to dump the links: "
                                  "no socket (EACCES)", "line")
        peer.snapshot(8, *LINKS)
        process.expect(*TABLE.splitlines())


@tap.test
def monitors_losses():
    """monitor explains lost events and a new standing in words."""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon)
        peer.event("source", 8, source={**fake.SOURCE, "standing": "denied", "reason": "no\x1b",
                                       "stale": True})
        peer.event("lost", 20, lost=12)
        peer.snapshot(20, *LINKS)
        process.expect(*TABLE.splitlines())
        tap.equal([words(process) for _ in range(3)],
                  ["! stale, denied: no\\x1b",
                   "! 12 events were lost because they arrived faster than they were read; what "
                   "changed meanwhile:", "! trusted: dumps agree"], "lines")


@tap.test
def monitors_json():
    """monitor --json writes each message of the daemon's, one a line; notices go to stderr."""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon, "--json", "v*")
        peer.event("change", 8, link=LINKS[1], old={"x": None}, new_member=[1])
        got = [json.loads(process.line()) for _ in range(4)]
        tap.equal([message["type"] for message in got], ["snapshot", "snapshot", "ready", "change"],
                  "types")
        tap.equal(got[3], {"type": "change", "position": {"instance": INSTANCE, "sequence": 8},
                           "learned": "notification", "realtime_usec": 1700000000000008,
                           "monotonic_usec": 8, "link": LINKS[1], "old": {"x": None},
                           "new_member": [1]}, "message")
        peer.close()
        peer = daemon.accept()
        peer.monitor()
        peer.event("ready", 8, source=fake.SOURCE)
        tap.equal(json.loads(process.line())["type"], "ready", "type")
        process.signal(signal.SIGTERM)
        code, output, errors = process.finish()
        tap.equal((code, output), (0, ""), "outcome")
        tap.contains(errors, "no connection to linkwatchd: the daemon closed the connection; retrying\n")


@tap.test
def monitors_differences():
    """monitor --json prints what differs after a restart of the daemon as events, before ready"""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon, "--json")
        for _ in range(3):
            process.line()
        peer.close()
        peer = daemon.accept()
        peer.monitor()
        peer.event("lost", 2, OTHER)
        now = {**LINKS[0], "mtu": 9, "new": {"a": ["}", 1]}, "flags": ["UP"]}
        del now["operstate"]
        peer.snapshot(2, now, link(21, "v\"9"), instance=OTHER)
        peer.event("remove", 3, OTHER, link=now)
        lines = [process.line() for _ in range(6)]
        got = [json.loads(line) for line in lines]
        tap.equal([message["type"] for message in got],
                  ["lost", "remove", "change", "add", "ready", "remove"], "types")
        tap.equal(sorted(map(str, got[1:4])), sorted(map(str, [
            {"type": "change", "learned": "snapshot", "link": now,
             "old": {"flags": ["LOOPBACK", "UP"], "mtu": 1500, "operstate": "UNKNOWN", "new": None}},
            {"type": "add", "learned": "snapshot", "link": link(21, "v\"9")},
            {"type": "remove", "learned": "snapshot", "link": LINKS[1]}])), "differences")


CHANGES = (("add", link(21, "v9")), ("change", {**LINKS[0], "mtu": 9}),
           ("change", {**LINKS[0], "mtu": 9, "flags": []}), ("remove", link(21, "v9")))


def some_events(json_wanted, *options):
    """What a monitor with these options shows of the events: lines, or types."""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon, *(["--json"] if json_wanted else []), "--no-list", *options)
        old = ({"mtu": 1500}, {"flags": ["LOOPBACK", "UP"]})
        for number, (kind, shown) in enumerate(CHANGES):
            peer.event(kind, 8 + number, link=shown,
                       **({"old": old[number - 1]} if kind == "change" else {}))
        peer.event("source", 12, source={**fake.SOURCE, "reason": "the end"})
        shown = [process.line()]
        while "the end" not in shown[-1]:
            shown.append(process.line())
    return [json.loads(line)["type"] for line in shown[:-1]] if json_wanted \
        else [line.split()[1] for line in shown[:-1]]


@tap.test
def monitors_some():
    """monitor shows events by type, and changes by field, in text and JSON"""
    for options, text, types in (
            ([], "+~~-", ["add", "change", "change", "remove"]),
            (["--type", "add"], "+", ["add"]), (["--type", "change,remove"], "~~-",
                                                ["change", "change", "remove"]),
            (["--type", "add", "--type", "remove"], "+-", ["add", "remove"]),
            (["--field", "mtu"], "+~-", ["add", "change", "remove"]),
            (["--field", "flags,operstate", "--type", "change"], "~", ["change"])):
        tap.equal("".join(some_events(False, *options)), text, str(options))
        tap.equal(some_events(True, *options), ["ready", *types], str(options))


@tap.test
def monitors_days():
    """Where the day changes, monitor writes the date first"""
    # Days to come; 32-bit machines know none after January 2038.
    with fake.Fake() as daemon:
        process, peer = monitor(daemon)
        process.expect(*TABLE.splitlines())
        for number, (day, mtu) in enumerate((("2001-01-01", 1), ("2037-01-31", 2),
                                             ("2037-01-31", 3), ("2037-02-01", 4))):
            at = datetime.datetime.fromisoformat(day + "T10:00:00+00:00").timestamp()
            peer.event("change", 8 + number, link={**LINKS[0], "mtu": mtu}, old={},
                       realtime_usec=int(at) * 1000000)
        shown = [process.line() for _ in range(6)]
        tap.equal([line if line.startswith("--") else line.split()[0] for line in shown],
                  ["10:00:00.000", "-- 2037-01-31 --", "10:00:00.000", "10:00:00.000",
                   "-- 2037-02-01 --", "10:00:00.000"], "lines")


def asked(daemon, *arguments):
    """Runs it, and answers with the links; the connection that follows."""
    process = daemon.run(CTL, "--socket", daemon.path, *arguments, env=environment(),
                         stop=signal.SIGTERM)
    peer = daemon.accept()
    tap.equal(peer.call()["method"], "org.linkwatch.Links.List", "method")
    peer.list([*LINKS, link(30, "20"), link(31, "a@b"), link(32, "a")])
    return process, daemon.accept()


@tap.test
def monitors_indexes():
    """monitor takes indexes and name@peer, as long as no link is called so"""
    with fake.Fake() as daemon:
        for words_for_it, wanted in ((["1"], {"indexes": [1]}), (["20"], {"names": ["20"]}),
                                     (["1", "99"], {"indexes": [1, 99]}),
                                     (["a@b", "v*"], {"names": ["a@b", "v*"]}),
                                     (["a@c"], {"names": ["a"]}),
                                     (["later@if5"], {"names": ["later"]})):
            process, peer = asked(daemon, "monitor", *words_for_it)
            tap.equal(peer.monitor(), {"filter": wanted}, "parameters")
            process.end()
        process = start("--socket", daemon.path, "monitor", "1", "veth0")
        peer = daemon.accept()
        peer.call()
        peer.list(LINKS)
        tap.equal(end(process), (2, "", "linkwatchctl: monitor takes names or indexes, not both\n"),
                  "outcome")


@tap.test
def waits_for_index():
    """wait takes an index, for the link under the name that it has then, and name@peer"""
    with fake.Fake() as daemon:
        for word, name in (("1", r"\x6c\x6f"), ("20", "20"), ("lo@if5", "lo"), ("99", "99")):
            process, peer = asked(daemon, "wait", word, "up", "--timeout", "20")
            tap.equal(peer.monitor(), {"filter": {"names": [name]}}, "parameters")
            process.end()


def stopped(number):
    """monitor ends well on a signal."""
    with fake.Fake() as daemon:
        process, _peer = monitor(daemon)
        process.expect(*TABLE.splitlines())
        process.signal(number)
        tap.equal(process.finish(), (0, "", ""), "outcome")


tap.add("monitor ends with exit code 0 on SIGINT", stopped, signal.SIGINT)
tap.add("monitor ends with exit code 0 on SIGTERM", stopped, signal.SIGTERM)


def waiting(daemon, *arguments, sees=()):
    """A wait that has these links; it and its connection."""
    process = start("--socket", daemon.path, "wait", *arguments)
    peer = daemon.accept()
    peer.monitor()
    peer.snapshot(1, *sees)
    return process, peer


@tap.test
def waits():
    """wait ends with 0 when the condition is met, silently."""
    with fake.Fake() as daemon:
        process, peer = waiting(daemon, "veth0", "operstate=down", "mtu=9000", sees=LINKS)
        peer.event("change", 2, link={**LINKS[1], "operstate": "DOWN"}, old={"operstate": "UP"})
        tap.equal(end(process), (0, "", ""), "outcome")


@tap.test
def waits_json():
    """wait --json writes the link that met it, or null for none."""
    with fake.Fake() as daemon:
        code, output, _ = end(waiting(daemon, "veth0", "kind=veth", "--json", sees=LINKS)[0])
        tap.equal((code, json.loads(output)), (0, LINKS[1]), "outcome")
        code, output, _ = end(waiting(daemon, "eth0", "absent", "--json", sees=LINKS)[0])
        tap.equal((code, json.loads(output)), (0, None), "outcome")


def in_vain(span, words_for_it):
    """wait ends with 4 when the time is over."""
    with fake.Fake() as daemon:
        process, _ = waiting(daemon, "eth0", "present", "--timeout", span)
        tap.equal(end(process), (4, "", f"linkwatchctl: {words_for_it}: there is no link \"eth0\"\n"),
                  "outcome")


for _span, _words in (("0.05", "the timeout of 50 ms expired"),
                      ("50ms", "the timeout of 50 ms expired"),
                      (".05 s", "the timeout of 50 ms expired"),
                      ("0.001min", "the timeout of 60 ms expired"),
                      ("0.00002h", "the timeout of 72 ms expired"),
                      ("0", "the conditions are not met")):
    tap.add(f"wait --timeout {_span} ends with exit code 4", in_vain, _span, _words)


@tap.test
def says_what_is_not_met():
    """After a timeout wait says which conditions which links do not meet"""
    with fake.Fake() as daemon:
        process, _ = waiting(daemon, "*", "up", "mtu=9000", "name=b*", "--timeout", "0", sees=LINKS)
        tap.equal(end(process), (4, "", "linkwatchctl: the conditions are not met: lo does not meet "
                                 "mtu=9000, name=b*; veth0 does not meet up, name=b*\n"), "outcome")
        process, _ = waiting(daemon, "*", "up", "--timeout", "0",
                             sees=[link(number, f"l{number}\x1b") for number in range(1, 8)])
        tap.contains(end(process)[2], "l1\\x1b does not meet up; l2\\x1b does not meet up; l3\\x1b "
                     "does not meet up; l4\\x1b does not meet up; and so on, 7 links in total\n")
        process, _ = waiting(daemon, "lo", "absent", "--timeout", "0", sees=LINKS)
        tap.contains(end(process)[2], "are not met: lo does not meet absent\n")


@tap.test
def says_nothing_more():
    """Where the daemon is gone then, wait says just that the time is over"""
    with fake.Fake() as daemon:
        process, peer = waiting(daemon, "lo", "present", "--timeout", "0.3")
        daemon.stop()
        peer.close()
        tap.equal(end(process), (4, "", "linkwatchctl: the timeout of 300 ms expired\n"), "outcome")


def blind_wait(daemon, *arguments):
    """A wait for lo to be absent, with a daemon that knows nothing."""
    process = start("--socket", daemon.path, "wait", "lo", "absent", *arguments)
    peer = daemon.accept()
    peer.monitor()
    blind_first(peer)
    return process, peer


BLIND = "linkwatchctl: linkwatchd has never been able to dump the links: no socket (EACCES)"


@tap.test
def waits_blindly():
    """Of links of which nothing is known, not even absent is met; wait says what it waits for"""
    with fake.Fake() as daemon:
        process, _ = blind_wait(daemon, "--timeout", "0.2")
        tap.equal(end(process), (4, "", f"{BLIND}; waiting until it can\nlinkwatchctl: the timeout of "
                                 "200 ms expired, and it is not known whether the conditions are "
                                 "met\n"), "outcome")


@tap.test
def judges_blindly():
    """With --timeout 0 it ends at once, with an exit code of its own"""
    with fake.Fake() as daemon:
        process, _ = blind_wait(daemon, "--timeout", "0")
        tap.equal(end(process), (5, "", f"{BLIND}\nlinkwatchctl: it is not known whether the conditions "
                                 "are met\n"), "outcome")


@tap.test
def judges_nothing():
    """With --timeout 0, a daemon that says nothing is no reason to say that the conditions are not met"""
    with fake.Fake() as daemon:
        process = start("--socket", daemon.path, "wait", "eth0", "up", "--timeout", "0")
        peer = daemon.accept()
        peer.monitor()
        tap.equal(end(process), (5, "", "linkwatchctl: it is not known whether the conditions are met\n"),
                  "outcome")


@tap.test
def waits_until_seeing():
    """Once the daemon has dumped the links the conditions are judged"""
    with fake.Fake() as daemon:
        process, peer = blind_wait(daemon)
        peer.snapshot(8)
        tap.equal(end(process), (0, "", f"{BLIND}; waiting until it can\n"), "outcome")


CONDITIONS = (
    ("present", {}, True), ("absent", {}, False),
    ("up", {"flags": ["UP"]}, True), ("up", {"flags": ["LOWER_UP"]}, False),
    ("up", {"flags": None}, False), ("down", {"flags": []}, True), ("down", {"flags": None}, False),
    ("down", {"flags": ["UP"]}, False), ("carrier", {"carrier": True}, True),
    ("carrier", {"carrier": False}, False), ("carrier", {"flags": ["UP", "LOWER_UP"]}, False),
    ("no-carrier", {"carrier": False}, True), ("no-carrier", {"flags": ["UP"]}, False),
    ("no-carrier", {"flags": []}, False), ("no-carrier", {"flags": None}, False),
    ("usable", {"flags": ["UP"], "operstate": "UP"}, True),
    ("usable", {"flags": [], "operstate": "UP"}, False),
    ("usable", {"flags": None, "operstate": "UP"}, False),
    ("usable", {"flags": ["UP"], "operstate": "UNKNOWN"}, True),
    ("usable", {"flags": ["UP"], "operstate": "UNKNOWN", "carrier": True}, True),
    ("usable", {"flags": ["UP"], "operstate": "UNKNOWN", "carrier": False}, False),
    ("usable", {"flags": ["UP"]}, True), ("usable", {"flags": ["UP"], "carrier": False}, False),
    *(("usable", {"flags": ["UP"], "operstate": state, "carrier": True}, False)
      for state in ("DOWN", "LOWERLAYERDOWN", "DORMANT", "TESTING", "NOTPRESENT", "LATER")),
    ("operstate=UP", {"operstate": "UP"}, True), ("operstate=up", {"operstate": "UP"}, True),
    ("operstate=UP", {}, False), ("operstate=UP", {"operstate": "DOWN"}, False),
    ("mtu=1500", {}, True), ("mtu=1500", {"mtu": None}, False), ("mtu=0", {"mtu": None}, False),
    ("address=02:00:00:00:00:AA", {"address": "02:00:00:00:00:aa"}, True),
    ("address=02:00:00:00:00:AA", {}, False), ("master=br0", {"master": "br0"}, True),
    ("master=br0", {"master": "br1"}, False), ("master=br0", {}, False), ("nomaster", {}, True),
    ("nomaster", {"master": "br0"}, False), ("kind=veth", {"linkinfo": {"info_kind": "veth"}}, True),
    ("kind=veth", {"linkinfo": {"info_slave_kind": "veth"}}, False), ("kind=veth", {}, False),
    ("kind=ether", {}, True), ("kind=ether", {"linkinfo": {"info_kind": "veth"}}, False),
    ("address=10.0.0.1", {"address": "10.0.0.1"}, True),
    ("address=fe80::1", {"address": "fe80::1"}, True), ("mtu=4294967295", {}, False),
    ("renamed", {}, False), ("name=eth0", {}, True), ("name=e*", {}, True), ("name=lan", {}, False))


def condition(text, fields, met):
    """Whether a link meets a condition; what isn't reported meets none."""
    with fake.Fake() as daemon:
        seen = {key: value for key, value in link(2, "eth0", **fields).items() if value is not None}
        process, _ = waiting(daemon, "eth0", text, "--timeout", "0", sees=[seen])
        tap.equal(end(process)[0], 0 if met else 4, "exit code")


for _text, _fields, _met in CONDITIONS:
    tap.add(f"{_text} is {'met' if _met else 'not met'} by {_fields}", condition, _text, _fields,
            _met)

tap.main()
