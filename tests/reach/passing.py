# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatch-run is out of the way: the program has its process, its terminal, its signals and
its exit status."""

import contextlib
import os
import pty
import shlex
import shutil
import signal
import subprocess
import tempfile

import daemon as daemons
import netns
import programs
import tap
import wait
from programs import tracer_of

DENIED = ("--bind", "EACCES", "--join", "ENOPROTOOPT")
FAILED, NOT_RUN, NOT_FOUND = 125, 126, 127


def command(*arguments, deny=DENIED, before=(), options=()):
    """The command line that runs a program under linkwatch-run, which the command line before is
    in front of, where no daemon is."""
    return [daemons.helper("deny"), *deny, *before,
            *programs.command("/nonexistent/socket", *arguments, options=options)]


def run(*arguments, deny=DENIED, before=(), options=(), **more):
    """Runs it to its end."""
    return subprocess.run(command(*arguments, deny=deny, before=before, options=options),
                          capture_output=True, text=True, check=False, timeout=wait.SECONDS,
                          **more)


def running(*arguments, **more):
    """Starts a program, and waits until it is traced and is that program."""
    process = subprocess.Popen(command(*arguments), **more)
    wait.until(lambda: tracer_of(process.pid) and
               os.path.basename(os.readlink(f"/proc/{process.pid}/exe")) != "linkwatch-run" and
               open(f"/proc/{process.pid}/comm", encoding="ascii").read().strip() ==
               os.path.basename(arguments[0])[:15], "the traced program")
    return process


@tap.test
def status():
    """The exit status is the program's"""
    for code in (0, 1, 7, 255):
        tap.equal(run("sh", "-c", f"exit {code}").returncode, code)


@tap.test
def death():
    """A program that a signal kills has died of that signal"""
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
        tap.equal(run("sh", "-c", f"kill -{int(number)} $$").returncode, -number)


@tap.test
def not_run():
    """A program that isn't there, can't be run, or no program at all have env's exit codes"""
    tap.equal(run("/nonexistent/program").returncode, NOT_FOUND)
    tap.equal(run("/etc/passwd").returncode, NOT_RUN)
    tap.equal(run().returncode, FAILED)
    tap.equal(subprocess.run([programs.RUN, "--wrong"], capture_output=True,
                             check=False).returncode, FAILED)


@tap.test
def streams():
    """Input, output and errors are the program's, byte by byte"""
    result = run("sh", "-c", "cat; echo error >&2", input="a\nb")
    tap.equal((result.stdout, result.stderr), ("a\nb", "error\n"))


@tap.test
def end_of_output():
    """A reader of the output sees its end while a child of the program lives on"""
    result = run("sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!")
    child = int(result.stdout)
    assert os.path.exists(f"/proc/{child}"), "it should live on"
    os.kill(child, signal.SIGKILL)


@tap.test
def same_process():
    """The program keeps the process, and has no child that it didn't make"""
    process = subprocess.Popen(command("sh", "-c", "echo $$ $PPID; wait; echo $?"),
                               stdout=subprocess.PIPE, text=True)
    output = process.communicate(timeout=wait.SECONDS)[0]
    tap.equal(output.split(), [str(process.pid), str(os.getpid()), "0"])


# Waits for all children that there are, and prints who traces it.
_WAITS_FOR_ALL = """
import os
try:
    while True:
        os.wait()
except ChildProcessError:
    print([line.split()[1] for line in open("/proc/self/status") if "TracerPid" in line][0])
"""


def waits_for_all(*before, options=()):
    """A program with that command line before linkwatch-run waits for all its children."""
    result = run(programs.PYTHON, "-c", _WAITS_FOR_ALL, before=before, options=options)
    tap.equal((result.returncode, result.stderr), (0, ""))
    assert (result.stdout.strip() == "0") == ("--preload" in options), result.stdout


@tap.test
def first_process():
    """A program that is process 1, or a subreaper, finds no child that it didn't make"""
    subreaper = ("import ctypes, os, sys; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0); "
                 "os.execvp(sys.argv[1], sys.argv[1:])")
    for options in programs.HELPS.values():
        waits_for_all("unshare", "--pid", "--fork", "--mount-proc", options=options)
        waits_for_all(programs.PYTHON, "-c", subreaper, options=options)


@tap.test
def ignored_children():
    """Where the end of children is ignored the program is helped, and they are ignored in it"""
    before = ("env", "--ignore-signal=CHLD")
    wanted = ("grep", "-e", "TracerPid", "-e", "SigIgn", "/proc/self/status")
    for options in programs.HELPS.values():
        result = run(*wanted, before=before, options=options)
        _, tracer, _, ignored = result.stdout.split()
        tap.equal((tracer == "0", result.stderr), (bool(options), ""))
        assert int(ignored, 16) & 1 << signal.SIGCHLD - 1, ignored
    tap.contains(run("env", before=before, options=("--preload",)).stdout, "LD_PRELOAD=")


@tap.test
def closed_streams():
    """With any of the standard streams closed the program is helped, and they are closed in it"""
    script = 'grep -q "TracerPid:.0" /proc/self/status || ls /proc/self/fd >"$0"'
    for closed in ("<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"):
        with tempfile.NamedTemporaryFile("r") as file:
            result = run("sh", "-c", script, file.name,
                         before=("sh", "-c", f'exec "$@" {closed}', "sh"))
            tap.equal((result.returncode, result.stdout, result.stderr), (0, "", ""), closed)
            assert file.read(), f"with {closed} it isn't traced"


@tap.test
def stopping():
    """Who waits for the program sees it stop and go on"""
    process = running("sleep", "1000")
    process.send_signal(signal.SIGSTOP)
    _pid, how = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(how) and os.WSTOPSIG(how) == signal.SIGSTOP, how
    process.send_signal(signal.SIGCONT)
    _pid, how = os.waitpid(process.pid, os.WCONTINUED)
    assert os.WIFCONTINUED(how), how
    process.terminate()
    tap.equal(process.wait(timeout=wait.SECONDS), -signal.SIGTERM)


@tap.test
def terminal():
    """On a terminal its keys stop and interrupt the program, and a shell sees both"""
    script = f'{shlex.join(command("cat"))}; echo "stopped: $?"; fg'
    pid, terminal_fd = pty.fork()
    if pid == 0:
        os.execvp("bash", ["bash", "-m", "-c", script])
    os.set_blocking(terminal_fd, False)
    shown = bytearray()

    def shows(text):
        with contextlib.suppress(BlockingIOError):
            shown.extend(os.read(terminal_fd, 4096))
        return text in shown

    # The terminal shows a line, and cat shows it again.
    os.write(terminal_fd, b"one\n")
    wait.until(lambda: shows(b"one\r\none\r\n"), "cat")
    os.write(terminal_fd, b"\x1a")
    wait.until(lambda: shows(b"stopped: %d" % (128 + signal.SIGTSTP)), "the stop")
    os.write(terminal_fd, b"two\n")
    wait.until(lambda: shows(b"two\r\ntwo\r\n"), "cat again")
    os.write(terminal_fd, b"\x03")
    # The shell ends as its program did.
    tap.equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 128 + signal.SIGINT)
    os.close(terminal_fd)


@tap.test
def killed_tracer():
    """If the tracer is killed, the program dies instead of standing still"""
    process = running("sleep", "1000")
    os.kill(tracer_of(process.pid), signal.SIGKILL)
    tap.equal(process.wait(timeout=wait.SECONDS), -signal.SIGKILL)


@tap.test
def ends_with_it():
    """The tracer ends with the program, and no ordinary signal ends it before"""
    process = running("sleep", "1000")
    tracer = tracer_of(process.pid)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(tracer, number)
    process.send_signal(0)
    assert process.poll() is None and tracer_of(process.pid) == tracer
    process.terminate()
    process.wait(timeout=wait.SECONDS)
    wait.until(lambda: not os.path.exists(f"/proc/{tracer}/exe"), "the end of the tracer")


@tap.test
def allowed():
    """Where the kernel reports everything nothing traces the program, unless it is asked for"""
    result = subprocess.run([programs.RUN, "grep", "TracerPid", "/proc/self/status"],
                            capture_output=True, text=True, check=False)
    tap.equal(result.stdout.split(), ["TracerPid:", "0"])
    result = subprocess.run([programs.RUN, "--always", "grep", "TracerPid", "/proc/self/status"],
                            capture_output=True, text=True, check=False)
    assert result.stdout.split()[1] != "0", result.stdout


@tap.test
def without_daemon():
    """Without linkwatchd the program runs, unless it is required"""
    tap.equal(run("echo", "ran").stdout, "ran\n")
    result = run("echo", "ran", options=("--require",))
    tap.equal((result.returncode, result.stdout), (FAILED, ""))
    tap.contains(result.stderr, "no linkwatchd at /nonexistent/socket")


@tap.test
def untraceable():
    """Where tracing is forbidden it warns and runs the program, unless that is refused"""
    deny = (*DENIED, "--ptrace", "EPERM")
    result = run("echo", "ran", deny=deny)
    tap.equal((result.returncode, result.stdout), (0, "ran\n"))
    tap.contains(result.stderr, "cannot be traced")
    tap.contains(result.stderr, "--preload works")
    tap.equal(len(result.stderr.splitlines()), 1)
    result = run("echo", "ran", deny=deny, options=("--no-fallback",))
    tap.equal((result.returncode, result.stdout), (FAILED, ""))


@tap.test
def privileged():
    """A set-user-ID program gains nothing, of which one line warns, and runs"""
    nobody = programs.nobody(daemons.helper("deny"), programs.RUN)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        name = shutil.copy(shutil.which("id"), folder)
        os.chmod(name, 0o4755)
        result = subprocess.run([*nobody, *command(name, "--user")], capture_output=True, text=True,
                                check=False)
    tap.equal((result.returncode, result.stdout), (0, "65534\n"))
    tap.equal(result.stderr,
              f"linkwatch-run: {name} does not gain privileges while it is traced\n")


@tap.test
def no_netlink():
    """The same where there are no rtnetlink sockets at all"""
    result = run("echo", "ran", deny=("--socket", "EAFNOSUPPORT"))
    tap.equal((result.returncode, result.stdout), (0, "ran\n"))
    tap.contains(result.stderr, "rtnetlink sockets are not available")


programs.need_run()
netns.enter()
tap.main()
