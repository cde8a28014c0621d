# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service does all its work confined to almost nothing, on a booted systemd."""

import contextlib
import os
import pathlib
import re
import resource

import machine
import tap
import varlink
import wait
from mirror import Mirror

SERVICE = "linkwatchd.service"
CONFIG = machine.config_path()
EXPOSURE_MAX = 1.0
# Nobody's, here; those of consumers need not be known to the system.
FIRST_USER = 20001

MACHINE = machine.Machine()


def prepare():
    """Any call that the filter does not let pass kills the daemon here, instead of failing
    with an error that it may get over unseen."""
    MACHINE.install()
    MACHINE.write(f"/etc/systemd/system/{SERVICE}.d/strict.conf",
                  "[Service]\nSystemCallErrorNumber=kill\nRestart=no\n")


def restart(config="", drop_in=""):
    """Restarts the daemon with that configuration and that drop-in."""
    MACHINE.write(CONFIG, config)
    MACHINE.drop_in(SERVICE, "test", drop_in)
    MACHINE.systemctl("restart", SERVICE)


@contextlib.contextmanager
def as_user(uid):
    """Connections made within are those of that user."""
    here = os.getcwd()
    # Another user can't walk the path to there.
    os.chdir(MACHINE.path("/run/linkwatchd"))
    os.seteuid(uid)
    try:
        yield "socket"
    finally:
        os.seteuid(0)
        os.chdir(here)


def connect(uid):
    """A connection of that user."""
    with as_user(uid) as path:
        return varlink.Connection(path)


def refusal(connection):
    """The limit because of which a connection is refused, or None if it is not."""
    try:
        with contextlib.suppress(varlink.Closed):
            # Who is refused may be so before this; the reason can be read all the same.
            connection.send("GetStatus")
        connection.reply()
    except varlink.Error as error:
        tap.equal(error.name, varlink.INTERFACE + ".LimitReached", "the error")
        assert connection.is_closed(), "the connection is still there"
        return error.parameters["limit"]
    except varlink.Closed:
        raise AssertionError("closed without a word") from None
    return None


@contextlib.contextmanager
def same_process():
    """The daemon that was there before is the one that is there after it."""
    pid = MACHINE.pid(SERVICE)
    assert pid, "the daemon does not run"
    yield pid
    tap.equal(MACHINE.pid(SERVICE), pid, "the process")


def exposure(unit):
    """The figure of systemd-analyze, shown in the log."""
    output = MACHINE.run("systemd-analyze", "security", "--no-pager", unit)
    line = next(line for line in output.splitlines() if "Overall exposure level" in line)
    tap.diag(line.strip("→ "))
    for remark in output.splitlines():
        if remark.startswith("✗"):
            tap.diag(remark)
    return float(re.search(r": ([0-9.]+)", line).group(1))


@tap.test
def exposed_little():
    """The exposure of the service is at most 1.0."""
    tap.equal(MACHINE.systemctl("start", SERVICE), "", "systemctl's words")
    assert exposure(SERVICE) <= EXPOSURE_MAX


@tap.test
def instance_exposed_little():
    """The exposure of an instance for a namespace is at most 1.0."""
    assert exposure("linkwatchd@x.service") <= EXPOSURE_MAX


@tap.test
def no_privilege():
    """The process has its own user, no capability, no way to new privileges, and a filter."""
    text = pathlib.Path(f"/proc/{MACHINE.pid(SERVICE)}/status").read_text(encoding="utf-8")
    values = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    uid = MACHINE.run("id", "-u", "linkwatchd").strip()
    tap.equal(values["Uid"].split(), [uid] * 4, "user ids")
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        tap.equal(int(values[kind], 16), 0, kind)
    tap.equal(values["NoNewPrivs"], "1", "NoNewPrivs")
    tap.equal(values["Seccomp"], "2", "Seccomp")
    assert uid != "0"


@tap.test
def nothing_to_write():
    """All that the process could write to in the file system is its own."""
    pid = MACHINE.pid(SERVICE)
    mounts = pathlib.Path(f"/proc/{pid}/mountinfo").read_text(encoding="utf-8").splitlines()
    # Of several mounts at one place the last one is on top.
    options = {words[4]: words[5].split(",") for words in map(str.split, mounts)}
    writable = {path for path, words in options.items() if "ro" not in words}
    # What is in /run/host is made by systemd-nspawn, and hidden below other mounts.
    # The file in which a service sets when it is told of memory pressure is there with cgroup2.
    own = ("/run/linkwatchd", "/tmp", "/var/tmp", "/proc", "/dev", "/run/host",
           f"/sys/fs/cgroup/system.slice/{SERVICE}/memory.pressure")
    stray = {path for path in writable if not any(path == o or path.startswith(o + "/")
                                                  for o in own)}
    tap.equal(stray, set(), "writable mounts")


@tap.test
def all_methods():
    """Every method works, and links are reported as they change."""
    with same_process(), Mirror(MACHINE.socket_path()) as mirror:
        mirror.until_ready()
        MACHINE.ip("link add m0 type veth peer name m1")
        mirror.until_event("add", "m1")
        path = MACHINE.socket_path()
        for method in ("List", "Refresh", "GetStatus", varlink.SERVICE + ".GetInfo"):
            assert varlink.call(path, method), method
        text = varlink.call(path, varlink.SERVICE + ".GetInterfaceDescription",
                            {"interface": varlink.INTERFACE})
        tap.contains(text["description"], "method Monitor")
        MACHINE.ip("link del m0")
        mirror.until_event("remove", "m1")


@tap.test
def subscribed():
    """It could join the kernel's updates, without any privilege."""
    source = MACHINE.status()["source"]
    assert source["standing"] in ("unproven", "trusted"), source


def connect_until_refused(guests, user):
    """How many connections that user gets, and the limit that ends it."""
    for count in range(2000):
        guest = guests.enter_context(connect(user))
        limit = refusal(guest)
        if limit:
            return count, limit
    raise AssertionError("no limit")


@tap.test
def limits_by_default():
    """By default a user has 1024 connections, and all together have 3072, of which 192 are root's
    and a user has no more than are left for others; one more gets the reason why it is refused."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 5000:
        raise tap.Skip(f"this program may open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    restart()
    with same_process(), contextlib.ExitStack() as guests:
        tap.equal([connect_until_refused(guests, FIRST_USER + user) for user in range(3)],
                  [(1024, "sessions-per-user-max"), (928, "sessions-share"),
                   (464, "sessions-share")], "what the users get")
        with connect(FIRST_USER + 10) as other:
            tap.equal(refusal(other), None, "the limit for another user")
        with connect(0) as root:
            tap.equal(refusal(root), None, "the limit for root")
    wait.until(lambda: MACHINE.statistics()["sessions"] == 1, "the end of the sessions")
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@tap.test
def without_descriptors():
    """Without free descriptors, those who are connected are served, and those who come
    are when there are some again."""
    restart(drop_in="[Service]\nLimitNOFILE=40\n")
    with same_process(), contextlib.ExitStack() as guests:
        mirror = guests.enter_context(Mirror(MACHINE.socket_path()).until_ready())
        crowd = [guests.enter_context(connect(0)) for _ in range(60)]
        _wait_for_entry("ERRNO=24")
        MACHINE.ip("link add d0 type bridge")
        mirror.until_event("add", "d0")
        MACHINE.ip("link del d0")
        mirror.until_event("remove", "d0")
        for guest in crowd[:45]:
            guest.close()
        for guest in crowd[45:]:
            tap.equal(refusal(guest), None, "the limit")


def _wait_for_entry(match):
    wait.until(lambda: MACHINE.journal("_SYSTEMD_UNIT=" + SERVICE, match), "an entry of " + match)


@tap.test
def request_limits():
    """Requests that are too long or too deep end their connection, and no other."""
    with same_process(), varlink.Connection(MACHINE.socket_path()) as bystander:
        for data in (b"{" + b" " * (1 << 17), b"[" * 100 + b"]" * 100 + b"\0"):
            with varlink.Connection(MACHINE.socket_path()) as guest:
                try:
                    guest.send_bytes(data)
                except varlink.Closed:
                    pass
                assert guest.is_closed(), "the connection is still there"
        bystander.call("GetStatus")


@tap.test
def history_limit():
    """A consumer who does not read loses events of a short history, learns how many, and
    gets to the truth."""
    restart("[History]\nSize=8K\n")
    with same_process(), Mirror(MACHINE.socket_path()) as mirror:
        mirror.until_ready()
        MACHINE.ip("link add last type bridge")
        MACHINE.write("/run/churn", "".join(
            f"link set last mtu {mtu}\n" for mtu in range(1000, 5000)))
        MACHINE.run("ip", "-batch", "/run/churn")
        mirror.refresh(MACHINE.socket_path())
        assert mirror.lost and mirror.lost[0]["lost"] > 0, "nothing was lost"
        tap.equal({link["ifname"]: link["mtu"] for link in mirror.links.values()},
                  {"lo": 65536, "last": 4999}, "the links' MTUs")
        MACHINE.ip("link del last")


@tap.test
def reload_under_confinement():
    """The configuration is read anew without leaving the confinement."""
    restart()
    with same_process():
        MACHINE.write(CONFIG, "[Limits]\nSessionsMax=99\n")
        MACHINE.systemctl("reload", SERVICE)
        wait.until(lambda: MACHINE.statistics()["sessions_max"] == 99, "the new limit")


@tap.test
def without_netlink():
    """Where a drop-in takes netlink away, the daemon serves, and says what is wrong: to
    consumers, in systemctl status, and in the journal."""
    restart(drop_in="[Service]\nRestrictAddressFamilies=\nRestrictAddressFamilies=AF_UNIX\n"
                    "SystemCallErrorNumber=EPERM\n")
    with same_process():
        source = MACHINE.status()["source"]
        tap.equal((source["standing"], source["errno_name"], source["stale"]),
                  ("denied", "EAFNOSUPPORT", True), "the source")
        tap.equal(MACHINE.status()["cadence"], "retry", "the cadence")
        for method in ("List", "Refresh"):
            try:
                varlink.call(MACHINE.socket_path(), method)
                raise AssertionError(f"{method} worked")
            except varlink.Error as error:
                tap.equal((error.name, error.parameters["errno"]),
                          (varlink.INTERFACE + ".NeverDumped", 97), "the error")
        tap.equal(MACHINE.show(SERVICE, "ActiveState"), "active", SERVICE)
        tap.contains(MACHINE.show(SERVICE, "StatusText"), "EAFNOSUPPORT")
        entry = MACHINE.journal("MESSAGE_ID=9738c14cfaa041d69fcafe8ce4221f3a")[-1]
        tap.equal((entry["STANDING"], entry["ERRNO"], entry["PRIORITY"]), ("denied", "97", "4"),
                  "the entry")


@tap.test
def netlink_comes_back():
    """Once the drop-in is gone, a restart makes all well."""
    restart()
    wait.until(lambda: not MACHINE.status()["source"]["stale"], "a dump")
    tap.equal(len(varlink.call(MACHINE.socket_path(), "List")["links"]), 1, "links")


@tap.test
def no_crash():
    """Through all of this, the filter found nothing that it had to kill the daemon for."""
    output = MACHINE.journal("UNIT=" + SERVICE, "_PID=1")
    ends = [e["MESSAGE"] for e in output if "exited" in e["MESSAGE"] and "success" not in e["MESSAGE"]
            or "dumped" in e["MESSAGE"] or "killed" in e["MESSAGE"]]
    tap.equal(ends, [], "how the daemon ended")


if __name__ == "__main__":
    machine.run_tests(MACHINE, prepare)
