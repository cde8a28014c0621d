# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file whose file system does not answer one process: a little of FUSE's server side."""

import contextlib
import os
import struct
import subprocess
import tempfile
import threading

import tap

_IN_HEADER = struct.Struct("=IIQQIIIHH")
_OUT_HEADER = struct.Struct("=IiQ")
_ATTRIBUTES = struct.Struct("=QQQQQQIIIIIIIIII")
_LOOKUP, _GETATTR, _OPEN, _FLUSH, _INIT = 1, 3, 14, 25, 26
# Nobody waits for an answer to these.
_FORGET, _BATCH_FORGET = 2, 42
_ENOSYS = 38


def _attributes(node):
    return _ATTRIBUTES.pack(node, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755 if node == 1 else 0o100644, 1,
                            0, 0, 0, 512, 0)


_ANSWERS = {
    _INIT: lambda _node: struct.pack("=IIIIHHIIHHI28x", 7, 31, 4096, 0, 8, 8, 4096, 1, 0, 0, 0),
    _LOOKUP: lambda _node: struct.pack("=QQQQII", 2, 0, 60, 60, 0, 0) + _attributes(2),
    _GETATTR: lambda node: struct.pack("=QII", 60, 0, 0) + _attributes(node),
    _OPEN: lambda _node: struct.pack("=QII", 0, 0, 0),
    _FLUSH: lambda _node: b"",
}


class File:
    """Such a file, at path, for as long as the context stands. deaf_to is a process whose close()
    of it, and whose last close() at that, are never answered."""

    def __init__(self, deaf_to):
        self._deaf_to = deaf_to
        self._directory = tempfile.mkdtemp(prefix="linkwatch-fuse-")
        self.path = os.path.join(self._directory, "file")
        self.unanswered = []

    def __enter__(self):
        try:
            self._device = os.open("/dev/fuse", os.O_RDWR)
        except OSError as error:
            os.rmdir(self._directory)
            raise tap.Skip(f"no FUSE here: {error}") from None
        options = f"fd={self._device},rootmode=40000,user_id=0,group_id=0,allow_other"
        result = subprocess.run(["mount", "-i", "-t", "fuse", "-o", options, "test",
                                 self._directory], pass_fds=[self._device], check=False,
                                capture_output=True, text=True)
        if result.returncode != 0:
            os.close(self._device)
            os.rmdir(self._directory)
            raise tap.Skip(f"no FUSE here: {result.stderr.strip()}")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exception):
        # All that waits for an answer gets an error.
        subprocess.run(["umount", "--force", "--lazy", self._directory], check=True)
        with contextlib.suppress(OSError):
            os.rmdir(self._directory)
        self._thread.join()
        os.close(self._device)

    def _serve(self):
        while True:
            try:
                request = os.read(self._device, 1 << 18)
            except OSError:
                return
            _, opcode, unique, node, _, _, pid, _, _ = _IN_HEADER.unpack_from(request)
            if opcode in (_FORGET, _BATCH_FORGET):
                continue
            if opcode == _FLUSH and pid == self._deaf_to:
                self.unanswered.append(opcode)
                continue
            body = _ANSWERS[opcode](node) if opcode in _ANSWERS else b""
            error = 0 if opcode in _ANSWERS else -_ENOSYS
            os.write(self._device, _OUT_HEADER.pack(_OUT_HEADER.size + len(body), error, unique) +
                     body)
