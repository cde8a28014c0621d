# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatch-run --preload on a native kernel that denies subscriptions and tracing: programs
that subscribe by themselves see links come, change and go, and nothing else is different."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess

import behaviour
import daemon as daemons
import netns
import programs
import tap
import wait
from programs import one_link, situation, way

DENIED = behaviour.deny("--bind", "EACCES", "--join", "ENOPROTOOPT", "--ptrace", "EPERM")
PRELOAD = ("--preload",)
FAILED = 125
LIBRARY = programs.LIBRARY
# A library of the sanitizers wants to be the first one in a program that was built with it,
# and looks for leaks by tracing.
os.environ.setdefault("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0")


def command(*arguments, options=(), socket="/nonexistent/socket", before=None):
    """The command line that runs a program under it."""
    return [*(DENIED if before is None else before),
            *programs.command(socket, *arguments, options=(*PRELOAD, *options))]


def run(*arguments, options=(), before=None, **more):
    """Runs it to its end, where no daemon is."""
    return subprocess.run(command(*arguments, options=options, before=before),
                          capture_output=True, text=True, check=False, timeout=wait.SECONDS,
                          **more)


def start(kind, daemon, before=None):
    """Runs one of them, and waits until it is subscribed."""
    running = programs.start(kind, daemon, DENIED if before is None else before, PRELOAD)
    tap.equal(programs.tracer_of(running.process.pid), 0, "its tracer")
    return running


def has_ended(pid):
    """Whether a process is no more; one that nobody waits for may leave its status."""
    return not os.path.exists(f"/proc/{pid}/exe")


def is_held(process):
    """The sockets that a program and its helper have in common."""
    return programs.sockets_of(process.pid) & programs.sockets_of(programs.helper_of(process))


def queued(sockets):
    """How much the kernel has in the queue of a netlink socket."""
    lines = pathlib.Path("/proc/net/netlink").read_text(encoding="ascii").splitlines()[1:]
    return sum(int(line.split()[4]) for line in lines if f"socket:[{line.split()[-1]}]" in sockets)


def served_by(helper):
    """The processes that a helper is there for: its descriptors show their ends."""
    texts = [pathlib.Path(f"/proc/{helper}/fdinfo/{fd}").read_text(encoding="ascii")
            for fd in os.listdir(f"/proc/{helper}/fdinfo")]
    return {int(pid) for text in texts for pid in re.findall(r"^Pid:\s*(\d+)", text, re.MULTILINE)}


@contextlib.contextmanager
def talking(kind, daemon):
    """A program that runs on, and reads commands."""
    process = subprocess.Popen(command(*kind.command(), socket=daemon.socket),
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def tell(process):
    """Gives it the line that it waits for."""
    process.stdin.write("\n")
    process.stdin.flush()


def read_until(process, *words):
    """Reads up to a line that begins with these words."""
    line = None
    while line != list(words):
        line = process.stdout.readline()
        assert line, f"it ended before {words}"
        line = line.split()[:len(words)]


def library_is_in(pid):
    """Whether the library was loaded into a process."""
    return LIBRARY in pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")


@tap.test
def lets_go():
    """A socket that was closed 50 times is let go of 50 times"""
    with daemons.Daemon() as daemon, start(way("again"), daemon) as running:
        helper = programs.helper_of(running.process)
        # Where it listens, its own for links, the one that the daemon reads, the one to the daemon,
        # and the last of those.
        wait.until(lambda: len(programs.sockets_of(helper)) <= 5, "one duplicate")
        one_link(running, way("again"))


@tap.test
def closed_unseen():
    """A subscription that was closed is let go of when a link changes"""
    with daemons.Daemon() as daemon, start(situation("closed"), daemon) as running:
        helper = programs.helper_of(running.process)
        before = len(programs.sockets_of(helper))
        netns.ip("link add one type bridge")
        wait.until(lambda: len(programs.sockets_of(helper)) < before, "its end")
    netns.delete_all()


@tap.test
def daemonized():
    """A program that closes all descriptors, lets its parents end and subscribes after that"""
    kind = situation("daemonized")
    with daemons.Daemon() as daemon, talking(kind, daemon) as process:
        child = int(process.stdout.readline())
        helper = wait.until(lambda: programs.helper_of(process), "the helper")
        process.wait(timeout=wait.SECONDS)
        wait.until(lambda: served_by(helper) == {child}, "the child alone")
        tell(process)
        tap.equal(process.stdout.readline(), "subscribed\n")
        netns.ip("link add one type bridge")
        index = netns.link("one")["ifindex"]
        tap.equal(process.stdout.readline().split()[:2], ["16", str(index)])
        os.kill(child, signal.SIGKILL)
        wait.until(lambda: has_ended(helper), "the end of the helper")
    netns.delete_all()


def overrun(receives_by):
    """It doesn't read for thousands of changes, and then does so in that way."""
    with daemons.Daemon() as daemon, talking(way("late", receives_by), daemon) as process:
        tap.equal(process.stdout.readline(), "subscribed\n")
        programs.overrun(daemon, programs.helper_of(process))
        tell(process)
        read_until(process, "ENOBUFS")
    netns.delete_all()


@tap.test
def full_queue():
    """A doorbell that found the program's queue full is rung again when there is room"""
    with daemons.Daemon() as daemon, talking(situation("full"), daemon) as process:
        tap.equal(process.stdout.readline(), "subscribed\n")
        netns.ip("link add one type bridge")
        index = netns.link("one")["ifindex"]
        daemon.call("Refresh")
        tell(process)
        # The kernel's own word of its full queue is the program's.
        read_until(process, "ENOBUFS")
        read_until(process, "16", str(index))
    netns.delete_all()


@tap.test
def threads():
    """A program with 100 threads that forks and executes sees all links come and go"""
    kind = programs.threads(100)
    with daemons.Daemon() as daemon, start(kind, daemon) as running:
        for _ in range(5):
            one_link(running, kind)
            running.forget()
        assert "failed" not in running.text() and "error" not in running.text()


@tap.test
def shared():
    """8 threads that receive on one socket while signals arrive get all messages"""
    kind = situation("shared")
    with daemons.Daemon() as daemon, start(kind, daemon) as running:
        for n in range(60):
            netns.ip(f"link add many{n} type bridge")
            running.process.send_signal(signal.SIGUSR1)
        for index, link in netns.links().items():
            if link["ifname"].startswith("many"):
                programs.see(running, kind, index)
        lines = running.text().splitlines()
        assert all(line[:2] in ("16", "su") for line in lines), lines
    netns.delete_all()


@tap.test
def joins_first():
    """A program that joins, and only then binds"""
    with daemons.Daemon() as daemon, talking(situation("joined"), daemon) as process:
        tap.equal(process.stdout.readline(), "joined\n")
        wait.until(lambda: is_held(process), "the subscription")
        tell(process)
        tap.equal(process.stdout.readline(), "subscribed\n")
        netns.ip("link add one type bridge")
        index = netns.link("one")["ifindex"]
        read_until(process, "16", str(index))
    netns.delete_all()


@tap.test
def moved():
    """A socket that was moved to another descriptor, and the first one closed"""
    kind = situation("moved")
    with daemons.Daemon() as daemon:
        # Its child ends at the end of the input: then the helper looks who has it.
        with programs.Running(command(*kind.command(), socket=daemon.socket)) as running:
            running.until("^subscribed$", "its subscription")
            one_link(running, kind)


@tap.test
def outer_filter():
    """A filter that answers subscriptions by errno is no hindrance"""
    for error in ("EACCES", "EPERM", "EOPNOTSUPP", "ENOPROTOOPT"):
        with daemons.Daemon() as daemon, \
                start(programs.LIBNL, daemon, behaviour.deny("--join", error)) as running:
            netns.ip("link add one type bridge")
            programs.see(running, programs.LIBNL, "one", 1500)
            netns.ip("link del one")
            programs.see_gone(running, programs.LIBNL, "one")


@tap.test
def other_namespace():
    """A socket of another network namespace does not receive the links of this one"""
    with daemons.Daemon() as daemon:
        for name in ("unshared", "returned"):
            process = subprocess.run(command(*situation(name).command(), socket=daemon.socket),
                                     capture_output=True, text=True, check=False)
            tap.contains(process.stderr, "PermissionError")


@tap.test
def gives_up_privilege():
    """A program that became another user subscribes nevertheless"""
    netns.need_other_users()
    kind = situation("dropped")
    with daemons.Daemon() as daemon, start(kind, daemon) as running:
        one_link(running, kind)


@tap.test
def same_process():
    """The program keeps the process, has no child that it didn't make, and isn't traced"""
    process = subprocess.Popen(
        command("sh", "-c", "echo $$ $PPID; wait; echo $?; grep Tracer /proc/self/status"),
        stdout=subprocess.PIPE, text=True)
    output = process.communicate(timeout=wait.SECONDS)[0]
    tap.equal(output.split(), [str(process.pid), str(os.getpid()), "0", "TracerPid:", "0"])


@tap.test
def descriptors():
    """The program has no descriptor that it would not have without"""
    script = "ls /proc/self/fd; echo; ls /proc/$$/fd"
    for before in ([], DENIED):
        tap.equal(run("sh", "-c", script, before=before).stdout,
                  subprocess.run(["sh", "-c", script], capture_output=True, text=True,
                                 check=True).stdout)


@tap.test
def status():
    """The exit status is the program's, and it dies of its signals"""
    for code in (0, 1, 7, 255):
        tap.equal(run("sh", "-c", f"exit {code}").returncode, code)
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
        tap.equal(run("sh", "-c", f"kill -{int(number)} $$").returncode, -number)


@tap.test
def streams():
    """Input, output and errors are the program's, and the reader sees their end"""
    result = run("sh", "-c", "cat; echo error >&2", input="a\nb")
    tap.equal((result.stdout, result.stderr), ("a\nb", "error\n"))
    result = run("sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!")
    child = int(result.stdout)
    assert not has_ended(child), "it should live on"
    os.kill(child, signal.SIGKILL)


@tap.test
def ends_with_it():
    """The helper ends after the program, and no ordinary signal ends it before"""
    process = subprocess.Popen(command("cat"), stdin=subprocess.PIPE)
    helper = wait.until(lambda: programs.helper_of(process), "the helper")
    wait.until(lambda: library_is_in(process.pid), "the program")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(helper, number)
    assert process.poll() is None and not has_ended(helper)
    process.communicate(timeout=wait.SECONDS)
    wait.until(lambda: has_ended(helper), "the end of the helper")


@tap.test
def killed_helper():
    """A program whose helper was killed goes on, and can't subscribe any more"""
    process = subprocess.Popen(command(*situation("asked").command()), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    tap.equal(process.stdout.readline(), "ready\n")
    os.kill(programs.helper_of(process), signal.SIGKILL)
    output = process.communicate("\n", timeout=wait.SECONDS)[0]
    tap.contains(output, "PermissionError")


@tap.test
def stopped_helper():
    """A helper that stands still doesn't hold the program up, and nothing is lost when it goes
    on"""
    with daemons.Daemon() as daemon, talking(situation("patient"), daemon) as process:
        tap.equal(process.stdout.readline(), "subscribed\n")
        netlink = wait.until(lambda: is_held(process), "the subscription")
        netns.ip("link add one type bridge")
        index = netns.link("one")["ifindex"]
        wait.until(lambda: queued(netlink) > 0, "the doorbell")
        helper = programs.helper_of(process)
        os.kill(helper, signal.SIGSTOP)
        try:
            tell(process)
            tap.equal(process.stdout.readline(), "nothing\n")
        finally:
            os.kill(helper, signal.SIGCONT)
        read_until(process, "16", str(index))
    netns.delete_all()


@tap.test
def stopped_daemon():
    """A subscription to addresses is granted also if linkwatchd stands still"""
    with daemons.Daemon() as daemon, talking(situation("asked_addresses"), daemon) as process:
        tap.equal(process.stdout.readline(), "ready\n")
        os.kill(daemon.pid, signal.SIGSTOP)
        try:
            tell(process)
            tap.equal(process.stdout.readline(), "subscribed\n")
        finally:
            os.kill(daemon.pid, signal.SIGCONT)


@tap.test
def allowed():
    """Where the kernel reports everything nothing is preloaded, unless it is asked for"""
    script = "grep -c linkwatch-run-preload /proc/self/maps; true"
    tap.equal(run("sh", "-c", script, before=[]).stdout, "0\n")
    assert int(run("sh", "-c", script, before=[], options=("--always",)).stdout) > 0


@tap.test
def other_libraries():
    """What is preloaded already stays, behind it"""
    environment = dict(os.environ, LD_PRELOAD="libc.so.6")
    result = run("sh", "-c", "echo $LD_PRELOAD", env=environment)
    tap.equal((result.stdout, result.stderr), (f"{LIBRARY}:libc.so.6\n", ""))


@tap.test
def no_library():
    """Without the library it warns and runs the program, unless that is refused"""
    for path in ("/nonexistent/library.so", "relative.so"):
        environment = dict(os.environ, LINKWATCH_RUN_LIBRARY=path)
        result = run("sh", "-c", "echo ran $LD_PRELOAD", env=environment)
        tap.equal((result.returncode, result.stdout), (0, "ran\n"))
        tap.contains(result.stderr, "cannot be preloaded")
        tap.equal(len(result.stderr.splitlines()), 1)
        result = run("echo", "ran", options=("--no-fallback",), env=environment)
        tap.equal((result.returncode, result.stdout), (FAILED, ""))


@tap.test
def static():
    """A static program causes a warning of one line, and runs unless that is
    refused"""
    result = run(str(programs.go_program()))
    tap.contains(result.stderr.splitlines()[0], "is statically linked")
    tap.equal(result.returncode, 1)
    result = run(str(programs.go_program()), options=("--no-fallback",))
    tap.equal((result.returncode, len(result.stderr.splitlines())), (FAILED, 1))
    # Found in the path, and by the first line of a script.
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(daemons.Daemon(serves=False)).directory
        name = os.path.join(folder, "script")
        pathlib.Path(name).write_text(f"#! {programs.go_program()}\n", encoding="utf-8")
        os.chmod(name, 0o755)
        environment = dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}")
        result = run("script", options=("--no-fallback",), env=environment)
        tap.equal(result.returncode, FAILED)
        tap.contains(result.stderr, "is statically linked")


programs.need_run()
netns.enter()
for one in programs.ALL:
    if one not in (programs.GO, programs.GO_LISTING):
        tap.add(f"{one.name}: sees links come, change and go where its subscription is denied",
                behaviour.sees, start, one)
behaviour.add(start, DENIED, LIBRARY)
for each in ("recvfrom", "recvmmsg"):
    tap.add(f"A program that doesn't read for thousands of changes gets ENOBUFS by {each}", overrun, each)
for title, name in (("A program that executes itself keeps a socket", "inherited"),
                   ("A child has the subscription of its parent, also when that has left",
                    "parent")):
    tap.add(title, behaviour.in_situation, start, situation(name))
tap.main()
