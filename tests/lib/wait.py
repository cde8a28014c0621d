# SPDX-License-Identifier: LGPL-2.1-or-later
"""Waiting for a condition, with a deadline far beyond what is needed."""

import select
import time

# For what happens within milliseconds on an idle machine.
SECONDS = 60
# Between two checks of a condition that no descriptor shows.
TICK = 0.01


class Timeout(Exception):
    """What was waited for did not come."""


def until(condition, what, seconds=SECONDS, tick=TICK):
    """Waits until condition() is true and returns what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Timeout(f"{what}: not within {seconds} seconds")
        select.select([], [], [], tick)


def readable(fd, seconds):
    """Waits until there is something to read; False if the time is over."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(max(0, seconds) * 1000))
