# SPDX-License-Identifier: LGPL-2.1-or-later
"""An instance of the service for another network namespace, on a booted systemd."""

import re

import machine
import manual
import tap
import varlink
import wait
from mirror import Mirror

MAIN = "linkwatchd.service"
# systemd unescapes a dash in some places; the namespace's name has it as it is.
BLUE = "test-blue"
CONFIG = machine.config_path()
SERVICE = f"linkwatchd@{BLUE}.service"
SOCKET_UNIT = f"linkwatchd@{BLUE}.socket"

MACHINE = machine.Machine()


def main_path():
    """The socket of the machine's own namespace."""
    return str(MACHINE.path("/run/linkwatchd/socket"))


def blue_path():
    """The socket of the other one."""
    return str(MACHINE.path(f"/run/linkwatchd@{BLUE}/socket"))


def names(path):
    """The names of the links that a daemon knows."""
    return {link["ifname"] for link in varlink.call(path, "List")["links"]}


def limit(path):
    """How many connections a daemon takes."""
    return varlink.call(path, varlink.STATISTICS + ".GetStatistics")["sessions_max"]


@tap.test
def own_links_and_socket():
    """The instance publishes the links of its namespace, on a socket of its own, and none of
    the machine's."""
    MACHINE.ip(f"netns add {BLUE}")
    MACHINE.ip("link add ours0 type bridge")
    MACHINE.ip(f"-n {BLUE} link add theirs0 type bridge")
    MACHINE.systemctl("start", MAIN, SERVICE)
    tap.equal(names(main_path()), {"lo", "ours0"}, "the machine's links")
    tap.equal(names(blue_path()), {"lo", "theirs0"}, "the namespace's links")


@tap.test
def changes_stay_apart():
    """What happens in a namespace is reported by its instance; a link that moves from one to
    the other goes here and comes there."""
    with Mirror(main_path()) as main, Mirror(blue_path()) as blue:
        main.until_ready()
        blue.until_ready()
        MACHINE.ip("link add v0 type veth peer name v1")
        main.until_event("add", "v1")
        MACHINE.ip(f"link set v1 netns {BLUE}")
        main.until_event("remove", "v1")
        blue.until_event("add", "v1")
        MACHINE.ip(f"-n {BLUE} link set v1 up")
        assert "UP" in blue.until_event("change", "v1")["link"]["flags"]
        MACHINE.ip("link del v0")
        main.until_event("remove", "v0")
        blue.until_event("remove", "v1")


@tap.test
def linkwatchctl_reaches_it():
    """linkwatchctl shows its links when it is given that socket."""
    output = MACHINE.run("linkwatchctl", "--socket", f"/run/linkwatchd@{BLUE}/socket", "list")
    tap.contains(output, "theirs0")
    assert "ours0" not in output, output


@tap.test
def consumer_first():
    """A consumer who comes first starts the instance."""
    MACHINE.systemctl("stop", SERVICE, SOCKET_UNIT)
    MACHINE.systemctl("enable", "--now", SOCKET_UNIT)
    tap.equal(MACHINE.show(SERVICE, "ActiveState"), "inactive", SERVICE)
    tap.equal(names(blue_path()), {"lo", "theirs0"}, "links")
    tap.equal(MACHINE.show(SERVICE, "ActiveState"), "active", SERVICE)


@tap.test
def enabled_with_its_socket():
    """Enabling the instance enables its socket too, and no other instance's."""
    MACHINE.systemctl("disable", SOCKET_UNIT)
    MACHINE.systemctl("enable", SERVICE)
    for unit in (SERVICE, SOCKET_UNIT):
        tap.equal(MACHINE.try_run("systemctl", "is-enabled", unit).stdout.strip(), "enabled", unit)
    for unit in (MAIN, "linkwatchd@other.service"):
        assert MACHINE.try_run("systemctl", "is-enabled", unit).stdout.strip() != "enabled", unit


@tap.test
def restart_and_reload():
    """A reload reaches the instance and a restart brings its consumers back, while the
    machine's daemon is left alone."""
    pid = MACHINE.pid(MAIN)
    with Mirror(blue_path()) as blue:
        blue.until_ready()
        MACHINE.write(CONFIG, "[Limits]\nSessionsMax=77\n")
        MACHINE.systemctl("reload", SERVICE)
        wait.until(lambda: limit(blue_path()) == 77, "the new limit")
        MACHINE.systemctl("restart", SERVICE)
        with Mirror(blue_path(), since=blue.position()) as again:
            again.until_ready()
            tap.equal({link["ifname"] for link in again.links.values()}, {"lo", "theirs0"}, "links")
    tap.equal(limit(main_path()), 3072, "the limit elsewhere")
    tap.equal(MACHINE.pid(MAIN), pid, "the machine's daemon")


@tap.test
def without_the_socket_unit():
    """Without its socket unit the instance makes its socket itself."""
    MACHINE.systemctl("stop", SOCKET_UNIT, SERVICE)
    MACHINE.systemctl("mask", "--runtime", SOCKET_UNIT)
    MACHINE.systemctl("start", SERVICE)
    tap.equal(names(blue_path()), {"lo", "theirs0"}, "links")
    MACHINE.systemctl("stop", SERVICE)
    MACHINE.systemctl("unmask", "--runtime", SOCKET_UNIT)


@tap.test
def as_documented():
    """The commands in linkwatchd(8) list the links of a namespace"""
    text, = manual.examples("linkwatchd.8", "instance")
    output = [MACHINE.run("sh", "-c", line.removeprefix("# ")) for line in text.splitlines()]
    assert re.search(r"^1 +lo +loopback ", output[-1], re.MULTILINE), output
    MACHINE.systemctl("disable", "--now", "linkwatchd@blue.service", "linkwatchd@blue.socket")
    MACHINE.ip("netns del blue")


@tap.test
def a_namespace_that_comes_later():
    """Where there is no such namespace the instance fails and is tried again, until there
    is one; a consumer who came meanwhile is answered then."""
    MACHINE.systemctl("start", "linkwatchd@late.socket")
    with varlink.Connection(str(MACHINE.path("/run/linkwatchd@late/socket"))) as consumer:
        consumer.send("List")
        wait.until(lambda: int(MACHINE.show("linkwatchd@late.service", "NRestarts")) >= 2,
                   "another try")
        output = [e["MESSAGE"] for e in MACHINE.journal("UNIT=linkwatchd@late.service")]
        assert any("status=225/NETWORK" in text for text in output), output
        MACHINE.ip("netns add late")
        tap.equal({link["ifname"] for link in consumer.list()["links"]}, {"lo"}, "links")


@tap.test
def a_namespace_that_is_deleted():
    """A namespace that is deleted under its instance lives on until that is stopped."""
    socket = str(MACHINE.path("/run/linkwatchd@late/socket"))
    MACHINE.ip("netns del late")
    tap.equal(names(socket), {"lo"}, "links")
    tap.equal(MACHINE.show("linkwatchd@late.service", "ActiveState"), "active", "the instance")
    MACHINE.systemctl("stop", "linkwatchd@late.socket", "linkwatchd@late.service")
    result = MACHINE.try_run("systemctl", "start", "linkwatchd@late.service")
    assert result.returncode != 0, "it started without a namespace"
    MACHINE.systemctl("stop", "linkwatchd@late.socket", "linkwatchd@late.service")


if __name__ == "__main__":
    machine.run_tests(MACHINE, MACHINE.install)
