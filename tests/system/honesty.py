# SPDX-License-Identifier: LGPL-2.1-or-later
"""An honest kernel is never accused, whatever the load: no change that a notification was on
its way for counts as a contradiction."""

import signal
import time

import daemon as daemons
import ip_links
import link_churn
import netns
import tap
import wait
from mirror import Mirror

LONG = 220
# As many dumps as polling would take, all the time.
DUMPING = ("--audit-interval", "50ms", "--interval-max", "50ms")


def expect_honest(daemon, changes):
    """After that many changes, nothing was held against the kernel, and the links are right."""
    daemon.call("Refresh")
    source = daemon.status()["source"]
    counters = daemon.statistics()["counters"]
    tap.diag({key: counters[key] for key in ("notifications", "dumps", "dumps_failed", "overruns",
                                              "contradictions", "events")})
    tap.equal(counters["contradictions"], 0, "contradictions")
    assert source["standing"] in ("unproven", "trusted"), source
    assert counters["notifications"] >= changes or counters["overruns"], counters
    with Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        ip_links.settle(daemon, mirror)


@tap.test
def an_hour_of_changes():
    """200,000 changes at full speed, with dumps at polling cadence all the time, make not one
    contradiction"""
    count = 20000 if daemons.SANITIZED else 200000
    netns.delete_all()
    with daemons.Daemon(*DUMPING) as daemon:
        for seed in range(100):
            link_churn.start(link_churn.commands(seed, count // 10, slow=1)).wait(timeout=LONG)
            if daemon.statistics()["counters"]["notifications"] >= count:
                break
        expect_honest(daemon, count)
        assert daemon.statistics()["counters"]["dumps"] > 50


@tap.test
def interrupted_looks():
    """The same with hundreds of links, where dumps are interrupted by what changes meanwhile"""
    netns.delete_all()
    link_churn.start(f"link add many{n} type veth peer name more{n}" for n in range(300)).wait(LONG)
    with daemons.Daemon(*DUMPING) as daemon:
        link_churn.start(link_churn.commands(5, 5000)).wait(timeout=LONG)
        tap.diag(f"{daemon.statistics()['counters']['dumps_failed']} dumps were interrupted")
        expect_honest(daemon, 5000)
    netns.delete_all()


@tap.test
def stopped_daemon():
    """A daemon that was stopped in the middle of it, and reads late what came in time, does not
    blame the kernel"""
    netns.delete_all()
    with daemons.Daemon(*DUMPING) as daemon:
        changes = link_churn.start(link_churn.commands(6, 20000))
        for _ in range(3):
            before = daemon.statistics()["counters"]["notifications"]
            wait.until(lambda: changes.poll() is not None or
                       daemon.statistics()["counters"]["notifications"] > before + 500, "churn")
            daemon.signal(signal.SIGSTOP)
            stopped = time.monotonic()
            # Longer than the grace that a notification has.
            wait.until(lambda since=stopped: time.monotonic() > since + 4, "the end of a grace")
            daemon.signal(signal.SIGCONT)
        changes.wait(timeout=LONG)
        expect_honest(daemon, 10000)


@tap.test
def flooded_buffer():
    """A flood that overruns a tiny receive buffer is counted, and costs no trust"""
    netns.delete_all()
    with daemons.Daemon(*DUMPING, "--receive-buffer", "1K") as daemon:
        link_churn.start(link_churn.commands(7, 10000)).wait(timeout=LONG)
        expect_honest(daemon, 10000)
        counters = daemon.statistics()["counters"]
        assert counters["overruns"] > 0, "nothing was overrun: the test is too small"
        # Dumps are rate-limited: an overrun does not make one each.
        tap.diag(f"{daemon.cpu_seconds():.2f} s of processor time")


netns.enter()
tap.main()
