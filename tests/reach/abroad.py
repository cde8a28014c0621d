# SPDX-License-Identifier: LGPL-2.1-or-later
"""Subscriptions in other network namespaces than linkwatch-run's, and linkwatch-run in another one
than linkwatchd's, on a native kernel that denies subscriptions."""

import os
import re
import subprocess
import sys

import behaviour
import daemon as daemons
import netns
import programs
import tap
import wait

netns.enter()
netns.ip("link set lo up")

DENIED = behaviour.deny("--bind", "EACCES", "--join", "ENOPROTOOPT")

# Makes a socket in the namespace of a process, and subscribes it when it is back, or there.
SUBSCRIBER = """
import ctypes, os, socket, struct, sys
here = os.open("/proc/self/ns/net", os.O_RDONLY)
there = os.open(f"/proc/{sys.argv[1]}/ns/net", os.O_RDONLY)
def enter(fd):
    assert ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000) == 0
enter(there)
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
if sys.argv[2] == "back":
    enter(here)
s.bind((0, 1))
enter(here)
os.close(there)
print("subscribed", flush=True)
while sys.stdin.readline() if sys.argv[2] == "close" else True:
    if sys.argv[2] == "close":
        s.close()
        print("closed", flush=True)
        continue
    data = s.recv(65536)
    print(struct.unpack_from("=IH", data)[1], data[32:].split(b"\\0\\0")[0], flush=True)
"""

# Lets go of a socket in a way that isn't traced, between the ends of two threads.
REPLACER = """
import ctypes, os, socket, sys, threading
here = os.open("/proc/self/ns/net", os.O_RDONLY)
there = os.open(f"/proc/{sys.argv[1]}/ns/net", os.O_RDONLY)
enter = lambda fd: ctypes.CDLL(None).setns(fd, 0x40000000) == 0 or sys.exit("setns")
def end_thread():
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
enter(there)
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
s.bind((0, 1))
enter(here)
os.close(there)
print("subscribed", flush=True)
sys.stdin.readline()
end_thread()
os.dup2(os.open("/dev/null", os.O_RDONLY), s.fileno())
end_thread()
print("replaced", flush=True)
sys.stdin.readline()
"""


class Output:
    """A program under linkwatch-run, and the lines that it prints."""

    def __init__(self, daemon, *command, wrapper=(), options=(), user=None):
        owner = {"user": user, "group": user} if user else {}
        self._process = subprocess.Popen(
            [*DENIED, *wrapper, *programs.command(daemon.socket, *command, options=options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **owner)
        os.set_blocking(self._process.stdout.fileno(), False)
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._process.terminate()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def send(self, line):
        """A line for its input."""
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def read(self):
        """All that it printed so far."""
        self.text += (self._process.stdout.read() or b"").decode(errors="replace")
        return self.text

    def until(self, pattern):
        """Waits for a line."""
        try:
            return wait.until(lambda: re.search(pattern, self.read()), pattern)
        except wait.Timeout:
            raise AssertionError(f"no {pattern!r} in {self.text!r}") from None


def changes(output, ip, name):
    """A link comes and goes there, and the program sees it."""
    # It may not have subscribed yet.
    def seen():
        ip(f"link add {name} type bridge")
        ip(f"link del {name}")
        return name in output.read()

    wait.until(seen, name)
    output.until(f"Deleted .*{name}")


@tap.test
def program_abroad():
    """A program that runs in another namespace sees the links of that, and not those of ours"""
    with daemons.Daemon() as daemon, netns.Namespace() as other, \
            Output(daemon, "nsenter", f"--net=/proc/{other.pid}/ns/net", "ip", "monitor",
                   "link") as output:
        changes(output, other.ip, "there")
        netns.ip("link add ours type bridge")
        netns.ip("link del ours")
        changes(output, other.ip, "after")
        assert "ours" not in output.text, output.text


@tap.test
def several_namespaces():
    """Subscriptions of several namespaces in one program's tree receive each their own links"""
    with daemons.Daemon() as daemon, netns.Namespace() as one, netns.Namespace() as two, \
            Output(daemon, "sh", "-c", f"nsenter --net=/proc/{one.pid}/ns/net ip monitor link & "
                   f"nsenter --net=/proc/{two.pid}/ns/net ip monitor link & "
                   "exec ip monitor link") as output:
        for ip, name in ((one.ip, "uno"), (two.ip, "due"), (netns.ip, "home")):
            changes(output, ip, name)


@tap.test
def named_namespaces():
    """ip -n NAME monitor link, for two namespaces beside one's own, reports the links of each"""
    names = ("red", "blue")
    if not os.access("/run", os.W_OK):
        raise tap.Skip("ip-netns(8) needs a /run that can be written to")
    for name in names:
        netns.ip(f"netns add {name}")
    script = "ip -n red monitor link & ip -n blue monitor link & exec ip monitor link"
    try:
        with daemons.Daemon() as daemon, Output(daemon, "sh", "-c", script) as output:
            for name in names:
                changes(output, lambda text, name=name: netns.ip(f"-n {name} {text}"), f"in{name}")
            changes(output, netns.ip, "home")
    finally:
        for name in names:
            netns.ip(f"netns del {name}")


@tap.test
def ordinary_user():
    """An ordinary user's program in namespaces of its own sees its links"""
    netns.need_other_users()
    if subprocess.run(["unshare", "-Urn", "true"], user=65534, group=65534,
                                           check=False, capture_output=True).returncode != 0:
        raise tap.Skip("an ordinary user can make no namespaces here")
    programs.nobody(daemons.helper("deny"), programs.RUN)
    script = ("ip monitor link & sleep 1; while :; do ip link add mine type bridge; "
              "ip link del mine; sleep 0.3; done")
    with daemons.Daemon() as daemon:
        os.chmod(daemon.directory, 0o755)
        with Output(daemon, "unshare", "-Urn", "sh", "-c", script, user=65534) as output:
            output.until("Deleted .*mine")


@tap.test
def made_there_bound_here():
    """A socket is of the namespace in which it was made, wherever it is subscribed"""
    for way in ("back", "there"):
        with daemons.Daemon() as daemon, netns.Namespace() as other, \
                Output(daemon, sys.executable, "-c", SUBSCRIBER, str(other.pid), way) as output:
            output.until("subscribed")
            other.ip("link add abroad type bridge")
            output.until("16 .*abroad")
            other.ip("link del abroad")
            output.until("17 .*abroad")


@tap.test
def lets_go():
    """With the last subscription there, nothing of the namespace is held any more"""
    with daemons.Daemon() as daemon, netns.Namespace() as other:
        netns.ip(f"link add near type veth peer name far netns {other.pid}")
        with Output(daemon, sys.executable, "-c", SUBSCRIBER, str(other.pid), "close") as output:
            output.until("subscribed")
            wait.until(lambda: daemon.statistics()["namespaces"] == 1, "the namespace")
            output.send("close")
            output.until("closed")
            other.end()
            wait.until(lambda: "near" not in [link["ifname"] for link in netns.links().values()],
                       "the end of the veth")


@tap.test
def lets_go_of_what_is_replaced():
    """Nothing is held, either, when dup2() closed the socket between the ends of two threads"""
    with daemons.Daemon() as daemon, netns.Namespace() as other:
        netns.ip(f"link add near type veth peer name far netns {other.pid}")
        with Output(daemon, sys.executable, "-c", REPLACER, str(other.pid)) as output:
            output.until("subscribed")
            wait.until(lambda: daemon.statistics()["namespaces"] == 1, "the namespace")
            output.send("replace")
            output.until("replaced")
            other.end()
            wait.until(lambda: "near" not in [link["ifname"] for link in netns.links().values()],
                       "the end of the veth")


@tap.test
def another_than_the_daemon():
    """linkwatch-run in another namespace than linkwatchd's reports the links of its own"""
    with daemons.Daemon() as daemon, netns.Namespace() as other:
        enter = ("nsenter", f"--net=/proc/{other.pid}/ns/net")
        for options in programs.HELPS.values():
            with Output(daemon, "ip", "monitor", "link", wrapper=enter, options=options) as output:
                changes(output, other.ip, "own")
                netns.ip("link add ours type bridge")
                netns.ip("link del ours")
                changes(output, other.ip, "after")
                assert "ours" not in output.text, output.text


if __name__ == "__main__":
    tap.main()
