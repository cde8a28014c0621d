# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatchctl address and monitor --address: addresses as people and scripts read them."""

import json
import signal

import daemon as daemons
import fake
import ip_addresses
import netns
import tap
from ctl import CTL, LINKS, TABLE, end, environment, run, start
from fake import SOURCE, UNLISTED, address


ADDRESSES = [address(1, "lo", "127.0.0.1", 8, scope="host"),
             address(20, "veth0", "10.0.0.1", 32, address="10.0.0.2", flags=["secondary"]),
             address(20, "veth0", "2001:db8::1", 64, flags=["tentative", "dynamic"],
                     valid_life_time=1000, preferred_life_time=500)]
ADDRESS_TABLE = """\
LINK   FAMILY  ADDRESS                    SCOPE   VALID    PREFERRED  FLAGS
lo     inet    127.0.0.1/8                host    forever  forever    -
veth0  inet    10.0.0.1 peer 10.0.0.2/32  global  forever  forever    secondary
veth0  inet6   2001:db8::1/64             global  1000sec  500sec     tentative,dynamic
"""


def answered(daemon, *arguments, source=SOURCE, addresses=None, links=None):
    """Runs it with both of its calls answered; the second call, exit code, output and errors."""
    process = start("--socket", daemon.path, *arguments)
    peer = daemon.accept()
    peer.call()
    peer.list(LINKS if links is None else links)
    call = peer.call()
    for each in (ADDRESSES if addresses is None else addresses):
        peer.reply({"address": each}, continues=True)
    peer.reply({"address_source": source, "address": address(99, "gone", "10.9.9.9")})
    return (call, *end(process))


@tap.test
def shows():
    """address shows a table of the addresses of the links that are there"""
    with fake.Fake() as daemon:
        call, code, output, errors = answered(daemon, "address")
        tap.equal(call["parameters"], {"subjects": ["addresses"]}, "parameters")
        tap.equal((code, output, errors), (0, ADDRESS_TABLE, ""))
        _call, _code, output, _errors = answered(daemon, "--no-legend", "address")
        tap.equal(output.splitlines()[0].split()[0], "lo", "without its head")


@tap.test
def chooses():
    """Links, families and scopes choose addresses; an unknown link is an error, one without is none"""
    with fake.Fake() as daemon:
        call, code, output, _errors = answered(daemon, "--family", "inet6", "--scope", "global",
                                               "address", "veth*", links=LINKS[1:])
        tap.equal(call["parameters"], {"subjects": ["addresses"], "filter": {
            "indexes": [20], "families": ["inet6"], "scopes": ["global"]}}, "parameters")
        tap.equal((code, "127.0.0.1" in output, "10.0.0.1" in output), (0, False, True))
        call, code, _output, _errors = answered(daemon, "-4", "--scope", "0", "address", "--kind",
                                                "veth")
        tap.equal((call["parameters"]["filter"], code), (
            {"indexes": [20], "families": ["inet"], "scopes": ["global"]}, 0), "as numbers")
        tap.equal(answered(daemon, "-6", "address")[0]["parameters"]["filter"],
                  {"families": ["inet6"]}, "of all links")
        _call, code, output, errors = answered(daemon, "address", "lo", "nosuch",
                                                links=LINKS[:1])
        tap.equal((code, errors), (1, 'linkwatchctl: there is no link "nosuch"\n'))
        assert "127.0.0.1" in output and "10.0.0.1" not in output, output
        tap.equal(answered(daemon, "address", addresses=[])[1:], (0, "", ""), "no addresses")


@tap.test
def in_json():
    """--json gives one array of what the daemon sent"""
    with fake.Fake() as daemon:
        tap.equal(json.loads(answered(daemon, "--json", "address")[2]), ADDRESSES, "array")
        tap.equal(answered(daemon, "--json", "address", addresses=[])[2], "[]\n", "empty")


@tap.test
def unknown():
    """Where nothing is known of addresses that is an error with the reason, and no empty table"""
    with fake.Fake() as daemon:
        _call, code, output, errors = answered(daemon, "address", source=UNLISTED, addresses=[])
        tap.equal((code, output), (1, ""))
        tap.contains(errors, "the kernel does not list its addresses")
        tap.equal(answered(daemon, "--json", "address", source=UNLISTED, addresses=[])[1:3], (1, ""),
                  "JSON")


PEER_LINE = ("                inet: 10.0.0.1 peer 10.0.0.2/32, scope global, secondary, "
             "valid_life_time forever, preferred_life_time forever")
TENTATIVE_LINE = ("               inet6: 2001:db8::1/64, metric 7, broadcast x\\x1b, scope global, "
                  "tentative,dynamic, label l\\x1b, valid_life_time 1000sec, "
                  "preferred_life_time 500sec")


@tap.test
def shown_with_link():
    """show has the addresses of the link with all that is known of them, and no others"""
    evil = {**ADDRESSES[2], "label": "l\x1b", "metric": 7, "broadcast": "x\x1b"}
    with fake.Fake() as daemon:
        call, code, output, errors = answered(daemon, "show", "veth0", links=LINKS[1:],
                                              addresses=[*ADDRESSES[:2], evil])
        tap.equal(call["parameters"], {"subjects": ["addresses"], "filter": {"indexes": [20]}})
        tap.equal((code, errors, output.splitlines()[-2:]), (0, "", [PEER_LINE, TENTATIVE_LINE]))
        call, code, output, _errors = answered(daemon, "--json", "show", "*")
        tap.equal([json.loads(line)["addr_info"] for line in output.splitlines()],
                  [ADDRESSES[:1], ADDRESSES[1:]], "JSON")
        tap.equal({**json.loads(output.splitlines()[0]), **LINKS[0]},
                  json.loads(output.splitlines()[0]), "the link")
        tap.equal(answered(daemon, "-6", "show", "lo", links=LINKS[:1])[0]["parameters"]["filter"],
                  {"indexes": [1], "families": ["inet6"]}, "one family")


@tap.test
def shown_without_addresses():
    """show of a link whose addresses nobody knows shows the link, and is an error with the reason"""
    with fake.Fake() as daemon:
        for option in ((), ("--json",)):
            _call, code, output, errors = answered(daemon, *option, "show", "lo", links=LINKS[:1],
                                                   source=UNLISTED, addresses=[])
            tap.equal((code, "loopback" in output, "addr_info" in output), (1, True, False))
            tap.contains(errors, "the kernel does not list its addresses")


@tap.test
def wrong_usage():
    """Options that don't fit are refused with a reason"""
    for arguments, what in ((("--family", "ipv4", "address"), "--family must be inet or inet6"),
                            (("--family", "inet", "list"), "can only be used with address"),
                            (("-6", "wait", "lo", "up"), "can only be used with address"),
                            (("--scope", "link", "monitor"), "can only be used with address"),
                            (("--scope", "galaxy", "address"), "number up to 255, not galaxy"),
                            (("--scope", "256", "address"), "number up to 255, not 256"),
                            (("--scope", b"\xff", "address"), "not \\xff"),
                            (("--address", "list"), "can only be used with monitor")):
        code, output, errors = run(*arguments)
        tap.equal((code, output), (2, ""), str(arguments))
        tap.contains(errors, what)


def monitor(daemon, *arguments):
    """A monitor that has shown links and addresses; it, and its connection."""
    process = daemon.run(CTL, "--socket", daemon.path, "monitor", "--address", *arguments,
                         env=environment(), stop=signal.SIGTERM)
    peer = daemon.accept()
    tap.equal(peer.monitor()["subjects"], ["links", "addresses"], "subjects")
    for each in LINKS:
        peer.event("snapshot", 7, link=each, more_follows=True)
    for each in ADDRESSES:
        peer.event("snapshot", 7, address=each, more_follows=True)
    peer.event("ready", 7, source=SOURCE, address_source=SOURCE)
    return process, peer


def words(program):
    """The next line without its time."""
    return program.line().split(" ", 1)[1]


@tap.test
def monitors():
    """monitor --address shows both tables, and then events of addresses among those of links"""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon)
        process.expect(*TABLE.splitlines(), *ADDRESS_TABLE.splitlines())
        peer.event("add", 8, address=address(20, "veth0", "10.0.0.3", flags=["tentative"]))
        peer.event("change", 9, address=address(20, "veth0", "10.0.0.3", valid_life_time=60),
                   old={"flags": ["tentative"], "valid_life_time": 4294967295}, learned="dump")
        peer.event("change", 10, address=address(20, "veth0", "10.0.0.3", valid_life_time=60),
                   old={"ifname": "veth0"})
        peer.event("remove", 11, address=address(20, "veth0", "10.0.0.3"))
        peer.event("source", 12, address_source=UNLISTED)
        tap.equal([words(process) for _ in range(4)],
                  ["+ veth0 (20) address 10.0.0.3/24, scope global, tentative [notification]",
                   "~ veth0 (20) address 10.0.0.3/24: flags tentative → none; valid_life_time "
                   "forever → 60sec [dump]",
                   "- veth0 (20) address 10.0.0.3/24, scope global [notification]",
                   "! addresses: none are known, denied: the kernel does not list its addresses"],
                  "lines")


@tap.test
def monitors_json():
    """As JSON, events are the daemon's; after a loss the differences are in its words"""
    with fake.Fake() as daemon:
        process, peer = monitor(daemon, "--json", "--no-list")
        tap.equal(json.loads(process.line())["type"], "ready")
        peer.event("lost", 20, lost=12)
        for each in LINKS:
            peer.event("snapshot", 20, link=each, more_follows=True)
        peer.event("snapshot", 20, address=ADDRESSES[0], more_follows=True)
        peer.event("snapshot", 20, address={**ADDRESSES[1], "flags": []}, more_follows=True)
        peer.event("ready", 20, source=SOURCE, address_source=SOURCE)
        lines = [json.loads(process.line()) for _ in range(4)]
        tap.equal([each["type"] for each in lines], ["lost", "remove", "change", "ready"])
        tap.equal(lines[1]["address"], ADDRESSES[2], "what is gone")
        tap.equal((lines[2]["old"], lines[2]["learned"]), ({"flags": ["secondary"]}, "snapshot"))


@tap.test
def monitors_fields():
    """--field names fields of links, of addresses, and those that both have, as text and JSON"""
    for options in ([], ["--json"]):
        with fake.Fake() as daemon:
            process, peer = monitor(daemon, *options, "--no-list", "--field", "label,mtu")
            if options:
                tap.equal(json.loads(process.line())["type"], "ready")
            new = address(20, "veth0", "2001:db8::1", 64)
            peer.event("change", 8, address=new, old={"flags": ["tentative"]})
            peer.event("change", 9, address={**new, "label": "x"}, old={"label": None})
            peer.event("change", 10, link={**LINKS[1], "txqlen": 7}, old={"txqlen": None})
            peer.event("change", 11, link={**LINKS[1], "mtu": 7}, old={"mtu": 9000})
            tap.contains(process.line(), "label")
            tap.contains(process.line(), "mtu")


def check(daemon, *conditions):
    """Exit code and errors of a wait that only checks."""
    code, output, errors = run("--socket", daemon.socket, "wait", "b0", *conditions, "-t", "0")
    tap.equal(output, "")
    return code, errors


@tap.test
def waits():
    """wait knows addresses: any that is in use, one, those of a prefix, those of a family"""
    netns.ip("link add b0 type bridge")
    netns.ip("link set b0 up")
    with daemons.Daemon() as daemon:
        tap.equal(check(daemon, "address")[0], 4, "none yet")
        process = start("--socket", daemon.socket, "wait", "b0", "up", "address=10.0.0.0/9", "-t", "60")
        netns.ip("address add 10.200.0.1/24 dev b0")
        netns.ip("address add 10.100.0.1/24 dev b0")
        tap.equal(end(process), (0, "", ""), "the outcome")
        for condition in ("address", "address=10.100.0.1", "address=10.100.0.0/24", "family=inet",
                          "address=0.0.0.0/0", "address=10.200.0.1/32"):
            tap.equal(check(daemon, condition), (0, ""), condition)
        for condition in ("address=10.100.0.2", "address=10.101.0.0/16", "address=2001:db8::1"):
            tap.equal(check(daemon, condition)[0], 4, condition)
        # Nobody else can be seen there, so it stays tentative for a while, or for ever.
        netns.ip("link set b0 down")
        netns.ip("address add 2001:db8::1/64 dev b0")
        tap.equal(check(daemon, "address=2001:db8::1")[0], 4, "tentative")
        netns.ip("address add 2001:db8:1::1/64 dev b0 nodad")
        netns.ip("link set b0 up")
        tap.equal(run("--socket", daemon.socket, "wait", "b0", "family=inet6",
                      "address=2001:db8:1::/48", "-t", "60")[0], 0, "nodad")
        code, errors = check(daemon, "down", "address", "address=10.0.0.1")
        tap.equal(code, 4)
        tap.contains(errors, "b0 does not meet down, address=10.0.0.1")
    netns.delete_all()


@tap.test
def waits_for_what_can_be():
    """Addresses, prefixes and families that are none are wrong usage"""
    for condition in ("address=10.0.0.0/33", "address=10.0.0.1/", "address=10.0.0", "family=ipv4",
                      "address=2001:db8::/129", "address=", "family="):
        tap.equal(run("wait", "b0", condition)[0], 2, condition)


@tap.test
def as_ip_does():
    """What it prints as JSON is what ip prints"""
    netns.ip("link set lo up")
    netns.ip("link add b0 type bridge")
    netns.ip("address add 10.0.0.1/24 brd + dev b0")
    netns.ip("address add 10.0.1.1 peer 10.0.1.2 dev b0")
    with daemons.Daemon() as daemon:
        code, output, errors = run("--socket", daemon.socket, "--json", "address")
        tap.equal((code, errors), (0, ""))
        ours = {ip_addresses.address_key(each): each for each in json.loads(output)}
        wrong = ip_addresses.differences(ours, ip_addresses.kernel())
        assert not wrong, wrong


netns.enter()
tap.main()
