# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian packages: built from what is distributed, checked, installed, upgraded and purged
on a booted systemd."""

import os
import re
import shutil
import subprocess
import threading

import machine
import tap
import varlink
import wait
from mirror import Mirror

SERVICE = "linkwatchd.service"
SOCKET_UNIT = "linkwatchd.socket"
PACKAGES = ("liblinkwatch-dev", "liblinkwatch0", "linkwatch-run", "linkwatchctl", "linkwatchd")
# /tmp is another one as soon as the machine is booted.
BUILD = "/usr/src/linkwatchd-packages"
PROGRAM = """#include <linkwatch.h>
#include <stdio.h>
int main(void) { return puts(linkwatch_default_path()) < 0; }
"""

MACHINE = machine.Machine()
BEFORE = set()


def prepare():
    """What "make dist" puts into the archive is what the packages are built from."""
    for program in ("dh", "dpkg-buildpackage", "lintian"):
        if not shutil.which(program):
            raise tap.Skip(f"{program} is missing (Debian: debhelper, dpkg-dev, lintian)")
    control = os.path.join(os.environ["LINKWATCH_SOURCE"], "debian", "control")
    result = subprocess.run(["dpkg-checkbuilddeps", control], capture_output=True, text=True,
                            check=False)
    if result.returncode != 0:
        raise tap.Skip(result.stderr.strip())
    source = MACHINE.path(BUILD + "/linkwatchd")
    source.parent.mkdir(parents=True)
    MACHINE.make("distdir", f"distdir={source}", f"top_distdir={source}")


def shell(command):
    """Runs a command line in the folder of the packages."""
    return MACHINE.run("sh", "-c", f"cd {BUILD} && {command}")


def traces():
    """All files whose names show where they come from, in the places that packages use."""
    output = MACHINE.run("find", "/etc", "/usr", "/opt", "/run", "/var/lib", "/var/log", "-xdev", "(",
                       "-path", "/usr/src", "-o", "-path", "/var/lib/dpkg", ")", "-prune", "-o",
                       "-name", "*linkwatch*", "-print")
    return set(output.split())


@tap.test
def built():
    """The packages are built."""
    BEFORE.update(traces())
    shell("cd linkwatchd && DEB_BUILD_OPTIONS='nocheck parallel=2' "
          "dpkg-buildpackage --no-sign --build=binary")
    names = {name.split("_")[0] for name in os.listdir(MACHINE.path(BUILD))
             if name.endswith(".deb") and "dbgsym" not in name}
    tap.equal(sorted(names), sorted(PACKAGES), "packages")


@tap.test
def same_version():
    """The packages have the version that the programs print."""
    version = shell("dpkg-deb --field linkwatchd_*.deb Version").strip()
    output = MACHINE.run(f"{BUILD}/linkwatchd/debian/linkwatchd/usr/sbin/linkwatchd", "--version")
    tap.equal(output.strip(), f"linkwatchd {version}", "the version")


@tap.test
def lintian():
    """lintian finds no error."""
    output = shell("lintian --allow-root --fail-on error --tag-display-limit 0 *.changes")
    for line in output.splitlines():
        tap.diag(line)


@tap.test
def installed():
    """The installed packages serve at once: enabled, started, with a user and a socket."""
    shell("dpkg --install $(ls *.deb | grep -v dbgsym)")
    for unit in (SERVICE, SOCKET_UNIT):
        tap.equal(MACHINE.try_run("systemctl", "is-enabled", unit).stdout.strip(), "enabled", unit)
        tap.equal(MACHINE.show(unit, "ActiveState"), "active", unit)
    MACHINE.run("id", "linkwatchd")
    tap.contains(MACHINE.run("linkwatchctl", "list"), "lo")


@tap.test
def catalogue():
    """The journal's catalogue knows the explanations."""
    tap.contains(MACHINE.run("journalctl", "--catalog", "--no-pager", "--unit", SERVICE),
                 "Subject: The daemon is ready")


@tap.test
def development():
    """A program is compiled with pkg-config and runs with the installed library."""
    MACHINE.write(BUILD + "/program.c", PROGRAM)
    shell("gcc -o program program.c $(pkg-config --cflags --libs liblinkwatch)")
    tap.equal(shell("./program").strip(), "/run/linkwatchd/socket", "what the program says")
    linked = shell("ldd program")
    assert re.search(r"liblinkwatch\.so\.0 => (/usr)?/lib/", linked), linked


@tap.test
def upgraded():
    """An upgrade restarts the daemon and its instances; nobody who connects meanwhile is
    refused, and consumers come back."""
    MACHINE.ip("netns add blue")
    MACHINE.systemctl("enable", "--now", "linkwatchd@blue.service")
    pids = [MACHINE.pid(unit) for unit in (SERVICE, "linkwatchd@blue.service")]
    shell("mkdir next; for p in linkwatchd linkwatchctl liblinkwatch0 liblinkwatch-dev; do"
          " dpkg-deb --raw-extract ${p}_*.deb next/$p &&"
          " sed -i -E '/^(Version|Depends)/s/0\\.1\\.0/0.1.0+next/' next/$p/DEBIAN/control &&"
          " dpkg-deb --root-owner-group --build next/$p next/; done")
    with Mirror(MACHINE.socket_path()) as mirror, _Impatient() as impatient:
        mirror.until_ready()
        shell("dpkg --install next/*.deb")
        tap.equal(impatient.failures, [], "refusals")
        wait.until(lambda: 0 not in (now := [MACHINE.pid(SERVICE),
                                             MACHINE.pid("linkwatchd@blue.service")])
                   and not set(now) & set(pids), "other processes")
        with Mirror(MACHINE.socket_path(), since=mirror.position()) as again:
            again.until_ready()
            assert again.lost, "the same daemon as before"


class _Impatient:
    """Somebody who connects again and again."""

    def __init__(self):
        self.failures = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_exception):
        self._over.set()
        self._thread.join()

    def _run(self):
        while not self._over.is_set():
            try:
                MACHINE.status()
            except varlink.Closed:
                pass  # it was connected when the daemon ended
            except OSError as error:
                self.failures.append(str(error))
                self._over.wait(wait.TICK)


@tap.test
def removed():
    """A removal stops everything, also with somebody who keeps connecting, and leaves the
    configuration."""
    MACHINE.write("/etc/linkwatchd/linkwatchd.conf.d/mine.conf", "[Limits]\nSessionsMax=9\n")
    with _Impatient():
        MACHINE.run("dpkg", "--remove", *PACKAGES)
    for unit in (SERVICE, SOCKET_UNIT, "linkwatchd@blue.service", "linkwatchd@blue.socket"):
        assert MACHINE.show(unit, "ActiveState") in ("inactive", "failed"), unit
    assert not MACHINE.run("ps", "-e", "-o", "comm=").count("linkwatchd")
    assert MACHINE.path("/etc/linkwatchd/linkwatchd.conf.d/mine.conf").exists()


@tap.test
def purged():
    """A purge leaves nothing but what the administrator wrote, and the user."""
    MACHINE.path("/etc/linkwatchd/linkwatchd.conf.d/mine.conf").unlink()
    MACHINE.run("dpkg", "--purge", *PACKAGES)
    tap.equal(traces() - BEFORE, set(), "files that are left")
    links = MACHINE.run("find", "/etc/systemd/system", "-name", "linkwatchd*")
    tap.equal(links, "", "what is enabled")
    tap.equal(re.findall("linkwatch", MACHINE.run("journalctl", "--list-catalog")), [],
              "explanations")


@tap.test
def installed_again():
    """After a purge the packages can be installed again."""
    shell("dpkg --install $(ls *.deb | grep -v dbgsym)")
    tap.contains(MACHINE.run("linkwatchctl", "list"), "lo")


if __name__ == "__main__":
    machine.run_tests(MACHINE, prepare)
