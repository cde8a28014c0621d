# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon's beginning and end, its socket, its options, and life without netlink."""

import contextlib
import errno
import fcntl
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess

import daemon as daemons
import netns
import ip_links
import tap
import varlink
import wait
from mirror import Mirror


def run(*arguments, config=None, env=None):
    """Runs the daemon to its end; its exit code, standard output and standard error."""
    result = subprocess.run([daemons.BINARY, *arguments], input=config, capture_output=True,
                            text=True, check=False, timeout=wait.SECONDS,
                            env=dict(os.environ, **(env or {})))
    return result.returncode, result.stdout, result.stderr


def refused(code, stderr, *words):
    """Fails unless it ended with that code and one line of text with these words."""
    lines = stderr.splitlines()
    tap.equal(len(lines), 1, f"lines in {stderr!r}")
    for word in words:
        tap.contains(lines[0], word)
    tap.contains(lines[0], "linkwatchd")
    assert code != 0


@tap.test
def ends_on_sigterm():
    """SIGTERM ends it with 0, and its socket is gone"""
    with daemons.Daemon() as daemon:
        assert stat.S_ISSOCK(os.stat(daemon.socket).st_mode)
        with Mirror(daemon.socket) as mirror:
            mirror.until_ready()
            daemon.signal(signal.SIGTERM)
            tap.equal(daemon.wait(), 0)
            assert not os.path.exists(daemon.socket)
            assert mirror.connection.is_closed()


@tap.test
def ends_on_sigint():
    """SIGINT ends it with 0, also where a shell started it in the background"""
    with daemons.Daemon(wrapper=("env", "--ignore-signal=INT")) as daemon:
        daemon.signal(signal.SIGINT)
        tap.equal(daemon.wait(), 0)
        assert not os.path.exists(daemon.socket)


def _answers(daemon):
    try:
        return daemon.status()
    except (FileNotFoundError, ConnectionRefusedError, varlink.Closed):
        return None


def _interrupted(daemon, number):
    """The exit code of a daemon that gets SIGTERM at that moment of its start; None if that moment
    did not come."""
    daemon.set_environment(LINKWATCH_INTERRUPT=str(number))
    process = daemon.launch()
    try:
        wait.until(lambda: process.poll() is not None or _answers(daemon), "its end, or an answer")
        return process.poll()
    finally:
        process.terminate()
        process.wait()


@tap.test
def ends_during_its_start():
    """SIGTERM at any moment of its start ends it, with 0 from the first thing on that it makes, and
    nothing is left"""
    if daemons.SANITIZED:
        raise tap.Skip("the sanitizers have an allocator of their own")
    environment = {"LD_PRELOAD": daemons.helper("interrupt.so")}
    with daemons.Daemon(serves=False, env=environment) as daemon:
        codes = []
        while None not in codes:
            codes.append(_interrupted(daemon, len(codes) + 1))
            tap.equal(sorted(os.listdir(daemon.directory)), ["linkwatchd.conf", "log"],
                      f"what is left after {len(codes)} calls")
            assert len(codes) < 2000, "it does not come to an end"
        # Before main() nothing can be done about it.
        tap.diag(f"{codes.count(-signal.SIGTERM)} of {len(codes) - 1} moments are before main()")
        ended = codes[codes.count(-signal.SIGTERM):-1]
        assert len(ended) > 20, codes
        tap.equal(set(ended), {0}, "the exit codes")


@tap.test
def signals_left_blocked():
    """It ends on SIGTERM also where whoever started it left that blocked, and may write more to
    its log than a file may have"""
    wrapper = ("env", "--block-signal=TERM,HUP", "sh", "-c", 'ulimit -f 0; exec "$@"', "sh")
    with daemons.Daemon("--log-level", "debug", wrapper=wrapper) as daemon:
        netns.ip("link add limit0 type bridge")
        daemon.call("Refresh")
        netns.ip("link del limit0")
        daemon.call("Refresh")
        tap.equal(daemon.log(), "")
        daemon.signal(signal.SIGTERM)
        tap.equal(daemon.wait(), 0)


@tap.test
def second_daemon():
    """A second one on the same socket refuses with a message that says why, and the first one
    goes on"""
    with daemons.Daemon() as daemon:
        code, _, stderr = run("--socket", daemon.socket, "--config", daemon.config)
        tap.equal(code, 1)
        tap.contains(stderr, daemon.socket)
        tap.contains(stderr, "another linkwatchd")
        assert daemon.status()["links"] >= 1


@tap.test
def stale_socket():
    """A socket that a dead process left is replaced"""
    with daemons.Daemon() as daemon:
        daemon.kill()
        assert os.path.exists(daemon.socket)
        daemon.start()
        assert daemon.status()["links"] >= 1


def _listening(daemon):
    """The processes that answer where the daemon's socket is, of some that are started there at
    one moment; the others must have ended with a reason."""
    command = [daemons.BINARY, "--socket", daemon.socket, "--config", daemon.config]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(8)]
    try:
        wait.until(lambda: sum(p.poll() is None for p in started) <= 1, "the end of the others")
        left = [p for p in started if p.poll() is None]
        for process in started:
            if process not in left:
                tap.contains(process.stderr.read(), "another linkwatchd is running there")
                tap.equal(process.returncode, 1, "the exit code")
        assert daemon.status()["links"] >= 1
        return len(left)
    finally:
        for process in started:
            process.terminate()
            process.wait()
            process.stderr.close()


@tap.test
def started_at_once():
    """Of many that are started on one socket at one moment, one serves, also where a dead one
    left its socket"""
    with daemons.Daemon(serves=False) as daemon:
        for _ in range(20):
            with socket.socket(socket.AF_UNIX) as stale:
                stale.bind(daemon.socket)
            tap.equal(_listening(daemon), 1, "those who serve")
        assert not os.path.exists(daemon.socket + ".lock"), "the lock file was left"


@contextlib.contextmanager
def _locked(path, flags):
    """Somebody holds the lock of that file or folder."""
    fd = os.open(path, flags, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(fd)


@tap.test
def locked_folder():
    """Who can read the socket's folder can't keep the daemon from starting by locking it"""
    with daemons.Daemon(serves=False) as daemon, _locked(daemon.directory, os.O_RDONLY):
        daemon.start()
        assert daemon.status()["links"] >= 1
        tap.equal(sorted(os.listdir(daemon.directory)), ["linkwatchd.conf", "log", "socket"])


def _make_open_file(path):
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    os.chmod(path, 0o644)


def _make_symlink(path):
    os.symlink(path + "-target", path)


@tap.test
def held_lock():
    """Where its lock file is held, or not its own, it ends with one line that says so, and leaves
    the file alone"""
    with daemons.Daemon(serves=False) as daemon:
        lock = daemon.socket + ".lock"
        arguments = ("--socket", daemon.socket, "--config", daemon.config)
        with _locked(lock, os.O_RDWR | os.O_CREAT):
            code, _, stderr = run(*arguments)
            tap.equal(code, 1)
            refused(code, stderr, daemon.socket, "held the lock file")
        os.unlink(lock)
        for make in (_make_open_file, os.mkfifo, _make_symlink):
            make(lock)
            before = os.lstat(lock)
            code, _, stderr = run(*arguments)
            tap.equal(code, 1)
            refused(code, stderr, daemon.socket, "only this user can open")
            tap.equal(os.lstat(lock).st_ino, before.st_ino, "the file")
            os.unlink(lock)
        # What a crash left is no hindrance.
        os.close(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600))
        daemon.start()
        assert not os.path.exists(lock)


@tap.test
def no_socket_there():
    """A file that is no socket is left alone"""
    with daemons.Daemon(serves=False) as daemon:
        path = pathlib.Path(daemon.directory, "precious")
        path.write_text("text", encoding="ascii")
        code, _, stderr = run("--socket", str(path), "--config", daemon.config)
        tap.equal(code, 1)
        tap.contains(stderr, str(path))
        tap.equal(path.read_text(encoding="ascii"), "text")


@tap.test
def folder_of_the_socket():
    """The folder of its default socket is made, for everybody to reach, whatever the umask; no other one
    is"""
    usage = subprocess.run([daemons.BINARY, "--help"], check=True, capture_output=True,
                           encoding="utf-8").stdout
    default = re.search(r"default (/.*/socket)\)", usage).group(1)
    above = os.path.dirname(os.path.dirname(default))
    if not os.path.isdir(above):
        raise tap.Skip(f"there is no {above}, above the default socket's folder")
    netns.run("mount", "-t", "tmpfs", "tmpfs", above)
    try:
        with daemons.Daemon("--socket", default, serves=False,
                            wrapper=("sh", "-c", 'umask 077; exec "$@"', "sh")) as daemon:
            daemon.socket = default
            daemon.start()
            tap.equal(stat.S_IMODE(os.stat(os.path.dirname(default)).st_mode), 0o755)
        other = os.path.join(above, "folder", "socket")
        code, _, stderr = run("--socket", other, "--config", "/dev/null")
        refused(code, stderr, other, "No such file or directory")
        tap.equal(code, 1)
    finally:
        netns.run("umount", above)


@tap.test
def bad_socket_path():
    """A path that can't be a socket's is refused with a message that names it"""
    code, _, stderr = run("--socket", "/proc/nonexistent/folder/socket", "--config", "/dev/null")
    tap.equal(code, 1)
    tap.contains(stderr, "/proc/nonexistent/folder/socket")
    code, _, stderr = run("--socket", "/tmp/" + "x" * 200, "--config", "/dev/null")
    tap.equal(code, 2)
    refused(code, stderr, "--socket")


@tap.test
def socket_mode():
    """The socket has the configured mode, from the first moment on"""
    for mode, expected in (("0600", 0o600), ("660", 0o660)):
        with daemons.Daemon("--socket-mode", mode) as daemon:
            tap.equal(stat.S_IMODE(os.stat(daemon.socket).st_mode), expected)
    with daemons.Daemon() as daemon:
        tap.equal(stat.S_IMODE(os.stat(daemon.socket).st_mode), 0o666)


@tap.test
def environment():
    """LINKWATCH_SOCKET stands in for --socket, and is overruled by it"""
    with daemons.Daemon(env={"LINKWATCH_SOCKET": "/proc/nonexistent/socket"}) as daemon:
        assert daemon.status()["links"] >= 1
    code, _, stderr = run("--config", "/dev/null", env={"LINKWATCH_SOCKET": "/proc/nonexistent/socket"})
    tap.equal(code, 1)
    tap.contains(stderr, "/proc/nonexistent/socket")


@tap.test
def empty_environment():
    """An empty LINKWATCH_SOCKET counts as none for the daemon, linkwatchctl and linkwatch-run"""
    with daemons.Daemon(serves=False) as daemon:
        pathlib.Path(daemon.config).write_text("[Socket]\nPath=/proc/nonexistent/of-the-file\n",
                                               encoding="ascii")
        code, _, stderr = run("--config", daemon.config, env={"LINKWATCH_SOCKET": ""})
        tap.equal(code, 1)
        tap.contains(stderr, "/proc/nonexistent/of-the-file")
    for program, *arguments in (("linkwatchctl", "list"), ("linkwatch-run", "--require", "true")):
        path = os.path.join(os.environ.get("LINKWATCH_BIN", "."), program)
        if not os.path.exists(path):
            tap.diag(f"{program} is not built")
            continue
        outputs = [subprocess.run([path, *arguments], capture_output=True, text=True, check=False,
                               env=environment, timeout=wait.SECONDS).stderr
                for environment in ({"LINKWATCH_SOCKET": ""}, {})]
        tap.equal(outputs[0], outputs[1], f"what {program} says")


# Options, the exit code, and words that must be in the one line of text.
BAD_OPTIONS = (
    (("--nosuch",), "--nosuch"),
    (("--socket",), "--socket"),
    (("argument",), "argument"),
    (("--source", "guess"), "--source"),
    (("--budget", "0%"), "--budget"),
    (("--budget", "0.5"), "--budget"),
    (("--budget", "101%"), "--budget"),
    (("--interval-min", "-1s"), "--interval-min"),
    (("--interval-min", "1 day"), "--interval-min"),
    (("--interval-min", "10s", "--interval-max", "1s"), "interval-min"),
    (("--audit-interval", ""), "--audit-interval"),
    (("--history-size", "16Q"), "--history-size"),
    (("--sessions-max", "0"), "--sessions-max"),
    (("--sessions-max", "9999999999999999999999"), "--sessions-max"),
    (("--request-max", "1"), "--request-max"),
    (("--json-depth-max", "1000000"), "--json-depth-max"),
    (("--socket-mode", "888"), "--socket-mode"),
    (("--log-level", "loud"), "--log-level"),
    (("--receive-buffer", "nan"), "--receive-buffer"),
)


@tap.test
def bad_options():
    """A wrong option ends it with 2 and one line that names the option"""
    for options, word in BAD_OPTIONS:
        code, stdout, stderr = run("--config", "/dev/null", *options)
        tap.equal((code, stdout), (2, ""), f"{options}: {stderr!r}")
        refused(code, stderr, word)


# Configuration files, the number of the wrong line, and a word that the message must have.
BAD_FILES = (
    ("[Source]\nBudget=a lot\n", 2, "Budget"),
    ("[Source]\n\n# a comment\nNosuch=1\n", 4, "Nosuch"),
    ("[Nosuch]\nBudget=1%\n", 2, "Nosuch"),
    ("Budget=1%\n", 1, "Budget"),
    ("[Source]\nMode=auto\nnonsense\n", 3, ""),
    ("[Source\nMode=auto\n", 1, ""),
    ("[Limits]\nSessionsMax=-5\n", 2, "SessionsMax"),
    ("[Log]\nLevel=loud\n", 2, "Level"),
)


@tap.test
def bad_files():
    """A wrong configuration file ends it with one line that names the file, the line and what is
    wrong"""
    with daemons.Daemon(serves=False) as daemon:
        for text, line, word in BAD_FILES:
            pathlib.Path(daemon.config).write_text(text, encoding="ascii")
            code, _, stderr = run("--socket", daemon.socket, "--config", daemon.config)
            tap.equal(code, 1, f"{text!r}: {stderr!r}")
            refused(code, stderr, f"{daemon.config}:{line}:", word)
        code, _, stderr = run("--config", daemon.directory + "/nosuch")
        tap.equal(code, 1)
        refused(code, stderr, daemon.directory + "/nosuch")


@tap.test
def files_and_options():
    """The file's values count, those of FILE.d after it, and the command line's most of all"""
    with daemons.Daemon("--request-max", "3K", serves=False) as daemon:
        pathlib.Path(daemon.config).write_text(
            "; a remark\n# another\n[Limits]\nSessionsMax = 11\nSessionsPerUserMax=12\n"
            "RequestMax=1K\nJsonDepthMax=7\n[History]\nSize=1M\n", encoding="ascii")
        folder = pathlib.Path(daemon.config + ".d")
        folder.mkdir()
        (folder / "10.conf").write_text("[Limits]\nSessionsMax=13\nSessionsPerUserMax=5\n",
                                        encoding="ascii")
        (folder / "20.conf").write_text("[Limits]\nSessionsPerUserMax=14\n", encoding="ascii")
        (folder / "30.txt").write_text("[Limits]\nSessionsMax=99\n", encoding="ascii")
        daemon.start()
        limits = daemon.statistics()
        tap.equal((limits["sessions_max"], limits["sessions_per_user_max"], limits["request_max"],
                   limits["json_depth_max"], limits["history"]["bytes_max"]),
                  (13, 14, 3072, 7, 1 << 20))


@tap.test
def reload():
    """SIGHUP reads the configuration anew without losing a consumer; a wrong one changes
    nothing"""
    with daemons.Daemon(config="[Limits]\nSessionsMax=20\n") as daemon, \
            Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        pathlib.Path(daemon.config).write_text("[Limits]\nSessionsMax=30\nJsonDepthMax=3\n",
                                               encoding="ascii")
        daemon.signal(signal.SIGHUP)
        wait.until(lambda: daemon.statistics()["sessions_max"] == 30, "the new limit")
        tap.equal(daemon.statistics()["json_depth_max"], 3, "the other one")
        pathlib.Path(daemon.config).write_text("[Limits]\nSessionsMax=many\n", encoding="ascii")
        daemon.signal(signal.SIGHUP)
        wait.until(lambda: "the configuration was not reloaded" in daemon.log(), "a line in the log")
        tap.equal(daemon.statistics()["sessions_max"], 30)
        netns.ip("link add reload0 type bridge")
        mirror.until_event("add", "reload0")


@tap.test
def reload_of_options_for_a_start():
    """SIGHUP with changes that take effect with a restart logs each such option with its section"""
    with daemons.Daemon() as daemon:
        for text, warning in (
                ("[Source]\nMode=poll\n", "[Source] Mode= changed; this takes effect after a restart"),
                ("[Socket]\nMode=0600\n[Source]\nMode=poll\nReceiveBuffer=1M\n",
                 "[Socket] Mode=, [Source] Mode=, [Source] ReceiveBuffer= changed; "
                 "these take effect after a restart")):
            pathlib.Path(daemon.config).write_text(text, encoding="ascii")
            daemon.signal(signal.SIGHUP)
            wait.until(lambda t=warning: t in daemon.log(), warning)


@tap.test
def help_and_version():
    """--help names every option on standard output, --version the version"""
    code, stdout, stderr = run("--help")
    tap.equal((code, stderr), (0, ""))
    for option in ("--socket", "--config", "--source", "--log-level", "--version", "--help",
                   "--budget", "--history-size", "--sessions-max"):
        tap.contains(stdout, option)
    code, stdout, _ = run("--version")
    tap.equal(code, 0)
    with daemons.Daemon() as daemon:
        tap.contains(stdout, daemon.status()["version"])


class Manager:
    """What systemd is to a service: the socket for readiness."""

    def __init__(self, directory, address=None):
        self.path = address or os.path.join(directory, "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self.messages = []

    def until(self, word):
        """Waits until a message with that word comes."""
        while not any(word in message for message in self.messages):
            if not wait.readable(self._socket, wait.SECONDS):
                raise wait.Timeout(f"{word} did not come: {self.messages}")
            self.messages.append(self._socket.recv(4096).decode())

    def close(self):
        """Closes the socket."""
        self._socket.close()


@tap.test
def readiness():
    """Its manager learns when it is ready, when it reloads and when it stops"""
    with daemons.Daemon(serves=False) as daemon:
        manager = Manager(daemon.directory)
        daemon.set_environment(NOTIFY_SOCKET=manager.path)
        daemon.start()
        manager.until("READY=1")
        # Ready means that it answers at once, with links.
        assert daemon.links()
        daemon.signal(signal.SIGHUP)
        manager.until("RELOADING=1")
        manager.messages.clear()
        manager.until("READY=1")
        daemon.signal(signal.SIGTERM)
        manager.until("STOPPING=1")
        tap.equal(daemon.wait(), 0)
        manager.close()


@tap.test
def stuck_manager():
    """A manager that does not read stops neither its start nor its work, and gets it when it
    does"""
    with daemons.Daemon(serves=False) as daemon, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
        manager = Manager(daemon.directory)
        filler.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                filler.sendto(b"x", manager.path)
        daemon.set_environment(NOTIFY_SOCKET=manager.path, WATCHDOG_USEC="100000")
        daemon.start()
        for _ in range(3):
            daemon.signal(signal.SIGHUP)
            assert daemon.links()
        manager.until("READY=1")
        tap.contains(manager.messages[-1], "STATUS=")
        manager.until("WATCHDOG=1")
        manager.close()


@tap.test
def abstract_manager():
    """A manager may listen on an abstract address"""
    with daemons.Daemon(serves=False) as daemon:
        name = f"linkwatch-test-{os.getpid()}"
        manager = Manager(daemon.directory, "\0" + name)
        daemon.set_environment(NOTIFY_SOCKET="@" + name)
        daemon.start()
        manager.until("READY=1")
        manager.close()


@tap.test
def activation():
    """A socket that is passed is used, and left where it is in the end"""
    with daemons.Daemon(serves=False) as daemon:
        path = os.path.join(daemon.directory, "passed")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(path)
            listener.listen()
            # Who comes early waits, and is answered.
            with varlink.Connection(path) as early:
                early.send("GetStatus")
                script = 'exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
                process = subprocess.Popen(
                    ["bash", "-c", script, "-", daemons.BINARY, "--socket", daemon.socket],
                    stdin=listener.fileno(), stderr=subprocess.DEVNULL)
                try:
                    assert early.reply()["links"] >= 1
                    assert not os.path.exists(daemon.socket)
                finally:
                    process.terminate()
                    tap.equal(process.wait(wait.SECONDS), 0)
        assert os.path.exists(path)


@tap.test
def nothing_left_open():
    """A thousand consumers that came and went leave no descriptor behind"""
    with daemons.Daemon() as daemon:
        daemon.status()
        folder = f"/proc/{daemon.pid}/fd"
        before = len(os.listdir(folder))
        for _ in range(1000):
            with Mirror(daemon.socket) as mirror:
                mirror.until_ready()
        wait.until(lambda: len(os.listdir(folder)) <= before, "closed descriptors")
        with Mirror(daemon.socket) as mirror:
            ip_links.settle(daemon, mirror.until_ready())


netns.enter()
tap.main()
