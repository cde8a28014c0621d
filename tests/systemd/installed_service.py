# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service as an administrator meets it: installed by "make install", on a systemd that
was booted for it."""

import os
import pathlib
import re
import shutil
import threading

import documents
import faults
import machine
import manual
import tap
import varlink
import wait
from mirror import Mirror

SERVICE = "linkwatchd.service"
SOCKET_UNIT = "linkwatchd.socket"
CONFIG = machine.config_path()
# The watchdog's patience in its test, TimeoutStopSec= and RestartSec=, on a busy machine.
RESTART_SECONDS = 60

MACHINE = machine.Machine()


def names():
    """The names of the links that the daemon knows."""
    return {link["ifname"] for link in varlink.call(MACHINE.socket_path(), "List")["links"]}


def is_active(unit):
    """The state of a unit, in systemd's word."""
    return MACHINE.show(unit, "ActiveState")


@tap.test
def units_verify():
    """systemd has no warning about the units."""
    output = MACHINE.run("systemd-analyze", "verify", "--man=no", SERVICE, SOCKET_UNIT,
                       "linkwatchd@x.service", "linkwatchd@x.socket")
    warnings = [line for line in output.splitlines() if "linkwatchd" in line]
    tap.equal(warnings, [], "warnings")


@tap.test
def enabled():
    """Enabling the service enables its socket too."""
    MACHINE.systemctl("enable", SERVICE)
    for unit in (SERVICE, SOCKET_UNIT):
        tap.equal(MACHINE.try_run("systemctl", "is-enabled", unit).stdout.strip(), "enabled", unit)


@tap.test
def consumer_first():
    """A consumer that comes before the daemon starts it, and is answered."""
    MACHINE.systemctl("start", SOCKET_UNIT)
    tap.equal(is_active(SERVICE), "inactive", SERVICE)
    with varlink.Connection(MACHINE.socket_path()) as consumer:
        links = consumer.call("List")["links"]
        tap.equal({link["ifname"] for link in links}, {"lo"}, "links")
    tap.equal(is_active(SERVICE), "active", SERVICE)


@tap.test
def where_systemd_looks():
    """The socket is in systemd's registry of Varlink services, and among the sources of
    systemd-report, under the names that begin what they stand for."""
    for path in ("/run/varlink/registry/org.linkwatch.Links", "/run/systemd/report/org.linkwatch"):
        tap.equal(MACHINE.run("readlink", "-f", path).strip(), "/run/linkwatchd/socket", path)
        MACHINE.run("runuser", "-u", "nobody", "--", "test", "-S", path)


@tap.test
def metrics_as_documented():
    """The units in linkwatchctl(1) write the file that node_exporter reads."""
    text, = manual.examples("linkwatchctl.1", "metrics")
    files = re.findall(r"^# (/\S+)\n(.*?)(?=^# |\Z)", text, re.MULTILINE | re.DOTALL)
    units = [os.path.basename(path) for path, _content in files]
    tap.equal(units, ["linkwatch-metrics.service", "linkwatch-metrics.timer"], "units")
    for path, content in files:
        MACHINE.write(path, content)
    output, = re.findall(r"--output (\S+)", text)
    MACHINE.path(os.path.dirname(output)).mkdir(parents=True)
    MACHINE.systemctl("daemon-reload")
    tap.equal(MACHINE.run("systemd-analyze", "verify", "--man=no", *units), "", "warnings")
    MACHINE.systemctl("enable", "--now", units[1])
    wait.until(lambda: MACHINE.path(output).exists(), "the file")
    MACHINE.systemctl("disable", "--now", units[1])
    tap.contains(MACHINE.path(output).read_text(encoding="utf-8"), "linkwatch_consumers ")
    tap.equal([path.name for path in MACHINE.path(output).parent.iterdir()],
              [os.path.basename(output)], "files")


@tap.test
def status_text():
    """systemctl status explains the standing in words."""
    wait.until(lambda: not MACHINE.status()["source"]["stale"], "a dump")
    text = MACHINE.show(SERVICE, "StatusText")
    source = MACHINE.status()["source"]
    tap.equal(text, f"{source['standing']}: {source['reason']}", "the status")


@tap.test
def links_are_seen():
    """Links that are made, changed and removed in the machine are reported."""
    with Mirror(MACHINE.socket_path()) as mirror:
        mirror.until_ready()
        MACHINE.ip("link add v0 type veth peer name v1")
        mirror.until_event("add", "v0")
        mirror.until_event("add", "v1")
        MACHINE.ip("link set v0 mtu 1400")
        tap.equal(mirror.until_event("change", "v0")["old"]["mtu"], 1500, "the mtu before")
        MACHINE.ip("link del v0")
        mirror.until_event("remove", "v0")
        mirror.until_event("remove", "v1")


@tap.test
def reload_applies():
    """A reload applies the configuration, and drops no consumer."""
    pid = MACHINE.pid(SERVICE)
    with Mirror(MACHINE.socket_path()) as mirror:
        mirror.until_ready()
        MACHINE.write(CONFIG, "[Limits]\nSessionsMax=123\n")
        MACHINE.systemctl("reload", SERVICE)
        wait.until(lambda: MACHINE.statistics()["sessions_max"] == 123, "the new limit")
        MACHINE.ip("link add r0 type bridge")
        mirror.until_event("add", "r0")
        MACHINE.ip("link del r0")
    wait.until(lambda: is_active(SERVICE) == "active", "the end of the reload")
    tap.equal(MACHINE.pid(SERVICE), pid, "the process")


@tap.test
def folder_beside_the_file():
    """Files in the folder beside the configuration file win over it."""
    MACHINE.write(CONFIG + ".d/50-more.conf", "[Limits]\nSessionsMax=456\n")
    MACHINE.systemctl("reload", SERVICE)
    wait.until(lambda: MACHINE.statistics()["sessions_max"] == 456, "the new limit")


@tap.test
def bad_file_is_refused():
    """A reload with a bad file fails, with file, line and reason; the daemon goes on."""
    pid = MACHINE.pid(SERVICE)
    MACHINE.write(CONFIG + ".d/60-bad.conf", "[Limits]\nSessionsMax=7\nRequestMax=much\n")
    result = MACHINE.try_run("systemctl", "reload", SERVICE)
    assert result.returncode != 0, "the reload worked"
    _assert_refusal("_SYSTEMD_UNIT=" + SERVICE)
    tap.equal(MACHINE.statistics()["sessions_max"], 456, "the limit")
    tap.equal(MACHINE.pid(SERVICE), pid, "the process")
    tap.equal(is_active(SERVICE), "active", SERVICE)


@tap.test
def bad_file_at_hangup():
    """A daemon that is sent SIGHUP refuses a bad file by itself, and reports it in the journal."""
    MACHINE.systemctl("kill", "--kill-whom=main", "--signal=HUP", SERVICE)
    wait.until(lambda: MACHINE.journal("MESSAGE_ID=4c64cab98bad4d12b729303462a84a7d"),
               "the refusal")
    _assert_refusal("MESSAGE_ID=4c64cab98bad4d12b729303462a84a7d")
    tap.equal(MACHINE.statistics()["sessions_max"], 456, "the limit")
    MACHINE.path(CONFIG + ".d/60-bad.conf").unlink()
    MACHINE.path(CONFIG + ".d/50-more.conf").unlink()
    MACHINE.path(CONFIG).unlink()
    MACHINE.systemctl("reload", SERVICE)
    wait.until(lambda: MACHINE.statistics()["sessions_max"] == 3072, "the default")


def _assert_refusal(match):
    output = [entry["MESSAGE"] for entry in MACHINE.journal(match)]
    place = CONFIG + ".d/60-bad.conf:3: "
    refusals = [text for text in output if place in text]
    assert refusals, f"no refusal among {output}"
    tap.contains(refusals[-1], '"much" is not valid')


@tap.test
def restart_under_consumers():
    """Consumers of Monitor come back after a restart and are brought up to date."""
    mirrors = [Mirror(MACHINE.socket_path()).until_ready() for _ in range(3)]
    MACHINE.systemctl("restart", SERVICE)
    MACHINE.ip("link add after0 type bridge")
    for mirror in mirrors:
        tap.equal(_takes_until_closed(mirror), "closed", "the old stream")
        with Mirror(MACHINE.socket_path(), since=mirror.position()) as again:
            again.until_ready()
            assert again.lost and "lost" not in again.lost[0], again.lost
            again.until(lambda a=again: "after0" in {l["ifname"] for l in a.links.values()},
                        "the link that was made meanwhile")
        mirror.close()
    MACHINE.ip("link del after0")


def _takes_until_closed(mirror):
    try:
        while True:
            mirror.take()
    except varlink.Closed:
        return "closed"


@tap.test
def no_refusal_while_restarting():
    """Nobody who connects during a restart is refused."""
    failures, answers, over = [], [], threading.Event()

    def connect_again_and_again():
        while not over.is_set():
            try:
                with varlink.Connection(MACHINE.socket_path()) as consumer:
                    consumer.call("GetStatus")
                answers.append(1)
            except varlink.Closed:
                pass  # it was connected when the daemon ended
            except OSError as error:
                failures.append(error)

    consumer = threading.Thread(target=connect_again_and_again)
    consumer.start()
    for _ in range(3):
        before = len(answers)
        MACHINE.systemctl("restart", SERVICE)
        wait.until(lambda b=before: len(answers) > b or failures, "an answer")
    over.set()
    consumer.join()
    tap.equal(failures, [], "refusals")


@tap.test
def killed_daemon_comes_back():
    """A daemon that was killed is started again."""
    pid = MACHINE.pid(SERVICE)
    MACHINE.systemctl("kill", "--kill-whom=main", "--signal=KILL", SERVICE)
    wait.until(lambda: MACHINE.pid(SERVICE) not in (0, pid), "another process", RESTART_SECONDS)
    tap.equal(names(), {"lo"}, "links")


@tap.test
def watchdog():
    """The watchdog kills a daemon that hangs, and a new one answers."""
    MACHINE.systemctl("start", SERVICE)
    tap.equal(MACHINE.show(SERVICE, "WatchdogUSec"), "30s", "the watchdog's patience")
    MACHINE.drop_in(SERVICE, "watchdog", "[Service]\nWatchdogSec=2s\n")
    MACHINE.systemctl("restart", SERVICE)
    pid = MACHINE.pid(SERVICE)
    MACHINE.systemctl("kill", "--kill-whom=main", "--signal=STOP", SERVICE)
    wait.until(lambda: MACHINE.pid(SERVICE) not in (0, pid), "another process", RESTART_SECONDS)
    tap.equal(names(), {"lo"}, "links")
    reasons = [e["MESSAGE"] for e in MACHINE.journal("UNIT=" + SERVICE, "_PID=1")]
    assert any("Watchdog timeout" in reason for reason in reasons), reasons
    MACHINE.drop_in(SERVICE, "watchdog", None)
    MACHINE.systemctl("restart", SERVICE)


@tap.test
def healthy_daemon_feeds_the_watchdog():
    """A daemon that is well is left alone by the watchdog."""
    MACHINE.drop_in(SERVICE, "watchdog", "[Service]\nWatchdogSec=4s\n")
    MACHINE.systemctl("restart", SERVICE)
    pid, begun = MACHINE.pid(SERVICE), _watchdog_timestamp()
    wait.until(lambda: _watchdog_timestamp() > begun + 9_000_000, "the watchdog's food")
    tap.equal(MACHINE.pid(SERVICE), pid, "the process")
    MACHINE.drop_in(SERVICE, "watchdog", None)
    MACHINE.systemctl("restart", SERVICE)


def _watchdog_timestamp():
    return int(MACHINE.show(SERVICE, "WatchdogTimestampMonotonic"))


@tap.test
def stopped_daemon_is_started_by_the_next_consumer():
    """After the service is stopped, the next consumer starts it."""
    MACHINE.systemctl("stop", SERVICE)
    tap.equal(is_active(SERVICE), "inactive", SERVICE)
    tap.equal(names(), {"lo"}, "links")
    tap.equal(is_active(SERVICE), "active", SERVICE)


@tap.test
def stop_under_a_consumer():
    """systemctl stop of the service alone does not last while a consumer reconnects, and says so;
    stopping the socket unit, too, does"""
    MACHINE.systemctl("start", SERVICE)
    pid = MACHINE.pid(SERVICE)
    with varlink.Connection(MACHINE.socket_path()) as consumer:
        consumer.call("GetStatus")
        tap.contains(MACHINE.systemctl("stop", SERVICE), SOCKET_UNIT)
    with varlink.Connection(MACHINE.socket_path()) as consumer:
        consumer.call("GetStatus")
        assert MACHINE.pid(SERVICE) not in (0, pid), "the same process"
        MACHINE.systemctl("stop", SOCKET_UNIT, SERVICE)
        assert consumer.is_closed(), "the connection stands"
    try:
        varlink.Connection(MACHINE.socket_path())
    except OSError:
        pass
    else:
        raise AssertionError("somebody listens")
    tap.equal((is_active(SERVICE), is_active(SOCKET_UNIT)), ("inactive", "inactive"), "states")
    MACHINE.systemctl("start", SOCKET_UNIT, SERVICE)


@tap.test
def without_the_socket_unit():
    """Without the socket unit the daemon makes its socket, is ready when that answers, and
    removes it in the end."""
    MACHINE.systemctl("stop", SOCKET_UNIT, SERVICE)
    MACHINE.systemctl("mask", "--runtime", SOCKET_UNIT)
    socket = pathlib.Path(MACHINE.socket_path())
    socket.unlink(missing_ok=True)
    for _ in range(5):
        MACHINE.systemctl("start", SERVICE)
        tap.equal(names(), {"lo"}, "links")
        tap.equal(socket.stat().st_mode & 0o7777, 0o666, "the socket's mode")
        MACHINE.systemctl("stop", SERVICE)
        assert not socket.exists(), "the socket is still there"
    MACHINE.systemctl("unmask", "--runtime", SOCKET_UNIT)


@tap.test
def the_service_brings_its_socket():
    """Starting the service starts its socket unit too."""
    MACHINE.systemctl("start", SERVICE)
    tap.equal(is_active(SOCKET_UNIT), "active", SOCKET_UNIT)
    tap.equal(names(), {"lo"}, "links")


@tap.test
def ready_after_the_first_look():
    """It is ready when it has a dump, or knows that it got no answer, and answers nobody
    before."""
    shared = MACHINE.path("/run/linkwatch-faults")
    shared.mkdir(exist_ok=True)
    with faults.Faults(str(shared)) as silent:
        module = pathlib.Path(silent.preloaded)
        shutil.copy(module, shared / module.name)
        os.chmod(silent.path, 0o666)
        silent.set(faults.DUMP_SILENT)
        control = pathlib.Path(silent.path).name
        MACHINE.drop_in(SERVICE, "faults", "[Service]\nReadWritePaths=/run/linkwatch-faults\n"
                        f"Environment=LD_PRELOAD=/run/linkwatch-faults/{module.name}\n"
                        f"Environment=LINKWATCH_FAULTS=/run/linkwatch-faults/{control}\n")
        MACHINE.systemctl("stop", SERVICE)
        with varlink.Connection(MACHINE.socket_path()) as consumer:
            consumer.send("List")
            wait.until(lambda: silent.done(faults.DUMP_SILENT), "a dump that gets no answer")
            tap.equal(is_active(SERVICE), "activating", SERVICE)
            assert not consumer.has_message(), "an answer without a dump"
            wait.until(lambda: is_active(SERVICE) == "active", "readiness")
            tap.equal(consumer.expect_error("org.linkwatch.Links.NeverDumped")["errno_name"],
                      "ETIMEDOUT")
            silent.set(faults.DUMP_SILENT, times=0)
            wait.until(lambda: "last_dump_usec" in MACHINE.status()["source"], "a dump with an answer")
            tap.equal(names(), {"lo"}, "links")
    MACHINE.drop_in(SERVICE, "faults", None)


@tap.test
def wrong_configuration_at_the_start():
    """A start with a wrong configuration is tried again until that is put right; a consumer
    who came meanwhile is answered then."""
    MACHINE.systemctl("stop", SERVICE)
    MACHINE.write(CONFIG, "[Limits]\nSessionsMax=none\n")
    with varlink.Connection(MACHINE.socket_path()) as consumer:
        consumer.send("GetStatus")
        wait.until(lambda: int(MACHINE.show(SERVICE, "NRestarts")) >= 3, "the third try")
        reason = f"{CONFIG}:2: SessionsMax: \"none\" is not valid"
        output = [entry["MESSAGE"] for entry in MACHINE.journal("_SYSTEMD_UNIT=" + SERVICE)]
        assert any(reason in text for text in output), output
        MACHINE.path(CONFIG).unlink()
        consumer.reply()


@tap.test
def ended_by_sigterm():
    """It ends well when it is stopped, with consumers connected."""
    with Mirror(MACHINE.socket_path()) as mirror:
        mirror.until_ready()
        MACHINE.systemctl("stop", SERVICE)
        tap.equal(_takes_until_closed(mirror), "closed", "the stream")
    tap.equal(MACHINE.show(SERVICE, "Result"), "success", "the result")
    tap.equal(MACHINE.show(SERVICE, "ExecMainStatus"), "0", "the exit code")


def shell(lines):
    """Runs commands of a document, as root; those of make out here, in the build under test."""
    for line in lines:
        if make := re.fullmatch(r"(?:sudo )?make\b *(\w*)", line):
            MACHINE.make(make[1] or "all", f"DESTDIR={MACHINE.path('/')}")
        else:
            MACHINE.run("sh", "-c", 'sudo() { "$@"; }; ' + line)


@tap.test
def removed_as_documented():
    """The commands in doc/install.md remove it; the user stays"""
    shell(documents.commands("doc/install.md", "sudo systemctl disable"))
    for unit in (SERVICE, SOCKET_UNIT):
        tap.equal(is_active(unit), "inactive", unit)
    assert MACHINE.try_run("sh", "-c", "command -v linkwatchctl").returncode != 0, "it is still there"
    MACHINE.run("id", "linkwatchd")


@tap.test
def installed_as_documented():
    """The commands in doc/install.md install it, enabled and started"""
    configure, *lines = documents.commands("doc/install.md", "./configure")
    tap.contains(configure, "--sysconfdir=/etc")
    shell(lines)
    tap.equal(is_active(SERVICE), "active", SERVICE)
    tap.contains(MACHINE.run("linkwatchctl", "list"), "lo")


@tap.test
def elsewhere_as_documented():
    """The commands in doc/install.md for another prefix find the user and the catalogue there"""
    installed = MACHINE.run("sh", "-c", "dirname $(command -v linkwatchctl)").strip() + "/../lib"
    for name in ("sysusers.d/linkwatchd.conf", "systemd/catalog/linkwatchd.catalog"):
        MACHINE.run("install", "-D", "-m", "644", f"{installed}/{name}", f"/opt/linkwatch/lib/{name}")
    MACHINE.path(f"{installed}/systemd/catalog/linkwatchd.catalog").unlink()
    shell(line.replace("PREFIX", "/opt/linkwatch") for line in
          documents.commands("doc/install.md", "sudo systemd-sysusers PREFIX"))
    tap.contains(MACHINE.run("journalctl", "--list-catalog"), "linkwatchd")


if __name__ == "__main__":
    machine.run_tests(MACHINE, MACHINE.install)
