# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where benchmarks run: private network namespaces, with links and the daemon in them."""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import tap
import wait


def let_pass(seconds):
    """Lets time pass that is itself what is measured."""
    select.select([], [], [], seconds)


class Program:
    """A running benchmark program: it says when it is ready, gets a word to go, and gives a result."""

    def __init__(self, command, **options):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, **options)

    def wait_ready(self):
        """Returns when the program has made itself ready."""
        line = self.process.stdout.readline()
        if line != "ready\n":
            raise RuntimeError(f"{self.process.args}: {line or 'ended'}")
        return self

    def go(self):
        """Has it begin."""
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self

    def result(self):
        """Waits for its end, and returns what it measured."""
        output, _ = self.process.communicate()
        if self.process.returncode != 0:
            raise RuntimeError(f"{self.process.args}: exit status {self.process.returncode}")
        return json.loads(output.splitlines()[-1])


class Connection:
    """One connection to the daemon, for calls with one reply."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(path)

    def statistics(self):
        """What GetStatistics says."""
        return self.call("Statistics.GetStatistics")

    def call(self, method):
        """Calls a method of linkwatchd's without parameters: "Links.Refresh"."""
        request = {"method": "org.linkwatch." + method, "parameters": {}}
        self._socket.sendall(json.dumps(request).encode() + b"\0")
        reply = b""
        while not reply.endswith(b"\0"):
            piece = self._socket.recv(65536)
            if not piece:
                raise RuntimeError(f"{method}: the daemon closed the connection")
            reply += piece
        return json.loads(reply[:-1])["parameters"]

    def close(self):
        """Closes it."""
        self._socket.close()


def _listens(path):
    """Whether somebody listens there. The file is there a moment before."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


class Process:
    """A process that is observed from outside."""

    def __init__(self, pid):
        self.pid = pid

    def cpu(self):
        """CPU time since its start in seconds; to the nanosecond, unlike in /proc."""
        return time.clock_gettime(~self.pid << 3 | 2)

    def status(self, name):
        """A number of /proc/PID/status."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as lines:
            for line in lines:
                if line.startswith(name + ":"):
                    return int(line.split()[1])
        raise KeyError(name)

    def resident(self):
        """Resident memory in KiB."""
        return self.status("VmRSS")


class Stage:
    """A network namespace with so many links beside lo, and programs that run in it."""

    def __init__(self, plan, links):
        self.plan = plan
        self.links = links
        self._keeper = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL)
        ours = os.readlink("/proc/self/ns/net")
        wait.until(lambda: os.readlink(f"/proc/{self._keeper.pid}/ns/net") != ours, "a namespace")
        self._make_links()

    def _make_links(self):
        lines = "".join(f"link add b{i} type ifb\n" for i in range(self.links))
        made = subprocess.run(self.inside("ip", "-batch", "-"), input=lines, text=True,
                              capture_output=True, check=False)
        if made.returncode != 0:
            raise tap.Skip(f"no ifb links can be made: {made.stderr.strip()}")
        output = subprocess.run(self.inside("ip", "-json", "link", "show", "dev", "b0"),
                              capture_output=True, check=True)
        self.first = json.loads(output.stdout)[0]["ifindex"]

    def close(self):
        """Gives up the namespace."""
        self._keeper.stdin.close()
        self._keeper.wait()

    def inside(self, *command):
        """The command that runs a command in the namespace, under the same process id."""
        return ["nsenter", f"--net=/proc/{self._keeper.pid}/ns/net", *map(str, command)]

    def program(self, name, *arguments):
        """Starts one of the benchmark programs."""
        return Program(self.inside(self.plan.program(name), *arguments))

    def run(self, name, *arguments):
        """Runs a benchmark program that needs no go."""
        return self.program(name, *arguments).result()

    def run_command(self, command):
        """Runs a command that ends in a benchmark program."""
        return Program(self.inside(*command)).result()

    def start_and_go(self, name, *arguments):
        """Runs a benchmark program, and returns what it measured."""
        return self.program(name, *arguments).wait_ready().go().result()

    def churn(self, changes, links=8):
        """Changes links as fast as may be."""
        return self.run("churn", self.first, min(links, self.links), changes)

    @contextlib.contextmanager
    def daemon(self, *options, denied=False, wrapper=()):
        """The daemon under test, for as long as the context stands; wrapper: a command that runs it."""
        directory = tempfile.mkdtemp(prefix="linkwatch-bench-")
        path = os.path.join(directory, "socket")
        command = [*wrapper, *self.plan.daemon_command(denied), "--socket", path,
                   "--config", "/dev/null", *options]
        process = subprocess.Popen(self.inside(*command), stderr=subprocess.DEVNULL)
        try:
            wait.until(lambda: _listens(path) or process.poll() is not None, "the socket")
            yield Daemon(process.pid, path)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
            shutil.rmtree(directory, ignore_errors=True)


class Daemon(Process):
    """A running daemon."""

    def __init__(self, pid, path):
        super().__init__(pid)
        self.path = path
        with contextlib.closing(Connection(path)) as connection:
            connection.call("Links.GetStatus")
