# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatchctl history across restarts of the service, with the journal of a booted systemd."""

import json
import re

import machine
import tap
import varlink
import wait

SERVICE = "linkwatchd.service"

MACHINE = machine.Machine()


def history(*arguments, user="root"):
    """What it prints, and what on standard error; as that user of the machine."""
    command = ["linkwatchctl", *arguments]
    if user != "root":
        command = ["setpriv", f"--reuid={user}", "--regid=65534", "--clear-groups", *command]
    output = MACHINE.run("sh", "-c", '"$@" 2>/run/errors', "sh", *command)
    return output.splitlines(), MACHINE.path("/run/errors").read_text(encoding="utf-8")


def objects(*arguments):
    """The same as JSON."""
    return [json.loads(line) for line in history("--json", "history", *arguments)[0]]


def until_logged(*matches):
    """Waits until the journal has such an entry."""
    wait.until(lambda: MACHINE.journal("_SYSTEMD_UNIT=" + SERVICE, *matches), f"an entry {matches}")


def refresh():
    """All that happened is reported when this is over."""
    varlink.call(MACHINE.socket_path(), "Refresh")


def flap():
    """v0 loses its carrier, and gets it back."""
    for state in ("down", "up"):
        MACHINE.ip("link set v1 " + state)
        wait.until(lambda up=state == "up": _has_carrier() == up, "the carrier")


def _has_carrier():
    links = varlink.call(MACHINE.socket_path(), "List", {"filter": {"names": ["v0"]}})["links"]
    return "NO-CARRIER" not in links[0]["flags"]


@tap.test
def across_restarts():
    """What happened before the daemon was started again is in the journal: all of it is printed once,
    in its order, and counted"""
    MACHINE.systemctl("start", SERVICE)
    MACHINE.ip("link add v0 type veth peer name v1")
    MACHINE.ip("link set v0 up")
    MACHINE.ip("link set v1 up")
    wait.until(_has_carrier, "a carrier")
    flap()
    refresh()
    until_logged("INTERFACE=v0", "NEW_OPERSTATE=UP")
    before, _ = history("history", "v0")
    MACHINE.systemctl("restart", SERVICE)
    flap()
    flap()
    lines, errors = history("history", "v0")
    tap.equal(errors, "", "errors")
    signs = [line.split()[1] for line in lines if re.match(r"\d\d:\d\d:", line)]
    tap.equal(signs.count("+"), 1, f"v0 appeared once: {lines}")
    tap.equal(signs.count("!"), 2, f"the daemon started twice: {lines}")
    tap.equal(signs[:2], ["!", "+"], f"in their order: {lines}")
    assert [line for line in lines if line.endswith("[journal]")], lines
    tap.equal(next(line.split() for line in lines if line.startswith("v0 ")), ["v0", "3", "3"],
              "how often v0 went down")
    assert len(lines) > len(before), (before, lines)
    times = [line[:12] for line in lines if re.match(r"\d\d:\d\d:", line)]
    tap.equal(times, sorted(times), "times")


@tap.test
def nothing_twice():
    """What both the journal and the daemon have is printed once: as the daemon has it"""
    *events, last = objects("v0")
    positions = [(e["position"]["instance"], e["position"]["sequence"]) for e in events
                 if e["type"] != "started"]
    tap.equal(len(positions), len(set(positions)), f"positions: {positions}")
    instance = events[-1]["position"]["instance"]
    of_daemon = [e for e in events if e["position"]["instance"] == instance and
                 e["type"] != "started"]
    assert of_daemon and all("origin" not in e for e in of_daemon), of_daemon
    of_journal = [e for e in events if e.get("origin") == "journal"]
    assert {"add", "change", "started"} <= {e["type"] for e in of_journal}, of_journal
    tap.equal((last["type"], last["journal"]), ("flaps", True))
    tap.equal(last["links"], [{"ifname": "v0", "last_hour": 3, "last_day": 3}], "flaps")
    tap.equal(last["known_since_usec"], of_journal[0]["realtime_usec"], "since the first start")


@tap.test
def by_former_names():
    """A link is found in the journal by a glob, and by the name that it had"""
    MACHINE.ip("link add old0 type bridge")
    MACHINE.ip("link set old0 name new0")
    refresh()
    until_logged("INTERFACE=new0", "NEW_IFNAME=new0")
    MACHINE.systemctl("restart", SERVICE)
    for name in ("old0", "new0", "[no]*0"):
        found = [e["text"] for e in objects(name) if e.get("origin") == "journal" and e["type"] == "change"]
        tap.equal(found, ["new0: ifname old0 -> new0"], name)


@tap.test
def no_entry_is_forged():
    """An entry that another program wrote with the same identifiers is not printed"""
    entry = next(e for e in MACHINE.journal("_SYSTEMD_UNIT=" + SERVICE, "INTERFACE=v0"))
    instance = MACHINE.status()["position"]["instance"]
    MACHINE.write("/run/forged", "".join(f"{name}={value}\n" for name, value in (
        ("MESSAGE", "v0 appeared (forged)"), ("MESSAGE_ID", entry["MESSAGE_ID"]),
        ("INTERFACE", "v0"), ("IFINDEX", "7"), ("INSTANCE", instance), ("SEQUENCE", "0"),
        ("UNIT", SERVICE), ("PRIORITY", "6"))))
    MACHINE.run("sh", "-c", "logger --journald < /run/forged")
    wait.until(lambda: MACHINE.journal("MESSAGE=v0 appeared (forged)"), "the entry")
    lines, errors = history("history")
    tap.equal(errors, "", "errors")
    assert not any("forged" in line for line in lines), lines


@tap.test
def who_may_not_read():
    """Who may not read the journal learns so from one line, and gets what the daemon knows"""
    MACHINE.ip("link set v0 mtu 1400")
    refresh()
    lines, errors = history("history", user="nobody")
    assert re.fullmatch(r"linkwatchctl: the journal can only be read by root and the groups "
                        r"systemd-journal and adm; .*\n", errors), errors
    assert any("mtu 1500" in line for line in lines), lines
    assert not any("[journal]" in line for line in lines), lines


@tap.test
def other_namespaces():
    """Of other network namespaces there is nothing in the journal, which is said"""
    MACHINE.ip("netns add blue")
    _lines, errors = history("--netns", "blue", "history")
    assert re.fullmatch("linkwatchctl: what happens in other network namespaces is not in the "
                        "journal; .*\n", errors), errors


@tap.test
def another_unit():
    """An instance for another namespace has the entries of its own unit"""
    MACHINE.systemctl("start", "linkwatchd@blue.service")
    path = "/run/linkwatchd@blue/socket"
    MACHINE.ip("-n blue link add blue0 type bridge")
    varlink.call(str(MACHINE.path(path)), "Refresh")
    wait.until(lambda: MACHINE.journal("INTERFACE=blue0"), "an entry")
    MACHINE.systemctl("restart", "linkwatchd@blue.service")
    lines, errors = history("--socket", path, "history")
    tap.equal(errors, "", "errors")
    text = "\n".join(lines)
    tap.contains(text, "blue0 appeared")
    assert "v0" not in text, text


if __name__ == "__main__":
    machine.run_tests(MACHINE, MACHINE.install)
