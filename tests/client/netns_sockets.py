# SPDX-License-Identifier: LGPL-2.1-or-later
"""Other network namespaces: sockets in them, as the library opens them, and what the library and
linkwatchctl do with these."""

import os
import subprocess
import tempfile

import ctl
import fake
import netns
import tap
import wait
from daemon import Daemon

netns.enter()

DRIVER = os.path.join(os.environ["LINKWATCH_CLIENT_TESTS"], "driver")
# SO_NETNS_COOKIE, which Python does not name.
COOKIE = ("import socket; s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW); "
          "print(int.from_bytes(s.getsockopt(socket.SOL_SOCKET, 71, 8), 'little'))")


def driver(*names, wrapper=(), **options):
    """What the driver prints for these namespaces, for its own one, and of its children."""
    result = subprocess.run([*wrapper, DRIVER, "netns", *names], capture_output=True, text=True, check=False,
                            **options)
    assert result.returncode == 0, result
    *opened, own, children = result.stdout.split("\n")[:-1]
    tap.equal(children, "ECHILD", "children")
    tap.equal(own, cookie(), "the namespace that it is in afterwards")
    return opened


def cookie(*wrapper):
    """What the kernel calls the network namespace of a command, and so its sockets."""
    result = subprocess.run([*wrapper, "python3", "-c", COOKIE], capture_output=True, text=True,
                          check=False)
    if result.returncode != 0:
        raise tap.Skip(f"no SO_NETNS_COOKIE: {result.stderr.strip().splitlines()[-1]}")
    return result.stdout.strip()


def others_can_run_it():
    """Whether another user can be become, who may run the driver: a clone can lie in a folder
    that only its owner sees."""
    return netns.has_other_users() and netns.as_nobody(lambda: os.access(DRIVER, os.X_OK))


def needs_root():
    """Skips what only the machine's root can do; root of a user namespace has one user id."""
    if not netns.has_other_users():
        raise tap.Skip("needs root")


@tap.test
def by_process():
    """A process id opens a socket in that process's network namespace"""
    with netns.Namespace() as other:
        inside = cookie("nsenter", f"--net=/proc/{other.pid}/ns/net")
        tap.equal(driver(str(other.pid)), [inside])


@tap.test
def by_path():
    """A path with a slash in it opens a socket in the network namespace of that file"""
    with netns.Namespace() as other:
        inside = cookie("nsenter", f"--net=/proc/{other.pid}/ns/net")
        tap.equal(driver(f"/proc/{other.pid}/ns/net"), [inside])


@tap.test
def by_name():
    """A name of ip-netns(8) opens a socket in there, also one of digits alone"""
    needs_root()
    netns.run("mount", "-t", "tmpfs", "tmpfs", "/run")
    try:
        for name in ("blue", "1"):
            netns.ip(f"netns add {name}")
            inside = cookie("ip", "netns", "exec", name)
            tap.equal(driver(name), [inside], name)
    finally:
        for name in ("blue", "1"):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
        netns.run("umount", "--lazy", "/run")


@tap.test
def own():
    """One's own network namespace needs no privilege"""
    user = {"user": 65534, "group": 65534} if others_can_run_it() else {}
    with open("/proc/self/ns/net", "rb") as file:
        fd = file.fileno()
        tap.equal(driver("/proc/self/ns/net", f"/proc/self/fd/{fd}", pass_fds=(fd,), **user),
                  [cookie(), cookie()])


@tap.test
def of_a_user():
    """Who made a user namespace may open sockets in its network namespaces, others may not"""
    needs_root()
    if not others_can_run_it():
        raise tap.Skip(f"no other user may run {DRIVER}")
    process = subprocess.Popen(["unshare", "--map-root-user", "--net", "sh", "-c",
                                "echo ready; exec cat"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, user=65534, group=65534)
    try:
        tap.equal(process.stdout.readline(), b"ready\n")
        inside = cookie("nsenter", f"--net=/proc/{process.pid}/ns/net")
        tap.equal(driver(str(process.pid), user=65534, group=65534), [inside])
        tap.equal(driver(str(process.pid), user=65533, group=65533), ["EACCES"])
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


@tap.test
def what_is_none():
    """What is no network namespace is refused with the reason, and nothing blocks"""
    with tempfile.TemporaryDirectory() as folder:
        os.mkfifo(f"{folder}/fifo")
        for name, error in (("", "EINVAL"), (".", "EINVAL"), ("..", "EINVAL"),
                            ("no-such-name", "ENOENT"), ("4194305", "ENOENT"),
                            ("99999999999999999999", "ENOENT"), ("-1", "ENOENT"),
                            (f"{folder}/fifo", "EINVAL"), (folder, "EINVAL"),
                            ("/proc/self/ns/mnt", "EINVAL"), ("/dev/null", "EINVAL"),
                            ("x" * 5000, "ENAMETOOLONG")):
            tap.equal(driver(name), [error], name[:30])


@tap.test
def many():
    """Many, one after another, leave no descriptor behind"""
    with netns.Namespace() as other:
        inside = cookie("nsenter", f"--net=/proc/{other.pid}/ns/net")
        names = [str(other.pid)] * 300
        limit = ("prlimit", "--nofile=16")
        tap.equal(driver(*names, wrapper=limit), [inside] * 300)


def calls(path, *names):
    """What the driver prints for calls on one connection."""
    result = subprocess.run([DRIVER, "call", path, "5000000", *names], capture_output=True,
                            text=True, check=False)
    return result.stdout.splitlines()


@tap.test
def connection_enters():
    """A connection enters a namespace, and another one; one that fails changes nothing"""
    with Daemon("--namespaces-max", "2") as daemon, netns.Namespace() as one, \
            netns.Namespace() as two:
        one.ip("link set lo name loo")
        two.ip("link add deux type bridge")
        tap.equal(calls(daemon.socket, "list", f"enter:{one.pid}", "list", f"enter:{two.pid}",
                        "list", "refresh", "enter:/proc/self/ns/net", "list"),
                  ["1:lo 0: ", "0: ", "1:loo 0: ", "0: ", "1:lo 2:deux 0: ", "0: ", "0: ",
                   "1:lo 0: "])
    with Daemon("--namespaces-max", "0") as daemon, netns.Namespace() as one:
        tap.equal(calls(daemon.socket, f"enter:{one.pid}", "list"),
                  ["EBUSY: a limit of the daemon was reached (namespaces-max)", "1:lo 0: "])


@tap.test
def enters_again():
    """A connection that was made anew enters again before its next call"""
    def answer(peer, method, parameters):
        tap.equal(peer.call()["method"], f"org.linkwatch.Links.{method}")
        peer.reply(parameters)

    with fake.Fake() as daemon:
        caller = daemon.driver("call", "5000000", "enter:/proc/self/ns/net", "refresh", "refresh")
        peer = daemon.accept()
        answer(peer, "Enter", {})
        caller.expect("0: ")
        tap.equal(peer.call()["method"], "org.linkwatch.Links.Refresh")
        peer.close()
        caller.expect("ECONNRESET: the daemon closed the connection")
        peer = daemon.accept()
        answer(peer, "Enter", {})
        answer(peer, "Refresh", {"position": {"instance": fake.INSTANCE, "sequence": 1}})
        caller.expect("0: ")


@tap.test
def ctl_lists():
    """linkwatchctl --netns lists, shows, waits and monitors in there, by process and by path"""
    with Daemon() as daemon, netns.Namespace() as other:
        other.ip("link add there type bridge")
        for name in (str(other.pid), f"/proc/{other.pid}/ns/net"):
            route = ("--socket", daemon.socket, "--netns", name)
            code, output, errors = ctl.run(*route, "list")
            tap.equal((code, errors), (0, ""))
            tap.contains(output, "there")
            tap.equal(ctl.run(*route, "show", "there")[0], 0)
            tap.equal(ctl.run(*route, "refresh")[0], 0)
            tap.equal(ctl.run(*route, "--timeout", "10", "wait", "there", "down")[0], 0)
            monitor = ctl.start(*route, "monitor", "there")
            tap.contains(monitor.stdout.readline().decode(), "INDEX")
            tap.contains(monitor.stdout.readline().decode(), "there")
            other.ip("link set there mtu 1400")
            tap.contains(monitor.stdout.readline().decode(), "1400")
            other.ip("link set there mtu 1500")
            monitor.terminate()
            ctl.end(monitor)


@tap.test
def ctl_errors():
    """A namespace that isn't there, or is none, is reported as that"""
    with Daemon() as daemon:
        route = ("--socket", daemon.socket, "--netns")
        for name, words in (("no-such", "there is no network namespace"),
                            ("/dev/null", "it is not a network namespace"), ("", "it is not a network namespace")):
            code, output, errors = ctl.run(*route, name, "list")
            tap.equal((code, output), (1, ""))
            tap.contains(errors, words)


@tap.test
def mirror_comes_back():
    """A mirror re-enters when the daemon was started anew, and resumes where it only lost the
    connection"""
    with Daemon() as daemon, netns.Namespace() as other:
        monitor = ctl.start("--socket", daemon.socket, "--netns", str(other.pid), "monitor")
        tap.contains(monitor.stdout.readline().decode(), "INDEX")
        tap.contains(monitor.stdout.readline().decode(), "lo")
        daemon.stop()
        other.ip("link add late type bridge")
        daemon.start()
        wait.until(lambda: b"late" in monitor.stdout.readline(), "the link")
        monitor.terminate()
        ctl.end(monitor)


if __name__ == "__main__":
    tap.main()
