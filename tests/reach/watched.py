# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that subscribes where a filter above linkwatch-run's own answers that is stopped at each of
its calls, as long as it may subscribe and no longer. Its stops are counted by the kernel: each is a
voluntary context switch of the thread."""

import subprocess

import behaviour
import daemon as daemons
import netns
import programs
import tap
import wait

DENIED = behaviour.deny("--bind", "EACCES", "--join", "ENOPROTOOPT")
CALLS = 1000
# What happens by itself, in so many calls.
FEW = 100

PRELUDE = """
import ctypes, fcntl, os, select, socket, struct, threading
def rtnetlink():
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
def request(netlink):
    netlink.send(struct.pack("=IHHIIBxHiII", 32, 18, 5, 7, 0, 0, 0, 1, 0, 0))
    netlink.recv(65536)
def switches():
    with open("/proc/thread-self/status") as file:
        return int(file.read().split("\\nvoluntary_ctxt_switches:")[1].split()[0])
def stops():
    before = switches()
    for _ in range(%d):
        os.getppid()
    return switches() - before
def subscribe(netlink):
    netlink.bind((netlink.getsockname()[0], 1))
    while b"\\0one\\0" not in netlink.recv(65536):
        pass
""" % CALLS


def command(daemon, script):
    """The command line of a program with what is above."""
    return [*DENIED, programs.RUN, "--socket", daemon, programs.PYTHON, "-c", PRELUDE + script]


def stops_after(script):
    """How often a thread that did so is stopped in CALLS calls."""
    result = subprocess.run(command("/nonexistent/socket", script + "\nprint(stops())"),
                            capture_output=True, text=True, check=True, timeout=wait.SECONDS)
    return int(result.stdout)


@tap.test
def with_a_socket():
    """A program that made an rtnetlink socket is stopped at its calls"""
    assert stops_after("netlink = rtnetlink()") >= CALLS


@tap.test
def closed():
    """A program that closed its rtnetlink socket is not stopped at its calls any more"""
    assert stops_after("rtnetlink().close()") < FEW
    assert stops_after("a, b = rtnetlink(), rtnetlink()\na.close()\nrequest(b)\nb.close()") < FEW


@tap.test
def in_a_child():
    """The same in a process that it forked"""
    script = "netlink = rtnetlink()\nif os.fork() == 0:\n    {}print(stops(), flush=True)\n    os._exit(0)\nos.wait()"
    for action, stopped in (("", True), ("netlink.close(); ", False)):
        result = subprocess.run(command("/nonexistent/socket", script.format(action)), text=True,
                                capture_output=True, check=True, timeout=wait.SECONDS)
        tap.equal(int(result.stdout) >= FEW, stopped, result.stdout)


@tap.test
def requested():
    """A program that sent a request with its socket is stopped at few more calls"""
    stops = stops_after("netlink = rtnetlink()\nnetlink.bind((0, 0))\nrequest(netlink)")
    assert stops < CALLS // 2, stops
    # Another socket may subscribe as before.
    stops = stops_after("netlink = rtnetlink()\nrequest(netlink)\nother = rtnetlink()")
    assert stops >= CALLS, stops


@tap.test
def asks_for_flags():
    """A program that only asks which flags seccomp() has is not stopped for that"""
    script = """
libc = ctypes.CDLL(None)
os.getppid = lambda: libc.syscall(317, 1, 1, None)
"""
    assert stops_after(script) < FEW


@tap.test
def undisturbed():
    """A call that another thread sleeps in is not interrupted by sockets that come and go"""
    script = """
libc = ctypes.CDLL(None, use_errno=True)
reader, writer = os.pipe()
epoll = select.epoll()
epoll.register(reader)
results = []
def sleep():
    # The bare call: Python's own goes on after EINTR.
    results.append(libc.epoll_wait(epoll.fileno(), ctypes.create_string_buffer(16), 1, -1))
threads = [threading.Thread(target=sleep) for _ in range(20)]
for thread in threads:
    thread.start()
for _ in range(50):
    rtnetlink().close()
os.write(writer, b"x")
for thread in threads:
    thread.join()
print(results == [1] * 20)
"""
    result = subprocess.run(command("/nonexistent/socket", script), capture_output=True, text=True,
                            check=True, timeout=wait.SECONDS)
    tap.equal(result.stdout, "True\n")


def subscribes(script):
    """It sees a link that appears."""
    with daemons.Daemon() as daemon, programs.Running(command(daemon.socket, script)) as running:
        wait.until(lambda: programs.is_subscribed(running.process), "its subscription")
        netns.ip("link add one type bridge")
        running.process.wait(timeout=wait.SECONDS)
        tap.equal(running.process.returncode, 0, running.text())
    netns.delete_all()


SUBSCRIPTIONS = {
    "after it sent a request": "netlink = rtnetlink()\nrequest(netlink)\nsubscribe(netlink)",
    "after it closed another one": "a, b = rtnetlink(), rtnetlink()\nb.close()\nsubscribe(a)",
    "of which it closed another number":
        """
a = rtnetlink()
b = socket.socket(fileno=fcntl.fcntl(a.fileno(), fcntl.F_DUPFD, a.fileno()))
a.close()
subscribe(b)
""",
    "after it closed all that it had":
        "rtnetlink().close()\nstops()\nsubscribe(rtnetlink())",
    "in a thread that ran while it closed another one": """
turn = threading.Semaphore(0)
given = []
def work():
    turn.acquire()
    subscribe(given[0])
thread = threading.Thread(target=work)
thread.start()
rtnetlink().close()
given.append(rtnetlink())
turn.release()
thread.join()
""",
}

netns.enter()
for _when, _script in SUBSCRIPTIONS.items():
    tap.add(f"A program subscribes by a socket {_when}", subscribes, _script)
tap.main()
