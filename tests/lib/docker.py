# SPDX-License-Identifier: LGPL-2.1-or-later
"""Docker from Debian's packages, in a root folder of its own: dockerd, its containers, and an
image made from busybox without any registry."""

import contextlib
import fcntl
import json
import os
import pathlib
import shlex
import signal
import subprocess

import documents
import netns
import packages
import tap
import wait

# The folder of what is mounted and written; it vanishes with the sandbox, or natively with the
# mount namespace.
ROOT = pathlib.Path("/tmp/linkwatch-docker")
IMAGE = "box"
# What containers serve. It is small: each of gVisor's veth pairs has one queue of 64 frames for both
# directions, and who sends waits for room in it. Two pairs of a bridge that are full wait for
# each other without end, with the bridge locked, and so does who asks for its links.
SERVED = "/served"
FILE = "file"
# No command of docker(1) takes a tenth of it; it is there so that one that hangs is a failure that
# shows what was seen.
SECONDS = 60
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def versions():
    """The pinned packages, by release."""
    lines = _source("tests/docker/versions").splitlines()
    pairs = [line.split() for line in lines if line and not line.startswith("#")]
    return {pair[0]: tuple(pair[1:]) for pair in pairs}


def _source(path):
    return pathlib.Path(os.environ["LINKWATCH_SOURCE"], path).read_text(encoding="utf-8")


def documented_lines():
    """The commands that the README and the recipe give to whoever has the error."""
    lines = documents.commands("README.md", "linkwatchd &")
    assert lines == documents.commands("doc/docker-in-gvisor.md", "linkwatchd &"), \
        "the documents differ"
    return lines


def documented_options():
    """Those of dockerd, by the documents."""
    words = shlex.split(documented_lines()[1])
    return words[words.index("dockerd") + 1:-1]


def fetch():
    """The folder of Docker's system, and that of what is put beside; skips with the reason
    where they can't be had."""
    pinned = versions()
    packages.cache().mkdir(parents=True, exist_ok=True)
    # Not twice at the same time: it is much.
    with open(packages.cache() / "docker.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return (packages.system("sid", pinned["sid"]),
                packages.unpacked("trixie", pinned["trixie"]))


def _mount(*arguments):
    netns.run("mount", *arguments)


def _mount_cgroups(folder):
    """Those that containers are put in: the machine's, if there are any. In gVisor there are none
    yet; runc wants each as a hierarchy of its own."""
    if any(pathlib.Path("/sys/fs/cgroup").iterdir()):
        _mount("--rbind", "/sys/fs/cgroup", folder)
        return
    _mount("-t", "tmpfs", "tmpfs", folder)
    for name in ("cpu", "cpuacct", "cpuset", "devices", "memory", "pids"):
        (folder / name).mkdir()
        subprocess.run(["mount", "-t", "cgroup", "-o", name, name, folder / name], check=False,
                       capture_output=True)


def _make_image(beside):
    """The files of the image as a tar archive."""
    folder = ROOT / "image"
    (folder / "bin").mkdir(parents=True)
    netns.run("cp", f"{beside}/usr/bin/busybox", f"{folder}/bin/busybox")
    for name in ("cat", "echo", "hostname", "httpd", "ip", "nc", "ping", "sh", "sleep", "wget"):
        (folder / "bin" / name).symlink_to("busybox")
    (folder / SERVED[1:]).mkdir()
    (folder / SERVED[1:] / FILE).write_text("served\n", encoding="ascii")
    return netns.run("tar", "-C", str(folder), "-cf", f"{ROOT}/root/tmp/image.tar", ".")


def prepare():
    """Puts the root folder together. The caller is in a mount namespace of its own."""
    system, beside = fetch()
    root = ROOT / "root"
    ROOT.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "tmpfs", ROOT)
    root.mkdir()
    # To be a mount point is what Docker asks of its root.
    _mount("--bind", system, root)
    for name in ("proc", "sys", "dev", "tmp", "run", "etc", "opt", "var"):
        (root / name).mkdir(parents=True, exist_ok=True)
    _mount("-t", "proc", "proc", root / "proc")
    _mount("-t", "sysfs", "sysfs", root / "sys")
    _mount_cgroups(root / "sys/fs/cgroup")
    _mount("--rbind", "/dev", root / "dev")
    for name in ("tmp", "run", "etc", "opt", "var"):
        _mount("-t", "tmpfs", "tmpfs", root / name)
    # What was fetched stays as it is.
    _mount("-o", "remount,bind,ro", root)
    (root / "var/lib/docker").mkdir(parents=True)
    (root / "var/run").symlink_to("/run")
    (root / "etc/docker").mkdir()
    (root / "tmp").chmod(0o1777)
    (configuration,) = documents.block("doc/docker-in-gvisor.md", "{")
    (root / "etc/docker/daemon.json").write_text(configuration, encoding="utf-8")
    runtime = json.loads(configuration)["runtimes"]["packaged"]["path"]
    netns.run("cp", f"{beside}/usr/sbin/runc", f"{root}{runtime}")
    _make_image(beside)


def forget_networks():
    """Before another start of dockerd: gVisor reports no kind of a link, so that it takes its own
    bridge for something else."""
    subprocess.run(["ip", "link", "del", "docker0"], check=False, capture_output=True)
    netns.run("rm", "-rf", f"{ROOT}/root/var/lib/docker/network")


class Failed(Exception):
    """A command of docker(1) failed; the text is its output."""


def _describe(pid):
    """A line about a process, or None if it is gone."""
    try:
        folder = pathlib.Path("/proc", pid)
        name, fields = (folder / "stat").read_text(encoding="utf-8").rsplit(")", 1)
        words = fields.split()
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        threads = len(list((folder / "task").iterdir()))
    except OSError:
        return None
    return (f"{pid} parent {words[1]} state {words[0]} ticks {words[11]}+{words[12]} threads "
            f"{threads} {command[:100] or name}")


def processes():
    """A line about each process, for whoever reads why a test failed."""
    lines = map(_describe, filter(str.isdigit, os.listdir("/proc")))
    return "\n".join(line for line in lines if line)


class Engine:
    """dockerd in a context, run by a wrapper if there is one (linkwatch-run). With started=False
    it is not started by that."""

    def __init__(self, wrapper=(), environment=None, options=(), started=True):
        self._wrapper = wrapper
        self._started = started
        self._options = options
        self._environment = {"PATH": PATH, "DOCKER_HOST": "unix:///var/run/docker.sock",
                             "HOME": "/tmp", **(environment or {})}
        self._process = None

    def __enter__(self):
        if self._started:
            self.start()
        return self

    def __exit__(self, kind, *_exception):
        if kind:
            self.give_up()
        else:
            self.stop()

    @staticmethod
    def _chroot(*command):
        return ["chroot", str(ROOT / "root"), *command]

    @staticmethod
    def log():
        """What dockerd wrote."""
        with contextlib.suppress(FileNotFoundError):
            return (ROOT / "dockerd.log").read_text(encoding="utf-8", errors="replace")
        return ""

    def start(self):
        """Starts it, and waits until it answers."""
        with open(ROOT / "dockerd.log", "w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [*self._wrapper, *self._chroot("dockerd", *documented_options(), *self._options)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment)
        wait.until(self._is_serving, "dockerd")

    def is_running(self):
        """Whether it was started and did not end."""
        return self._process is not None and self._process.poll() is None

    def _is_serving(self):
        assert self._process.poll() is None, self.log()
        return "API listen on" in self.log()

    def stop(self):
        """Ends it and its containers."""
        if not self.is_running():
            return
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=SECONDS)

    def give_up(self):
        """After a failure: shows what is there, and kills it. Under linkwatch-run, all that it
        started dies with it."""
        tap.diag("dockerd wrote:")
        tap.diag(self.log()[-4000:])
        tap.diag("processes:")
        tap.diag(processes())
        if self.is_running():
            self._process.kill()
            self._process.wait()

    def docker(self, *arguments, text=None):
        """What docker(1) prints; raises Failed with its errors."""
        try:
            process = subprocess.run(self._chroot("docker", *arguments), input=text, text=True,
                                     stdin=None if text else subprocess.DEVNULL, check=False,
                                     capture_output=True, env=self._environment, timeout=SECONDS)
        except subprocess.TimeoutExpired as hang:
            raise AssertionError(f"docker {' '.join(arguments)}: not within {SECONDS} s, printed "
                                 f"{hang.stdout!r} {hang.stderr!r}") from hang
        if process.returncode != 0:
            raise Failed(f"docker {' '.join(arguments)}: {process.stderr}")
        return process.stdout

    def load(self):
        """Makes the image."""
        self.docker("import", "/tmp/image.tar", IMAGE)

    def run(self, *arguments):
        """docker run of the image."""
        return self.docker("run", "--pull=never", *arguments)

    def addresses(self, names, network="bridge"):
        """Containers' addresses, of those that have one."""
        return self.docker("inspect", "--format",
                           f'{{{{(index .NetworkSettings.Networks "{network}").IPAddress}}}}',
                           *names).split()

    def address(self, name, network="bridge"):
        """A container's address; empty without one."""
        return "".join(self.addresses([name], network))
