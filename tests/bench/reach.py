# SPDX-License-Identifier: LGPL-2.1-or-later
"""What linkwatch-run costs the program that it runs: each kind of work beside the same work
without it."""

import tap
from figures import Row, interleave

# The kinds of work.c, and what each is called.
_KINDS = (
    ("call", "a system call that does nothing", "ns", 1),
    ("read", "reading a byte", "ns", 1),
    ("bind", "making, binding and closing a UDP socket", "µs", 1e3),
    ("thread", "making and joining a thread", "µs", 1e3),
    ("command", "fork, exec and wait", "µs", 1e3),
    ("signal", "taking a signal", "µs", 1e3),
    ("netlink", "making, binding and closing an rtnetlink socket", "µs", 1e3),
)


def _runner(plan, *options):
    command = plan.runner(*options)
    if not command:
        raise tap.Skip("linkwatch-run was not built here: it needs x86-64 and libseccomp")
    return command


def _work(stage, prefix, kind, *command):
    """Nanoseconds of one piece of that work, done by a program with that command before it."""
    plan = stage.plan
    program = [*prefix, plan.program("work"), kind, plan.work[kind], *command]
    return stage.run_command(program)["nsec"]


def _beside_plain(plan, stage, runner, kind):
    command = ["true"] if kind == "command" else []
    return interleave(plan, {
        "plain": lambda: _work(stage, [], kind, *command),
        "ours": lambda: _work(stage, runner, kind, *command),
    })


def traced(plan):
    """A program that never subscribes, traced as where that is denied."""
    stage = plan.stage(plan.few)
    with stage.daemon() as daemon:
        runner = _runner(plan, "--always", "--socket", daemon.path, "--")
        for kind, what, unit, scale in _KINDS:
            runs = _beside_plain(plan, stage, runner, kind)
            yield Row(f"traced: {what}", unit, [nsec / scale for nsec in runs["ours"]],
                      "plain run", [nsec / scale for nsec in runs["plain"]])


def started(plan):
    """A program that does nothing, from fork to its end."""
    stage = plan.stage(plan.few)
    with stage.daemon() as daemon:
        options = ["--socket", daemon.path, "--", "true"]
        runs = interleave(plan, {
            "plain": lambda: _work(stage, [], "command", "true"),
            "allowed": lambda: _work(stage, [], "command", *_runner(plan, *options)),
            "traced": lambda: _work(stage, [], "command", *_runner(plan, "--always", *options)),
        })
    plain = [nsec / 1e6 for nsec in runs["plain"]]
    for name, what in (("allowed", "linkwatch-run true, which isn't traced"),
                       ("traced", "linkwatch-run true, traced")):
        yield Row(what, "ms", [nsec / 1e6 for nsec in runs[name]], "true", plain)
