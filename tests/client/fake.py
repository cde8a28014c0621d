# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon's side of the socket, as a test wants it: right, late, broken or mad."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

import tap
import wait

BUILD = os.environ.get("LINKWATCH_CLIENT_TESTS", "")
INSTANCE = "1" * 32
OTHER = "2" * 32
SOURCE = {"standing": "trusted", "reason": "dumps agree", "stale": False,
          "last_dump_usec": 1700000000000000}
BLIND = {"standing": "denied", "reason": "no socket", "errno": 13, "errno_name": "EACCES",
         "stale": True}
# Of addresses that the kernel does not list.
UNLISTED = {"standing": "denied", "reason": "the kernel does not list its addresses", "errno": 95,
            "errno_name": "EOPNOTSUPP", "stale": True}


def link(ifindex, ifname, **fields):
    """A link with those fields and a few that each has."""
    return {"ifindex": ifindex, "ifname": ifname, "link_type": "ether", "flags": [], "mtu": 1500,
            **fields}


def address(ifindex, ifname, local, prefixlen=24, **fields):
    """An address with those fields and those that each has."""
    return {"ifindex": ifindex, "ifname": ifname, "family": "inet6" if ":" in local else "inet",
            "local": local, "prefixlen": prefixlen, "scope": "global", "flags": [],
            "valid_life_time": 4294967295, "preferred_life_time": 4294967295, **fields}


class Peer:
    """One connection that the client made."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(wait.SECONDS)
        self._pending = b""

    def call(self):
        """The next call, as an object."""
        while b"\0" not in self._pending:
            data = self.socket.recv(1 << 16)
            assert data, "the client hung up"
            self._pending += data
        message, self._pending = self._pending.split(b"\0", 1)
        return json.loads(message)

    def monitor(self):
        """The parameters of the next call, which must be of Monitor."""
        call = self.call()
        tap.equal(call["method"], "org.linkwatch.Links.Monitor", "method")
        tap.equal(call["more"], True, "more")
        return call.get("parameters", {})

    def raw(self, data):
        """Sends bytes as they are."""
        self.socket.sendall(data)

    def reply(self, parameters, **members):
        """Sends a reply."""
        self.raw(encode(parameters, **members))

    def list(self, links):
        """Answers a List."""
        self.raw(encode_list(links))

    def error(self, name, **parameters):
        """Sends an error reply."""
        self.reply(parameters, error=name)

    def event(self, kind, sequence, instance=INSTANCE, **members):
        """Sends a reply of Monitor."""
        self.raw(event(kind, sequence, instance, **members))

    def snapshot(self, sequence, *links, instance=INSTANCE):
        """Sends a snapshot and ready."""
        for each in links:
            self.event("snapshot", sequence, instance, link=each)
        self.event("ready", sequence, instance, source=SOURCE)

    def close(self):
        """Hangs up."""
        self.socket.close()

    def is_closed(self):
        """Waits until the client hangs up."""
        try:
            return self.socket.recv(1 << 16) == b""
        except ConnectionResetError:
            return True


def encode(parameters, **members):
    """A reply as bytes, with its NUL."""
    return json.dumps({"parameters": parameters, **members}).encode() + b"\0"


def encode_list(links):
    """The answer to a List: a reply for each link, the last one with position and source."""
    replies = [{"link": each} for each in links] or [{}]
    replies[-1] = {**replies[-1], "position": {"instance": INSTANCE, "sequence": 1},
                   "source": SOURCE}
    return b"".join(encode(reply, continues=True) for reply in replies[:-1]) + encode(replies[-1])


def event(kind, sequence, instance=INSTANCE, **members):
    """A reply of Monitor as bytes."""
    parameters = {"type": kind, "position": {"instance": instance, "sequence": sequence}}
    if kind in ("add", "remove", "change"):
        parameters["learned"] = "notification"
    if kind in ("add", "remove", "change", "source"):
        parameters.update(realtime_usec=1700000000000000 + sequence, monotonic_usec=sequence)
    parameters.update(members)
    return encode(parameters, continues=True)


class Fake:
    """A listening socket, in a context."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="linkwatch-")
        self.path = os.path.join(self.directory, "socket")
        self._socket = None
        self._programs = []

    def __enter__(self):
        self.listen()
        return self

    def __exit__(self, kind, *_exception):
        for program in self._programs:
            program.end(checked=kind is None)
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def listen(self):
        """Listens (again)."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(self.path)
        self._socket.listen(8)
        self._socket.settimeout(wait.SECONDS)

    def stop(self):
        """Listens no more, and takes the socket away."""
        if self._socket:
            self._socket.close()
            os.unlink(self.path)
        self._socket = None

    def accept(self):
        """The next connection."""
        return Peer(self._socket.accept()[0])

    def run(self, *command, **options):
        """Starts a program that this context ends."""
        program = Program(command, **options)
        self._programs.append(program)
        return program

    def driver(self, mode, *arguments, **options):
        """Starts the driver in that mode."""
        return self.run(os.path.join(BUILD, "driver"), mode, self.path, *arguments, **options)

    def mirror(self, *arguments):
        """Starts a mirror; it, and its connection when it has called Monitor."""
        program = self.driver("mirror", *arguments)
        peer = self.accept()
        peer.monitor()
        return program, peer


class Program:
    """A client that runs; what it writes is read line by line."""

    def __init__(self, command, env=None, stop=None):
        self._stop = stop  # the signal that ends it; else the end of its input does
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE,
                                         env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})})
        self._pending = b""

    def line(self):
        """The next line."""
        deadline = time.monotonic() + wait.SECONDS
        while b"\n" not in self._pending:
            if not wait.readable(self._process.stdout, deadline - time.monotonic()):
                raise wait.Timeout(f"no line; so far {self._pending!r}")
            data = os.read(self._process.stdout.fileno(), 1 << 16)
            assert data, f"it ended: {self._process.stderr.read().decode()}"
            self._pending += data
        line, self._pending = self._pending.split(b"\n", 1)
        return line.decode()

    def expect(self, *lines):
        """These are the next lines."""
        for expected in lines:
            tap.equal(self.line(), expected, "line")

    def ask(self):
        """Sends a line, for which the driver prints the links that it holds."""
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def follow_addresses(self):
        """To be a mirror of addresses, too"""
        self._process.stdin.write(b"addresses\n")
        self._process.stdin.flush()

    def refresh(self):
        """Makes the driver request a refresh, of which it prints the number."""
        self._process.stdin.write(b"r\n")
        self._process.stdin.flush()

    def descriptors(self):
        """How many it has open."""
        return len(os.listdir(f"/proc/{self._process.pid}/fd"))

    def signal(self, number):
        """Sends it a signal."""
        self._process.send_signal(number)

    def finish(self):
        """Ends its input; its exit code, and the rest of its output and errors."""
        output, errors = self._process.communicate(timeout=wait.SECONDS)
        return self._process.returncode, (self._pending + output).decode(), errors.decode()

    def end(self, checked=True):
        """Ends it, if it didn't by itself; it must not have been killed by a fault."""
        if self._process.returncode is not None:
            return
        if self._stop:
            self.signal(self._stop)
        try:
            code, _, errors = self.finish()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        if checked:
            well = code >= 0 or code == -(self._stop or 0)
            assert well and "Sanitizer" not in errors, f"ended with {code}: {errors}"
