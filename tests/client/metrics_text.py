# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatchctl metrics: what it writes, and where."""

import json
import os
import stat
import tempfile

import fake
import tap
from ctl import LINKS, end, start

STATUS = {"version": "1.2.3", "uptime_usec": 1500001, "interval_usec": 60000000,
          "source": {**fake.SOURCE, "standing": "trusted"}}
STATISTICS = {"sessions": 3, "counters": {"events": 7, "events_lost": 2, "flaps": 1},
              "delays": {"count": 4, "sum_usec": 2000300, "within_100us": 1, "within_1ms": 2,
                         "within_10ms": 2, "within_100ms": 2, "within_1s": 3, "within_10s": 4}}


def answered(daemon, *arguments, status=None, statistics=None, links=None, named=None):
    """Runs it with its calls answered; statistics and links may be names of errors. Exit code, output
    and errors."""
    process = start("--socket", daemon.path, *arguments)
    peer = daemon.accept()
    peer.call()
    peer.reply(STATUS if status is None else status)
    for answer in (STATISTICS if statistics is None else statistics,
                   LINKS if links is None else links):
        peer.call()
        if isinstance(answer, str):
            peer.error(answer)
        elif isinstance(answer, list):
            peer.list(answer)
        else:
            peer.reply(answer)
    if named is not None:
        peer = daemon.accept()
        peer.call()
        peer.list(named)
    return end(process)


@tap.test
def text():
    """It is OpenMetrics text: families with type, unit and help, counters with _total, the end"""
    with fake.Fake() as daemon:
        code, output, errors = answered(daemon, "metrics")
    tap.equal((code, errors), (0, ""), "outcome")
    for lines in ("# TYPE linkwatch_events counter\n# HELP linkwatch_events Events made.\n"
                  "linkwatch_events_total 7\n",
                  "# UNIT linkwatch_uptime_seconds seconds\n",
                  "linkwatch_uptime_seconds 1.500001\n",
                  'linkwatch_version{version="1.2.3"} 1\n',
                  'linkwatch_standing{subject="links",standing="trusted"} 1\n',
                  'linkwatch_links{operstate="UNKNOWN",kind="loopback"} 1\n'
                  'linkwatch_links{operstate="UP",kind="veth"} 1\n',
                  'linkwatch_delivery_delay_seconds_bucket{le="0.001"} 2\n',
                  'linkwatch_delivery_delay_seconds_bucket{le="+Inf"} 4\n'
                  "linkwatch_delivery_delay_seconds_sum 2.000300\n"
                  "linkwatch_delivery_delay_seconds_count 4\n"):
        tap.contains(output, lines)
    assert output.endswith("\n# EOF\n"), output
    assert "linkwatch_link_" not in output, "metrics of single links"


@tap.test
def of_single_links():
    """Links that are named have metrics of their own, those not reported left out; one that is not
    there is an error"""
    with fake.Fake() as daemon:
        code, output, errors = answered(daemon, "metrics", "lo", "none", named=LINKS[:1])
    tap.equal((code, errors), (1, 'linkwatchctl: there is no link "none"\n'), "outcome")
    for line in ('linkwatch_link_info{device="lo",ifindex="1",kind="loopback",operstate="UNKNOWN"} 1\n',
                 'linkwatch_link_up{device="lo"} 1\n', 'linkwatch_link_usable{device="lo"} 1\n'):
        tap.contains(output, line)
    assert "linkwatch_link_carrier" not in output, output


@tap.test
def as_json():
    """With --json it is one array with an object for each value, in ASCII"""
    named = [fake.link(5, 'ü"\\')]
    with fake.Fake() as daemon:
        code, output, errors = answered(daemon, "--json", "metrics", "5", named=named)
    tap.equal((code, errors), (0, ""), "outcome")
    assert output.isascii() and output.count("\n") == 1, output
    found = json.loads(output)
    assert {"name": "linkwatch_events_total", "type": "counter", "labels": {}, "value": 7} in found
    assert {"name": "linkwatch_link_up", "type": "gauge", "labels": {"device": 'ü"\\\\'},
            "value": 0} in found, found


@tap.test
def of_what_is_known():
    """What the daemon does not know or does not send is left out, and never 0"""
    with fake.Fake() as daemon:
        code, output, errors = answered(
            daemon, "metrics", status={"source": fake.BLIND},
            statistics="org.varlink.service.InterfaceNotFound", links="org.linkwatch.Links.NeverDumped")
    tap.equal((code, errors), (0, ""), "outcome")
    tap.equal([line for line in output.splitlines() if not line.startswith("#")],
              ['linkwatch_standing{subject="links",standing="denied"} 1',
               'linkwatch_stale{subject="links"} 1'], "values")


@tap.test
def many_kinds():
    """However many kinds of links there are, the number of values is bounded, and the sum is right"""
    links = [fake.link(i, f"l{i}", linkinfo={"info_kind": f"kind{i}"}) for i in range(1, 401)]
    with fake.Fake() as daemon:
        _, output, _ = answered(daemon, "metrics", links=links)
    lines = [line for line in output.splitlines() if line.startswith("linkwatch_links{")]
    tap.equal(len(lines), 129, "values")
    tap.equal(lines[-1], 'linkwatch_links{kind="other"} 272', "the others")


@tap.test
def replaces_a_file():
    """--output replaces a file at once, for all to read, and leaves nothing beside it"""
    with fake.Fake() as daemon, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.prom")
        with open(path, "w", encoding="utf-8") as file:
            file.write("old")
        with open(path, encoding="utf-8") as reader:
            tap.equal(answered(daemon, "metrics", "--output", path), (0, "", ""), "outcome")
            tap.equal(reader.read(), "old", "what is being read")
        with open(path, encoding="utf-8") as file:
            tap.equal(file.read().splitlines()[-1], "# EOF", "the last line")
        mask = os.umask(0)
        os.umask(mask)
        tap.equal(stat.S_IMODE(os.stat(path).st_mode), 0o666 & ~mask, "mode")
        tap.equal(os.listdir(folder), ["x.prom"], "files")


@tap.test
def file_that_cannot_be():
    """A file that can't be written is an error, and what is there stays as it is"""
    with fake.Fake() as daemon, tempfile.TemporaryDirectory() as folder:
        for path, reason in ((folder, "Is a directory"),
                             (os.path.join(folder, "no", "x"), "No such file or directory")):
            tap.equal(answered(daemon, "metrics", "--output", path),
                      (1, "", f"linkwatchctl: {path} cannot be written: {reason}\n"), path)
        tap.equal(os.listdir(folder), [], "files")
        tap.equal(os.listdir(os.path.dirname(folder)).count(os.path.basename(folder)), 1, "folder")


@tap.test
def no_daemon():
    """Without a daemon the file stays as it is, and the exit code says so"""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.prom")
        code, _, _ = end(start("--socket", folder + "/none", "metrics", "--output", path))
        tap.equal((code, os.listdir(folder)), (3, []), "outcome")


@tap.test
def output_is_of_metrics():
    """--output is of metrics alone"""
    code, _, errors = end(start("status", "--output", "x"))
    tap.equal(code, 2, "exit code")
    tap.contains(errors, "--output can only be used with metrics")


tap.main()
