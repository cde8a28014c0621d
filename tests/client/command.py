# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatchctl: what it writes, where, and how it ends."""

import json
import os

import fake
import tap
from ctl import LINKS, NO_ADDRESSES, TABLE, answered, end, on_terminal, run, start, start_shell
from fake import INSTANCE, link


@tap.test
def table():
    """list writes aligned columns, and - for what the kernel didn't say."""
    with fake.Fake() as daemon:
        call, code, output, errors = answered(daemon, "list", reply=LINKS)
        tap.equal(call, {"method": "org.linkwatch.Links.List", "more": True,
                         "parameters": {}}, "call")
        tap.equal((code, output, errors), (0, TABLE + "\n", ""), "outcome")


@tap.test
def table_of_some():
    """list passes names and globs on, and names those that matched nothing."""
    with fake.Fake() as daemon:
        call, code, output, errors = answered(daemon, "list", "v*", "nosuch", "w*",
                                              reply=LINKS[1:])
        tap.equal(call["parameters"], {"filter": {"names": ["v*", "nosuch", "w*"]}}, "parameters")
        tap.contains(output, "veth0")
        tap.equal((code, errors), (1, 'linkwatchctl: there is no link "nosuch"\n'
                                   'linkwatchctl: no link matches "w*"\n'), "outcome")


@tap.test
def nothing_named():
    """Without names no list of them is sent, which would pass nothing."""
    with fake.Fake() as daemon:
        tap.equal(answered(daemon, "list", reply=LINKS)[0]["parameters"], {}, "parameters")


@tap.test
def empty_words():
    """An empty word, as from an unset variable, is wrong usage: nobody would wait for it forever."""
    for command in (["list"], ["monitor"], ["show"], ["address"], ["history"], ["metrics"], ["run"],
                    ["wait", "up"]):
        code, output, errors = run(command[0], "", *command[1:])
        tap.equal((code, output), (2, ""), str(command))
        tap.contains(errors, f"linkwatchctl: an argument is empty; usage: {command[0]} ")
    tap.contains(run("--socket", "", "list")[2], "linkwatchctl: --socket must not be empty\n")


PAIR = [link(7, "veth0"), link(8, "9"), link(9, "eth0.5"), link(10, "a@b"), link(11, "a"),
        link(12, "a[1]"), link(13, "x@y")]


def meant(daemon, *words):
    """The indexes of the links that are listed for these words."""
    call, code, output, errors = answered(daemon, "--json", "list", *words, reply=PAIR)
    tap.equal((call["parameters"], code, errors), ({}, 0, ""), "outcome")
    return [found["ifindex"] for found in json.loads(output)]


@tap.test
def by_index():
    """A link may be named by its index; one that is called so comes first."""
    with fake.Fake() as daemon:
        tap.equal(meant(daemon, "7"), [7], "index")
        tap.equal(meant(daemon, "9"), [8], "a name of digits")
        tap.equal(meant(daemon, "12", "eth0.5", "v*"), [7, 9, 12], "with names")
        _, code, output, errors = answered(daemon, "show", "99", reply=PAIR)
        tap.equal((code, output, errors), (1, "", 'linkwatchctl: there is no link "99"\n'), "none")
        tap.contains(answered(daemon, "show", "7", reply=PAIR, then=NO_ADDRESSES)[2], "7: veth0\n")


@tap.test
def by_peer():
    """A link may be named as ip prints it, with its peer; one that is called so comes first."""
    with fake.Fake() as daemon:
        for word, index in (("veth0@if5", 7), ("veth0@a@b", 7), ("eth0.5@eth0", 9), ("a@b", 10),
                            ("a@c", 11), ("a@b@c", 10), ("x@y", 13), ("a[1]@if5", 12)):
            tap.equal(meant(daemon, word), [index], word)
        for word in ("nosuch@if5", "@if5", "veth0@"):
            code, output, errors = answered(daemon, "list", word, reply=[])[1:]
            tap.equal((code, output, errors), (1, "", f'linkwatchctl: there is no link "{word}"\n'),
                      word)


@tap.test
def table_by_properties():
    """list shows links by kind, as the column KIND has it, by state and by master."""
    with fake.Fake() as daemon:
        for options, indexes in ((["--kind", "veth"], [20]), (["--kind", "loopback"], [1]),
                                 (["--kind", "ether"], []), (["--state", "up"], [20]),
                                 (["--state", "UNKNOWN"], [1]), (["--master", "br*"], [20]),
                                 (["--usable"], [1]), (["--usable", "--kind", "veth"], []),
                                 (["--kind", "veth", "--state", "DOWN"], []),
                                 (["--kind", "veth", "--state", "UP", "--master", "br0"], [20])):
            _, code, output, errors = answered(daemon, "--json", "list", *options, reply=LINKS)
            tap.equal((code, errors), (0, ""), "outcome")
            tap.equal([found["ifindex"] for found in json.loads(output)], indexes, str(options))


@tap.test
def table_of_none():
    """list of no link at all writes nothing."""
    with fake.Fake() as daemon:
        _, code, output, _ = answered(daemon, "list", reply=[])
        tap.equal((code, output), (0, ""), "outcome")


@tap.test
def array():
    """list --json is one array of what the daemon sent, known fields or not."""
    with fake.Fake() as daemon:
        links = [link(1, "lo", new={"deep": [1, "x"]}), link(2, "ü\x1b", ifalias="a\"\\\n")]
        _, code, output, _ = answered(daemon, "list", "--json", reply=links)
        tap.equal((code, json.loads(output)), (0, links), "outcome")
        assert output.isascii() and output[:-1].isprintable() and output.count("\n") == 1, output


@tap.test
def modes_of_json():
    """--json=pretty is the same with line breaks, short that without, and off is text."""
    with fake.Fake() as daemon:
        links = [link(1, 'l"o[]{}:,', altnames=[], deep={"a": [1, {}], "b": "x\\"})]
        code, output, _ = answered(daemon, "--json=pretty", "list", reply=links)[1:]
        tap.equal((code, output), (0, json.dumps(links, indent=2) + "\n"), "pretty")
        tap.equal(answered(daemon, "--json=pretty", "show", "l*", reply=links,
                           then=NO_ADDRESSES)[2],
                  json.dumps({**links[0], "addr_info": []}, indent=2) + "\n", "pretty")
        for option in ("--json", "--json=short", "-j"):
            tap.equal(answered(daemon, option, "list", reply=links)[2],
                      json.dumps(links, separators=(",", ":")) + "\n", option)
        tap.equal(answered(daemon, "-j", "--json=off", "list", reply=LINKS)[2], TABLE + "\n", "off")


@tap.test
def array_of_none():
    """list --json of no link is an empty array."""
    with fake.Fake() as daemon:
        _, code, output, _ = answered(daemon, "--json", "list", reply=[])
        tap.equal((code, json.loads(output)), (0, []), "outcome")


@tap.test
def show():
    """show writes each field that is known, and no other."""
    with fake.Fake() as daemon:
        shown = link(7, "eth0", altnames=["lan", "uplink"], carrier=False, mtu=0,
                     linkinfo={"info_slave_kind": "bridge"})
        _, code, output, _ = answered(daemon, "show", "eth0", reply=[shown], then=NO_ADDRESSES)
        tap.equal((code, output.splitlines()),
                  (0, ["7: eth0", "            altnames: lan,uplink",
                       "           link_type: ether", "               flags: ",
                       "             carrier: no", "                 mtu: 0",
                       "     info_slave_kind: bridge",
                       "              usable: no, it is down"]), "outcome")
        _, code, output, _ = answered(daemon, "show", "eth0",
                                      reply=[link(7, "eth0", flags=["UP"], operstate="UP")],
                                      then=NO_ADDRESSES)
        tap.equal((code, output.splitlines()[-1]), (0, "              usable: yes"), "outcome")


@tap.test
def show_json():
    """show --json is an object."""
    with fake.Fake() as daemon:
        _, code, output, _ = answered(daemon, "show", "veth0", "--json", reply=LINKS[1:],
                                      then=NO_ADDRESSES)
        tap.equal((code, json.loads(output)), (0, {**LINKS[1], "addr_info": []}), "outcome")


@tap.test
def show_none():
    """show of a link that isn't there fails."""
    with fake.Fake() as daemon:
        _, code, output, errors = answered(daemon, "show", "eth9", reply=[])
        tap.equal((code, output, errors), (1, "", 'linkwatchctl: there is no link "eth9"\n'),
                  "outcome")


@tap.test
def harmless():
    """Controls, marks of direction and halves of characters are shown as escapes."""
    with fake.Fake() as daemon:
        evil = link(1, "a\x1b[31m\x7f", ifalias="b\nc\u009b\u202ed\u200be\u2028ü")
        _, _, output, _ = answered(daemon, "show", "a", reply=[evil], then=NO_ADDRESSES)
        tap.contains(output, "1: a\\x1b[31m\\x7f\n")
        tap.contains(output, "b\\x0ac\\u009b\\u202ed\\u200be\\u2028ü\n")


@tap.test
def bytes_of_names():
    """Bytes of a name that are not UTF-8, and its backslashes, are escapes that make it unique."""
    with fake.Fake() as daemon:
        links = [link(1, "a\ufffd", ifname_bytes="61ff", master="\ufffd", master_bytes="fe"),
                 link(2, "a\ufffd", ifname_bytes="61fe"), link(3, "a\\xff")]
        _, _, output, _ = answered(daemon, "list", reply=links)
        lines = output.splitlines()
        tap.equal([line.split()[1] for line in lines[1:]], ["a\\xff", "a\\xfe", "a\\\\xff"], "names")
        tap.equal(lines[1].split()[6], "\\xfe", "master")


@tap.test
def harmless_in_c():
    """In a locale without UTF-8, what is not ASCII is an escape."""
    with fake.Fake() as daemon:
        _, _, output, _ = answered(daemon, "list", reply=[link(1, "ü→😀")],
                                   env={"LC_ALL": "C"})
        tap.contains(output, "\\u00fc\\u2192\\U0001f600")


@tap.test
def wide():
    """Columns are as wide as characters are on a terminal, not as many bytes as they have."""
    with fake.Fake() as daemon:
        _, _, output, _ = answered(daemon, "list", reply=[link(1, "üüü"), link(2, "網")])
        lines = output.splitlines()
        tap.equal([lines[1][:15], lines[2][:13]], ["1      üüü   et", "2      網    e"], "lines")


@tap.test
def colours():
    """On a terminal states are coloured; with NO_COLOR or a dumb terminal nothing is."""
    with fake.Fake() as daemon:
        reply = LINKS
        tap.contains(on_terminal(daemon, "list", reply=reply), "\x1b[32mUP\x1b[0m")
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            assert "\x1b" not in on_terminal(daemon, "list", reply=reply, env=env), env
        tap.contains(on_terminal(daemon, "list", reply=reply, env={"NO_COLOR": ""}), "\x1b[32m")


@tap.test
def colour_as_asked():
    """--color says whether output is coloured, wherever it goes and whatever NO_COLOR says."""
    with fake.Fake() as daemon:
        for option in ("--color=always", "--color"):
            _, code, output, _ = answered(daemon, option, "list", reply=LINKS, env={"NO_COLOR": "1"})
            tap.equal(code, 0, "exit code")
            tap.contains(output, "\x1b[32mUP\x1b[0m")
        assert "\x1b" not in on_terminal(daemon, "--color=never", "list", reply=LINKS)
        assert "\x1b" not in answered(daemon, "--color=auto", "list", reply=LINKS)[2]


@tap.test
def no_legend():
    """--no-legend leaves out the head of the table."""
    with fake.Fake() as daemon:
        tap.equal(answered(daemon, "--no-legend", "list", "lo", reply=LINKS[:1])[2],
                  "1  lo  loopback  UNKNOWN  1500  -  -  LOOPBACK,UP\n", "output")


@tap.test
def cut():
    """On a terminal tables are cut to its width, by characters; not with --full, nor elsewhere."""
    with fake.Fake() as daemon:
        wide = [link(1, "網", flags=["ü" * 40])]
        for locale, end in (("C.UTF-8", "ü…"), ("C", "...")):
            shown = on_terminal(daemon, "--color=never", "list", reply=wide, columns=70,
                                env={"LC_ALL": locale}).splitlines()
            tap.equal(shown[1][-len(end):], end, "end")
            if locale == "C.UTF-8":
                tap.equal(len(shown[1]), 69, "characters, of which one is wide")
        for text in (on_terminal(daemon, "--full", "list", reply=wide, columns=70),
                     on_terminal(daemon, "list", reply=wide), answered(daemon, "list", reply=wide)[2]):
            tap.contains(text, "ü" * 40)
        tap.contains(on_terminal(daemon, "list", reply=wide, columns=3), "…")


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
        reply = LINKS
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
            text = on_terminal(daemon, "list", reply=LINKS,
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
    """A socket's path that is too long for a socket is an error."""
    code, _, errors = run("--socket", "/" + "x" * 200, "status")
    tap.equal(code, 3, "exit code")
    tap.contains(errors, "File name too long")


@tap.test
def harmless_errors():
    """What a daemon says in an error is made harmless, too."""
    with fake.Fake() as daemon:
        _, code, _, errors = answered(daemon, "list", error=("a\x1b[31mb\n", {}))
        tap.equal(code, 1, "exit code")
        tap.contains(errors, "the daemon replied with a\\x1b[31mb\\x0a")


@tap.test
def as_given():
    """A name that is not there is named as it was given: backslashes stay, other bytes are escaped."""
    with fake.Fake() as daemon:
        for name, shown in ((r"\x1b", r"\x1b"), ("\x1b", r"\x1b"), (r"a\\b\[1\]", r"a\\b\[1\]"), ("\\", "\\")):
            errors = answered(daemon, "list", name, reply=LINKS)[3]
            tap.contains(errors, f' "{shown}"\n')


@tap.test
def harmless_options():
    """An option that is none is named without what it could do to a terminal."""
    for arguments, text in ((["list", "--\x1b[2J"], r"unknown or ambiguous option --\x1b[2J"),
                            (["-\x1b", "list"], r"unknown option -\x1b"), (["-lP"], "unknown option -P"),
                            (["--no"], "unknown or ambiguous option --no"),
                            (["--full=\x1b", "list"], r"this option takes no argument: --full=\x1b"),
                            (["list", "--socket"], "an argument is missing after --socket"),
                            (["list", "-js"], "an argument is missing after -js")):
        tap.equal(run(*arguments), (2, "", f"linkwatchctl: {text}\nTry \"linkwatchctl --help\".\n"), arguments)


@tap.test
def absurd_status():
    """Numbers that can't be are no crash."""
    with fake.Fake() as daemon:
        for number in (-2**63, 2**63 - 1):
            absurd = {**STATUS, "uptime_usec": number, "interval_usec": number, "links": number,
                      "source": {"last_dump_usec": number, "standing": "", "reason": ""}}
            then = {**STATISTICS, "dump_cost_usec": number,
                    "history": {"bytes": number, "bytes_max": number}}
            tap.equal(answered(daemon, "status", reply=absurd, then=then)[1], 0, "exit code")


WRONG = (["frobnicate"], ["--frobnicate"], ["show"], ["show", "a", "b"], ["wait"], ["wait", "a"],
         ["refresh", "a"], ["status", "a"], ["list", "--timeout", "5"], ["--socket"],
         ["wait", "a", "up", "--timeout", "soon"], ["wait", "a", "up", "--timeout", ""],
         ["wait", "a", "up", "--timeout", "-1"], ["wait", "a", "up", "--timeout", "5d"],
         ["wait", "a", "up", "--timeout", "."], ["wait", "a", "up", "--timeout", "9" * 30],
         ["wait", "a", "sideways"], ["wait", "a", "mtu="], ["wait", "a", "mtu=big"],
         ["wait", "a", "mtu=-1"], ["list", "--state", "foo"], ["list", "--type", "add"],
         ["monitor", "--type", "sub"], ["monitor", "--type", "add,"], ["monitor", "--field", "x"],
         ["--no-list", "list"], ["list", "--color=pink"], ["list", "--json=long"], ["monitor", "--type", "add,,change"], ["--kind", "veth", "show", "a"],
         ["--master", "br0", "monitor"], ["--kind", "a", "--kind", "b", "--kind", "c", "--kind", "d", "--kind", "e"],
         ["wait", "a", "mtu=4294967296"], ["wait", "a", "operstate=foo"], ["wait", "a", "address=zz"],
         ["wait", "a", "address=02:"], ["wait", "a", "address=02:0"], ["wait", "a", "address=:"],
         ["wait", "a", "address=" + ":".join(["00"] * 33)], ["wait", "a", "upp"], ["wait", "a", "absent", "up"],
         [""], ["s"], ["listx"], ["help", "a"])


def wrong(arguments):
    """Wrong usage is an error on stderr, and the exit code is 2."""
    code, output, errors = run(*arguments)
    tap.equal((code, output), (2, ""), "outcome")
    assert errors, "no word"


for _arguments in WRONG:
    tap.add(f"wrong usage: {_arguments}", wrong, _arguments)


@tap.test
def abbreviated():
    """A command is known by a beginning that no other has; of several, all are named."""
    with fake.Fake() as daemon:
        for command in ("l", "li", "list"):
            tap.equal(answered(daemon, command, reply=LINKS)[1:], (0, TABLE + "\n", ""), command)
        tap.equal(answered(daemon, "st", reply=STATUS, then=STATISTICS)[1], 0, "exit code")
    tap.contains(run("s")[2], 'linkwatchctl: "s" is ambiguous: show, status\n')
    for word, commands in (("m", "monitor, metrics"), ("h", "history, help"), ("r", "run, refresh")):
        tap.equal(run(word), (2, "", f'linkwatchctl: "{word}" is ambiguous: {commands}\n'
                              'Try "linkwatchctl --help".\n'), word)
    tap.contains(run("x")[2], "linkwatchctl: unknown command x\n")


@tap.test
def bare():
    """Without a command it lists, also behind options."""
    with fake.Fake() as daemon:
        tap.equal(answered(daemon, reply=LINKS)[1:], (0, TABLE + "\n", ""), "outcome")
        tap.equal(json.loads(answered(daemon, "--json", reply=LINKS)[2]), LINKS, "links")


@tap.test
def help_command():
    """help is --help."""
    tap.equal(run("help"), run("--help"), "outcome")
    tap.equal(run("he")[0], 0, "exit code")


@tap.test
def never_met():
    """A value that no link can have is wrong usage, and the error has what it may be."""
    tap.equal(run("wait", "a", "operstate=foo"),
              (2, "", "linkwatchctl: operstate=foo can never be met: operstate= must be UP, "
               "DOWN, UNKNOWN, LOWERLAYERDOWN, NOTPRESENT, TESTING or DORMANT\n"), "outcome")
    tap.contains(run("wait", "a", "address=zz")[2], "address=zz can never be met: address= must "
                 "be a hardware address such as 02:00:00:00:00:01")


@tap.test
def limits():
    """What the daemon would refuse in a filter is wrong usage, and the error has the limit."""
    many = "at most 256 names or indexes can be given, with at most 32768 bytes in total"
    for command in ("list", "monitor"):
        for names in (["a"] * 257, ["\U0001f600" * 127] * 100):
            tap.equal(run(command, *names), (2, "", f"linkwatchctl: {many}\n"), command)
    for command in (["list"], ["monitor"], ["show"], ["wait"]):
        behind = ["up"] if command == ["wait"] else []
        tap.equal(run(*command, "x" * 128, *behind),
                  (2, "", f"linkwatchctl: a name can have at most 127 characters: {'x' * 128}\n"),
                  str(command))
    with fake.Fake() as daemon:
        call, code = answered(daemon, "list", *["a"] * 256, reply=[link(1, "a")])[:2]
        tap.equal((len(call["parameters"]["filter"]["names"]), code), (256, 0), "outcome")
        tap.equal(answered(daemon, "list", r"\xff" * 127, reply=[])[1], 1, "exit code")


@tap.test
def not_utf8():
    """A name that is not UTF-8 is asked for by an escape, which messages show, too."""
    with fake.Fake() as daemon:
        call, code, _, errors = answered(daemon, "list", b"a\xff", reply=[])
        tap.equal(call["parameters"], {"filter": {"names": ["a\\xff", "a\\xff"]}}, "parameters")
        tap.equal((code, errors), (1, 'linkwatchctl: there is no link "a\\xff"\n'), "outcome")


@tap.test
def helps():
    """--help has every command, option, condition and exit code; --version the version."""
    code, output, _ = run("--help")
    tap.equal(code, 0, "exit code")
    for word in ("list [IF...]", "monitor [IF...]", "show IF", "history [IF...]", "wait IF... CONDITION...", "refresh",
                 "status", "--socket PATH", "--json[=MODE]", "--timeout T", "--no-pager", "--help", "--all-netns", "--kind KIND",
                 "--state STATE", "--master NAME", "--usable", "--type TYPES", "--field FIELDS", "--no-list",
                 "--no-legend", "--color[=WHEN]",
                 "--version", "present", "absent", "up", "down", "carrier", "no-carrier", "usable",
                 "operstate=STATE", "mtu=N", "address=A", "master=NAME", "nomaster", "kind=KIND",
                 "renamed", "name=NAME", "0 success", "1 failure", "2 invalid usage", "3 the daemon",
                 "4 the timeout", "5 no links"):
        tap.contains(output, word)
    code, output, _ = run("--version")
    tap.equal((code, output.split()[0]), (0, "linkwatchctl"), "outcome")


@tap.test
def full():
    """A full disk is an error, and the exit code is 1."""
    with fake.Fake() as daemon, open("/dev/full", "wb") as disk:
        for command, reply, then in ((["list"], LINKS, None), (["list", "--json"], [], None),
                                     (["show", "lo"], LINKS[:1], NO_ADDRESSES),
                                     (["status"], {"version": "1"}, {})):
            _, code, _, errors = answered(daemon, *command, reply=reply, then=then, stdout=disk)
            tap.equal((code, errors), (1, "linkwatchctl: cannot write the output: "
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
        peer.snapshot(1, *LINKS)
        code, _, errors = end(process)
        tap.equal(code, 1, "exit code")
        tap.contains(errors, "No space left on device")


@tap.test
def closed():
    """Without standard output, what is opened instead of it is not written to, and the exit code is 1."""
    for arguments, errors in ((("list",), ">&-"), (("monitor",), ">&-"), (("monitor", "--json"), ">&- 2>&-")):
        with fake.Fake() as daemon:
            process = start_shell(f'exec "$@" {errors}', "--socket", daemon.path, *arguments)
            peer = daemon.accept()
            peer.call()
            if arguments[0] == "list":
                peer.list(LINKS)
            elif "--json" in arguments:
                peer.event("snapshot", 1, link=LINKS[0])
            else:
                peer.snapshot(1, *LINKS)
            code, _, said = end(process)
            tap.equal((code, said), (1, "" if "2>" in errors else
                                     "linkwatchctl: cannot write the output: Bad file descriptor\n"), arguments)
            assert peer.is_closed(), "more was sent"


@tap.test
def reader_gone():
    """A reader that went away ends it without a word."""
    with fake.Fake() as daemon:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as output:
            _, code, _, errors = answered(daemon, "list", reply=LINKS, stdout=output)
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
        peer.snapshot(1, *LINKS)
        tap.contains(os.read(reader, 5).decode(), "INDEX")
        os.close(reader)
        tap.equal(end(process)[::2], (0, ""), "outcome")


@tap.test
def refresh():
    """refresh is silent when it worked, and prints why when it didn't."""
    with fake.Fake() as daemon:
        call, code, output, errors = answered(daemon, "refresh", reply={"position": {}})
        tap.equal((call["method"], code, output, errors),
                  ("org.linkwatch.Links.Refresh", 0, "", ""), "outcome")
        _, code, _, errors = answered(daemon, "refresh",
                                      error=("org.linkwatch.Links.DumpFailed",
                                             {"reason": "it is busy", "errno": 16,
                                              "errno_name": "EBUSY"}))
        tap.equal(code, 1, "exit code")
        tap.contains(errors, "the daemon cannot dump the links: it is busy (EBUSY)")


STATUS = {
    "version": "0.1.0", "position": {"instance": INSTANCE, "sequence": 9},
    "source": {"standing": "denied", "reason": "joining failed", "errno": 13,
               "errno_name": "EACCES", "stale": False, "last_dump_usec": 0},
    "interval_usec": 500000, "cadence": "polling", "links": 1, "uptime_usec": 7200000000}
STATISTICS = {
    "dump_cost_usec": 2500, "receive_buffer": 212992,
    "history": {"oldest": 1, "events": 9, "bytes": 4096, "bytes_max": 16777216},
    "sessions": 2, "sessions_max": 1000, "sessions_per_user_max": 100, "request_max": 40960,
    "json_depth_max": 16,
    "counters": {"notifications": 0, "dumps": 12, "dumps_failed": 1, "overruns": 2,
                 "contradictions": 3, "joins": 4, "opens": 1, "malformed": 5, "events": 9,
                 "events_lost": 7, "sessions": 20, "sessions_refused": 6}}


@tap.test
def status():
    """status explains the standing, and shows each number."""
    with fake.Fake() as daemon:
        _, code, output, _ = answered(daemon, "status", reply=STATUS, then=STATISTICS)
        tap.equal(code, 0, "exit code")
        for words in (f"linkwatchd 0.1.0 at {daemon.path}, up for 2 h 0 min",
                      "Standing: denied: the kernel refuses notifications, so the daemon polls",
                      "Because: joining failed (EACCES)", "Links: fresh, 1 link, last dump ",
                      "(it cost 2 ms of CPU time)", "Cadence: a dump every 500 ms, polling: ",
                      "History: 9 events, 4 KiB of at most 16 MiB; 9 since the start",
                      "2 now, of at most 1000 (100 per user); 20 since the start, 6 refused",
                      "Lost: 7 events",
                      "0 notifications, 3 contradictions, 2 overruns, 5 malformed messages",
                      "Dumps: 12, of which 1 failed",
                      "opened 1 time, tried to join 4 times, receive buffer of 208 KiB"):
            tap.contains(output, words)


@tap.test
def status_of_addresses():
    """status shows addresses as links while they are followed, and that they are not."""
    counters = {"notifications": 1, "dumps": 3, "dumps_failed": 2, "contradictions": 4, "joins": 1,
                "malformed": 1, "events": 6}
    statistics = {**STATISTICS, "address_dump_cost_usec": 3500, "address_counters": counters}
    followed = {**STATUS, "address_source": fake.SOURCE, "address_interval_usec": 60000000,
                "address_cadence": "audit", "addresses": 2}
    with fake.Fake() as daemon:
        _, _, output, _ = answered(daemon, "status", reply=followed, then=statistics)
        for words in ("Addresses: fresh, 2 addresses, last dump ", " (it cost 3 ms of CPU time)\n"
                      "    Standing: trusted: the kernel sends notifications, and dumps agree with "
                      "them\n     Because: dumps agree\n     Cadence: a dump every 60 s, audit: ",
                      "9 since the start, 6 of addresses\n",
                      "of addresses: 1 notification, 4 contradictions, 1 malformed message\n",
                      "Dumps: 12, of which 1 failed\nof addresses: 3, of which 2 failed\n"):
            tap.contains(output, words)
        _, _, output, _ = answered(daemon, "status", then=statistics, reply={
            **followed, "addresses": 1, "address_source": fake.UNLISTED})
        tap.contains(output, "Addresses: unknown: the daemon has never been able to dump them\n"
                             "    Standing: denied: the kernel refuses notifications\n"
                             "     Because: the kernel does not list its addresses (EOPNOTSUPP)\n")
        _, _, output, _ = answered(daemon, "status", reply=STATUS, then=statistics)
        tap.contains(output, "Addresses: not followed: no consumer wants them\n")
        _, _, output, _ = answered(daemon, "status", reply=STATUS, then=STATISTICS)
        assert "ddresses" not in output, output


@tap.test
def stale_status():
    """status says what stale means."""
    with fake.Fake() as daemon:
        stale = {**STATUS, "source": {**STATUS["source"], "stale": True}}
        _, _, output, _ = answered(daemon, "status", reply=stale, then=STATISTICS)
        tap.contains(output, "stale: the daemon cannot dump them; these are the last known ones")


@tap.test
def blind_status():
    """status shows that no links are known, where no dump ever worked."""
    with fake.Fake() as daemon:
        _, _, output, _ = answered(daemon, "status", reply={**STATUS, "source": fake.BLIND},
                                   then=STATISTICS)
        for words in ("Standing: denied: the kernel refuses notifications\n",
                      "Because: no socket (EACCES)",
                      "Links: unknown: the daemon has never been able to dump them\n"):
            tap.contains(output, words)


@tap.test
def blind_list():
    """list and show of what nobody knows say so and why, with an exit code of their own."""
    with fake.Fake() as daemon:
        for command in (("list",), ("list", "eth0"), ("--json", "list"), ("show", "eth0")):
            _, code, output, errors = answered(
                daemon, *command, error=("org.linkwatch.Links.NeverDumped",
                                         {"reason": "no socket", "errno": 13,
                                          "errno_name": "EACCES"}))
            tap.equal((code, output), (5, ""), "outcome")
            tap.contains(errors, "no links are known because the daemon has never been able to dump "
                                 "them: no socket (EACCES)")


@tap.test
def status_json():
    """status --json is what the daemon sent, status and statistics in one object."""
    with fake.Fake() as daemon:
        for first in (STATUS, {}):
            for second in (STATISTICS, {}):
                _, code, output, _ = answered(daemon, "--json", "status", reply=first, then=second)
                tap.equal((code, json.loads(output)), (0, {**first, **second}), "outcome")


@tap.test
def no_statistics():
    """status of a daemon of another version, without statistics, is what there is."""
    with fake.Fake() as daemon:
        for options in ([], ["--json"]):
            process = start("--socket", daemon.path, *options, "status")
            peer = daemon.accept()
            peer.call()
            peer.reply(STATUS)
            peer.call()
            peer.error("org.varlink.service.InterfaceNotFound",
                       interface="org.linkwatch.Statistics")
            code, output, errors = end(process)
            tap.equal((code, errors), (0, ""), "outcome")
            if options:
                tap.equal(json.loads(output), STATUS, "the object")
            else:
                tap.equal([line.split(":")[0].strip() for line in output.splitlines()[1:]],
                          ["Standing", "Because", "Links", "Cadence"], "lines")


@tap.test
def new_standing():
    """A standing that a newer daemon has is shown as it is."""
    with fake.Fake() as daemon:
        newer = {"source": {"standing": "doubtful", "reason": "new"}, "cadence": "often"}
        _, code, output, _ = answered(daemon, "status", reply=newer, then={})
        tap.equal(code, 0, "exit code")
        tap.contains(output, "Standing: doubtful\n")
        tap.contains(output, ", often\n")


tap.main()
