"""linkwatchctl: what it writes, where, and how it ends."""

import json
import os
import pty
import signal
import subprocess

import fake
import tap
import wait
from fake import INSTANCE, OTHER, link

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


def end(process):
    """Its exit code, output and errors."""
    output, errors = process.communicate(timeout=wait.SECONDS)
    return process.returncode, (output or b"").decode(), (errors or b"").decode()


def run(*arguments, **options):
    """Runs it, without a daemon to answer."""
    return end(start(*arguments, **options))


def answered(daemon, *arguments, reply=None, error=None, **options):
    """Runs it with one call answered; the call, exit code, output and errors."""
    process = start("--socket", daemon.path, *arguments, **options)
    peer = daemon.accept()
    call = peer.call()
    if error:
        peer.error(error[0], **error[1])
    else:
        peer.reply(reply)
    return (call, *end(process))


def on_terminal(daemon, *arguments, reply, env=None):
    """What it writes on a terminal."""
    ours, its = pty.openpty()
    process = start("--socket", daemon.path, *arguments, env=env, stdout=its)
    os.close(its)
    peer = daemon.accept()
    peer.call()
    peer.reply(reply)
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


LINKS = [link(1, "lo", link_type="loopback", flags=["LOOPBACK", "UP"], operstate="UNKNOWN"),
         link(20, "veth0", linkinfo={"info_kind": "veth"}, address="02:00:00:00:00:01", mtu=9000,
              operstate="UP", master="br0")]
TABLE = """\
INDEX  LINK   KIND      STATE    MTU   ADDRESS            MASTER  FLAGS
1      lo     loopback  UNKNOWN  1500  -                  -       LOOPBACK,UP
20     veth0  veth      UP       9000  02:00:00:00:00:01  br0     """


@tap.test
def table():
    """list writes aligned columns, and - for what the kernel didn't say."""
    with fake.Fake() as daemon:
        call, code, output, errors = answered(daemon, "list", reply={"links": LINKS})
        tap.equal(call, {"method": "org.linkwatch.Links.List", "parameters": {}}, "call")
        tap.equal((code, output, errors), (0, TABLE + "\n", ""), "outcome")


@tap.test
def table_of_some():
    """list passes names and globs on, and tells which of them matched nothing."""
    with fake.Fake() as daemon:
        call, code, output, errors = answered(daemon, "list", "v*", "nosuch",
                                              reply={"links": LINKS[1:]})
        tap.equal(call["parameters"], {"filter": {"names": ["v*", "nosuch"]}}, "parameters")
        tap.contains(output, "veth0")
        tap.equal((code, errors), (1, 'linkwatchctl: there is no link "nosuch"\n'), "outcome")


@tap.test
def table_of_none():
    """list of no link at all writes nothing."""
    with fake.Fake() as daemon:
        _, code, output, _ = answered(daemon, "list", reply={"links": []})
        tap.equal((code, output), (0, ""), "outcome")


@tap.test
def array():
    """list --json is one array of what the daemon sent, known fields or not."""
    with fake.Fake() as daemon:
        links = [link(1, "lo", new={"deep": [1, "x"]}), link(2, "ü\x1b", ifalias="a\"\\\n")]
        _, code, output, _ = answered(daemon, "list", "--json", reply={"links": links})
        tap.equal((code, json.loads(output)), (0, links), "outcome")
        assert output.isascii() and output[:-1].isprintable() and output.count("\n") == 1, output


@tap.test
def array_of_none():
    """list --json of no link is an empty array."""
    with fake.Fake() as daemon:
        _, code, output, _ = answered(daemon, "--json", "list", reply={"links": []})
        tap.equal((code, json.loads(output)), (0, []), "outcome")


@tap.test
def show():
    """show writes each field that is known, and no other."""
    with fake.Fake() as daemon:
        shown = link(7, "eth0", altnames=["lan", "uplink"], carrier=False, mtu=0,
                     linkinfo={"info_slave_kind": "bridge"})
        _, code, output, _ = answered(daemon, "show", "eth0", reply={"links": [shown]})
        tap.equal((code, output.splitlines()),
                  (0, ["7: eth0", "            altnames: lan,uplink",
                       "           link_type: ether", "               flags: ",
                       "             carrier: no", "                 mtu: 0",
                       "            linkinfo: port of bridge"]), "outcome")


@tap.test
def show_json():
    """show --json is an object."""
    with fake.Fake() as daemon:
        _, code, output, _ = answered(daemon, "show", "veth0", "--json", reply={"links": LINKS[1:]})
        tap.equal((code, json.loads(output)), (0, LINKS[1]), "outcome")


@tap.test
def show_none():
    """show of a link that isn't there fails."""
    with fake.Fake() as daemon:
        _, code, output, errors = answered(daemon, "show", "eth9", reply={"links": []})
        tap.equal((code, output, errors), (1, "", 'linkwatchctl: there is no link "eth9"\n'),
                  "outcome")


@tap.test
def harmless():
    """Controls, marks of direction and halves of characters are shown as escapes."""
    with fake.Fake() as daemon:
        evil = link(1, "a\x1b[31m\x7f", ifalias="b\nc\u009b\u202ed\u200be\u2028ü")
        _, _, output, _ = answered(daemon, "show", "a", reply={"links": [evil]})
        tap.contains(output, "1: a\\x1b[31m\\x7f\n")
        tap.contains(output, "b\\x0ac\\x9b\\u202ed\\u200be\\u2028ü\n")


@tap.test
def harmless_in_c():
    """In a locale without UTF-8, what is not ASCII is an escape."""
    with fake.Fake() as daemon:
        _, _, output, _ = answered(daemon, "list", reply={"links": [link(1, "ü→😀")]},
                                   env={"LC_ALL": "C"})
        tap.contains(output, "\\xfc\\u2192\\U0001f600")


@tap.test
def wide():
    """Columns are as wide as characters are on a terminal, not as many bytes as they have."""
    with fake.Fake() as daemon:
        _, _, output, _ = answered(daemon, "list", reply={"links": [link(1, "üüü"), link(2, "網")]})
        lines = output.splitlines()
        tap.equal([lines[1][:15], lines[2][:13]], ["1      üüü   et", "2      網    e"], "lines")


@tap.test
def colours():
    """On a terminal states are coloured; with NO_COLOR or a dumb terminal nothing is."""
    with fake.Fake() as daemon:
        reply = {"links": LINKS}
        tap.contains(on_terminal(daemon, "list", reply=reply), "\x1b[32mUP\x1b[0m")
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            assert "\x1b" not in on_terminal(daemon, "list", reply=reply, env=env), env
        tap.contains(on_terminal(daemon, "list", reply=reply, env={"NO_COLOR": ""}), "\x1b[32m")


def pager(daemon):
    """A pager that marks what goes through it."""
    path = os.path.join(daemon.directory, "pager")
    with open(path, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\necho \"paged $1 $LESS\"\nexec cat\n")
    os.chmod(path, 0o755)
    return path


@tap.test
def paged():
    """On a terminal output goes through a pager with its arguments; not with --no-pager."""
    with fake.Fake() as daemon:
        reply = {"links": LINKS}
        env = {"LINKWATCH_PAGER": pager(daemon) + " -x", "PAGER": "false"}
        tap.contains(on_terminal(daemon, "list", reply=reply, env=env), "paged -x FRX\r\n")
        text = on_terminal(daemon, "list", "--no-pager", reply=reply, env=env)
        assert "paged" not in text, text
        tap.contains(text, "veth0")
        text = on_terminal(daemon, "list", "--json", reply=reply, env=env)
        assert "paged" not in text, text


@tap.test
def no_pager():
    """A pager that can't run, or is none, is done without."""
    with fake.Fake() as daemon:
        for command in ("/nonexistent/pager", "", " ", "cat"):
            text = on_terminal(daemon, "list", reply={"links": LINKS},
                               env={"LINKWATCH_PAGER": command})
            tap.contains(text, "veth0")


@tap.test
def no_daemon():
    """Without a daemon there is one line, with the socket and how to start it; exit code 3."""
    with fake.Fake() as daemon:
        daemon.stop()
        for command in (["list"], ["show", "lo"], ["monitor"], ["status"], ["refresh"],
                        ["wait", "lo", "up"], ["--json", "monitor"]):
            code, output, errors = run("--socket", daemon.path, *command)
            tap.equal((code, output, errors.count("\n")), (3, "", 1), str(command))
            tap.contains(errors, f"no linkwatchd at {daemon.path} (No such file or directory)")
            tap.contains(errors, '"systemctl start linkwatchd"')
            tap.contains(errors, f'"linkwatchd --socket {daemon.path}"')


@tap.test
def which_socket():
    """The socket is that of --socket, else of LINKWATCH_SOCKET, else the default."""
    env = {"LINKWATCH_SOCKET": "/nonexistent/b"}
    tap.contains(run("list", "--socket", "/nonexistent/a", env=env)[2], " /nonexistent/a ")
    tap.contains(run("list", env=env)[2], " /nonexistent/b ")
    default = run("--help")[1].split("default: $LINKWATCH_SOCKET, or")[1].split(")")[0].strip()
    tap.equal(os.path.basename(default), "socket", "default")
    if not os.path.exists(default):
        tap.contains(run("list", env={"LINKWATCH_SOCKET": ""})[2], f" {default} ")


@tap.test
def long_path():
    """A socket's path that is too long for a socket is told so."""
    code, _, errors = run("--socket", "/" + "x" * 200, "status")
    tap.equal(code, 3, "exit code")
    tap.contains(errors, "File name too long")


@tap.test
def harmless_errors():
    """What a daemon says in an error is made harmless, too."""
    with fake.Fake() as daemon:
        _, code, _, errors = answered(daemon, "list", error=("a\x1b[31mb\n", {}))
        tap.equal(code, 1, "exit code")
        tap.contains(errors, "the daemon answered a\\x1b[31mb\\x0a")


@tap.test
def absurd_status():
    """Numbers that can't be are no crash."""
    with fake.Fake() as daemon:
        for number in (-2**63, 2**63 - 1):
            absurd = {**STATUS, "uptime_usec": number, "interval_usec": number, "links": number,
                      "look_cost_usec": number, "history": {"bytes": number, "bytes_max": number},
                      "source": {"last_look_usec": number, "standing": "", "reason": ""}}
            tap.equal(answered(daemon, "status", reply=absurd)[1], 0, "exit code")


WRONG = ([], ["frobnicate"], ["--frobnicate"], ["show"], ["show", "a", "b"], ["wait"], ["wait", "a"],
         ["refresh", "a"], ["status", "a"], ["list", "--timeout", "5"], ["--socket"],
         ["wait", "a", "up", "--timeout", "soon"], ["wait", "a", "up", "--timeout", ""],
         ["wait", "a", "up", "--timeout", "-1"], ["wait", "a", "up", "--timeout", "5d"],
         ["wait", "a", "up", "--timeout", "."], ["wait", "a", "up", "--timeout", "9" * 30],
         ["wait", "a", "sideways"], ["wait", "a", "mtu="], ["wait", "a", "mtu=big"],
         ["wait", "a", "mtu=-1"], ["wait", "a", "upp"], ["wait", "a", "absent", "up"])


def wrong(arguments):
    """Wrong usage is told on stderr, and the exit code is 2."""
    code, output, errors = run(*arguments)
    tap.equal((code, output), (2, ""), "outcome")
    assert errors, "no word"


for _arguments in WRONG:
    tap.add(f"wrong usage: {_arguments}", wrong, _arguments)


@tap.test
def not_utf8():
    """A name that is not UTF-8 is wrong usage, for it can't be asked for."""
    tap.equal(run("list", b"\xff")[0], 2, "exit code")
    tap.equal(run("wait", b"\xff", "up")[0], 2, "exit code")


@tap.test
def helps():
    """--help tells every command, option, condition and exit code; --version the version."""
    code, output, _ = run("--help")
    tap.equal(code, 0, "exit code")
    for word in ("list [IF...]", "monitor [IF...]", "show IF", "wait IF CONDITION...", "refresh",
                 "status", "--socket PATH", "--json", "--timeout T", "--no-pager", "--help",
                 "--version", "present", "absent", "up", "down", "carrier", "no-carrier",
                 "operstate=STATE", "mtu=N", "address=A", "master=NAME", "nomaster", "kind=KIND",
                 "renamed", "name=NAME", "0 done", "1 it failed", "2 wrong usage", "3 the daemon",
                 "4 timed out"):
        tap.contains(output, word)
    code, output, _ = run("--version")
    tap.equal((code, output.split()[0]), (0, "linkwatchctl"), "outcome")


@tap.test
def full():
    """A full disk is told, and the exit code is 1."""
    with fake.Fake() as daemon, open("/dev/full", "wb") as disk:
        for command, reply in ((["list"], {"links": LINKS}), (["list", "--json"], {"links": []}),
                               (["show", "lo"], {"links": LINKS[:1]}),
                               (["status"], {"version": "1"})):
            _, code, _, errors = answered(daemon, *command, reply=reply, stdout=disk)
            tap.equal((code, errors), (1, "linkwatchctl: can't write the output: "
                                          "No space left on device\n"), str(command))
        code, _, errors = run("--help", stdout=disk)
        tap.equal(code, 1, "exit code")
        tap.contains(errors, "No space left on device")


@tap.test
def full_while_monitoring():
    """A disk that is full ends monitor."""
    with fake.Fake() as daemon, open("/dev/full", "wb") as disk:
        process = start("--socket", daemon.path, "monitor", stdout=disk)
        peer = daemon.accept()
        peer.monitor()
        peer.picture(1, *LINKS)
        code, _, errors = end(process)
        tap.equal(code, 1, "exit code")
        tap.contains(errors, "No space left on device")


@tap.test
def reader_gone():
    """A reader that went away ends it without a word."""
    with fake.Fake() as daemon:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as output:
            _, code, _, errors = answered(daemon, "list", reply={"links": LINKS}, stdout=output)
        tap.equal((code, errors), (0, ""), "outcome")


@tap.test
def reader_goes():
    """A reader that goes away ends monitor, without an event to write."""
    with fake.Fake() as daemon:
        reader, writer = os.pipe()
        process = start("--socket", daemon.path, "monitor", stdout=writer)
        os.close(writer)
        peer = daemon.accept()
        peer.monitor()
        peer.picture(1, *LINKS)
        tap.contains(os.read(reader, 5).decode(), "INDEX")
        os.close(reader)
        tap.equal(end(process)[::2], (0, ""), "outcome")


@tap.test
def refresh():
    """refresh is silent when it worked, and tells why when it didn't."""
    with fake.Fake() as daemon:
        call, code, output, errors = answered(daemon, "refresh", reply={"position": {}})
        tap.equal((call["method"], code, output, errors),
                  ("org.linkwatch.Links.Refresh", 0, "", ""), "outcome")
        _, code, _, errors = answered(daemon, "refresh",
                                      error=("org.linkwatch.Links.LookFailed", {"errno": "EBUSY"}))
        tap.equal(code, 1, "exit code")
        tap.contains(errors, "the daemon can't look at the kernel (EBUSY)")


STATUS = {
    "version": "0.1.0", "position": {"instance": INSTANCE, "sequence": 9},
    "source": {"standing": "denied", "reason": "joining failed", "errno": "EACCES", "stale": False},
    "interval_usec": 500000, "cadence": "polling", "look_cost_usec": 2500, "links": 1,
    "receive_buffer": 212992,
    "history": {"oldest": 1, "events": 9, "bytes": 4096, "bytes_max": 16777216},
    "sessions": 2, "sessions_max": 1000, "sessions_per_user_max": 100, "request_max": 65536,
    "uptime_usec": 7200000000,
    "counters": {"notifications": 0, "dumps": 12, "dumps_failed": 1, "overruns": 2,
                 "contradictions": 3, "joins": 4, "opens": 1, "malformed": 5, "events": 9,
                 "events_lost": 7, "sessions": 20, "sessions_refused": 6}}


@tap.test
def status():
    """status explains the standing, and tells each number."""
    with fake.Fake() as daemon:
        _, code, output, _ = answered(daemon, "status", reply=STATUS)
        tap.equal(code, 0, "exit code")
        for words in (f"linkwatchd 0.1.0 at {daemon.path}, up for 2 h 0 min",
                      "Updates: denied: the kernel refuses its updates, so the daemon looks",
                      "Because: joining failed (EACCES)", "Picture: fresh, 1 link, no look yet",
                      "(it cost 2 ms of CPU time)", "Looks: every 500 ms, polling: ",
                      "History: 9 events, 4 KiB of at most 16 MiB; 9 since the start",
                      "2 now, of at most 1000 (100 for one user); 20 since the start, 6 refused",
                      "Lost: 7 events",
                      "0 notifications, 3 contradictions, 2 overruns, 5 malformed messages",
                      "Looked: 12 times, of which failed 1 time",
                      "opened 1 time, tried to join 4 times, receive buffer of 208 KiB"):
            tap.contains(output, words)


@tap.test
def stale_status():
    """status says what stale means."""
    with fake.Fake() as daemon:
        stale = {**STATUS, "source": {**STATUS["source"], "stale": True, "last_look_usec": 0}}
        _, _, output, _ = answered(daemon, "status", reply=stale)
        tap.contains(output, "stale: the kernel can't be looked at, what is shown is the last known")


@tap.test
def status_json():
    """status --json is what the daemon sent."""
    with fake.Fake() as daemon:
        _, code, output, _ = answered(daemon, "--json", "status", reply=STATUS)
        tap.equal((code, json.loads(output)), (0, STATUS), "outcome")


@tap.test
def new_standing():
    """A standing that a newer daemon has is shown as it is."""
    with fake.Fake() as daemon:
        newer = {"source": {"standing": "doubtful", "reason": "new"}, "cadence": "often"}
        _, code, output, _ = answered(daemon, "status", reply=newer)
        tap.equal(code, 0, "exit code")
        tap.contains(output, "Updates: doubtful\n")
        tap.contains(output, ", often\n")


def monitor(daemon, *arguments, **options):
    """A monitor that has shown lo and veth0; it, and its connection."""
    process = daemon.run(CTL, "--socket", daemon.path, "monitor", *arguments,
                         env=environment(options), stop=signal.SIGTERM)
    peer = daemon.accept()
    peer.monitor()
    peer.picture(7, *LINKS)
    return process, peer


def words(program):
    """The next line without its time."""
    time, line = program.line().split(" ", 1)
    assert len(time) == len("12:34:56.789") and time.count(":") == 2, time
    return line


@tap.test
def monitors():
    """monitor shows the links, then an event a line: when, what, from what to what, how."""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon)
        process.expect(*TABLE.splitlines())
        peer.event("change", 8, link={**LINKS[1], "mtu": 1500, "flags": ["UP", "LOWER_UP"]},
                   old={}, realtime_usec=1700000000123456, learned="dump", flaps=4)
        process.expect("22:13:20.123 ~ veth0 (20): flags +UP +LOWER_UP; mtu 9000 → 1500; the "
                       "carrier changed 4 more times, unseen [dump]")
        peer.event("change", 9, link={**LINKS[1], "ifname": "lan", "master": None}, old={})
        peer.event("add", 10, link=link(21, "v9", operstate="DOWN", link="lan"))
        peer.event("remove", 11, link=link(21, "v9"))
        tap.equal([words(process) for _ in range(3)],
                  ["~ veth0 (20): ifname veth0 → lan; flags -UP -LOWER_UP; mtu 1500 → 9000; "
                   "master br0 → none [notification]",
                   "+ v9 (21) ether, DOWN, mtu 1500, link lan [notification]",
                   "- v9 (21) ether, mtu 1500 [notification]"], "lines")


@tap.test
def monitors_ascii():
    """In a locale without UTF-8 the arrow is one of ASCII."""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon, LC_ALL="C")
        process.expect(*TABLE.splitlines())
        peer.event("change", 8, link={**LINKS[1], "mtu": 1}, old={})
        tap.equal(words(process), "~ veth0 (20): mtu 9000 -> 1 [notification]", "line")


@tap.test
def monitors_on():
    """monitor goes on through a restart of the daemon, and tells the difference."""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon)
        peer.close()
        peer = daemon.accept()
        tap.equal(peer.monitor()["since"], {"instance": INSTANCE, "sequence": 7}, "since")
        peer.event("lost", 2, OTHER)
        peer.picture(2, LINKS[0], instance=OTHER)
        process.expect(*TABLE.splitlines())
        tap.equal([words(process) for _ in range(4)],
                  ["! no connection to linkwatchd: the daemon hung up; trying again",
                   "! connected again", "! the daemon was started anew; what differs now:",
                   "- veth0 (20) veth, UP, mtu 9000, address 02:00:00:00:00:01, master br0 "
                   "[snapshot]"], "lines")


@tap.test
def monitors_losses():
    """monitor tells lost events and a new standing in words."""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon)
        peer.event("source", 8, source={"standing": "denied", "reason": "no\x1b", "stale": True})
        peer.event("lost", 20, lost=12)
        peer.picture(20, *LINKS)
        process.expect(*TABLE.splitlines())
        tap.equal([words(process) for _ in range(3)],
                  ["! stale, denied: no\\x1b",
                   "! 12 events were lost, for they came faster than they were read; what differs "
                   "now:", "! trusted: looks agree"], "lines")


@tap.test
def monitors_json():
    """monitor --json writes each message of the daemon's, one a line; notices go to stderr."""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon, "--json", "v*")
        peer.event("change", 8, link=LINKS[1], old={"x": None}, new_member=[1])
        got = [json.loads(process.line()) for _ in range(4)]
        tap.equal([message["type"] for message in got], ["snapshot", "snapshot", "ready", "change"],
                  "types")
        tap.equal(got[3], {"type": "change", "instance": INSTANCE, "sequence": 8,
                           "learned": "notification", "realtime_usec": 1700000000000008,
                           "monotonic_usec": 8, "link": LINKS[1], "old": {"x": None},
                           "new_member": [1]}, "message")
        peer.close()
        peer = daemon.accept()
        peer.monitor()
        peer.event("ready", 8, source=fake.SOURCE)
        tap.equal(json.loads(process.line())["type"], "ready", "type")
        process.signal(signal.SIGTERM)
        code, output, errors = process.finish()
        tap.equal((code, output), (0, ""), "outcome")
        tap.contains(errors, "no connection to linkwatchd: the daemon hung up; trying again\n")


def stopped(number):
    """monitor ends well when it is told to."""
    with fake.Fake() as daemon:
        process, _peer = monitor(daemon)
        process.expect(*TABLE.splitlines())
        process.signal(number)
        tap.equal(process.finish(), (0, "", ""), "outcome")


tap.add("monitor ends with exit code 0 on SIGINT", stopped, signal.SIGINT)
tap.add("monitor ends with exit code 0 on SIGTERM", stopped, signal.SIGTERM)


def waiting(daemon, *arguments, sees=()):
    """A wait that has seen this picture; it and its connection."""
    process = start("--socket", daemon.path, "wait", *arguments)
    peer = daemon.accept()
    peer.monitor()
    peer.picture(1, *sees)
    return process, peer


@tap.test
def waits():
    """wait ends with 0 when the condition is met, silently."""
    with fake.Fake() as daemon:
        process, peer = waiting(daemon, "veth0", "operstate=down", "mtu=9000", sees=LINKS)
        peer.event("change", 2, link={**LINKS[1], "operstate": "DOWN"}, old={"operstate": "UP"})
        tap.equal(end(process), (0, "", ""), "outcome")


@tap.test
def waits_json():
    """wait --json writes the link that met it, or null for none."""
    with fake.Fake() as daemon:
        code, output, _ = end(waiting(daemon, "veth0", "kind=veth", "--json", sees=LINKS)[0])
        tap.equal((code, json.loads(output)), (0, LINKS[1]), "outcome")
        code, output, _ = end(waiting(daemon, "eth0", "absent", "--json", sees=LINKS)[0])
        tap.equal((code, json.loads(output)), (0, None), "outcome")


def in_vain(span, words_for_it):
    """wait ends with 4 when the time is over."""
    with fake.Fake() as daemon:
        process, _ = waiting(daemon, "eth0", "present", "--timeout", span)
        tap.equal(end(process), (4, "", f"linkwatchctl: {words_for_it}\n"), "outcome")


for _span, _words in (("0.05", "timed out after 50 ms"), ("50ms", "timed out after 50 ms"),
                      (".05 s", "timed out after 50 ms"), ("0.001min", "timed out after 60 ms"),
                      ("0.00002h", "timed out after 72 ms"), ("0", "the condition isn't met")):
    tap.add(f"wait --timeout {_span} ends with exit code 4", in_vain, _span, _words)


CONDITIONS = (
    ("present", {}, True), ("absent", {}, False),
    ("up", {"flags": ["UP"]}, True), ("up", {"flags": ["LOWER_UP"]}, False),
    ("up", {"flags": None}, False), ("down", {"flags": []}, True), ("down", {"flags": None}, False),
    ("down", {"flags": ["UP"]}, False), ("carrier", {"carrier": True}, True),
    ("carrier", {"carrier": False}, False), ("carrier", {"flags": ["UP", "LOWER_UP"]}, False),
    ("no-carrier", {"carrier": False}, True), ("no-carrier", {"flags": ["UP"]}, False),
    ("no-carrier", {"flags": []}, True), ("no-carrier", {"flags": None}, False),
    ("operstate=UP", {"operstate": "UP"}, True), ("operstate=up", {"operstate": "UP"}, True),
    ("operstate=UP", {}, False), ("operstate=UP", {"operstate": "DOWN"}, False),
    ("mtu=1500", {}, True), ("mtu=1500", {"mtu": None}, False), ("mtu=0", {"mtu": None}, False),
    ("address=02:00:00:00:00:AA", {"address": "02:00:00:00:00:aa"}, True),
    ("address=02:00:00:00:00:AA", {}, False), ("master=br0", {"master": "br0"}, True),
    ("master=br0", {"master": "br1"}, False), ("master=br0", {}, False), ("nomaster", {}, True),
    ("nomaster", {"master": "br0"}, False), ("kind=veth", {"linkinfo": {"info_kind": "veth"}}, True),
    ("kind=veth", {"linkinfo": {"info_slave_kind": "veth"}}, False), ("kind=veth", {}, False),
    ("renamed", {}, False), ("name=eth0", {}, True), ("name=e*", {}, True), ("name=lan", {}, False))


def condition(text, fields, met):
    """What a condition says of a link; of what isn't told, nothing is met."""
    with fake.Fake() as daemon:
        seen = {key: value for key, value in link(2, "eth0", **fields).items() if value is not None}
        process, _ = waiting(daemon, "eth0", text, "--timeout", "0", sees=[seen])
        tap.equal(end(process)[0], 0 if met else 4, "exit code")


for _text, _fields, _met in CONDITIONS:
    tap.add(f"{_text} is {'met' if _met else 'not met'} by {_fields}", condition, _text, _fields,
            _met)

tap.main()
