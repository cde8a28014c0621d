# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that collect metrics, as Debian packages them: Prometheus' node_exporter and promtool, the
parser of its Python library, which is OpenMetrics' reference, and systemd-report of sid."""

import os
import shlex
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import daemon as daemons
import manual
import netns
import packages
import rtnl
import tap
import wait
from other_release import Guest, sequence

try:
    # Before there is no network any more.
    PROMTOOL = packages.unpacked("bookworm", ["prometheus"]) / "usr/bin/promtool"
    EXPORTER = packages.unpacked("bookworm", ["prometheus-node-exporter"]) / \
        "usr/bin/prometheus-node-exporter"
    LIBRARY = packages.unpacked("bookworm", ["python3-prometheus-client", "python3-decorator"]) / \
        "usr/lib/python3/dist-packages"
    SYSTEM = packages.system("sid", ["systemd", "systemd-report"])
except tap.Skip as reason:
    tap.skip_all(str(reason))
if os.geteuid() != 0:
    tap.skip_all("chroot needs root")
sys.path.append(str(LIBRARY))
# pylint: disable-next=wrong-import-position, import-error
from prometheus_client.openmetrics import parser  # noqa: E402

netns.enter()
netns.ip("link set lo up")

_REPORT = "/usr/lib/systemd/systemd-report"
# Names that a label's escapes could be taken for, or end it.
_NAMES = {b'a"b': 'a"b', b"a\\b": "a\\\\b", b"\\n": "\\\\n", b"\xff": "\\xff", b"{x}": "{x}",
          b"a\x01": "a\\x01", "网".encode(): "网"}


def metrics(daemon, *arguments):
    """What linkwatchctl metrics prints."""
    return netns.run(os.environ["LINKWATCHCTL"], "--socket", daemon.socket, "metrics", *arguments)


def parsed(text):
    """The families by name, as the reference parser reads them."""
    return {family.name: family for family in parser.text_string_to_metric_families(text)}


def values(text):
    """The values by name and labels, as the reference parser reads them."""
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in parsed(text).values() for sample in family.samples}


class Exporter:
    """node_exporter with nothing but its textfile collector, of that folder."""

    def __init__(self, folder):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._address = f"127.0.0.1:{probe.getsockname()[1]}"
        self._process = subprocess.Popen(
            [EXPORTER, "--collector.disable-defaults", "--collector.textfile",
             f"--collector.textfile.directory={folder}", f"--web.listen-address={self._address}"],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._process.kill()
        self._process.wait()

    def _answer(self):
        try:
            with urllib.request.urlopen(f"http://{self._address}/metrics", timeout=wait.SECONDS) as reply:
                return reply.read().decode()
        except urllib.error.URLError:
            assert self._process.poll() is None, "node_exporter has ended"
            return None

    def samples(self):
        """The lines that it exposes, without comments: values by what stands before them."""
        text = wait.until(self._answer, "node_exporter")
        lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in lines}


def flap(count):
    """Takes a pair of links down and up."""
    netns.ip("link add v0 type veth peer name v1")
    netns.ip("link set v1 up")
    for _ in range(count):
        netns.ip("link set v0 up")
        netns.ip("link set v0 down")


@tap.test
def reference_parser():
    """The reference parser reads all, with types and units; the values are the daemon's"""
    with daemons.Daemon() as daemon:
        netns.delete_all()
        flap(3)
        daemon.call("Refresh")
        text = metrics(daemon)
        families = parsed(text)
        tap.equal(families["linkwatch_events"].type, "counter", "type")
        tap.equal(families["linkwatch_delivery_delay_seconds"].type, "histogram", "type")
        tap.equal(families["linkwatch_delivery_delay_seconds"].unit, "seconds", "unit")
        assert all(family.documentation for family in families.values()), families
        found = values(text)
        statistics = daemon.statistics()
        tap.equal(found["linkwatch_events_total", ()], statistics["counters"]["events"], "events")
        tap.equal(found["linkwatch_carrier_changes_total", ()],
                  statistics["counters"]["carrier_changes"], "carrier changes")
        tap.equal(found["linkwatch_links", (("kind", "veth"), ("operstate", "DOWN"))], 1, "down")
        tap.equal(found["linkwatch_links", (("kind", "veth"), ("operstate", "LOWERLAYERDOWN"))], 1,
                  "its peer")
        assert statistics["counters"]["carrier_changes"] >= 6, statistics


@tap.test
def names_in_labels():
    """Whatever a link is called, it is one label, in the notation of linkwatchctl"""
    with daemons.Daemon() as daemon:
        netns.delete_all()
        netns.ip("link add v0 type veth peer name v1")
        index = socket.if_nametoindex("v0")
        for name, shown in _NAMES.items():
            rtnl.rename(index, name)
            daemon.call("Refresh")
            found = values(metrics(daemon, str(index)))
            tap.equal(found["linkwatch_link_up", (("device", shown),)], 0, shown)
        rtnl.rename(index, b"v0")


@tap.test
def promtool():
    """promtool reads it, and misses nothing but the help of counters, which OpenMetrics names
    otherwise"""
    with daemons.Daemon() as daemon:
        result = subprocess.run([PROMTOOL, "check", "metrics"], input=metrics(daemon, "lo"),
                                text=True, capture_output=True, check=False)
        complaints = (result.stdout + result.stderr).splitlines()
        assert complaints, "promtool reads OpenMetrics' counters now: say so in linkwatchctl(1)"
        tap.equal([line for line in complaints if not line.endswith("_total no help text")], [],
                  "complaints")


@tap.test
def node_exporter():
    """The textfile collector of node_exporter exposes all of a file that --output wrote"""
    with daemons.Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "linkwatch.prom")
        netns.delete_all()
        tap.equal(metrics(daemon, "lo", "--output", path), "", "output")
        with open(path, encoding="utf-8") as file:
            written = file.read()
        with Exporter(folder) as exporter:
            exposed = exporter.samples()
    tap.equal(exposed["node_textfile_scrape_error"], 0, "errors")
    exposed = {name.split("{")[0] for name in exposed if name.startswith("linkwatch_")}
    tap.equal(exposed, {name for name, _labels in values(written)}, "names")


@tap.test
def systemd_report():
    """systemd-report lists and describes all metrics of a socket that is linked for it"""
    with daemons.Daemon() as daemon, Guest(SYSTEM, daemon) as guest:
        guest.path("run/systemd/report").mkdir(parents=True)
        guest.path("run/systemd/report/org.linkwatch").symlink_to("/mnt/socket")
        code, listed, errors = guest.run(_REPORT, "metrics", "--json=short")
        tap.equal((code, errors), (0, ""), "metrics")
        code, described, errors = guest.run(_REPORT, "describe", "--json=short")
        tap.equal((code, errors), (0, ""), "describe")
    listed = sequence(listed)
    families = {family["name"]: family for family in sequence(described)}
    assert {"name": "org.linkwatch.Links", "fields": {"operstate": "UNKNOWN", "kind": "loopback"},
            "value": 1} in listed, listed
    for metric in listed:
        is_text = families[metric["name"]]["type"] == "string"
        tap.equal(isinstance(metric["value"], str), is_text, f"type of {metric}")
    # That of addresses is there while they are followed.
    tap.equal(set(families) - {metric["name"] for metric in listed}, {"org.linkwatch.Addresses"},
              "families without a value")


@tap.test
def systemd_report_as_documented():
    """The commands in linkwatchd(8) print the metrics"""
    text, = manual.examples("linkwatchd.8", "report")
    with daemons.Daemon() as daemon, Guest(SYSTEM, daemon) as guest:
        guest.path("run/linkwatchd").symlink_to("/mnt")
        guest.path("run/systemd/report").mkdir(parents=True)
        guest.path("run/systemd/report/org.linkwatch").symlink_to("/mnt/socket")
        for line in text.replace("\\\n", "").splitlines():
            code, output, errors = guest.run(*shlex.split(line.removeprefix("$ ")))
            tap.equal((code, errors), (0, ""), line)
            tap.contains(output, "org.linkwatch.EventsLost")


@tap.test
def registry():
    """varlinkctl lists the daemon in the registry, and calls it there"""
    with daemons.Daemon() as daemon, Guest(SYSTEM, daemon) as guest:
        entry = guest.path("run/varlink/registry")
        entry.mkdir(parents=True)
        (entry / "org.linkwatch.Links").symlink_to("/mnt/socket")
        lines = guest.varlinkctl("list-registry").splitlines()
        assert ["org.linkwatch.Links", "unix:/mnt/socket"] in [line.split() for line in lines], lines
        guest.varlinkctl("call", "/run/varlink/registry/org.linkwatch.Links",
                         "org.linkwatch.Links.GetStatus", "{}")
        code, _output, errors = guest.run("varlinkctl", "call", "/mnt/socket",
                                          "io.systemd.Metrics.List", "{}")
        tap.equal(code, 1, "without more")
        tap.contains(errors, "'more' flag")


tap.main()
