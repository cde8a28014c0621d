# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of limits in SECURITY.md: its defaults are those of the daemon."""

import os
import re
import subprocess

import daemon as daemons
import netns
import tap

netns.enter()

# What has a default that the daemon tells.
OPTIONS = {"sessions-max", "sessions-per-user-max", "namespaces-max", "namespaces-per-user-max",
           "request-max", "json-depth-max", "history-size"}
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def _bytes(number, unit):
    return int(number) * UNITS[unit]


def _limits():
    """The rows of the table: what is limited, the default, the options; as texts."""
    path = os.path.join(os.environ["LINKWATCH_SOURCE"], "SECURITY.md")
    with open(path, encoding="utf-8") as file:
        section = file.read().split("\n## Limits\n\n")[1].split("\n\n")[0]
    rows = [re.split(r" *\| *", line.strip().strip("|").strip()) for line in section.splitlines()]
    tap.equal(rows[0], ["what", "default", "option"], "the table's head")
    return rows[2:]


def documented():
    """Defaults by option: the numbers that a row begins with, in the order of its options."""
    found = {}
    for row in _limits():
        options = re.findall(r"`([a-z-]+)`", row[2]) if len(row) > 2 else []
        numbers = re.findall(r"(\d+)(?: ([KMG])iB)?", row[1])
        assert len(numbers) >= len(options), row
        for option, number in zip(options, numbers):
            assert option not in found, f"{option} stands there twice"
            found[option] = _bytes(*number)
    tap.equal(set(found), OPTIONS, "options in SECURITY.md")
    return found


@tap.test
def status():
    """Each default in SECURITY.md is the limit that a daemon without options tells in GetStatus"""
    with daemons.Daemon() as daemon:
        told = daemon.status()
    for option, default in documented().items():
        if option == "history-size":
            limit = told["history"]["bytes_max"]
        else:
            limit = told[option.replace("-", "_")]
        tap.equal(limit, default, option)


@tap.test
def usage():
    """Each default in SECURITY.md is the one that --help tells"""
    text = subprocess.run([daemons.BINARY, "--help"], check=True, capture_output=True,
                          encoding="utf-8").stdout
    for option, default in documented().items():
        told = re.search(rf"^  --{option} \w+\n +.*\(default (\d+)([KMG]?)\)$", text, re.MULTILINE)
        assert told, f"no default of --{option} in --help"
        tap.equal(_bytes(*told.groups()), default, option)


tap.main()
