# SPDX-License-Identifier: LGPL-2.1-or-later
"""A shell on a pseudo-terminal, as somebody sits before it."""

import os
import pty
import shutil
import signal
import termios
import time

import tap
import wait

_SOURCE = os.environ.get("LINKWATCH_SOURCE", "")
_BIN = os.environ.get("LINKWATCH_BIN", ".")

# No file of the user's is read.
_COMMANDS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
_FILES = {"bash": "{0}/{1}", "zsh": "{0}/_{1}", "fish": "{0}/{1}.fish"}
_BEGIN = {
    "bash": "bind 'set bell-style none'; set -H; source {file}",
    "zsh": "unsetopt beep; setopt banghist; fpath=({folder} $fpath); autoload -U compinit; "
           "compinit -u -D",
    "fish": "source {file}",
}
# Marks that a command has ended; what is typed for it isn't what it writes.
_END = "; echo '<''end>'\r"
SHELLS = tuple(_COMMANDS)


class Terminal:
    """A shell in a context, in a folder of its choice; it finds the programs under test in another."""

    def __init__(self, shell, folder, program, directory, programs=_BIN):
        if not shutil.which(shell):
            raise tap.Skip(f"there is no {shell}")
        self._shell = shell
        self._directory = directory
        self._programs = os.path.abspath(programs)
        self._seen = b""
        self._folder = os.path.join(_SOURCE, folder)
        self._file = _FILES[shell].format(self._folder, program)

    def __enter__(self):
        hidden = os.path.join(self._directory, ".config")
        environment = {"PATH": self._programs + os.pathsep + os.environ["PATH"],
                       "HOME": self._directory, "LC_ALL": "C.UTF-8", "TERM": "xterm",
                       "XDG_CONFIG_HOME": hidden, "XDG_DATA_HOME": hidden}
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.chdir(self._directory)
            os.execvpe(_COMMANDS[self._shell][0], _COMMANDS[self._shell], environment)
        self.run(_BEGIN[self._shell].format(file=self._file, folder=self._folder))
        return self

    def __exit__(self, *_exception):
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._fd)

    def _is_edited(self):
        """Whether the shell edits the line: keys that are pressed before are the terminal's to edit, and
        what becomes of them when the shell takes over is another matter in each shell."""
        return not termios.tcgetattr(self._fd)[3] & termios.ICANON

    def run(self, keys):
        """Presses the keys that make a line, and waits until its commands have ended; what
        was written on the way."""
        wait.until(self._is_edited, "the prompt")
        os.write(self._fd, (keys + _END).encode())
        deadline = time.monotonic() + wait.SECONDS
        while b"<end>" not in self._seen:
            if not wait.readable(self._fd, deadline - time.monotonic()):
                raise wait.Timeout(f"no end of {keys!r}: {self._seen!r}")
            self._seen += os.read(self._fd, 1 << 16)
        seen, self._seen = self._seen.split(b"<end>", 1)
        return seen.decode(errors="replace")
