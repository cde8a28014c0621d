# SPDX-License-Identifier: LGPL-2.1-or-later
"""Docker in a gVisor sandbox: python3 sandboxed_docker.py RELEASE, run in one by the test beside
this. Its kernel refuses to subscribe to link updates, without which Docker makes no bridge networks."""

import os
import subprocess
import sys

import daemon as daemons
import docker
import docker_scenarios as scenarios
import netns
import tap
import wait

sys.argv.pop(1)

RUN = os.path.join(os.environ["LINKWATCH_BIN"], "linkwatch-run")


def _installed():
    """A folder for the path of a shell in which the documents' commands are: ours, and what the
    packages of Docker have, which are below a root folder of their own."""
    folder = docker.ROOT / "bin"
    folder.mkdir()
    for program in (daemons.BINARY, RUN):
        (folder / os.path.basename(program)).symlink_to(program)
    for name in ("docker", "dockerd"):
        (folder / name).write_text(f'#!/bin/sh\nexec chroot {docker.ROOT}/root {name} "$@"\n',
                                   encoding="ascii")
        (folder / name).chmod(0o755)
    return folder


def documented(lines):
    """The documents' lines, typed into a shell, give a container an address on the default bridge"""
    log = docker.ROOT / "shell.log"
    environment = {"PATH": f"{_installed()}:{docker.PATH}", "HOME": "/tmp"}

    def logged(text):
        assert shell.poll() is None, log.read_text(encoding="utf-8")
        return text in log.read_text(encoding="utf-8", errors="replace")

    def enter(line):
        shell.stdin.write(line + "\n")
        shell.stdin.flush()

    docker.forget_networks()
    with open(log, "w", encoding="utf-8") as output, subprocess.Popen(
            ["sh"], stdin=subprocess.PIPE, stdout=output, stderr=output, text=True,
            env=environment) as shell:
        *services, container = lines
        for line in services:
            enter(line)
            enter('set -- $! "$@"')
        try:
            wait.until(lambda: logged("API listen on"), "dockerd")
            # There is no registry to have it from.
            enter("docker import /tmp/image.tar busybox")
            enter(container)
            wait.until(lambda: logged("inet 172.17."), "the container's address")
        except BaseException:
            tap.diag(log.read_text(encoding="utf-8", errors="replace")[-4000:])
            raise
        finally:
            enter('for service; do kill "$service"; wait "$service"; done')
            shell.stdin.close()
    docker.forget_networks()


def main():
    """Runs them all; the exit code."""
    tap.add(scenarios.denied.__doc__, scenarios.denied, docker.Engine(started=False))
    tap.add(documented.__doc__, documented, docker.documented_lines())
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
