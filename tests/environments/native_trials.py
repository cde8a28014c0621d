# SPDX-License-Identifier: LGPL-2.1-or-later
"""The environments that can be made on any Linux, each put to the same test."""

import environments
import netns
import tap
import trial


def one(environment):
    """Puts one environment to the test."""
    netns.delete_all()
    try:
        with environment.start() as daemon:
            trial.run(environment.name, daemon, environment.check, environment.disturb)
    finally:
        environment.close()


def addresses(environment):
    """Puts one environment to the same test with addresses."""
    netns.delete_all()
    try:
        with environment.start() as daemon:
            trial.run_addresses(environment.name, daemon, environment.disturb)
    finally:
        environment.close()


def blind(environment):
    """Puts one to the test in which dumps fail."""
    netns.delete_all()
    with environment.start() as daemon:
        trial.run_blind(environment.name, daemon, environment.reason)


netns.enter()
for kind in environments.ALL:
    tap.add(f"{kind.name}: the links are the kernel's, with a Refresh and without", one, kind)
for kind in environments.ALL:
    tap.add(f"{kind.name}: the addresses are the kernel's, with a Refresh and without", addresses,
            kind)
for kind in environments.BLIND:
    tap.add(f"{kind.name}: consumers learn that nothing is known, and why", blind, kind)
tap.main()
