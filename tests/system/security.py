# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of limits in SECURITY.md: its defaults are those of the daemon."""

import os
import re
import subprocess

import daemon as daemons
import netns
import tap

netns.enter()

# What has a default that the daemon publishes.
OPTIONS = {"sessions-max", "sessions-per-user-max", "namespaces-max", "namespaces-per-user-max",
           "namespaces-memory-max", "request-max", "json-depth-max", "history-size"}
# What no option sets: words of SECURITY.md with a number in them, and the constant that it is, with
# its file and what the constant is multiplied with to be that number.
FIGURES = (
    (r"kept for root and the daemon's own user \| 1 in (\d+) \|", "daemon/users.h",
     "USERS_RESERVE", 1),
    (r"values in it, bytes in a string \| (\d+), \d+ \|", "daemon/call.h", "CALL_VALUES_MAX", 1),
    (r"values in it, bytes in a string \| \d+, (\d+) \|", "daemon/call.h", "CALL_STRING_MAX", 1),
    (r"its socket is closed at once \| (\d+) s \|", "daemon/entered.h", "ENTERED_LINGER_SECONDS",
     1),
    (r"counts until its (\d+) s are over", "daemon/entered.h", "ENTERED_LINGER_SECONDS", 1),
    (r"one field of a filter \| (\d+), globs", "protocol/glob.h", "FILTER_VALUES_MAX", 1),
    (r"one field of a filter \| \d+, globs of (\d+) characters", "protocol/glob.h",
     "FILTER_GLOB_MAX", 1),
    (r"all Lists being read \| (\d+) MiB", "daemon/users.h", "USERS_HELD_MAX", 1 / (1 << 20)),
    (r"others; 1 in (\d+) is kept for root", "daemon/quota.h", "QUOTA_RESERVE", 1),
    (r"log lines in 10 s \| (\d+), and \d+ warnings \|", "daemon/log.c", "BURST", 1),
    (r"log lines in 10 s \| \d+, and (\d+) warnings \|", "daemon/log.c", "BURST", 1),
    (r"\(the send buffer is (\d+) KiB,", "daemon/server.c", "SEND_BUFFER", 2 / 1024),
    (r"if (\d+) of these wait and no child", "daemon/closer.c", "SOCKETS_MAX", 1),
    (r"in slices of (\d+) us", "daemon/workqueue.h", "WORKQUEUE_SLICE_USEC", 1),
    (r"All sockets receive in one buffer, which is (\d+) KiB", "daemon/rtnl.c", "FIRST_CAPACITY",
     1 / 1024),
    (r"the longest datagram, at most (\d+) MiB", "daemon/rtnl.c", "CAPACITY_MAX", 1 / (1 << 20)),
    (r"(\d+) MiB of links in a mirror or a list", "client/link_object.h", "LIMIT_OF_LINKS",
     1 / (1 << 20)),
    (r"After (\d+) spoilt ones \(`SPOILT_MAX`", "reach/tracing/duplicate.c", "SPOILT_MAX", 1),
    (r"log lines in (\d+) s \|", "daemon/log.c", "PERIOD", 1e-6),
    (r"reading the kernel's messages took, up to (\d+) us", "daemon/workqueue.h",
     "WORKQUEUE_ROUND_MAX_USEC", 1),
)
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def _bytes(number, unit):
    return int(number) * UNITS[unit]


def _source(name):
    with open(os.path.join(os.environ["LINKWATCH_SOURCE"], name), encoding="utf-8") as file:
        return file.read()


def _limits():
    """The rows of the table: what is limited, the default, the options; as texts."""
    section = _source("SECURITY.md").split("\n## Limits\n\n")[1].split("\n\n")[0]
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
    """Each default in SECURITY.md is the limit of a daemon without options in GetStatistics"""
    with daemons.Daemon() as daemon:
        shown = daemon.statistics()
    for option, default in documented().items():
        if option == "history-size":
            limit = shown["history"]["bytes_max"]
        else:
            limit = shown[option.replace("-", "_")]
        tap.equal(limit, default, option)


@tap.test
def usage():
    """Each default in SECURITY.md is the one in --help"""
    text = subprocess.run([daemons.BINARY, "--help"], check=True, capture_output=True,
                          encoding="utf-8").stdout
    for option, default in documented().items():
        shown = re.search(rf"^  --{option} .*\n.*\n.*default (\d+)([KMG]?)\)$", text, re.MULTILINE)
        assert shown, f"no default of --{option} in --help"
        tap.equal(_bytes(*shown.groups()), default, option)


def _constant(name, file):
    """Its value: a product of numbers."""
    found = re.search(rf"^#define {name} +(.*)$", _source(file), re.MULTILINE)
    assert found, f"no {name} in {file}"
    text = re.sub(r"\(size_t\)|INT64_C|[()]", "", found.group(1))
    assert re.fullmatch(r"[\d. *]+", text), text
    value = 1.0
    for factor in text.split("*"):
        value *= float(factor)
    return value


@tap.test
def constants():
    """Each figure in SECURITY.md that no option sets is that of the code"""
    text = re.sub(r"\s+", " ", _source("SECURITY.md"))
    for pattern, file, name, factor in FIGURES:
        found = re.findall(pattern, text)
        tap.equal(len(found), 1, f"places in SECURITY.md like {pattern!r}")
        tap.equal(float(found[0]), round(_constant(name, file) * factor, 6), name)


tap.main()
