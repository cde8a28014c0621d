# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nothing that happens to one thread or process holds up the others, nor the tracer: on a native
kernel that denies subscriptions. Where no daemon is, for that makes no difference here."""

import contextlib
import os
import signal
import subprocess

import daemon as daemons
import netns
import programs
import tap
import wait

DENIED = ("--bind", "EACCES", "--join", "ENOPROTOOPT")
# A hang is one; a busy machine isn't.
SECONDS = 300
CONFINED = ("linkwatch-run: a program with its own seccomp filter cannot be served: its "
            "subscriptions stay denied\n")
SEED = int(os.environ.get("LINKWATCH_TEST_SEED", "1"))


def end(process):
    """Ends what hangs: the program dies with its tracer."""
    with contextlib.suppress(OSError):
        # Nobody's would be this process group.
        if tracer := programs.tracer_of(process.pid):
            os.kill(tracer, signal.SIGKILL)
    process.kill()
    process.wait()


def run(*arguments):
    """What a program printed that ran to its end under linkwatch-run, errors apart."""
    command = [daemons.helper("deny"), *DENIED, programs.RUN, "--socket", "/nonexistent/socket",
               "--", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        try:
            output, errors = process.communicate(timeout=SECONDS)
        except (subprocess.TimeoutExpired, tap.Overdue):
            end(process)
            raise
    tap.equal(process.returncode, 0, errors)
    return output, errors


def turmoil(what, rounds):
    """A program whose threads use sockets while that happens to it."""
    output, errors = run(*programs.built("turmoil", what, str(rounds), str(SEED)))
    tap.equal(output, "done\n")
    assert errors in (("", CONFINED) if what in ("confine", "all") else ("",)), errors


@tap.test
def withheld():
    """A program whose memory is brought by itself holds up nobody but the thread that waits"""
    output, _errors = run(*programs.built("withheld"))
    if output.startswith("SKIP "):
        raise tap.Skip(output[5:].strip())
    tap.equal(output, "withheld\nanother process went on\nbound\n")


@tap.test
def confined():
    """A program under a filter of its own that kills for calls that aren't its own lives, is left
    as it is, with one warning; as do those that it executes, and no others"""
    output, errors = run(*programs.built("self_confined"))
    tap.equal(output, "before: bound\nconfined: Permission denied\nchild: Permission denied\n"
                      "other: bound\n")
    tap.equal(errors, CONFINED)


@tap.test
def terminated():
    """SIGTERM ends a program whose threads use sockets without a pause"""
    command = [daemons.helper("deny"), *DENIED, programs.RUN, "--socket", "/nonexistent/socket",
               "--", *programs.built("turmoil", "all", "1000000", str(SEED))]
    for _ in range(10):
        with subprocess.Popen(command) as process:
            try:
                wait.until(lambda pid=process.pid: programs.tracer_of(pid), "the tracer")
                process.terminate()
                tap.equal(process.wait(timeout=SECONDS), -signal.SIGTERM)
            except (subprocess.TimeoutExpired, tap.Overdue, wait.Timeout):
                end(process)
                raise


programs.need_run()
netns.enter()
for each, happens in (("exit", "ends it"), ("kill", "kills it"),
                      ("exec", "executes another program"),
                      ("confine", "puts all under a filter that kills for foreign calls")):
    tap.add(f"The first thread is in a call that is traced when another one {happens}: 200 times",
            turmoil, each, 200)
tap.add("2000 stops around calls that are traced are seen, and end when it is continued",
        turmoil, "stop", 2000)
tap.add(f"1500 processes make sockets, subscribe, execute, exit, are killed, stopped and "
        f"continued, with the seed {SEED}", turmoil, "all", 1500)
tap.main()
