# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test's side of tests/support/faults.c: what goes wrong in the daemon's socket."""

import mmap
import os
import re
import struct
import subprocess
import tempfile

import daemon as daemons
import tap

# As enum fault_kind in tests/support/faults.h.
(SOCKET, JOIN, ASK, RECEIVE, NOTIFICATION, DUMP_ERROR, DUMP_EMPTY, DUMP_INTERRUPTED,
 DUMP_TRUNCATED, DUMP_SILENT, DUMP_OMITS, DUMP_NAMELESS) = range(12)
FOR_GOOD = 0xFFFFFFFF

_LAYOUT = struct.Struct("=IIII")


def _preloaded():
    """What is to be preloaded: the module, and before it the sanitizers' runtime, which
    insists on being the first."""
    module = daemons.helper("faults.so")
    if not daemons.SANITIZED:
        return module
    libraries = subprocess.run(["ldd", daemons.BINARY], capture_output=True, text=True,
                               check=True).stdout
    runtime = re.search(r"=> (/\S*/libasan\.so\S*)", libraries)
    if not runtime:
        raise tap.Skip("faults can't be preloaded where the sanitizers are linked statically")
    return f"{runtime.group(1)} {module}"


class Faults:
    """A control file, shared with the daemon that gets environment(); in directory, or
    where temporary files are."""

    def __init__(self, directory=None):
        self.preloaded = _preloaded()
        with tempfile.NamedTemporaryFile(prefix="linkwatch-faults-", dir=directory,
                                         delete=False) as file:
            file.write(bytes(_LAYOUT.size * (DUMP_NAMELESS + 1)))
            self.path = file.name
        with open(self.path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def close(self):
        """Forgets the file."""
        os.unlink(self.path)

    def environment(self):
        """What the daemon needs in its environment."""
        return {"LD_PRELOAD": self.preloaded, "LINKWATCH_FAULTS": self.path}

    def set(self, kind, value=0, times=FOR_GOOD):
        """From now on that fault happens so many times; 0 times ends it."""
        done = self.done(kind)
        _LAYOUT.pack_into(self._map, kind * _LAYOUT.size, times, value, done, 0)

    def left(self, kind):
        """How often it will still happen."""
        return _LAYOUT.unpack_from(self._map, kind * _LAYOUT.size)[0]

    def done(self, kind):
        """How often it happened."""
        return _LAYOUT.unpack_from(self._map, kind * _LAYOUT.size)[2]
