# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several users' connections: nobody takes what is another's, and a user id is not a person."""

import contextlib
import os
import shutil
import subprocess

import daemon as daemons
import netns
import tap
import varlink
import wait

netns.enter()

LIMIT = varlink.INTERFACE + ".LimitReached"
TOTAL = 320
RESERVE = TOTAL // 16
OWN = 990


@contextlib.contextmanager
def as_user(uid):
    """What connects in the context is of that user."""
    try:
        os.seteuid(uid)
    except OSError as error:
        raise tap.Skip(f"this user can't become user {uid}: {error}") from error
    try:
        yield
    finally:
        os.seteuid(0)


def connect(daemon, uid):
    """A connection of that user that was answered, or the name of the limit that it met."""
    with as_user(uid):
        connection = daemon.connect()
    try:
        connection.call("GetStatus")
        return connection
    except varlink.Error as error:
        tap.equal(error.name, LIMIT, "error")
        assert connection.is_closed()
        connection.close()
        return error.parameters["limit"]
    except varlink.Closed:
        # It was refused before it asked, and the error was lost with that.
        connection.close()
        return None


def refused(daemon, uid):
    """The name of the limit that a connection of that user meets without asking anything."""
    with as_user(uid), daemon.connect() as connection:
        try:
            connection.reply()
        except varlink.Error as error:
            tap.equal(error.name, LIMIT, "error")
            return error.parameters["limit"]
    raise AssertionError("it was answered")


def fill(stack, daemon, uid, most=TOTAL):
    """As many connections of that user as it gets."""
    for count in range(most):
        connection = connect(daemon, uid)
        if not isinstance(connection, varlink.Connection):
            return count
        stack.enter_context(connection)
    return most


def reachable(daemon, uid=0):
    """A folder that all users can reach, and that user owns."""
    os.chmod(daemon.directory, 0o755)
    os.chown(daemon.directory, uid, uid)
    return daemon


def runs_as(*wrapper):
    """Skips where the daemon can't be run like that."""
    if not shutil.which(wrapper[0]) or subprocess.run(
            [*wrapper, daemons.BINARY, "--version"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, check=False).returncode != 0:
        raise tap.Skip(f"{' '.join(wrapper)} can't run the daemon here")
    return wrapper


@tap.test
def four_users():
    """Four users can't take all connections: a fifth gets in, and so do root and the daemon's own
    user for whom some are kept"""
    wrapper = runs_as("setpriv", f"--reuid={OWN}", f"--regid={OWN}", "--clear-groups")
    daemon = daemons.Daemon("--sessions-max", str(TOTAL), "--sessions-per-user-max", "80",
                            wrapper=wrapper)
    with reachable(daemon, OWN), contextlib.ExitStack() as stack:
        taken = [fill(stack, daemon, uid) for uid in range(1001, 1005)]
        tap.diag(f"four users have {taken} of {TOTAL}")
        tap.equal(refused(daemon, 1001), "sessions-per-user-max")
        tap.equal(refused(daemon, 1004), "sessions-share")
        assert fill(stack, daemon, 2000, 5) == 5, "a fifth user did not get in"
        # However many users there are.
        for uid in range(3000, 3000 + TOTAL):
            if fill(stack, daemon, uid, 1) == 0:
                tap.equal(refused(daemon, uid), "sessions-max")
                break
        tap.equal(daemon.statistics()["sessions"], TOTAL - RESERVE + 1, "sessions")
        assert fill(stack, daemon, 0, RESERVE // 2) == RESERVE // 2, "root did not get in"
        assert fill(stack, daemon, OWN, RESERVE // 2) == RESERVE // 2, "its own user did not"
        tap.equal(refused(daemon, 0), "sessions-max")


@tap.test
def unmapped():
    """Users that the daemon's user namespace doesn't map are one user: they crowd out each other,
    and nobody else"""
    wrapper = runs_as("unshare", "--user", "--map-root-user")
    daemon = daemons.Daemon("--sessions-max", str(TOTAL), "--sessions-per-user-max", "20",
                            wrapper=wrapper)
    with reachable(daemon), contextlib.ExitStack() as stack:
        tap.equal(fill(stack, daemon, 1001), 20, "connections of the one")
        tap.equal(refused(daemon, 1002), "sessions-per-user-max", "limit that another one meets")
        tap.equal(fill(stack, daemon, 0), 20, "connections of root")
        tap.contains(daemon.log(), "refused a connection of user 65534")


@tap.test
def given_back():
    """What a user gives back, another gets"""
    with reachable(daemons.Daemon("--sessions-max", "34", "--sessions-per-user-max", "34")) \
            as daemon:
        with contextlib.ExitStack() as stack:
            # Two of 34 are kept; of 32, one user may have as many as are left then.
            tap.equal(fill(stack, daemon, 1001), 16, "connections of one user")
            tap.equal(refused(daemon, 1001), "sessions-share")
            tap.equal(fill(stack, daemon, 1002), 8, "connections of another one")
        wait.until(lambda: daemon.has_sessions(1), "the end of the connections")
        with contextlib.ExitStack() as stack:
            tap.equal(fill(stack, daemon, 1002), 16, "connections of the other one then")


tap.main()
