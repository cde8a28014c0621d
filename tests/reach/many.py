# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program with thousands of subscribed sockets, as a container engine has one for each container,
on a native kernel that denies subscriptions."""

import contextlib
import json
import resource
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
SOCKETS = 4096
NAMESPACES = 8

# Subscribes so many sockets, in turn in each of the namespaces of those processes, then counts for
# each what comes about links of one name, and closes those of the first namespace.
PROGRAM = """
import ctypes, json, os, resource, select, socket, struct, sys
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
home = os.open("/proc/self/ns/net", os.O_RDONLY)
there = [os.open(f"/proc/{pid}/ns/net", os.O_RDONLY) for pid in sys.argv[2:]]
sockets = []
share = int(sys.argv[1]) // len(there)
for fd in there:
    assert ctypes.CDLL(None).setns(fd, 1 << 30) == 0
    os.close(fd)
    for _ in range(share):
        sockets.append(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0))
        sockets[-1].bind((0, 1))
assert ctypes.CDLL(None).setns(home, 1 << 30) == 0
print("subscribed", flush=True)
poll = select.poll()
by_fd = {s.fileno(): n for n, s in enumerate(sockets)}
for fd in by_fd:
    poll.register(fd, select.POLLIN)
poll.register(0, select.POLLIN)
counts = [0] * len(sockets)
while True:
    for fd, _ in poll.poll():
        if fd == 0:
            if os.read(0, 1000) == b"close\\n":
                for s in sockets[:share]:
                    s.close()
                print("closed", flush=True)
                os.read(0, 1)
                sys.exit()
            print(json.dumps(counts), flush=True)
            continue
        try:
            data = sockets[by_fd[fd]].recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            continue
        if struct.unpack_from("=IH", data)[1] == 16 and b"\\0late\\0" in data:
            counts[by_fd[fd]] += 1
"""


@contextlib.contextmanager
def running(daemon, spaces):
    """The program, when it has subscribed all of its sockets."""
    command = [*DENIED, programs.RUN, "--socket", daemon.socket, sys.executable, "-c", PROGRAM,
               str(SOCKETS), *(str(space.pid) for space in spaces)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        try:
            tap.equal(process.stdout.readline(), "subscribed\n")
            yield process
        finally:
            process.kill()


def command(process, line):
    """A line for its input; what it answers."""
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return process.stdout.readline()


@tap.test
def thousands():
    """Each of 4096 sockets in 8 namespaces receives an update of a link once; those of a namespace share one
    connection; with the last ones of a namespace nothing of it is held"""
    # Theirs are numbered from there on.
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 2 * SOCKETS:
        raise tap.Skip(f"no {2 * SOCKETS} files may be opened here")
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(daemons.Daemon())
        spaces = [stack.enter_context(netns.Namespace()) for _ in range(NAMESPACES)]
        for n, space in enumerate(spaces):
            netns.ip(f"link add near{n} type veth peer name far netns {space.pid}")
        process = stack.enter_context(running(daemon, spaces))
        statistics = daemon.statistics()
        tap.equal(statistics["namespaces"], NAMESPACES, "namespaces")
        # Ours is one, and that of linkwatch-run's own namespace.
        assert statistics["sessions"] <= NAMESPACES + 2, statistics["sessions"]
        for space in spaces:
            space.ip("link add late type bridge")
        wait.until(lambda: min(json.loads(command(process, "count"))) > 0, "each socket's update",
                   seconds=120, tick=0.5)
        for space in spaces:
            space.ip("link del late")
        tap.equal(set(json.loads(command(process, "count"))), {1}, "updates")
        tap.equal(command(process, "close"), "closed\n")
        spaces[0].end()
        wait.until(lambda: "near0" not in [link["ifname"] for link in netns.links().values()],
                   "the end of the veth")


tap.main()
