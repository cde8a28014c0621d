# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much is measured, and of what; where that stands."""

import os
import shutil
import tempfile

import stage as stages


class Plan:
    """How much is measured, and of what."""

    few, some, many, huge = 10, 1000, 10000, 100000
    samples = 2000
    changes = 200000
    consumers = 1000
    burst = 64
    rounds = 20
    polls = 100
    poll_seconds = 2
    rest_seconds = 15
    detections = 60
    pollers = [(1, 15), (10, 5)]
    idle_seconds = 60
    namespaces, active, settle_seconds, namespace_seconds = 1000, 20, 30, 60
    fill = 60000
    starts = 10
    snapshots = 20
    work = {"call": 500000, "read": 500000, "bind": 30000, "netlink": 1000, "thread": 3000,
            "signal": 5000, "command": 200}

    def __init__(self, repeat=7):
        self.repeat = repeat
        self._programs = os.environ["LINKWATCH_BENCH"]
        self._build = os.environ["LINKWATCH_BUILD"]
        self._daemon = os.environ["LINKWATCHD"]
        self._deny = os.path.join(os.environ["LINKWATCH_SUPPORT"], "deny")
        self.directory = tempfile.mkdtemp(prefix="linkwatch-bench-")
        self._stages = {}
        self.peers = [
            (name, [path, *rest]) for name, path, *rest in (
                ("lldpd", shutil.which("lldpd") or "/usr/sbin/lldpd", "-d", "-u",
                 os.path.join(self.directory, "lldpd")),
                ("systemd-networkd", "/lib/systemd/systemd-networkd"),
                ("NetworkManager", shutil.which("NetworkManager") or "/usr/sbin/NetworkManager",
                 "--no-daemon"),
            ) if os.access(path, os.X_OK)]

    @classmethod
    def small(cls):
        """Just enough of everything to see that it works."""
        self = cls(repeat=1)
        self.few, self.some, self.many, self.huge = 10, 20, 40, 80
        self.samples = 20
        self.changes = 480
        self.consumers = 20
        self.burst = 16
        self.rounds = 2
        self.polls = 2
        self.poll_seconds = 0.2
        self.rest_seconds = 0.2
        self.detections = 4
        self.pollers = [(1, 1)]
        self.idle_seconds = 0.2
        self.namespaces, self.active, self.settle_seconds, self.namespace_seconds = 6, 2, 0.1, 0.5
        self.fill = 480
        self.starts = 2
        self.snapshots = 2
        self.work = {kind: 4 for kind in self.work}
        self.peers = []
        return self

    def stage(self, links):
        """The namespace with so many links; it is made once."""
        if links not in self._stages:
            self._stages[links] = stages.Stage(self, links)
        return self._stages[links]

    def program(self, name):
        """The path of a benchmark program."""
        return os.path.join(self._programs, name)

    def has(self, name):
        """Whether that program was built."""
        return os.access(self.program(name), os.X_OK)

    def daemon_command(self, denied):
        """How the daemon is started; denied: with a kernel that refuses the subscription, or
        where that can't be had, an option to behave as if."""
        if not denied:
            return [self._daemon]
        if os.access(self._deny, os.X_OK):
            return [self._deny, "--join", "EACCES", self._daemon]
        return [self._daemon, "--source", "poll"]

    def runner(self, *options):
        """How linkwatch-run is started; None if it was not built."""
        path = os.path.join(os.environ["LINKWATCH_BIN"], "linkwatch-run")
        return [path, *options] if os.access(path, os.X_OK) else None

    def close(self):
        """Gives everything up."""
        for stage in self._stages.values():
            stage.close()
        shutil.rmtree(self.directory, ignore_errors=True)
