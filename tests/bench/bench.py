# SPDX-License-Identifier: LGPL-2.1-or-later
"""Benchmarks of linkwatchd beside its peers and the limit.

Prints a table of medians over interleaved runs, with the smallest and the largest value
behind them, and says which targets are met. Nothing fails for being slow.
"""

import argparse
import resource
import sys

import figures
import measures
import netns
import tap
from plan import Plan


def read_arguments():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--repeat", type=int, default=7, help="runs of each contender")
    parser.add_argument("only", nargs="*", help="benchmarks to run, all if none is named")
    arguments = parser.parse_args()
    known = [measure.__name__ for measure in measures.ALL]
    for name in arguments.only:
        if name not in known:
            parser.error(f"no benchmark {name}; there are {', '.join(known)}")
    return arguments


def main():
    """Measures everything and prints the table."""
    arguments = read_arguments()
    netns.enter()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    plan = Plan(arguments.repeat)
    rows = []
    try:
        for measure in measures.ALL:
            if not arguments.only or measure.__name__ in arguments.only:
                print(f"{measure.__name__} ...", file=sys.stderr, flush=True)
                try:
                    rows += measure(plan)
                except tap.Skip as skip:
                    print(f"{measure.__name__} is left out: {skip}", file=sys.stderr)
    finally:
        plan.close()
    print("\n".join(figures.lines(rows)))


if __name__ == "__main__":
    main()
