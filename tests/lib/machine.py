# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine of its own: this one's files under a throw-away overlay, and a real systemd
booted over them, with a private network. For root.

The tests stay outside. They reach into the machine through the process that is its
init: its files, sockets and namespaces are those of that process."""

import contextlib
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
import uuid

import tap
import varlink
import wait

_MARK = "LINKWATCH_TEST_MOUNTS"
# Booting takes seconds; on a machine that does much else, more.
BOOT_SECONDS = 120
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0",
                "DEBIAN_FRONTEND": "noninteractive"}


def _unify_control_groups():
    """systemd 258 and later refuse a machine whose kernel has the older control groups, but would do
    with what the newer ones have there."""
    version = re.match(r"systemd (\d+)", run("systemd-nspawn", "--version"))
    if version and int(version.group(1)) >= 258 and \
            not os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        # Where that is not possible, systemd-nspawn says why it ends.
        subprocess.run(["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"], check=False,
                       capture_output=True)


def enter():
    """From here on the whole program has its own mounts, which vanish with it. Skips all
    tests where no machine can be booted."""
    if os.environ.get(_MARK) == str(os.getpid()):
        _unify_control_groups()
        return
    if os.geteuid() != 0:
        tap.skip_all("a machine can be booted by root alone")
    for program in ("systemd-nspawn", "nsenter", "unshare"):
        if not shutil.which(program):
            tap.skip_all(f"{program} is missing (Debian: systemd-container, util-linux)")
    result = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True,
                            check=False)
    if result.returncode != 0:
        tap.skip_all(f"no private mounts here: {result.stderr.strip()}")
    os.environ[_MARK] = str(os.getpid())
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable,
                          *sys.argv])


def config_path():
    """Where the daemon under test reads its configuration by default."""
    output = run(os.environ["LINKWATCHD"], "--help")
    return re.search(r"configuration file\s+\(default (\S+)\)", output).group(1)


def run(*arguments, **options):
    """Runs a command outside and returns its output; a failure shows what it said."""
    result = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            errors="replace", check=False, **options)
    assert result.returncode == 0, f"{' '.join(arguments)}: {result.stdout.strip()}"
    return result.stdout


class Machine:
    """In a context: a fresh root, in which install() and the like may be called, until
    boot(); in the end all of it is gone."""

    def __init__(self):
        self._directory = None
        self._process = None
        self._stack = contextlib.ExitStack()
        self.root = None
        self.leader = None

    def __enter__(self):
        # The manager's control groups have one name: one machine at a time.
        lock = self._stack.enter_context(open(
            pathlib.Path(tempfile.gettempdir(), "linkwatch-test-machine.lock"), "w",
            encoding="ascii"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        self._directory = tempfile.mkdtemp(prefix="linkwatch-machine-")
        self._stack.callback(shutil.rmtree, self._directory, ignore_errors=True)
        self._stack.callback(self._unmount)
        self._mount()
        return self

    def __exit__(self, *_exception):
        self.stop()
        self._stack.close()

    def _mount(self):
        base = pathlib.Path(self._directory)
        result = subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", str(base)],
                                capture_output=True, text=True, check=False)
        for name in ("upper", "work", "root"):
            (base / name).mkdir()
        if result.returncode == 0:
            result = subprocess.run(
                ["mount", "-t", "overlay", "-o",
                 f"lowerdir=/,upperdir={base}/upper,workdir={base}/work", "overlay",
                 f"{base}/root"], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise tap.Skip(f"no overlay of / can be mounted here: {result.stderr.strip()}")
        self.root = base / "root"
        self._forget_this_machine()

    def _unmount(self):
        for path in (f"{self._directory}/root", self._directory):
            subprocess.run(["umount", "--lazy", path], capture_output=True, check=False)

    def _forget_this_machine(self):
        """What is enabled, configured or logged here is nothing to the test."""
        for folder in ("etc/systemd/system", "etc/linkwatchd", "var/log/journal", "run"):
            shutil.rmtree(self.root / folder, ignore_errors=True)
        for folder in ("etc/systemd/system", "run"):
            (self.root / folder).mkdir(parents=True)
        # Where it is, it keeps packages from starting their services.
        (self.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        (self.root / "etc/machine-id").write_text(uuid.uuid4().hex + "\n", encoding="ascii")

    def path(self, path):
        """Where a path of the machine is for this program; before and after booting."""
        base = f"/proc/{self.leader}/root" if self.leader else self.root
        return pathlib.Path(f"{base}/{path.lstrip('/')}")

    def socket_path(self):
        """Where the daemon in it is reached from here."""
        return str(self.path("/run/linkwatchd/socket"))

    def status(self):
        """What GetStatus says."""
        return varlink.call(self.socket_path(), "GetStatus")

    def statistics(self):
        """What GetStatistics says."""
        return varlink.call(self.socket_path(), varlink.STATISTICS + ".GetStatistics")

    def write(self, path, text):
        """Writes a file into the machine."""
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def make(self, *arguments):
        """Runs make in the build under test."""
        environment = {k: v for k, v in os.environ.items()
                       if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR")}
        run("make", "-C", os.environ["LINKWATCH_BUILD"], "-j2", *arguments, env=environment)

    def install(self):
        """Installs the build under test, as doc/install.md says."""
        self.make("install", f"DESTDIR={self.root}")
        self.chroot("ldconfig")
        self.chroot("systemd-sysusers")
        try:
            self.chroot("journalctl", "--update-catalog")
        except AssertionError as error:
            # systemd 260 does not find catalogs below /usr/local in a chroot.
            tap.diag(str(error))

    def chroot(self, *arguments):
        """Runs a command in the root, before booting; its output."""
        return run("chroot", str(self.root), *arguments, env=_ENVIRONMENT)

    def boot(self):
        """Boots it, and waits until nothing is left to be started."""
        console = pathlib.Path(self._directory, "console")
        with open(console, "wb") as log:
            self._process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network",
                 "--link-journal=no", "--timezone=off", "--resolv-conf=off", "--console=pipe",
                 "--boot", f"--directory={self.root}", "--machine=linkwatch-test",
                 "systemd.unit=multi-user.target"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait.until(lambda: self._has_booted(console), "the machine", BOOT_SECONDS)
        except BaseException:
            tap.diag(console.read_text(encoding="utf-8", errors="replace"))
            raise

    def _has_booted(self, console):
        if self._process.poll() is not None:
            lines = console.read_text(encoding="utf-8", errors="replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "")
            raise tap.Skip(f"systemd-nspawn ended with {self._process.returncode}: {last.strip()}")
        children = pathlib.Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        words = children.read_text(encoding="ascii").split()
        if not words:
            return False
        self.leader = int(words[0])
        result = self.try_run("systemctl", "is-system-running")
        return result.stdout.strip() in ("running", "degraded")

    def stop(self):
        """Ends it at once; what is in it is thrown away."""
        if not self._process:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=wait.SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = self.leader = None

    def _enter(self, arguments, namespaces="--mount --uts --ipc --net --pid"):
        return ["nsenter", f"--target={self.leader}", *namespaces.split(), "--", *arguments]

    def try_run(self, *arguments):
        """Runs a command in the machine; its result."""
        return subprocess.run(self._enter(arguments), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", check=False, env=_ENVIRONMENT)

    def run(self, *arguments):
        """Runs a command in the machine and returns its output; a failure shows it."""
        result = self.try_run(*arguments)
        assert result.returncode == 0, f"{' '.join(arguments)}: {result.stdout.strip()}"
        return result.stdout

    def ip(self, arguments):
        """Runs ip(8) in the machine with arguments given in one string."""
        return self.run("ip", *arguments.split())

    def systemctl(self, *arguments):
        """Runs systemctl in the machine."""
        return self.run("systemctl", *arguments)

    def show(self, unit, name):
        """The value of a unit's property."""
        return self.systemctl("show", "--value", f"--property={name}", unit).strip()

    def pid(self, unit):
        """The process id, out here, of a unit's main process; 0 without one."""
        inside = self.show(unit, "MainPID")
        if inside == "0":
            return 0
        for entry in os.scandir("/proc"):
            if entry.name.isdigit() and self._pid_inside(entry.name) == inside:
                return int(entry.name)
        return 0

    def _pid_inside(self, pid):
        """What a process out here is called in the machine, or None if it isn't in it."""
        try:
            if os.readlink(f"/proc/{pid}/ns/pid") != os.readlink(f"/proc/{self.leader}/ns/pid"):
                return None
            status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8",
                                                                   errors="replace")
        except OSError:
            return None
        return re.search(r"^NSpid:.*\t(\d+)$", status, re.MULTILINE).group(1)

    def drop_in(self, unit, name, text):
        """Adds a drop-in to a unit, for its next start; removes it for None."""
        path = f"/run/systemd/system/{unit}.d/{name}.conf"
        if text is None:
            self.path(path).unlink()
        else:
            self.write(path, text)
        self.systemctl("daemon-reload")

    def journal(self, *matches):
        """The entries of the machine's journal that match, oldest first."""
        self.run("journalctl", "--sync")
        lines = self.run("journalctl", "--output=json", "--all", "--no-pager", *matches)
        return [json.loads(line) for line in lines.splitlines() if line.startswith("{")]


def run_tests(machine, prepare):
    """Boots a machine after prepare() was called in its root, and runs the tests on it."""
    enter()
    try:
        with machine:
            prepare()
            machine.boot()
            tap.main()
    except tap.Skip as reason:
        tap.skip_all(str(reason))
    except Exception:
        tap.diag(traceback.format_exc())
        raise
