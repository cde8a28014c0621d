# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatchctl as a test runs it."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import tap
import wait
from fake import SOURCE, link

CTL = os.environ.get("LINKWATCHCTL", "")
# A terminal and a locale as most have them.
PLAIN = {"LC_ALL": "C.UTF-8", "TERM": "xterm", "TZ": "UTC", "LINKWATCH_PAGER": "cat"}


def environment(extra=None):
    """The environment for linkwatchctl."""
    clean = {name: value for name, value in os.environ.items()
             if name not in ("NO_COLOR", "PAGER", "LESS", "LINKWATCH_SOCKET")}
    return {**clean, **PLAIN, **(extra or {})}


def start(*arguments, env=None, **options):
    """Starts it on pipes, or where the options say."""
    return subprocess.Popen([CTL, *arguments], env=environment(env), stdin=subprocess.DEVNULL,
                            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})


def start_shell(script, *arguments):
    """Starts it by a script of the shell, whose "$@" is the command."""
    return subprocess.Popen(["sh", "-c", script, "sh", CTL, *arguments], env=environment(),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def end(process):
    """Its exit code, output and errors."""
    output, errors = process.communicate(timeout=wait.SECONDS)
    return process.returncode, (output or b"").decode(), (errors or b"").decode()


def run(*arguments, **options):
    """Runs it, without a daemon to answer."""
    return end(start(*arguments, **options))


def help_commands():
    """The commands of its help."""
    text = run("--help")[1].split("Commands")[1].split("\n\n")[0]
    return set(re.findall(r"^  (\w+)", text, re.MULTILINE))


def help_options():
    """The long options of its help."""
    text = run("--help")[1].split("Options:\n")[1].split("\n\n")[0]
    return set(re.findall(r"^  (?:-., )*(?:    )?(--[\w-]+)", text, re.MULTILINE))


def _reply(peer, reply):
    """The one reply, or the links of a List."""
    if isinstance(reply, list):
        peer.list(reply)
    else:
        peer.reply(reply)


def answered(daemon, *arguments, reply=None, error=None, then=None, **options):
    """Runs it with one call answered, and then a second one if that is said; the first call, exit
    code, output and errors."""
    process = start("--socket", daemon.path, *arguments, **options)
    peer = daemon.accept()
    call = peer.call()
    if error:
        peer.error(error[0], **error[1])
    else:
        _reply(peer, reply)
    if then is not None:
        peer.call()
        _reply(peer, then)
    return (call, *end(process))


def on_terminal(daemon, *arguments, reply, env=None, columns=0):
    """What it writes on a terminal."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = start("--socket", daemon.path, *arguments, env=env, stdout=its)
    os.close(its)
    peer = daemon.accept()
    peer.call()
    _reply(peer, reply)
    written = b""
    while True:
        assert wait.readable(ours, wait.SECONDS), written
        try:
            data = os.read(ours, 1 << 16)
        except OSError:
            break
        if not data:
            break
        written += data
    os.close(ours)
    tap.equal(end(process)[0], 0, "exit code")
    return written.decode()


# The answer where a link has none.
NO_ADDRESSES = {"address_source": SOURCE}
LINKS = [link(1, "lo", link_type="loopback", flags=["LOOPBACK", "UP"], operstate="UNKNOWN"),
         link(20, "veth0", linkinfo={"info_kind": "veth"}, address="02:00:00:00:00:01", mtu=9000,
              operstate="UP", master="br0")]
TABLE = """\
INDEX  LINK   KIND      STATE    MTU   ADDRESS            MASTER  FLAGS
1      lo     loopback  UNKNOWN  1500  -                  -       LOOPBACK,UP
20     veth0  veth      UP       9000  02:00:00:00:00:01  br0     """
