# SPDX-License-Identifier: LGPL-2.1-or-later
"""gVisor sandboxes, with the runsc of Debian releases."""

import functools
import json
import os
import subprocess
import sys
import tempfile

import netns
import packages
import tap

# What runsc --version says in the packages of the releases.
VERSIONS = {"bookworm": "20221219", "trixie": "20240729"}


def _version(binary):
    try:
        return subprocess.run([binary, "--version"], capture_output=True, text=True,
                              check=False).stdout
    except FileNotFoundError:
        return ""


def runsc(release):
    """The runsc of that release: the installed one if it is that, else a fetched one. Another release
    may have built the same version with a Go whose programs make no sandbox, as sid has."""
    own = packages.own_releases()
    if VERSIONS[release] in _version("runsc") and (release in own or not own):
        return "runsc"
    binary = str(packages.unpacked(release, ("runsc",)) / "usr/bin/runsc")
    version = _version(binary)
    assert VERSIONS[release] in version, f"{binary} is {version!r}"
    return binary


@functools.cache
def _prefix(release, platform):
    """The command line before that of a program in a sandbox; skips where there can be none."""
    if os.geteuid() != 0:
        raise tap.Skip("runsc needs root")
    prefix = [runsc(release), f"--platform={platform}", "--network=none", "do"]
    probe = subprocess.run([*prefix, "true"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if probe.returncode != 0:
        lines = probe.stdout.strip().splitlines() or [f"exit code {probe.returncode}"]
        raise tap.Skip(f"runsc makes no sandbox here: {lines[-1]}")
    return prefix


def command(release, *arguments, platform="ptrace", wrapper=()):
    """The command line that runs a program in a sandbox, in which the machine's files are
    there to be read, and what is written vanishes with it. A wrapper runs runsc."""
    return [*wrapper, *_prefix(release, platform), *arguments]


def start(release, *arguments, **options):
    """Runs a program in a sandbox. What it writes comes through a pipe: in a file, lines
    would overwrite each other in the older release."""
    return subprocess.Popen(command(release, *arguments, **options),
                            stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _pass_on(process):
    """The TAP that a process prints becomes this program's."""
    for line in process.stdout:
        print(line, end="", flush=True)
    sys.exit(process.wait())


def _script(name, release):
    """A script beside this one, as a command."""
    path = os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), name)
    return [sys.executable, path, release, *sys.argv[1:]]


def run_tests(release, script, **options):
    """Runs a script beside this one in a sandbox of that release; the TAP that it prints
    becomes this program's."""
    try:
        process = start(release, *_script(script, release), **options)
    except tap.Skip as reason:
        tap.skip_all(str(reason))
    _pass_on(process)


_CAPABILITIES = ["CAP_NET_ADMIN", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN", "CAP_KILL"]


def _bundle(directory, command, namespace):
    """What an OCI runtime needs to run a command on the machine's files, in a network
    namespace."""
    kinds = ("bounding", "effective", "inheritable", "permitted")
    config = {
        "ociVersion": "1.0.0",
        "process": {"user": {"uid": 0, "gid": 0}, "cwd": "/", "args": command,
                    "env": [f"{name}={value}" for name, value in os.environ.items()],
                    "capabilities": {kind: _CAPABILITIES for kind in kinds}},
        "root": {"path": "/", "readonly": True},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                   {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")] +
                                [{"type": "network", "path": namespace}]},
    }
    with open(os.path.join(directory, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)


# runsc takes a namespace for the machine's own where it finds this file, which newer kernels
# have in each; of the rest of the folder it needs another one.
_HIDE_SYSCTLS = """
set -e
mount -t tmpfs tmpfs "$0"
mkdir "$0/vm"
cat /proc/sys/vm/mmap_min_addr >"$0/vm/mmap_min_addr"
mount --bind "$0" /proc/sys
exec "$@"
"""


def run_tests_without_links(release, script):
    """The same in a container whose network namespace is a fresh one: in gVisor, that has no
    link at all."""
    try:
        _prefix(release, "ptrace")
    except tap.Skip as reason:
        tap.skip_all(str(reason))
    with tempfile.TemporaryDirectory() as directory, netns.Namespace() as namespace:
        sysctls = os.path.join(directory, "sysctls")
        os.mkdir(sysctls)
        _bundle(directory, _script(script, release), f"/proc/{namespace.pid}/ns/net")
        command = ["unshare", "--mount", "sh", "-c", _HIDE_SYSCTLS, sysctls, runsc(release),
                   "--root", os.path.join(directory, "state"), "--platform=ptrace",
                   "--network=sandbox", "--ignore-cgroups", "run", "--bundle", directory,
                   f"linkwatch-{os.getpid()}"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True) as process:
            _pass_on(process)
