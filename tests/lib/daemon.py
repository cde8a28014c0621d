# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon under test, on a private socket."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile

import tap
import varlink
import wait

BINARY = os.environ.get("LINKWATCHD", "")
SANITIZED = os.environ.get("LINKWATCH_SANITIZERS") == "yes"
_SANITIZER_WORDS = ("AddressSanitizer", "LeakSanitizer", "runtime error:")


def helper(name):
    """The path of a program or module made in tests/support; skips where it was not built."""
    path = os.path.join(os.environ.get("LINKWATCH_SUPPORT", "."), name)
    if not os.path.exists(path):
        raise tap.Skip(f"{name} was not built (libseccomp-dev is missing?)")
    return path


class Daemon:
    """A daemon in a context: started and answering when it is entered; in the end it is
    stopped, and must have ended well. A failure shows what it wrote. With serves=False it is
    not started by that."""

    def __init__(self, *options, config=None, wrapper=(), env=None, serves=True):
        self.directory = tempfile.mkdtemp(prefix="linkwatch-")
        self.socket = os.path.join(self.directory, "socket")
        self.log_file = os.path.join(self.directory, "log")
        self._serves = serves
        self._process = None
        self._environment = dict(os.environ, **(env or {}))
        # There is always one, so that a configuration of this machine has no say.
        self.config = os.path.join(self.directory, "linkwatchd.conf")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(config or "")
        self._command = [*wrapper, BINARY, "--socket", self.socket, "--config", self.config,
                         *options]

    def __enter__(self):
        assert BINARY, "LINKWATCHD is not set; run the tests with make check"
        if self._serves:
            self.start()
        return self

    def __exit__(self, kind, *_exception):
        try:
            self.stop()
        finally:
            if kind:
                tap.diag("the daemon wrote:")
                tap.diag(self.log())
            shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def pid(self):
        """Its process id."""
        return self._process.pid

    def log(self):
        """What it wrote so far."""
        try:
            with open(self.log_file, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def set_environment(self, **variables):
        """For the next start."""
        self._environment.update(variables)

    def launch(self):
        """Runs it and does not wait until it serves; the process is the caller's to end."""
        with open(self.log_file, "a", encoding="utf-8") as log:
            return subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log, env=self._environment)

    def start(self):
        """Starts it (again)."""
        self._process = self.launch()
        # Should this program end without leaving the context.
        atexit.register(self.kill)
        wait.until(self._is_serving, "the daemon's socket")

    def _is_serving(self):
        assert self._process.poll() is None, f"ended with {self._process.returncode}: {self.log()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(self.socket)
            except (FileNotFoundError, ConnectionRefusedError):
                return False
        return True

    def signal(self, number):
        """Sends it a signal."""
        self._process.send_signal(number)

    def wait(self):
        """Waits until it has ended by itself, and returns its exit code."""
        return self._process.wait(timeout=wait.SECONDS)

    def kill(self):
        """Kills it, so that it can't clean up."""
        self._process.kill()
        self._process.wait()
        atexit.unregister(self.kill)

    def stop(self):
        """Stops it as systemd does; it must end well."""
        if self._process is None or self._process.poll() is not None:
            atexit.unregister(self.kill)
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        atexit.unregister(self.kill)
        log = self.log()
        assert not any(word in log for word in _SANITIZER_WORDS), log
        tap.equal(code, 0, "the daemon's exit code")

    def connect(self):
        """A new connection."""
        return varlink.Connection(self.socket)

    def call(self, method, parameters=None):
        """One call on a connection of its own."""
        return varlink.call(self.socket, method, parameters)

    def status(self):
        """What GetStatus says."""
        return self.call("GetStatus")

    def statistics(self):
        """What GetStatistics says."""
        return self.call(varlink.STATISTICS + ".GetStatistics")

    def has_sessions(self, count):
        """Whether so many are connected, who asks among them. Who is refused at a limit sees
        that there are more."""
        try:
            return self.statistics()["sessions"] == count
        except varlink.Closed:
            return False
        except varlink.Error as error:
            if error.name != "org.linkwatch.Links.LimitReached":
                raise
            return False

    def links(self):
        """The links of List, by index."""
        return {link["ifindex"]: link for link in self.call("List")["links"]}

    def memory(self):
        """Bytes of memory that are its own."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        return int(fields["RssAnon"].split()[0]) * 1024

    def cpu_seconds(self):
        """CPU time that it has used so far."""
        try:
            with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as file:
                return int(file.read().split()[0]) / 1e9
        except FileNotFoundError:
            # Coarser, but everywhere.
            with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
