# SPDX-License-Identifier: LGPL-2.1-or-later
"""A memory cgroup of the test's own, of version 1 or 2."""

import errno
import os
import pathlib
import subprocess
import tempfile

import tap
import wait

# How each version is mounted, and what its files are called: the limit, what is used now, the
# most that was.
_VERSIONS = (
    (("-t", "cgroup", "-o", "memory"),
     ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory.max_usage_in_bytes")),
    (("-t", "cgroup2"), ("memory.max", "memory.current", "memory.peak")),
)


class MemoryCgroup:
    """A cgroup whose processes may have so many bytes together; to be used in a mount namespace
    of one's own."""

    def __init__(self, limit):
        self._limit = limit
        self._mount = pathlib.Path(tempfile.mkdtemp(prefix="linkwatch-cgroup-"))
        self._path = None
        self._files = None

    def _try(self, options, files):
        """Whether that version can be used."""
        if subprocess.run(["mount", *options, "test", str(self._mount)], capture_output=True,
                          check=False).returncode != 0:
            return False
        path = self._mount / f"linkwatch-test-{os.getpid()}"
        try:
            path.mkdir()
            (path / files[0]).write_text(str(self._limit), encoding="ascii")
            (path / files[2]).read_text(encoding="ascii")
        except OSError:
            if path.exists():
                path.rmdir()
            self._unmount()
            return False
        self._path = path
        self._files = files
        return True

    def _unmount(self):
        subprocess.run(["umount", str(self._mount)], check=True)

    def __enter__(self):
        if not any(self._try(*version) for version in _VERSIONS):
            self._mount.rmdir()
            raise tap.Skip("no memory cgroup can be made here")
        return self

    def _removed(self):
        try:
            self._path.rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            return False
        return True

    def __exit__(self, *_exception):
        # A process that ended is taken out of it a little later.
        wait.until(self._removed, "an empty cgroup")
        self._unmount()
        self._mount.rmdir()

    def wrapper(self):
        """Before a command line, to run it in there."""
        return ("sh", "-c", f'echo $$ >{self._path}/cgroup.procs && exec "$@"', "sh")

    def _read(self, index):
        return int((self._path / self._files[index]).read_text(encoding="ascii"))

    def used(self):
        """Bytes, now."""
        return self._read(1)

    def most(self):
        """The most bytes that there ever were."""
        return self._read(2)
