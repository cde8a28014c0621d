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


@tap.test
def denied():
    """Without linkwatch-run a container on a bridge network fails: its links can't be subscribed to"""
    with docker.Engine() as engine:
        engine.load()
        try:
            engine.run("--rm", docker.IMAGE, "echo", "hello")
        except docker.Failed as failure:
            tap.contains(str(failure), "failed to set up container networking: failed to add "
                         "interface veth")
            tap.contains(str(failure), " to sandbox: failed to subscribe to link updates: "
                         "permission denied")
        else:
            raise AssertionError("it works")
    docker.forget_networks()


if __name__ == "__main__":
    netns.ip("link set lo up")
    docker.prepare()
    with daemons.Daemon() as daemon:
        engine_with_help = docker.Engine(wrapper=(RUN, "--socket", daemon.socket))
        scenarios.add_all(engine_with_help, daemon)
        tap.main()
