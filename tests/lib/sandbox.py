"""gVisor sandboxes, with the runsc of Debian releases."""

import functools
import os
import subprocess
import sys

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
    """The runsc of that release: the installed one if it is that, else a fetched one."""
    if VERSIONS[release] in _version("runsc"):
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


def command(release, *arguments, platform="ptrace"):
    """The command line that runs a program in a sandbox, in which the machine's files are
    there to be read, and what is written vanishes with it."""
    return [*_prefix(release, platform), *arguments]


def start(release, *arguments, platform="ptrace"):
    """Runs a program in a sandbox. What it writes comes through a pipe: in a file, lines
    would overwrite each other in the older release."""
    return subprocess.Popen(command(release, *arguments, platform=platform),
                            stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run_tests(release, script, platform="ptrace"):
    """Runs a script beside this one in a sandbox of that release; the TAP that it prints
    becomes this program's."""
    path = os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), script)
    try:
        process = start(release, sys.executable, path, release, *sys.argv[1:],
                        platform=platform)
    except tap.Skip as reason:
        tap.skip_all(str(reason))
    for line in process.stdout:
        print(line, end="", flush=True)
    sys.exit(process.wait())
