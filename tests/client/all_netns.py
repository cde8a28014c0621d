# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatchctl --all-netns: the namespaces that have a name, as they come and go."""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import time

import ctl
import fake
import netns
import tap
import wait
from daemon import Daemon

netns.enter()

DOCKER = "/run/docker/netns"
MS_BIND = 4096


@contextlib.contextmanager
def private_run():
    """A /run without any namespace, for as long as the context stands."""
    netns.run("mount", "-t", "tmpfs", "tmpfs", "/run")
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir("/run/netns"):
                subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
        netns.run("umount", "--lazy", "/run")


def add(name):
    """A namespace of that name."""
    netns.run("ip", "netns", "add", name)


def delete(name):
    """Takes its name away, and so mostly the namespace."""
    netns.run("ip", "netns", "del", name)


def touch(path):
    """An empty file."""
    with open(path, "w", encoding="ascii"):
        pass


def bind(namespace, path):
    """Another name for a namespace."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    touch(path)
    netns.run("mount", "--bind", namespace, path)


def run(daemon, *arguments, **options):
    """Runs linkwatchctl --all-netns; its exit code, output and errors."""
    return ctl.run("--socket", daemon.socket, "--all-netns", *arguments, **options)


def listed(daemon, *names):
    """The links, by namespace."""
    code, output, errors = run(daemon, "--json", "list", *names)
    tap.equal((code, errors), (0, ""), "outcome")
    found = {}
    for link in json.loads(output):
        found.setdefault(link["netns"], []).append(link["ifname"])
    return found


class Monitor:
    """A monitor of all namespaces, in a context."""

    def __init__(self, daemon, *arguments):
        self._program = fake.Program([ctl.CTL, "--socket", daemon.socket, "--all-netns", "monitor",
                                      *arguments], env=ctl.environment(), stop=signal.SIGTERM)
        self.line = self._program.line

    def __enter__(self):
        return self

    def __exit__(self, kind, *_exception):
        self._program.end(checked=kind is None)

    def descriptors(self):
        """How many it has."""
        return self._program.descriptors()

    def until(self, words):
        """The next line that has these words; those before it are passed over."""
        while True:
            line = self.line()
            if words in line:
                return line

    def rest(self):
        """Ends it; its exit code, the rest of its lines, and its errors."""
        self._program.signal(signal.SIGTERM)
        code, output, errors = self._program.finish()
        return code, output.splitlines(), errors


@tap.test
def lists():
    """list shows the daemon's own namespace, those of /run/netns, those of Docker; each line is
    labelled"""
    with private_run(), Daemon() as daemon:
        for name in ("red", "blue", "7"):
            add(name)
        with netns.Namespace() as other:
            other.ip("link add inside type bridge")
            bind(f"/proc/{other.pid}/ns/net", f"{DOCKER}/0a1b")
            netns.ip("-n red link add there type bridge")
            code, output, errors = run(daemon, "list")
            tap.equal((code, errors), (0, ""), "outcome")
            rows = [line.split()[:3] for line in output.splitlines()]
            tap.equal(rows, [["NETNS", "INDEX", "LINK"], ["-", "1", "lo"], ["7", "1", "lo"],
                             ["blue", "1", "lo"], ["red", "1", "lo"], ["red", "2", "there"],
                             [f"{DOCKER}/0a1b", "1", "lo"], [f"{DOCKER}/0a1b", "2", "inside"]],
                      "rows")
            tap.equal(listed(daemon), {None: ["lo"], "7": ["lo"], "blue": ["lo"],
                                       "red": ["lo", "there"],
                                       f"{DOCKER}/0a1b": ["lo", "inside"]}, "JSON")
            netns.run("umount", f"{DOCKER}/0a1b")


@tap.test
def lists_addresses():
    """address shows those of each namespace, labelled as the links are"""
    with private_run(), Daemon() as daemon:
        netns.ip("address add 127.0.0.1/8 dev lo")
        add("red")
        add("blue")
        netns.ip("-n red link add there type bridge")
        netns.ip("-n red address add 10.0.0.1/24 dev there")
        code, output, errors = run(daemon, "-4", "address")
        tap.equal((code, errors), (0, ""), "outcome")
        tap.equal([line.split()[:4] for line in output.splitlines()],
                  [["NETNS", "LINK", "FAMILY", "ADDRESS"], ["-", "lo", "inet", "127.0.0.1/8"],
                   ["red", "there", "inet", "10.0.0.1/24"]], "rows")
        code, output, errors = run(daemon, "--json", "address", "there")
        tap.equal((code, errors), (0, ""), "outcome")
        tap.equal([(each["netns"], each["local"]) for each in json.loads(output)],
                  [("red", "10.0.0.1")], "JSON")
        tap.equal(run(daemon, "address", "nosuch"),
                  (1, "", 'linkwatchctl: there is no link "nosuch"\n'), "none")
        netns.ip("address del 127.0.0.1/8 dev lo")


@tap.test
def follows_addresses():
    """monitor --address labels addresses, and lists and follows them in each namespace"""
    with private_run(), Daemon() as daemon:
        add("red")
        netns.ip("-n red link add there type bridge")
        netns.ip("-n red address add 10.0.0.1/24 dev there")
        with Monitor(daemon, "--address", "-4") as monitor:
            tap.equal(monitor.until("LINK   FAMILY").split()[0], "NETNS", "head")
            tap.equal(monitor.line().split()[:4], ["red", "there", "inet", "10.0.0.1/24"], "row")
            netns.ip("-n red address add 2001:db8::1/64 dev there nodad")
            netns.ip("-n red address add 10.0.0.2/24 dev there")
            tap.contains(monitor.line(), " red + there (2) address 10.0.0.2/24, ")
            netns.ip("address add 127.0.0.1/8 dev lo")
            tap.contains(monitor.line(), " - + lo (1) address 127.0.0.1/8, ")
            netns.ip("address del 127.0.0.1/8 dev lo")
            tap.contains(monitor.line(), " - - lo (1) address 127.0.0.1/8, ")
            add("blue")
            netns.ip("-n blue link add late type bridge")
            netns.ip("-n blue address add 10.0.0.3/24 dev late")
            tap.contains(monitor.until("late (2) address"), " blue + late (2) address 10.0.0.3/24")
            delete("blue")
            monitor.until("blue ! network namespace removed")
            tap.equal(monitor.rest(), (0, [], ""), "outcome")
        with Monitor(daemon, "--address", "--json", "there") as monitor:
            message = json.loads(monitor.until("10.0.0.1"))
            tap.equal((message["netns"], message["type"]), ("red", "snapshot"), "JSON")


@tap.test
def lists_some():
    """A name is searched in all namespaces; only if none has such a link that is an error"""
    with private_run(), Daemon() as daemon:
        add("red")
        netns.ip("-n red link add there type bridge")
        tap.equal(listed(daemon, "there"), {"red": ["there"]}, "links")
        code, output, errors = run(daemon, "list", "there", "nosuch")
        tap.equal((code, errors), (1, 'linkwatchctl: there is no link "nosuch"\n'), "outcome")
        tap.contains(output, "there")


@tap.test
def lists_without():
    """Where neither directory exists there is just the daemon's own namespace"""
    with private_run(), Daemon() as daemon:
        tap.equal(listed(daemon), {None: ["lo"]}, "links")


@tap.test
def once():
    """A namespace with several names is shown once, and the daemon's own without any"""
    with private_run(), Daemon() as daemon:
        add("blue")
        bind("/run/netns/blue", "/run/netns/azure")
        bind("/run/netns/blue", f"{DOCKER}/blue")
        bind("/proc/self/ns/net", f"{DOCKER}/default")
        bind("/proc/self/ns/net", "/run/netns/aaa")
        tap.equal(listed(daemon), {None: ["lo"], "azure": ["lo"]}, "links")


@tap.test
def no_namespaces():
    """What is no network namespace is passed over, whatever it is"""
    with private_run(), Daemon() as daemon:
        add("blue")
        os.makedirs("/run/netns/folder")
        os.mkfifo("/run/netns/fifo")
        os.symlink("/nonexistent", "/run/netns/dangling")
        os.symlink("/dev/null", "/run/netns/null")
        os.symlink("loop", "/run/netns/loop")
        with open("/run/netns/file", "w", encoding="ascii"):
            pass
        bind("/proc/self/ns/uts", "/run/netns/uts")
        tap.equal(listed(daemon), {None: ["lo"], "blue": ["lo"]}, "links")
        with Monitor(daemon) as monitor:
            monitor.until("blue")
            tap.equal(monitor.rest(), (0, [], ""), "outcome")


HOSTILE = {b"a b": (r"a\x20b", "a b"), b"\x1b[31m": (r"\x1b[31m", "\x1b[31m"),
           b"a\\b": (r"a\\b", "a\\b"), b"a\nb": (r"a\x0ab", "a\nb"), b'q"q': ('q"q', 'q"q'),
           b"\xff": (r"\xff", "\ufffd"), "ü😀".encode(): ("ü😀", "ü😀"), b"-": ("/run/netns/-", "-"),
           "\u202ex".encode(): (r"\u202ex", "\u202ex"), b"--x": ("--x", "--x")}


@tap.test
def hostile():
    """Names are one word each in text, without what could disturb a terminal; in JSON exact"""
    with private_run(), Daemon() as daemon:
        os.mkdir("/run/netns")
        for name, (label, text) in HOSTILE.items():
            with netns.Namespace() as other:
                bind(f"/proc/{other.pid}/ns/net", b"/run/netns/" + name)
                code, output, errors = run(daemon, "--json", "list")
                tap.equal((code, errors, output.isascii()), (0, "", True), "outcome")
                found = json.loads(output)[1]
                tap.equal(found["netns"], text, "JSON")
                tap.equal(found.get("netns_bytes"), "ff" if name == b"\xff" else None, "bytes")
                words = run(daemon, "list")[1].splitlines()[2].split()
                tap.equal(words[:3], [label, "1", "lo"], "text")
                netns.run("umount", b"/run/netns/" + name)
                os.unlink(b"/run/netns/" + name)


@tap.test
def usage():
    """--all-netns is for list, monitor and address, and excludes --netns"""
    for arguments in (["show", "lo"], ["status"], ["refresh"], ["wait", "lo", "up"], ["complete"],
                      ["--netns", "blue", "list"], ["list", "--netns", "1"]):
        code, output, errors = ctl.run("--all-netns", *arguments)
        tap.equal((code, output), (2, ""), str(arguments))
        tap.contains(errors, "--all-netns")


@tap.test
def refused():
    """What may not be entered is said once for each, and the others are shown; list ends with 1"""
    if not netns.has_other_users():
        raise tap.Skip("needs root")
    with private_run(), Daemon() as daemon:
        os.chmod(daemon.directory, 0o755)
        if not netns.as_nobody(lambda: os.access(ctl.CTL, os.X_OK)):
            raise tap.Skip(f"no other user may run {ctl.CTL}")
        add("blue")
        add("red")
        os.makedirs(DOCKER)
        os.chmod("/run/docker", 0o700)
        nobody = {"user": 65534, "group": 65534}
        code, output, errors = run(daemon, "list", **nobody)
        tap.equal((code, output.split()[8:12]), (1, ["FLAGS", "-", "1", "lo"]), "outcome")
        reported = [f'linkwatchctl: the network namespace "{name}" cannot be entered: '
                "Operation not permitted" for name in ("blue", "red")]
        tap.equal(errors.splitlines(), [f"linkwatchctl: {DOCKER}/: Permission denied", *reported],
                  "errors")


@tap.test
def limited():
    """What the daemon refuses is an error, the others go on; and is watched once there is room"""
    with private_run(), Daemon("--namespaces-max", "1") as daemon:
        add("blue")
        add("red")
        code, output, errors = run(daemon, "list")
        tap.equal(code, 1, "exit code")
        tap.equal([line.split()[0] for line in output.splitlines()], ["NETNS", "-", "blue"], "rows")
        tap.contains(errors, 'network namespace "red": a limit of the daemon was reached '
                             "(namespaces-max)")
        with Monitor(daemon) as monitor:
            line = monitor.until("! it cannot be monitored: a limit of the daemon was reached")
            waits, held = ("red", "blue") if " red ! " in line else ("blue", "red")
            monitor.until(f"{held} ")
            delete(held)
            monitor.until(f"{held} ! network namespace removed")
            monitor.until(f"{waits} + lo (1)")


@tap.test
def follows():
    """monitor adds namespaces as they appear, also where no directory was, and ends them"""
    with private_run(), Daemon() as daemon, Monitor(daemon) as monitor:
        tap.contains(monitor.line(), "NETNS")
        tap.equal(monitor.line().split()[:3], ["-", "1", "lo"], "own")
        add("blue")
        monitor.until("blue ! network namespace added")
        monitor.until("blue + lo (1)")
        netns.ip("-n blue link add there type bridge")
        monitor.until("blue + there (2)")
        with netns.Namespace() as other:
            bind(f"/proc/{other.pid}/ns/net", f"{DOCKER}/0a1b")
            monitor.until(f"{DOCKER}/0a1b + lo (1)")
            netns.run("umount", f"{DOCKER}/0a1b")
            os.unlink(f"{DOCKER}/0a1b")
            monitor.until(f"{DOCKER}/0a1b ! network namespace removed")
        os.rmdir(DOCKER)
        os.rename("/run/docker", "/run/old")
        os.makedirs(DOCKER)
        with netns.Namespace() as other:
            bind(f"/proc/{other.pid}/ns/net", f"{DOCKER}/second")
            monitor.until(f"{DOCKER}/second + lo (1)")
            netns.run("umount", f"{DOCKER}/second")
        monitor.until(f"{DOCKER}/second ! network namespace removed")
        delete("blue")
        monitor.until("blue ! network namespace removed")
        tap.equal(monitor.rest(), (0, [], ""), "outcome")


@tap.test
def replaced():
    """Another namespace under the same name is another one"""
    with private_run(), Daemon() as daemon:
        add("blue")
        with Monitor(daemon) as monitor:
            monitor.until("blue")
            for number in range(5):
                delete("blue")
                add("blue")
                netns.ip(f"-n blue link add there{number} type bridge")
                monitor.until("blue ! network namespace added")
                monitor.until(f"blue + there{number} (2)")


@tap.test
def follows_json():
    """monitor --json labels each message, and reports namespaces that come and go"""
    with private_run(), Daemon() as daemon, Monitor(daemon, "--json") as monitor:
        tap.equal(json.loads(monitor.line())["netns"], None, "own")
        add("blue")
        tap.equal(json.loads(monitor.until("netns_add")), {"netns": "blue", "type": "netns_add"},
                  "message")
        while json.loads(monitor.until("blue"))["type"] != "ready":
            pass
        delete("blue")
        tap.equal(json.loads(monitor.until("netns_remove")),
                  {"netns": "blue", "type": "netns_remove"}, "message")


@tap.test
def frees():
    """A namespace is held as long as its name exists: with it goes the near end of its veth"""
    with private_run(), Daemon() as daemon, Monitor(daemon) as monitor:
        monitor.until("NETNS")
        for _ in range(3):
            add("blue")
            netns.ip(f"-n blue link add far type veth peer name near netns {os.getpid()}")
            monitor.until("blue + far (2)")
            delete("blue")
            monitor.until("- - near (")
            tap.equal([link["ifname"] for link in netns.links().values()], ["lo"], "links")


@tap.test
def becomes_one():
    """A file that becomes a namespace while the directory is read is reported once"""
    libc = ctypes.CDLL(None)
    with private_run(), Daemon() as daemon, netns.Namespace() as other, \
            Monitor(daemon, "--json") as monitor:
        os.mkdir("/run/netns")
        # With these, that takes a while.
        for number in range(1000):
            touch(f"/run/netns/{number}")
        for number in range(50):
            name = f"n{number}"
            path = f"/run/netns/{name}"
            touch(path)
            moment = time.monotonic() + number * 50e-6
            while time.monotonic() < moment:
                pass
            assert libc.mount(f"/proc/{other.pid}/ns/net".encode(), path.encode(), None, MS_BIND,
                              None) == 0
            added = json.loads(monitor.until("netns_"))
            delete(name)
            tap.equal([added, json.loads(monitor.until("netns_"))],
                      [{"netns": name, "type": "netns_add"},
                       {"netns": name, "type": "netns_remove"}], "messages")


@tap.test
def churn():
    """Namespaces that come and go in a loop leave nothing behind, and nothing untold"""
    with private_run(), Daemon() as daemon, Monitor(daemon, "--json") as monitor:
        add("last")
        monitor.until("netns_add")
        while json.loads(monitor.until("last"))["type"] != "ready":
            pass
        before = monitor.descriptors()
        for number in range(60):
            add(f"n{number % 7}")
            if number >= 3:
                delete(f"n{(number - 3) % 7}")
        for number in range(57, 60):
            delete(f"n{number % 7}")
        delete("last")
        there, reported = {"last"}, set()
        while there:
            message = json.loads(monitor.line())
            name = message["netns"]
            if message["type"] == "netns_add":
                assert name not in there, message
                there.add(name)
                reported.add(name)
            elif message["type"] == "netns_remove":
                there.remove(name)
            else:
                assert name is None or name in there, message
        tap.diag(f"{len(reported)} names were reported")
        wait.until(lambda: monitor.descriptors() < before, "descriptors")
        code, rest, errors = monitor.rest()
        tap.equal((code, rest, errors), (0, [], ""), "outcome")
        status = json.loads(ctl.run("--socket", daemon.socket, "--json", "status")[1])
        tap.diag(str({name: value for name, value in status.items() if "namespace" in name}))


@tap.test
def restart():
    """A daemon that was started anew is reported once, not for each namespace"""
    with private_run(), Daemon() as daemon:
        for number in range(5):
            add(f"n{number}")
        with Monitor(daemon) as monitor:
            monitor.until("n4")
            daemon.stop()
            netns.ip("-n n3 link add there type bridge")
            daemon.start()
            lines = [monitor.line()]
            while "n3 + there (2)" not in lines[-1]:
                lines.append(monitor.line())
            tap.equal([line.split(" ", 1)[1] for line in lines[:3]],
                      ["- ! no connection to linkwatchd: the daemon closed the connection; retrying",
                       "- ! reconnected", "- ! the daemon restarted; what changed meanwhile:"],
                      "lines")
            tap.equal(sum("connect" in line for line in lines), 2, "lines of connections")


if __name__ == "__main__":
    tap.main()
