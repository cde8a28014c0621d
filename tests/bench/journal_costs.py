# SPDX-License-Identifier: LGPL-2.1-or-later
"""What reading the journal costs linkwatchctl history: journalctl's own work is not in it."""

import contextlib
import os
import subprocess
import time

import journal_files
from figures import Row, interleave

INSTANCE = "0" * 32
FLAGS = '["BROADCAST","MULTICAST","UP","LOWER_UP"]', '["NO-CARRIER","BROADCAST","MULTICAST","UP"]'


def _entries(count):
    """A link that went up and down, as journalctl exports it."""
    begin = int((time.time() - 3600) * 1e6)
    kind = journal_files.message_id("LINK_CHANGED")
    return b"".join(journal_files.entry(
        __CURSOR="s=da4b7078090943bd888c395f95db6bc0;i=1;b=cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd;m=4c4b40",
        __REALTIME_TIMESTAMP=begin + number, __MONOTONIC_TIMESTAMP=number,
        _BOOT_ID=INSTANCE, PRIORITY=6, MESSAGE_ID=kind, INTERFACE="veth0", IFINDEX=10,
        INSTANCE=INSTANCE, SEQUENCE=number, OLD_FLAGS=FLAGS[number % 2],
        NEW_FLAGS=FLAGS[(number + 1) % 2], MESSAGE="veth0: flags +NO-CARRIER -LOWER_UP",
        _SOURCE_REALTIME_TIMESTAMP=begin + number) for number in range(count))


def _cpu(stage, command, environment):
    """CPU time of a command and of what it runs, in seconds."""
    with subprocess.Popen(stage.inside(*command), stdout=subprocess.DEVNULL,
                          env={**os.environ, **environment}) as run:
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode != 0:
        raise RuntimeError(f"{command}: exit status {run.returncode}")
    return usage.ru_utime + usage.ru_stime


def history(plan):
    """Many entries of the journal, as text and as JSON."""
    stage = plan.stage(plan.few)
    with contextlib.closing(journal_files.Journal()) as journal, stage.daemon() as daemon:
        journal.fill(_entries(plan.changes))
        command = [os.environ["LINKWATCHCTL"], "--socket", daemon.path]

        def cost(*rest):
            return _cpu(stage, command + ["history", *rest], journal.environment) / plan.changes * 1e6

        runs = interleave(plan, {"text": cost, "json": lambda: cost("--json")})
    name = f"CPU of history, for one of {plan.changes} entries"
    yield Row(name, "µs", runs["text"], limit_at_most=15)
    yield Row(f"{name}, as JSON", "µs", runs["json"], limit_at_most=15)
