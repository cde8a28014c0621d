# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that subscribe to link updates by themselves, most of them not ours, and what
they print of a link that comes, changes and goes."""

import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import time

import netns
import packages
import tap
import updates
import wait

RUN = os.path.join(os.environ.get("LINKWATCH_BIN", "."), "linkwatch-run")
LIBRARY = os.environ.get("LINKWATCH_RUN_LIBRARY", "")
# The ways in which linkwatch-run serves a program, and the options that choose them.
HELPS = {"traced": (), "preloaded": ("--preload",)}
_HERE = pathlib.Path(__file__).parent
WAYS = _HERE / "ways.py"
_BUILT = pathlib.Path(os.environ.get("LINKWATCH_BUILD", "."), "tests/reach")
# Debian's own: another python3 may come first in the path, and not have its packages.
PYTHON = "/usr/bin/python3"
_GO_PATH = "/usr/share/gocode"
_NETLINK = "src/github.com/vishvananda/netlink/link_linux.go"


class Kind:
    """One of them: its name, its command (made by a function, which may skip), and what it
    prints as regular expressions of the link's NAME (and MTU)."""

    def __init__(self, name, command, present, gone, ready=None):
        self.name = name
        self.command = command
        self.present = present
        self.gone = gone
        self.ready = ready


def _ip(subject):
    if not shutil.which("ip"):
        raise tap.Skip("there is no ip(8); Debian: iproute2")
    return ["ip", "monitor", subject]


def built(name, *arguments):
    """A program of this folder that make built."""
    path = _BUILT / name
    if not path.exists():
        raise tap.Skip(f"{name} was not built; Debian: libnl-route-3-dev")
    return [str(path), *arguments]


def _pyroute2():
    result = subprocess.run([PYTHON, "-c", "import pyroute2"], capture_output=True, check=False)
    if result.returncode != 0:
        raise tap.Skip("there is no pyroute2; Debian: python3-pyroute2")
    return [PYTHON, str(_HERE / "subscriber.py")]


def _build_go(source, target):
    environment = dict(os.environ, GO111MODULE="off", GOPATH=_GO_PATH, CGO_ENABLED="0",
                       GOFLAGS="", GOCACHE=str(target) + ".cache")
    result = subprocess.run(["go", "build", "-o", str(target), str(source)], check=False,
                            capture_output=True, text=True, env=environment)
    shutil.rmtree(str(target) + ".cache", ignore_errors=True)
    if result.returncode != 0:
        raise AssertionError(f"go build: {result.stderr}")


def go_program():
    """The path of the static Go program; it is built once, and kept in the cache."""
    source = _HERE / "subscriber.go"
    mark = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    path = packages.cache() / f"go-subscriber-{mark}"
    if path.exists():
        return path
    if not shutil.which("go"):
        raise tap.Skip("there is no Go compiler; Debian: golang-go")
    if not pathlib.Path(_GO_PATH, _NETLINK).exists():
        raise tap.Skip("there is no vishvananda/netlink; "
                       "Debian: golang-github-vishvananda-netlink-dev")
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    _build_go(source, fresh)
    fresh.rename(path)
    return path


_WAY_LINES = (r"^16 {name} .*$", r"^17 {name} .*$", "^subscribed$")
_LINES = (r"^16 {name} {mtu}$", r"^17 {name} \d+$", "^subscribed$")

IP = Kind("ip monitor link", lambda: _ip("link"), r"^\d+: {name}(@\S+)?: .* mtu {mtu}\b",
          r"^Deleted \d+: {name}(@\S+)?: ")
GO = Kind("static Go on vishvananda/netlink", lambda: [str(go_program())], *_LINES)
GO_LISTING = Kind("static Go on vishvananda/netlink, with ListExisting",
                  lambda: [str(go_program()), "list"], *_LINES[:2], r"^16 lo \d+$")
PYROUTE2 = Kind("Python on pyroute2", _pyroute2, *_LINES)
LIBNL = Kind("a socket of libnl's", lambda: built("subscriber", "socket"), *_LINES)
LIBNL_CACHE = Kind("libnl's cache manager", lambda: built("subscriber"), *_LINES)

# Of addresses, whose NAME is the address itself.
_ADDRESS_LINES = (r"^20 {name} \d+$", r"^21 {name} \d+$", "^subscribed$")
ADDRESSES = (
    Kind("ip monitor address", lambda: _ip("address"), r"^\d+: \S+ +inet6? {name}/",
         r"^Deleted \d+: \S+ +inet6? {name}/"),
    Kind("static Go on vishvananda/netlink's AddrSubscribe",
         lambda: [str(go_program()), "addresses"], *_ADDRESS_LINES),
    Kind("Python on pyroute2, of addresses", _pyroute2, *_ADDRESS_LINES),
)


def threads(count):
    """A program with that many threads, which prints the indexes of links as their names."""
    return Kind(f"a program with {count} threads", lambda: built("threads", str(count)),
                r"^16 {name}$", r"^17 {name}$", "^subscribed$")


def way(name, *arguments):
    """A program that receives in that way; it prints the indexes of links as their names."""
    return Kind(name, lambda: [PYTHON, str(WAYS), name, *arguments], *_WAY_LINES)


def situation(name, *arguments):
    """The same in a situation."""
    return Kind(name, lambda: [PYTHON, str(WAYS.with_name("situations.py")), name, *arguments],
                *_WAY_LINES)


def origin(name, *groups):
    """A program that receives in that way, and prints all that it gets: about links, or what comes
    to those groups."""
    return Kind(name, lambda: [PYTHON, str(WAYS.with_name("origin.py")), name, *groups], "", "",
                "^subscribed$")


ALL = (IP, GO, GO_LISTING, PYROUTE2, LIBNL, LIBNL_CACHE)


def need_run():
    """Skips a whole script where there is no linkwatch-run."""
    if not os.path.exists(RUN):
        tap.skip_all("linkwatch-run was not built here")


def command(socket, *arguments, options=()):
    """The command line that runs a program under linkwatch-run; skips where that can't be in this
    way."""
    if "--preload" in options and not os.path.exists(LIBRARY):
        raise tap.Skip("the library to preload was not built (--disable-shared)")
    return [RUN, "--socket", socket, *options, "--", *arguments]


class Running:
    """A program that runs on, and the lines that it printed so far; in a context, in the end
    of which it is terminated."""

    def __init__(self, command, env=None, stdin=subprocess.DEVNULL):
        self.process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=env)
        os.set_blocking(self.process.stdout.fileno(), False)
        self._text = ""
        self._begun = ""

    def __enter__(self):
        return self

    def __exit__(self, kind, *_exception):
        if kind:
            tap.diag("it printed:")
            tap.diag(self.text() + self._begun)
        self.process.terminate()
        self.process.wait(timeout=wait.SECONDS)
        self.process.stdout.close()

    def text(self):
        """All of it that is whole lines; a program may write one in pieces."""
        data = self.process.stdout.read()
        self._begun += (data or b"").decode(errors="replace")
        lines, newline, self._begun = self._begun.rpartition("\n")
        self._text += lines + newline
        return self._text

    def until(self, pattern, what):
        """Waits for a line with that pattern."""
        def printed():
            found = re.search(pattern, self.text(), re.MULTILINE)
            assert found or self.process.poll() is None, f"it ended before {what}: {self._text}"
            return found

        return wait.until(printed, what)

    def forget(self):
        """What was printed so far doesn't count any more."""
        self.text()
        self._text = ""


def tracer_of(pid):
    """The process that traces it, 0 if none does."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"^TracerPid:\s*(\d+)", file.read(), re.MULTILINE)[1])


def _is_ours(pid):
    """Whether a process is linkwatch-run; libtool may put something before the name, of which
    the kernel knows 15 characters."""
    return "linkwatch-ru" in pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="utf-8")


def helper_of(process):
    """The helper of a preloaded program: another process with linkwatch-run's command line;
    0 if there is none."""
    arguments = process.args[process.args.index(RUN) + 1:]
    wanted = b"".join(os.fsencode(a) + b"\0" for a in map(str, arguments))
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        try:
            line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            ours = _is_ours(pid)
        except OSError:
            continue
        if pid != process.pid and ours and line.partition(b"\0")[2] == wanted:
            return pid
    return 0


def sockets_of(pid):
    """The sockets of a process, by their inodes."""
    names = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            names.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return {name for name in names if name.startswith("socket:")}


def _sleeps(pid):
    """Whether a process waits for something."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2][1] == "S"


def _rests(*pids):
    """Whether processes wait, as often as one looks."""
    return all(time.sleep(wait.TICK) or all(map(_sleeps, pids)) for _ in range(20))


def overrun(daemon, helper):
    """So many links come that a program that doesn't read loses updates: all of them are made, and
    whoever has the updates for it has taken them. They are ended as one."""
    netns.batch([f"link add many{n} group 5 type ifb" for n in range(1200)])
    daemon.call("Refresh")
    wait.until(lambda: _rests(helper, daemon.pid), "the helper's rest")
    netns.ip("link del group 5")


def is_subscribed(process):
    """Whether linkwatch-run holds a subscription for a process, a duplicate of its socket, and the
    process waits for updates: before that it may list the links on the same socket, and pass over
    updates that come meanwhile."""
    try:
        # Before that, it has what linkwatch-run itself shares with the other process.
        if _is_ours(process.pid):
            return False
        holder = tracer_of(process.pid) or helper_of(process)
        # For a while: it also waits for the answers to what it asks before.
        return (holder and sockets_of(process.pid) & sockets_of(holder) and
                _rests(process.pid))
    except (OSError, TypeError):
        return False


def start(kind, daemon, wrapper=(), options=()):
    """Runs one of them under linkwatch-run, and waits until it is subscribed."""
    running = Running([*wrapper, *command(daemon.socket, *kind.command(), options=options)])
    try:
        if kind.ready:
            running.until(kind.ready, "its subscription")
        else:
            wait.until(lambda: is_subscribed(running.process), "its subscription")
    except Exception:
        running.__exit__(True)
        raise
    return running


def nobody(*paths):
    """The command line before a program that makes it one of an unprivileged user's; skips
    where that can't be, or where they can't read those files."""
    netns.need_other_users()
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    for path in paths:
        if subprocess.run([*become, "test", "-r", path], check=False).returncode != 0:
            raise tap.Skip(f"the user nobody can't read {path}")
    return become


def check_messages(running, cut_at=None):
    """Every message that the program printed is whole, or cut at that size, and the kernel's."""
    lines = [line.split() for line in running.text().splitlines() if line[:2] in ("16", "17")]
    assert lines
    for _kind, _index, length, came, cut, sequence, port in lines:
        tap.equal((sequence, port), ("0", "0"))
        tap.equal((came, cut), (str(cut_at), "1") if cut_at else (length, "0"))
        assert int(length) > 500, lines


def updates_of(running):
    """All that such a program got."""
    lines = [line.split() for line in running.text().splitlines()]
    return [updates.Update(bytes.fromhex(words[4])) for words in lines if len(words) == 5]


def see(running, kind, name, mtu=r"\d+"):
    """Waits until it reports that link."""
    running.until(kind.present.format(name=name, mtu=mtu), f"{name} with MTU {mtu}")


def see_gone(running, kind, name):
    """Waits until it reports that the link is gone."""
    running.until(kind.gone.format(name=name), f"the removal of {name}")


def one_link(running, kind, name="one"):
    """A link comes and goes, and that is reported."""
    netns.ip(f"link add {name} type bridge")
    index = netns.link(name)["ifindex"]
    see(running, kind, index)
    netns.ip(f"link set {name} mtu 1300 up")
    netns.ip(f"link del {name}")
    see_gone(running, kind, index)
