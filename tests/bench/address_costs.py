# SPDX-License-Identifier: LGPL-2.1-or-later
"""What following addresses costs: a poll beside the least that one can cost, an event beside one of
a link, and links beside addresses that somebody else follows."""

import contextlib
import json
import socket
import subprocess
import threading

import stage as stages
from figures import Row, interleave

ADDRESSES = ["links", "addresses"]


class Consumer:
    """Follows these subjects, and drops what comes."""

    def __init__(self, path, subjects):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(path)
        call = {"method": "org.linkwatch.Links.Monitor", "more": True,
                "parameters": {"subjects": subjects}}
        self._socket.sendall(json.dumps(call).encode() + b"\0")
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._drop)
        self._thread.start()
        self._ready.wait()

    def _drop(self):
        last = b""
        while data := self._socket.recv(1 << 18):
            if b'"ready"' in last + data:
                self._ready.set()
            last = data[-16:]
        self._ready.set()

    def close(self):
        """Ends it."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()


def _batch(stage, lines):
    """Runs many commands of ip(8)."""
    subprocess.run(stage.inside("ip", "-batch", "-"), input="\n".join(lines) + "\n", text=True,
                   capture_output=True, check=True)


@contextlib.contextmanager
def _addresses(plan):
    """A namespace of its own with few links, of which the first has so many addresses."""
    with contextlib.closing(stages.Stage(plan, plan.few)) as stage:
        _batch(stage, [f"address add 10.{n >> 16}.{n >> 8 & 255}.{n & 255}/32 dev b0"
                       for n in range(plan.many)])
        yield stage


def _poll(plan, stage):
    """CPU time of one poll in microseconds, from many at the shortest interval; those of the few
    links are in it."""
    with stage.daemon("--source", "poll", "--interval-min", "10ms", "--budget", "50%") as daemon, \
            contextlib.closing(Consumer(daemon.path, ADDRESSES)), \
            contextlib.closing(stages.Connection(daemon.path)) as connection:
        before = connection.statistics()["address_counters"]["dumps"]
        cpu = -daemon.cpu()
        stages.let_pass(plan.poll_seconds)
        cpu += daemon.cpu()
        return cpu / (connection.statistics()["address_counters"]["dumps"] - before) * 1e6


def _event(plan, stage, subjects, changes, beside=()):
    """CPU time of one event in microseconds, for a consumer of those subjects, and beside one of
    others."""
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(stage.daemon("--source", "subscribe"))
        for each in (subjects, *beside):
            stack.enter_context(contextlib.closing(Consumer(daemon.path, each)))
        connection = stack.enter_context(contextlib.closing(stages.Connection(daemon.path)))
        cpu, events = -daemon.cpu(), -connection.statistics()["counters"]["events"]
        _batch(stage, changes)
        cpu += daemon.cpu()
        return cpu / (events + connection.statistics()["counters"]["events"]) * 1e6


def addresses(plan):
    """Polls of many addresses, and events of one of them."""
    count = max(2, min(plan.polls, plan.polls * 2000 // plan.many))
    events = plan.changes // 10
    of_links = [f"link set b0 mtu {1400 + n % 2 * 100}" for n in range(events)]
    of_addresses = [f"address change 10.0.0.1/32 dev b0 valid_lft 9000 preferred_lft {4000 + n % 2 * 4000}"
                    for n in range(events)]
    with _addresses(plan) as stage:
        runs = interleave(plan, {
            "drop": lambda: stage.run("dump", count, 10, "addresses")["cpu"] * 1e6,
            "ours": lambda: _poll(plan, stage),
            "address": lambda: _event(plan, stage, ADDRESSES, of_addresses),
            "link": lambda: _event(plan, stage, ["links"], of_links),
            "beside": lambda: _event(plan, stage, ["links"], of_links, (["addresses"],)),
        })
    yield Row(f"CPU of a poll, {plan.many} addresses", "µs", runs["ours"], "receive and drop",
              runs["drop"], at_most=1.3)
    yield Row(f"CPU of an event, {plan.many} addresses", "µs", runs["address"], "of a link",
              runs["link"], at_most=1.0)
    yield Row(f"CPU of a link's event, beside a consumer of {plan.many} addresses", "µs",
              runs["beside"], "links alone", runs["link"], at_most=1.1)
