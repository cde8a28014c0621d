# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatch-hooks.service on a booted systemd: hooks run confined, over restarts, and where
networkd-dispatcher would not."""

import os

import machine
import tap
import wait

MACHINE = machine.Machine()
SERVICE = "linkwatch-hooks.service"
HOOKS = os.path.dirname(machine.config_path()) + "/hooks.d"
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
    MACHINE.systemctl("stop", SERVICE)
    before = len(said())
    MACHINE.ip("link set hook0 mtu 1300")
    MACHINE.ip("link add hook1 type bridge")
    MACHINE.systemctl("start", SERVICE)
    until("add hook1 ")
    wait.until(lambda: len(said()) >= before + 2, "both")
    after = said()[before:]
    tap.equal(sorted(line.split(" uid")[0] for line in after), ["hook: add hook1", "hook: change hook0"])


@tap.test
def daemon_restarts():
    """What happens while the daemon is away is handled, with a count of what is not known"""
    MACHINE.systemctl("stop", "linkwatchd.service", "linkwatchd.socket")
    MACHINE.ip("link delete hook0")
    MACHINE.systemctl("start", "linkwatchd.service")
    until("remove hook0 ")
    until("lost unknown ")


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


def install():
    """With a hook."""
    MACHINE.install()
    MACHINE.chroot("systemctl", "enable", "linkwatchd.service")
    MACHINE.write(HOOKS + "/10-say", SAY)
    MACHINE.path(HOOKS + "/10-say").chmod(0o755)


if __name__ == "__main__":
    machine.run_tests(MACHINE, install)
