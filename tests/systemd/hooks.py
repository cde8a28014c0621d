# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatch-hooks.service on a booted systemd: hooks run confined, over restarts, and where
networkd-dispatcher would not."""

import os
import subprocess

import machine
import manual
import packages
import tap
import wait

MACHINE = machine.Machine()
SERVICE = "linkwatch-hooks.service"
HOOKS = os.path.dirname(machine.config_path()) + "/hooks.d"
DISPATCHER = "/usr/local/bin/networkd-dispatcher"
STATES = ("routable", "dormant", "no-carrier", "off", "carrier", "degraded", "configured", "configuring",
          "unmanaged")
SAY = r"""#!/bin/sh
echo "hook: $LINKWATCH_EVENT ${LINKWATCH_IFNAME-}$LINKWATCH_LOST uid=$(id -u) ${LINKWATCH_FIELDS-}"
touch /etc/written 2>/dev/null && echo "hook: confinement fails"
exit 0
"""


def said():
    """What hooks said, from the journal."""
    return [entry["MESSAGE"] for entry in MACHINE.journal("_SYSTEMD_UNIT=" + SERVICE)
            if str(entry["MESSAGE"]).startswith("hook: ")]


def until(text):
    """Waits until a hook said that."""
    try:
        wait.until(lambda: any(text in line for line in said()), text)
    except wait.Timeout:
        tap.diag(said())
        tap.diag(MACHINE.try_run("systemctl", "status", SERVICE).stdout)
        raise


def saves(text):
    """Waits until that is in the saved state: an event whose hook has not ended would be handled again."""
    file = MACHINE.path("/run/private/linkwatch-hooks/state")
    wait.until(lambda: file.exists() and text in file.read_text(encoding="utf-8"), "the state")


@tap.test
def runs():
    """Hooks run for the links that are there and for each change, as an unprivileged user who may write nowhere"""
    MACHINE.systemctl("start", SERVICE)
    until("add lo ")
    MACHINE.ip("link add hook0 type bridge")
    until("add hook0 ")
    MACHINE.ip("link set hook0 mtu 1400")
    until("change hook0 ")
    assert not any("uid=0" in line or "confinement fails" in line for line in said()), said()


@tap.test
def restarts():
    """What happens while the service is stopped is handled when it starts, and nothing twice"""
    saves('"mtu":1400')
    MACHINE.systemctl("stop", SERVICE)
    before = len(said())
    MACHINE.ip("link set hook0 mtu 1300")
    MACHINE.ip("link add hook1 type bridge")
    MACHINE.systemctl("start", SERVICE)
    until("add hook1 ")
    wait.until(lambda: len(said()) >= before + 2, "both")
    after = said()[before:]
    tap.equal(sorted(line.split(" uid")[0] for line in after), ["hook: add hook1", "hook: change hook0"])
    saves('"hook1"')


@tap.test
def daemon_restarts():
    """What happens while the daemon is away is handled, with a count of what is not known"""
    MACHINE.systemctl("stop", "linkwatchd.service", "linkwatchd.socket")
    MACHINE.ip("link delete hook0")
    MACHINE.systemctl("start", "linkwatchd.service")
    until("remove hook0 ")
    until("lost unknown ")


@tap.test
def as_documented():
    """The drop-in in linkwatchctl(1) chooses Ethernet and wireless links, and changes of their state"""
    text, = manual.examples("linkwatchctl.1", "hooks")
    MACHINE.systemctl("stop", SERVICE)
    MACHINE.drop_in(SERVICE, "hooks", text)
    before = len(said())
    MACHINE.systemctl("start", SERVICE)
    tap.equal(MACHINE.show(SERVICE, "ActiveState"), "active", "the service")
    MACHINE.ip("link add eth0 type veth peer name wlan0")
    for link in ("eth0", "wlan0"):
        until(f"add {link} ")
    MACHINE.ip("link set eth0 mtu 1400")
    for link in ("eth0", "wlan0"):
        MACHINE.ip(f"link set {link} up")
        until(f"change {link} ")
    after = said()[before:]
    tap.equal([line for line in after if " hook" in line.removeprefix("hook:") or " lo " in line], [],
              "other links")
    tap.equal([line for line in after if "change" in line and "operstate" not in line], [],
              "other changes")
    MACHINE.ip("link del eth0")
    MACHINE.drop_in(SERVICE, "hooks", None)


@tap.test
def configured():
    """A drop-in chooses links, options and user"""
    MACHINE.systemctl("stop", SERVICE)
    MACHINE.drop_in(SERVICE, "hooks", "[Service]\nDynamicUser=no\n"
                    'Environment="LINKWATCH_HOOKS_LINKS=hook1 hook2"\n'
                    'Environment="LINKWATCH_HOOKS_OPTIONS=--type remove"\n')
    before = len(said())
    MACHINE.systemctl("start", SERVICE)

    def removed():
        MACHINE.ip("link add hook2 type bridge")
        MACHINE.ip("link delete hook2")
        return any("remove hook2 uid=0" in line for line in said())

    # It is not known when it has connected.
    wait.until(removed, "the removal")
    assert all("remove" in line for line in said()[before:]), said()[before:]
    MACHINE.drop_in(SERVICE, "hooks", None)


def dispatched():
    """What scripts of networkd-dispatcher said."""
    return [entry["MESSAGE"] for entry in MACHINE.journal("_SYSTEMD_UNIT=dispatcher.service")
            if str(entry["MESSAGE"]).startswith("script: ")]


def start_dispatcher():
    """As its unit does, with what it should report at its start."""
    MACHINE.run("systemd-run", "--unit=dispatcher", "--collect", "/usr/bin/python3", "-u", DISPATCHER,
                "--run-startup-triggers", "-v", "-v")


@tap.test
def beside_dispatcher():
    """Both report a link at their start; one that is removed while they restart, hooks alone"""
    if isinstance(FOUND, tap.Skip):
        raise FOUND
    MACHINE.systemctl("start", "systemd-networkd.service")
    MACHINE.ip("link add both type veth peer name peer")
    MACHINE.ip("link set peer up")
    MACHINE.ip("link set both up")
    MACHINE.systemctl("restart", SERVICE)
    until("add both ")
    start_dispatcher()
    try:
        wait.until(lambda: any(line.endswith(" both") for line in dispatched()), "its script")
    except wait.Timeout:
        tap.diag([entry["MESSAGE"] for entry in MACHINE.journal("_SYSTEMD_UNIT=dispatcher.service")])
        raise
    saves('"both"')
    MACHINE.systemctl("stop", SERVICE, "dispatcher.service")
    before = dispatched()
    MACHINE.ip("link delete both")
    MACHINE.ip("link add late type veth peer name later")
    MACHINE.ip("link set later up")
    MACHINE.ip("link set late up")
    MACHINE.systemctl("start", SERVICE)
    start_dispatcher()
    until("remove both ")
    wait.until(lambda: any(line.endswith(" late") for line in dispatched()), "its script for the other")
    tap.equal([line for line in dispatched()[len(before):] if line.endswith(" both")], [])
    MACHINE.systemctl("stop", "dispatcher.service", "systemd-networkd.service")


def find_dispatcher():
    """Its program, or why there is none."""
    for module in ("dbus", "gi"):
        result = subprocess.run(["/usr/bin/python3", "-c", f"import {module}"], check=False,
                                capture_output=True)
        if result.returncode != 0:
            return tap.Skip(f"there is no Python module {module}; Debian: python3-{module}")
    try:
        root = packages.unpacked((packages.own_releases() or ["trixie"])[0], ("networkd-dispatcher",))
    except tap.Skip as skip:
        return skip
    return root / "usr/bin/networkd-dispatcher"


def install():
    """With a hook, and networkd-dispatcher with a script for each state."""
    MACHINE.install()
    MACHINE.chroot("systemctl", "enable", "linkwatchd.service")
    MACHINE.write(HOOKS + "/10-say", SAY)
    MACHINE.path(HOOKS + "/10-say").chmod(0o755)
    if isinstance(FOUND, tap.Skip):
        return
    MACHINE.write(DISPATCHER, FOUND.read_text(encoding="utf-8"))
    for state in STATES:
        script = f"/etc/networkd-dispatcher/{state}.d/say"
        MACHINE.write(script, '#!/bin/sh\necho "script: $STATE $IFACE"\n')
        MACHINE.path(script).chmod(0o755)


FOUND = find_dispatcher()
if __name__ == "__main__":
    machine.run_tests(MACHINE, install)
