# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each benchmark works: it runs very shortly. How fast it was is nobody's business here."""

import atexit

import figures
import measures
import netns
import tap
from plan import Plan


def _works(plan, measure):
    rows = list(measure(plan))
    assert rows, "nothing was measured"
    figures.lines(rows)
    for row in rows:
        assert row.ours and min(row.ours) >= 0, f"{row.what}: {row.ours}"


def main():
    """Registers all benchmarks and runs them."""
    netns.enter()
    plan = Plan.small()
    atexit.register(plan.close)
    for measure in measures.ALL:
        tap.add(f"the benchmark {measure.__name__} works", _works, plan, measure)
    tap.main()


main()
