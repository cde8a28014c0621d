# SPDX-License-Identifier: LGPL-2.1-or-later
"""Private network namespaces, and iproute2 in them."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile

import tap
import wait

_MARK = "LINKWATCH_TEST_NAMESPACE"


def _flags():
    """The options of unshare(1) that work for this user; skips all tests if none do."""
    reason = ""
    for flags in (["--mount", "--net"], ["--map-root-user", "--mount", "--net"]):
        result = subprocess.run(["unshare", *flags, "true"], capture_output=True, text=True,
                                check=False)
        if result.returncode == 0:
            return flags
        reason = result.stderr.strip()
    return tap.skip_all(f"no private network namespace can be made here: {reason}")


def enter():
    """From here on the whole program is in a network and a mount namespace of its own."""
    if os.environ.get(_MARK) == str(os.getpid()):
        return
    arguments = ["unshare", *_flags(), sys.executable, *sys.argv]
    os.environ[_MARK] = str(os.getpid())
    os.execvp("unshare", arguments)


def run(*arguments, text=None, **options):
    """Runs a command, with that text as its input, and returns its output; a failure shows
    what the command said."""
    result = subprocess.run(arguments, input=text, capture_output=True, text=True, check=False,
                            **options)
    assert result.returncode == 0, f"{' '.join(arguments)}: {result.stderr.strip()}"
    return result.stdout


def ip(arguments):
    """Runs ip(8) with arguments given in one string."""
    return run("ip", *arguments.split())


def batch(lines):
    """Runs many commands of ip(8) at full speed."""
    run("ip", "-batch", "-", text="".join(line + "\n" for line in lines))


def links():
    """The kernel's state of all links, through iproute2: by index."""
    listed = json.loads(run("ip", "-json", "-details", "link") or "[]")
    return {link["ifindex"]: link for link in listed}


def link(name):
    """The kernel's state of one link, by its name."""
    return json.loads(run("ip", "-json", "-details", "link", "show", "dev", name))[0]


def delete_all():
    """Removes every link that can be removed."""
    lines = [f"link del dev {l['ifname']}\n" for l in links().values() if l["ifname"] != "lo"]
    subprocess.run(["ip", "-force", "-batch", "-"], input="".join(lines), text=True,
                   capture_output=True, check=False)


def has_other_users():
    """Whether root can become another user; in a user namespace there may be just one."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return os.geteuid() == 0 and file.read().split()[2] != "1"


def need_other_users():
    """Skips where nobody can become another user."""
    if not has_other_users():
        raise tap.Skip("there is no other user to become")


def as_nobody(function):
    """What function() returns in a child process of an unprivileged user, true or false."""
    need_other_users()
    child = os.fork()
    if child == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            os._exit(0 if function() else 1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@contextlib.contextmanager
def sysfs():
    """A sysfs of this namespace (/sys belongs to the one that it was mounted in)."""
    with tempfile.TemporaryDirectory() as directory:
        result = subprocess.run(["mount", "-t", "sysfs", "sysfs", directory], capture_output=True,
                                text=True, check=False)
        if result.returncode != 0:
            raise tap.Skip(f"sysfs can't be mounted here: {result.stderr.strip()}")
        try:
            yield directory
        finally:
            run("umount", directory)


class Namespace:
    """Another network namespace, for as long as the context stands; pid names it to ip(8)."""

    def __enter__(self):
        # cat ends when its input does, also if this program is killed.
        self._process = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE,
                                         stdout=subprocess.DEVNULL)
        self.pid = self._process.pid
        ours = os.readlink("/proc/self/ns/net")
        wait.until(lambda: os.readlink(f"/proc/{self.pid}/ns/net") != ours, "a namespace")
        return self

    def __exit__(self, *_exception):
        self.end()

    def end(self):
        """The last process in there ends."""
        self._process.stdin.close()
        self._process.wait()

    def rtnl(self, count=1):
        """Sockets of rtnetlink in there."""
        # In a process of its own, for none can be sure to come back.
        ours, its = socket.socketpair()
        script = ("import socket, sys; s = [socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) "
                  "for _ in range(int(sys.argv[2]))]; "
                  "socket.send_fds(socket.socket(fileno=int(sys.argv[1])), [b'x'], [each.fileno() for each in s])")
        with ours, its:
            run("nsenter", f"--net=/proc/{self.pid}/ns/net", "python3", "-c", script,
                str(its.fileno()), str(count), pass_fds=(its.fileno(),))
            _data, descriptors, _flags, _address = socket.recv_fds(ours, 1, count)
        return [socket.socket(fileno=each) for each in descriptors]

    def ip(self, arguments):
        """Runs ip(8) in there."""
        return self._run(*arguments.split())

    def batch(self, lines):
        """Runs many commands of ip(8) in there at full speed."""
        self._run("-batch", "-", text="".join(line + "\n" for line in lines))

    def _run(self, *arguments, **options):
        return run("nsenter", f"--net=/proc/{self.pid}/ns/net", "ip", *arguments, **options)
