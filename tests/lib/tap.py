# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that print their outcome as TAP (Test Anything Protocol), one behaviour each."""

import atexit
import os
import secrets
import shutil
import signal
import sys
import traceback

# No test needs a tenth of it; it is there so that a hang is a failure with a traceback.
TEST_SECONDS = int(os.environ.get("LINKWATCH_TEST_SECONDS", "600"))

CLEANUP_SECONDS = 30
# Every process that a test starts has it, unless somebody cleared its environment.
MARK = "LINKWATCH_TEST_OF"


class Skip(Exception):
    """Raised by a test that can't be run here; its text says why."""


class Overdue(Exception):
    """Raised into a test that hangs."""


def _default_signals():
    """What this program was started with, as by nohup, is nothing to the programs that are
    tested: none of their signals is ignored or blocked."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD,
                   signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


_default_signals()
# An ordinary user's path on Debian lacks tc(8) and others.
os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
_tests = []


def add(name, function, *arguments):
    """Registers a test under a name that says the behaviour it holds."""
    _tests.append((name, function, arguments))


def test(function):
    """Registers a function whose docstring is the behaviour it holds."""
    add(" ".join(function.__doc__.split()).rstrip("."), function)
    return function


def diag(text):
    """Prints a remark, for whoever reads the log."""
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def skip_all(reason):
    """Ends the program: none of its tests can be run here."""
    print("1..0 # SKIP " + reason, flush=True)
    sys.exit(0)


def need_program(program, package):
    """Skips a test where a program is missing."""
    if not shutil.which(program):
        raise Skip(f"{program} is missing (Debian: {package})")


def equal(got, expected, what="value"):
    """Fails unless the two are equal, and shows both."""
    assert got == expected, f"{what}: got {got!r}, expected {expected!r}"


def contains(text, part):
    """Fails unless part is within text."""
    assert part in text, f"no {part!r} in {text!r}"


def _overdue(_signal, _frame):
    # Again, should what cleans up hang as well.
    signal.alarm(CLEANUP_SECONDS)
    raise Overdue(f"still running after {TEST_SECONDS} seconds")


def _run(number, name, function, arguments):
    """Runs a test; True unless it failed."""
    name = name.replace("#", "")
    signal.alarm(TEST_SECONDS)
    try:
        function(*arguments)
    except Skip as reason:
        print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        return True
    except Exception:  # pylint: disable=broad-except
        signal.alarm(0)
        diag(traceback.format_exc())
        print(f"not ok {number} - {name}", flush=True)
        return False
    finally:
        signal.alarm(0)
    print(f"ok {number} - {name}", flush=True)
    return True


def _end_what_is_left(owner, mark):
    """Kills the processes that the tests left behind, and says which: they hold the output open, and
    whoever reads it would wait for them."""
    if os.getpid() != owner:
        return
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                left = f"{MARK}={mark}".encode() in file.read().split(b"\0")
            if left:
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    diag(f"left running: {entry} {file.read()[:200]!r}")
                os.kill(int(entry), signal.SIGKILL)
        except OSError:
            continue


def main():
    """Runs all registered tests, or those whose names contain an argument."""
    wanted = sys.argv[1:]
    chosen = [t for t in _tests if not wanted or any(word in t[0] for word in wanted)]
    signal.signal(signal.SIGALRM, _overdue)
    os.environ[MARK] = secrets.token_hex(8)
    atexit.register(_end_what_is_left, os.getpid(), os.environ[MARK])
    # What the tests started is cleaned up then, too.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(1))
    print(f"1..{len(chosen)}", flush=True)
    failed = [t for n, t in enumerate(chosen, 1) if not _run(n, *t)]
    sys.exit(1 if failed or not chosen else 0)
