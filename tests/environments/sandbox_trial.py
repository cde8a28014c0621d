# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test of an environment, run in a sandbox by those beside this: RELEASE."""

import sys

import daemon as daemons
import tap
import trial

RELEASE = sys.argv.pop(1)


def check(daemon):
    """The standing must say what the kernel does."""
    source = daemon.status()["source"]
    tap.equal((source["standing"], source.get("errno_name")), ("denied", "ENOPROTOOPT"))


@tap.test
def in_sandbox():
    """gVisor: the links are the kernel's, with a Refresh and without"""
    with daemons.Daemon() as daemon:
        trial.run(f"gVisor of {RELEASE}", daemon, check)


@tap.test
def addresses_in_sandbox():
    """gVisor: the addresses are the kernel's, with a Refresh and without"""
    with daemons.Daemon() as daemon:
        trial.run_addresses(f"gVisor of {RELEASE}", daemon, in_sandbox=True)


tap.main()
