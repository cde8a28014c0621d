# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs of another Debian release, against the daemon."""

import json
import subprocess

import netns
import wait


def sequence(text):
    """The objects of a JSON sequence (RFC 7464), as programs of systemd print several."""
    return [json.loads(record) for record in text.split("\x1e") if record]


class Guest:
    """A system of another Debian release in whose /mnt the daemon's folder is seen, and whose /run is
    empty at the beginning."""

    def __init__(self, system, daemon):
        self._system = system
        self.path("run").mkdir(exist_ok=True)
        # In this program's mount namespace alone.
        netns.run("mount", "--bind", daemon.directory, self.path("mnt"))
        netns.run("mount", "--rbind", "/proc", self.path("proc"))
        netns.run("mount", "-t", "tmpfs", "guest", self.path("run"))

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        for folder in ("run", "proc", "mnt"):
            netns.run("umount", "--lazy", self.path(folder))

    def path(self, name):
        """A path in it."""
        return self._system / name

    def start(self, *command):
        """Starts a program in it."""
        return subprocess.Popen(["chroot", str(self._system), *command], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *command):
        """Runs a program to its end: its exit code, output and error output."""
        process = self.start(*command)
        output, errors = process.communicate(timeout=wait.SECONDS)
        return process.returncode, output, errors

    def varlinkctl(self, *arguments):
        """What varlinkctl prints when it succeeds."""
        code, output, errors = self.run("varlinkctl", *arguments)
        assert code == 0, f"varlinkctl {arguments}: {errors}"
        return output
