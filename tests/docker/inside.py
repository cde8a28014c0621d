# SPDX-License-Identifier: LGPL-2.1-or-later
"""Docker in a gVisor sandbox: python3 inside.py RELEASE, run in one by the test beside this. Its
kernel refuses to subscribe to link updates, without which Docker makes no bridge networks."""

import os
import sys

import daemon as daemons
import docker
import docker_scenarios as scenarios
import netns
import tap

sys.argv.pop(1)

RUN = os.path.join(os.environ["LINKWATCH_BUILD"], "linkwatch-run")


def main():
    """Runs them all; the exit code."""
    tap.add(scenarios.denied.__doc__, scenarios.denied, docker.Engine(started=False))
    with daemons.Daemon() as daemon, \
            docker.Engine(wrapper=(RUN, "--socket", daemon.socket), started=False) as engine:
        scenarios.add_all(engine, daemon)
        try:
            tap.main()
        except SystemExit as end:
            return end.code


if __name__ == "__main__":
    netns.ip("link set lo up")
    docker.prepare()
    sys.exit(main())
