# SPDX-License-Identifier: LGPL-2.1-or-later
"""A journal of the machine's that a test wrote, and a journalctl that prints it. What calls this is in
a mount namespace of its own (netns.enter())."""

import os
import re
import shutil
import struct
import subprocess
import tempfile

UNIT = "linkwatchd@test.service"

# The unit of an instance is looked up first.
_JOURNALCTL = """#!/bin/sh
echo "$*" >> {directory}/calls
case "$*" in
*--lines=1*) cat {directory}/unit ;;
*) cat {directory}/entries; exit $(cat {directory}/code) ;;
esac
"""


def message_id(kind):
    """By which the journal knows entries of that kind."""
    path = os.path.join(os.environ["LINKWATCH_SOURCE"], "protocol", "log_kinds.h")
    with open(path, encoding="utf-8") as file:
        return re.search(rf'X\({kind}, "(\w+)"\)', file.read()).group(1)


def binary(name, value):
    """A field whose value is not printable, as journalctl exports it."""
    return name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"


def entry(**fields):
    """An entry as journalctl exports it."""
    lines = "".join(f"{name}={value}\n" for name, value in fields.items())
    return lines.encode() + b"\n"


class Journal:
    """It is there as long as the mount namespace."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="linkwatch-journal-")
        subprocess.run(["mount", "-t", "tmpfs", "none", "/var/log"], check=True)
        os.makedirs("/var/log/journal/machine")
        with open("/var/log/journal/machine/system.journal", "wb"):
            pass
        path = os.path.join(self.directory, "journalctl")
        with open(path, "w", encoding="utf-8") as file:
            file.write(_JOURNALCTL.format(directory=self.directory))
        os.chmod(path, 0o755)
        self.environment = {"PATH": self.directory + ":" + os.environ["PATH"]}

    def _write(self, name, data):
        with open(os.path.join(self.directory, name), "wb") as file:
            file.write(data)

    def fill(self, data, code=0):
        """What journalctl prints of the daemon, and its exit code."""
        self._write("calls", b"")
        self._write("unit", entry(_SYSTEMD_UNIT=UNIT))
        self._write("entries", data)
        self._write("code", str(code).encode())

    def calls(self):
        """The arguments of each call, as text."""
        with open(os.path.join(self.directory, "calls"), encoding="utf-8") as file:
            return file.read().splitlines()

    def close(self):
        """Gives it up."""
        subprocess.run(["umount", "/var/log"], check=True)
        shutil.rmtree(self.directory)
