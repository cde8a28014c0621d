# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatchctl run, with the real daemon: what commands get, and what happens over restarts."""

import contextlib
import itertools
import json
import os
import pathlib
import tempfile

import ctl
import netns
import tap
import wait
from daemon import Daemon

SAY = """#!/bin/sh
echo "$LINKWATCH_EVENT ${LINKWATCH_IFNAME-}$LINKWATCH_LOST ${LINKWATCH_FIELDS-}" >>"$OUT/said"
[ ! -e "$OUT/hold" ] || { : >"$OUT/holds"; while [ -e "$OUT/hold" ]; do sleep 0.05; done; }
"""


class Running:
    """linkwatchctl run, and the folder in which commands leave what they have to say."""

    def __init__(self, daemon, folder, *arguments):
        self.folder = pathlib.Path(folder)
        self.process = ctl.start("--socket", daemon.socket, "run", *arguments,
                                 env={"OUT": str(folder)})

    def said(self):
        """The lines that were said."""
        file = self.folder / "said"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def until(self, *lines):
        """Waits until all of that was said, in any order, and nothing else."""
        wanted = sorted(lines)
        try:
            wait.until(lambda: sorted(line.strip() for line in self.said()) == wanted, "the lines")
        except wait.Timeout:
            tap.diag(self.said())
            raise
        (self.folder / "said").unlink()

    def saves(self, has, has_not="nothing"):
        """Waits until its state was saved, with that and without that: an event whose command has not
        ended yet would be handled again."""
        file = self.folder / "state/state"

        def saved():
            text = file.read_text(encoding="utf-8") if file.exists() else ""
            return has in text and has_not not in text

        wait.until(saved, "its state")

    def end(self):
        """Ends it; exit code, output and errors."""
        self.process.terminate()
        return ctl.end(self.process)


@contextlib.contextmanager
def folder():
    """A folder with a script that says what it is run for, and a directory of hooks."""
    with tempfile.TemporaryDirectory() as path:
        for name in ("hooks", "state"):
            os.mkdir(f"{path}/{name}")
        script(f"{path}/say", SAY)
        yield path


def script(path, text, mode=0o755):
    """An executable."""
    pathlib.Path(path).write_text(text, encoding="utf-8")
    os.chmod(path, mode)


def bridges():
    """No links but the two of the tests."""
    netns.delete_all()
    netns.ip("link add b0 type bridge")


def until_followed(daemon, link):
    """Waits until the daemon sends events to who is connected, who has the list then: changes of that
    link."""
    before = daemon.statistics()["delays"]["count"]
    mtus = itertools.cycle((1400, 1300))

    def has_sent():
        netns.ip(f"link set {link} mtu {next(mtus)}")
        return daemon.statistics()["delays"]["count"] > before

    wait.until(has_sent, "an event")


@tap.test
def each_event():
    """The command runs for each link that is there, then for each change; --no-list leaves out the former"""
    bridges()
    with Daemon() as daemon, folder() as path:
        running = Running(daemon, path, "b*", "--", f"{path}/say")
        running.until("add b0")
        netns.ip("link set b0 mtu 1400")
        running.until("change b0 mtu")
        netns.ip("link add b1 type bridge")
        running.until("add b1")
        netns.ip("link del b0")
        running.until("remove b0")
        tap.equal(running.end(), (0, "", ""))
        running = Running(daemon, path, "--no-list", "--type", "remove,add", "--", f"{path}/say")
        until_followed(daemon, "b1")
        netns.ip("link add b2 type bridge")
        running.until("add b2")
        running.end()


@tap.test
def input_and_arguments():
    """Its arguments are those behind --, its input is the event; names of links are no shell's"""
    netns.delete_all()
    name = "$(id>PWN)"
    with Daemon() as daemon, folder() as path:
        text = 'printf "%s|" "$0" "$@" "$LINKWATCH_NEW_IFNAME" >"$OUT/words"; cat >"$OUT/json"'
        running = Running(daemon, path, "$*", "--", "sh", "-c", text, "-n", "a b", "--json")
        netns.run("ip", "link", "add", name, "type", "bridge")
        file = pathlib.Path(path, "json")
        wait.until(lambda: file.exists() and file.read_text(encoding="utf-8").endswith("\n"), "its input")
        event = json.loads(file.read_text(encoding="utf-8"))
        tap.equal((event["type"], event["link"]["ifname"]), ("add", name))
        tap.equal(pathlib.Path(path, "words").read_text(encoding="utf-8"), f"-n|a b|--json|{name}|")
        assert not os.path.exists("PWN") and not os.path.exists(f"{path}/PWN")
        running.end()
    netns.delete_all()


@tap.test
def coalesced():
    """What happens while a command runs is one event; other links don't wait for it"""
    bridges()
    with Daemon() as daemon, folder() as path:
        running = Running(daemon, path, "b*", "--", f"{path}/say")
        running.until("add b0")
        hold = pathlib.Path(path, "hold")
        hold.touch()
        netns.ip("link set b0 mtu 1400")
        wait.until(pathlib.Path(path, "holds").exists, "the command")
        hold.unlink()
        hold.touch()
        for mtu in range(1401, 1420):
            netns.ip(f"link set b0 mtu {mtu}")
        netns.ip("link set b0 up")
        netns.ip("link add b1 type bridge")
        wait.until(lambda: "add b1 " in running.said(), "the other link")
        hold.unlink()
        wait.until(lambda: any("flags" in line for line in running.said()), "the latest state")
        daemon.call("Refresh")
        changes = [line for line in running.said() if line.startswith("change b0")]
        assert len(changes) <= 4, changes
        running.end()


@tap.test
def time_limit():
    """A command that takes too long is ended with its children, and that is said; so is a failure"""
    bridges()
    with Daemon() as daemon, folder() as path:
        text = 'sleep 1000 & echo $! >"$OUT/child"; wait'
        running = Running(daemon, path, "b0", "--timeout", "0.3", "--", "sh", "-c", text)
        child = pathlib.Path(path, "child")
        wait.until(lambda: child.exists() and child.read_text(encoding="utf-8"), "its child")
        pid = child.read_text(encoding="utf-8").strip()
        wait.until(lambda: not os.path.exists(f"/proc/{pid}") or
                   " Z " in pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8"), "its end")
        code, _output, errors = running.end()
        tap.equal((code, errors), (0, "linkwatchctl: sh did not end within its time limit and was ended\n"))
        running = Running(daemon, path, "b0", "--", "sh", "-c", 'echo ran >>"$OUT/said"; exit 3')
        wait.until(lambda: len(running.said()) == 1, "the command")
        netns.ip("link set b0 mtu 1400")
        wait.until(lambda: len(running.said()) == 2, "the next one, after the end of the first")
        code, _output, errors = running.end()
        tap.equal(code, 0)
        assert errors.startswith("linkwatchctl: sh failed with exit code 3\n"), errors


@tap.test
def directory():
    """The executables of a directory run in their order; what must not be run is said"""
    bridges()
    with Daemon() as daemon, folder() as path:
        hooks = f"{path}/hooks"
        for name in ("20-b", "10-a", ".hidden", "30-c~", "40-d.dpkg-old"):
            script(f"{hooks}/{name}", f'#!/bin/sh\necho {name} $LINKWATCH_IFNAME >>"$OUT/said"\n')
        script(f"{hooks}/50-open", "#!/bin/sh\n", 0o777)
        script(f"{hooks}/60-data", "none\n", 0o644)
        running = Running(daemon, path, "b0", "--hooks", hooks)
        wait.until(lambda: len(running.said()) == 2, "both")
        tap.equal(running.said(), ["10-a b0", "20-b b0"])
        script(f"{hooks}/00-new", '#!/bin/sh\necho new >>"$OUT/said"\n')
        netns.ip("link set b0 mtu 1400")
        wait.until(lambda: len(running.said()) == 5, "the new one")
        tap.equal(running.said()[2], "new")
        _code, _output, errors = running.end()
        for text in ("50-open is not run: others may write to it", "60-data is not run: it is not executable"):
            tap.contains(errors, text)


def knows_b0(daemon, path, *arguments):
    """One that handled the bridge and saved that."""
    running = Running(daemon, path, *arguments)
    running.until("add b0")
    running.saves('"b0"')
    return running


@tap.test
def resumes():
    """With a directory for its state, what happens between two runs is handled by the second, event by event"""
    bridges()
    with Daemon() as daemon, folder() as path:
        arguments = ("b*", "--state-directory", f"{path}/state", "--", f"{path}/say")
        running = knows_b0(daemon, path, *arguments)
        tap.equal(running.end(), (0, "", ""))
        netns.ip("link set b0 mtu 1400")
        daemon.call("Refresh")
        netns.ip("link add b1 type bridge")
        netns.ip("link del b0")
        daemon.call("Refresh")
        running = Running(daemon, path, *arguments)
        # Of b0, the change may be waiting when the removal comes.
        wait.until(lambda: any(line.startswith("remove b0") for line in running.said()), "the removal")
        wait.until(lambda: "add b1 " in running.said(), "the other link")
        assert "add b0 " not in running.said(), running.said()
        running.saves('"b1"', '"b0"')
        tap.equal(running.end(), (0, "", ""))
        pathlib.Path(path, "said").unlink()
        running = Running(daemon, path, *arguments)
        netns.ip("link set b1 mtu 1300")
        running.until("change b1 mtu")
        running.end()


@tap.test
def runs_again():
    """What a command was interrupted at is handled again"""
    bridges()
    with Daemon() as daemon, folder() as path:
        arguments = ("b*", "--state-directory", f"{path}/state", "--", f"{path}/say")
        pathlib.Path(path, "hold").touch()
        running = Running(daemon, path, *arguments)
        running.until("add b0")
        tap.equal(running.end()[0], 0)
        pathlib.Path(path, "hold").unlink()
        running = Running(daemon, path, *arguments)
        running.until("add b0")
        running.end()


@tap.test
def saved_position():
    """The saved position is one as everywhere else; one of the older form is resumed from, too"""
    bridges()
    with Daemon() as daemon, folder() as path:
        arguments = ("b*", "--state-directory", f"{path}/state", "--", f"{path}/say")
        running = knows_b0(daemon, path, *arguments)
        running.end()
        file = pathlib.Path(path, "state/state")
        state = json.loads(file.read_text(encoding="utf-8"))
        instance = daemon.status()["position"]["instance"]
        tap.equal((set(state), set(state["position"]), state["position"]["instance"]),
                  ({"position", "filter", "links"}, {"instance", "sequence"}, instance))
        netns.ip("link set b0 mtu 1400")
        netns.ip("link set b0 mtu 1500")
        daemon.call("Refresh")
        file.write_text(json.dumps({**state.pop("position"), **state}), encoding="utf-8")
        running = Running(daemon, path, *arguments)
        # Both came, and are one as they came together: a snapshot would show no change.
        running.until("change b0")
        running.end()


@tap.test
def daemon_restarts():
    """After a restart of the daemon, or of both, there are a loss and the differences"""
    bridges()
    with Daemon() as daemon, folder() as path:
        arguments = ("b*", "--state-directory", f"{path}/state", "--", f"{path}/say")
        running = Running(daemon, path, *arguments)
        running.until("add b0")
        daemon.stop()
        netns.ip("link set b0 mtu 1400")
        daemon.start()
        running.until("lost unknown", "change b0 mtu")
        running.saves(daemon.status()["position"]["instance"])
        running.end()
        daemon.stop()
        netns.ip("link add b1 type bridge")
        daemon.start()
        running = Running(daemon, path, *arguments)
        running.until("lost unknown", "add b1")
        running.end()


@tap.test
def held_back():
    """With --hold-down no command runs for what does not last; what is held back is in no saved state"""
    netns.delete_all()
    netns.ip("link add b0 type veth peer name other")
    netns.ip("link set b0 up")
    netns.ip("link set other up")
    with Daemon() as daemon, folder() as path:
        arguments = ("b0", "--state-directory", f"{path}/state", "--", f"{path}/say")
        wait.until(lambda: netns.link("b0")["operstate"] == "UP", "its carrier")
        running = Running(daemon, path, "--hold-down", "1h", *arguments)
        running.until("add b0")
        netns.ip("link set other down")
        netns.ip("link set other up")
        netns.ip("link set other down")
        daemon.call("Refresh")
        netns.ip("link set b0 mtu 1400")
        running.until("change b0 mtu")
        running.saves('"mtu":1400')
        text = pathlib.Path(path, "state/state").read_text(encoding="utf-8")
        tap.contains(text, '"operstate":"UP"')
        tap.equal(json.loads(text)["position"], None, "a position behind which what is held back is not told")
        tap.equal(running.end(), (0, "", ""))
        running = Running(daemon, path, "--hold-down", "1h", *arguments)
        netns.ip("link set b0 mtu 1300")
        running.until("change b0 mtu")
        running.saves('"mtu":1300')
        running.end()
        running = Running(daemon, path, *arguments)
        wait.until(lambda: any("operstate" in line for line in running.said()), "what was held back")
        running.end()


@tap.test
def damaged():
    """A state that is damaged, or one of other links, is said, and it begins anew"""
    bridges()
    with Daemon() as daemon, folder() as path:
        for text in ("", "{", "{}", '{"position":{"instance":"x"},"filter":{"names":["b*"]},"links":[]}',
                     '{"position":{"sequence":1},"filter":{"names":["b*"]},"links":[]}',
                     '{"position":null,"filter":{"names":["b*"]}}',
                     '{"position":7,"filter":{"names":["b*"]},"links":[]}',
                     '{"instance":"x","sequence":-2,"filter":{"names":["b*"]},"links":[]}',
                     '{"instance":"x","sequence":1,"filter":{},"links":[]}',
                     '{"instance":"x","sequence":1,"filter":{"names":["b*"]},"links":[{}]}'):
            pathlib.Path(path, "state/state").write_text(text, encoding="utf-8")
            running = Running(daemon, path, "b*", "--state-directory", f"{path}/state", "--", f"{path}/say")
            running.until("add b0")
            code, _output, errors = running.end()
            tap.equal(code, 0)
            tap.contains(errors, "beginning anew")


@tap.test
def full_disk():
    """A state that can't be saved is an error, leaves the one before as it was, and is saved at the end if
    there is room"""
    bridges()
    with Daemon() as daemon, folder() as path:
        netns.run("mount", "-t", "tmpfs", "-o", "size=64k", "none", f"{path}/state")
        try:
            running = Running(daemon, path, "b*", "--state-directory", f"{path}/state", "--", f"{path}/say")
            running.until("add b0")
            running.saves('"mtu":1500')
            filler = pathlib.Path(path, "state/filler")
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
            before = pathlib.Path(path, "state/state").read_text(encoding="utf-8")
            netns.ip("link set b0 mtu 1400")
            running.until("change b0 mtu")
            tap.equal(running.process.stderr.readline(),
                      b"linkwatchctl: the state cannot be saved: No space left on device\n")
            tap.equal(sorted(os.listdir(f"{path}/state")), ["filler", "state"], "files")
            tap.equal(pathlib.Path(path, "state/state").read_text(encoding="utf-8"), before, "what was saved")
            filler.unlink()
            tap.equal(running.end(), (0, "", ""))
            tap.contains(pathlib.Path(path, "state/state").read_text(encoding="utf-8"), '"mtu":1400')
        finally:
            netns.run("umount", "--lazy", f"{path}/state")


@tap.test
def usage():
    """What can't be meant is refused"""
    for arguments, text in (
            (("run",), 'run needs either a command after "--" or --hooks'),
            (("run", "eth0"), "run needs either a command"),
            (("run", "--hooks", "/tmp", "--", "true"), "run needs either a command"),
            (("run", "--jobs", "0", "--", "true"), "--jobs must be a number from 1 to 1000, not 0"),
            (("list", "--jobs", "2"), "can only be used with run"),
            (("run", "--address", "--", "true"), "--address can only be used with monitor")):
        code, _output, errors = ctl.run(*arguments)
        tap.equal(code, 2, str(arguments))
        tap.contains(errors, text)
    with Daemon() as daemon:
        for option in ("--hooks", "--state-directory"):
            rest = () if option == "--hooks" else ("--", "true")
            code, _output, errors = ctl.run("--socket", daemon.socket, "run", option, "/nonexistent", *rest)
            tap.equal(code, 1)
            tap.contains(errors, "/nonexistent")
    code, _output, errors = ctl.run("--socket", "/nonexistent/socket", "run", "--", "true")
    tap.equal(code, 3, errors)


netns.enter()
tap.main()
