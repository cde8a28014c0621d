# SPDX-License-Identifier: LGPL-2.1-or-later
"""The units that wait for links, on a booted systemd: ordered before network-online.target, with a
link that comes late."""

import machine
import manual
import tap
import wait

MACHINE = machine.Machine()
ONLINE = "linkwatch-wait-online.service"
ONE = "linkwatch-wait@late0.service"
TARGET = "network-online.target"


def state(unit):
    """"active", "activating", ..."""
    return MACHINE.show(unit, "ActiveState")


def stop():
    """As after a boot at which nobody wanted them."""
    MACHINE.systemctl("stop", TARGET, ONLINE, ONE)
    MACHINE.try_run("systemctl", "disable", ONLINE, ONE)
    MACHINE.try_run("ip", "link", "delete", "late0")


def entered(unit):
    """When it became active, in microseconds."""
    return int(MACHINE.show(unit, "ActiveEnterTimestampMonotonic"))


@tap.test
def late_link():
    """network-online.target is reached after a link that comes late can be used and has an address"""
    MACHINE.systemctl("enable", ONLINE, ONE)
    MACHINE.systemctl("start", "--no-block", TARGET)
    for unit in (ONLINE, ONE):
        wait.until(lambda unit=unit: state(unit) == "activating", unit)
    tap.equal(state(TARGET), "inactive", TARGET)
    MACHINE.ip("link add late0 type veth peer name late1")
    MACHINE.ip("link set late1 up")
    MACHINE.ip("link set late0 up")
    wait.until(lambda: state(ONE) == "active", ONE)
    tap.equal((state(ONLINE), state(TARGET)), ("activating", "inactive"), "without an address")
    MACHINE.ip("address add 10.9.8.7/24 dev late0")
    wait.until(lambda: state(TARGET) == "active", TARGET)
    for unit in (ONLINE, ONE):
        tap.equal(state(unit), "active", unit)
        assert entered(unit) <= entered(TARGET), unit
    stop()


@tap.test
def configured():
    """A drop-in says which links, which conditions, and how long; what is missing is in the journal"""
    MACHINE.drop_in(ONLINE, "wait", "[Service]\n"
                    'Environment="LINKWATCH_WAIT_LINKS=late0 late[12]"\n'
                    'Environment="LINKWATCH_WAIT_CONDITIONS=present mtu=1400"\n'
                    'Environment="LINKWATCH_WAIT_OPTIONS=--all --timeout 1"\n')
    MACHINE.ip("link add late0 type veth peer name late1")
    result = MACHINE.try_run("systemctl", "start", ONLINE)
    assert result.returncode != 0, "it started"
    tap.equal(MACHINE.show(ONLINE, "ExecMainStatus"), "4", "exit code")
    messages = [entry["MESSAGE"] for entry in MACHINE.journal("_SYSTEMD_UNIT=" + ONLINE)]
    for name in ("late0", "late1"):
        assert any(f"{name} does not meet mtu=1400" in text for text in messages), messages
    MACHINE.ip("link set late0 mtu 1400")
    MACHINE.ip("link set late1 mtu 1400")
    MACHINE.systemctl("start", ONLINE)
    MACHINE.drop_in(ONLINE, "wait", None)
    stop()


@tap.test
def as_documented():
    """The drop-in in linkwatchctl(1) waits for both links, with an IPv4 address, for two seconds"""
    text, = manual.examples("linkwatchctl.1", "wait")
    MACHINE.drop_in(ONLINE, "wait", text)
    MACHINE.ip("link add eth0 type veth peer name eth1")
    MACHINE.ip("link set eth0 up")
    MACHINE.ip("address add 10.9.8.7/24 dev eth0")
    MACHINE.systemctl("start", "--no-block", ONLINE)
    wait.until(lambda: state(ONLINE) == "activating", ONLINE)
    MACHINE.ip("link set eth1 up")
    MACHINE.ip("address add 10.9.8.8/24 dev eth1")
    wait.until(lambda: state(ONLINE) == "active", ONLINE)
    stable = entered(ONLINE) - int(MACHINE.show(ONLINE, "ExecMainStartTimestampMonotonic"))
    assert stable >= 2000000, f"after {stable} us"
    MACHINE.ip("link del eth0")
    MACHINE.drop_in(ONLINE, "wait", None)
    stop()


@tap.test
def escaped():
    """The instance is the name of a link, as systemd-escape writes it"""
    name = "a-b[1]"
    unit = MACHINE.run("systemd-escape", "--template=linkwatch-wait@.service", name).strip()
    MACHINE.drop_in(unit, "wait", '[Service]\nEnvironment="LINKWATCH_WAIT_CONDITIONS=present"\n')
    MACHINE.systemctl("start", "--no-block", unit)
    wait.until(lambda: state(unit) == "activating", unit)
    MACHINE.ip(f"link add {name} type bridge")
    wait.until(lambda: state(unit) == "active", unit)
    MACHINE.ip(f"link delete {name}")
    stop()


def install():
    """With the daemon enabled, and nothing that waits."""
    MACHINE.install()
    MACHINE.chroot("systemctl", "enable", "linkwatchd.service")


if __name__ == "__main__":
    machine.run_tests(MACHINE, install)
