# SPDX-License-Identifier: LGPL-2.1-or-later
"""Docker on this kernel, made to deny subscriptions, in namespaces of its own: what gVisor is too
slow for, and the rest once more."""

import contextlib
import os
import pathlib
import subprocess
import sys

import daemon as daemons
import docker
import docker_scenarios as scenarios
import netns
import tap

RUN = os.path.join(os.environ["LINKWATCH_BIN"], "linkwatch-run")
# Whatever is started ends with the process namespace; whatever is mounted, with that of mounts.
ENTER = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
CGROUP = "linkwatch-docker"


def enter():
    """From here on this program is in namespaces of its own."""
    if os.getpid() == 1:
        return
    if os.geteuid() != 0:
        tap.skip_all("dockerd needs root")
    result = subprocess.run([*ENTER, "true"], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        tap.skip_all(f"no private namespaces can be made here: {result.stderr.strip()}")
    try:
        docker.fetch()
    except tap.Skip as reason:
        tap.skip_all(str(reason))
    process = subprocess.Popen([*ENTER, sys.executable, *sys.argv])
    try:
        code = process.wait()
    finally:
        process.kill()
        process.wait()
        remove_cgroups()
        with contextlib.suppress(OSError):
            docker.ROOT.rmdir()
    sys.exit(code)


def remove_cgroups():
    """Containers' groups are gone with them, but for the one that they were in."""
    for folder in pathlib.Path("/sys/fs/cgroup").glob(f"**/{CGROUP}"):
        for group in sorted(folder.glob("**/"), reverse=True):
            with contextlib.suppress(OSError):
                group.rmdir()


def main():
    """Runs them all; the exit code."""
    denied = (daemons.helper("deny"), "--bind", "EACCES", "--join", "ENOPROTOOPT")
    options = (f"--cgroup-parent=/{CGROUP}",)
    tap.add(scenarios.denied.__doc__, scenarios.denied,
            docker.Engine(wrapper=denied, options=options, started=False))
    with daemons.Daemon() as daemon, \
            docker.Engine(wrapper=(*denied, RUN, "--socket", daemon.socket), options=options,
                          started=False) as engine:
        scenarios.add_all(engine, daemon)
        scenarios.add_crowd(engine, 150)
        try:
            tap.main()
        except SystemExit as end:
            return end.code


enter()
netns.ip("link set lo up")
docker.prepare()
sys.exit(main())
