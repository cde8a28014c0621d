# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon answers to requests: right ones, wrong ones, and bytes that are none."""

import json
import os
import random
import re

import daemon as daemons
import netns
import ip_links
import tap
import varlink
import wait
from mirror import Mirror

SERVICE = varlink.SERVICE
LINKS = varlink.INTERFACE
STATISTICS = varlink.STATISTICS


class Bystander:
    """A daemon, and a consumer that must notice nothing of what others do to it."""

    _count = 0

    def __init__(self, *options):
        self._daemon = daemons.Daemon(*options)
        self._mirror = None
        self._open = 0

    def __enter__(self):
        self._daemon.__enter__()
        self._mirror = Mirror(self._daemon.socket).until_ready()
        self._open = self._descriptors()
        return self._daemon

    def _descriptors(self):
        return len(os.listdir(f"/proc/{self._daemon.pid}/fd"))

    def __exit__(self, *exception):
        try:
            if exception[0] is None:
                self._check()
        finally:
            self._mirror.close()
            self._daemon.__exit__(*exception)

    def _check(self):
        """The consumer's stream goes on, and nothing of the others is left."""
        Bystander._count += 1
        name = f"by{Bystander._count}"
        netns.ip(f"link add {name} type bridge")
        self._mirror.until_event("add", name)
        wait.until(lambda: self._daemon.statistics()["sessions"] == 2, "the end of other sessions")
        wait.until(lambda: self._descriptors() <= self._open, "no descriptors left open")
        ip_links.settle(self._daemon, self._mirror)


def expect_error(connection, name, **parameters):
    """Takes a reply, which must be that error with these parameters."""
    try:
        reply = connection.reply()
    except varlink.Error as error:
        tap.equal((error.name, error.parameters), (name, parameters))
        return
    raise AssertionError(f"a reply instead of {name}: {reply}")


@tap.test
def get_info():
    """GetInfo names the product, its version, its manual page and its interfaces"""
    with Bystander() as daemon:
        info = daemon.call(SERVICE + ".GetInfo")
        tap.equal(set(info), {"vendor", "product", "version", "url", "interfaces"})
        tap.equal(info["product"], "linkwatchd")
        tap.equal(info["version"], daemon.status()["version"])
        tap.equal(info["url"], "man:linkwatchd(8)")
        tap.equal(sorted(info["interfaces"]), ["io.systemd.Metrics", LINKS, STATISTICS, SERVICE])


@tap.test
def get_description():
    """GetInterfaceDescription gives each interface file as it is"""
    with Bystander() as daemon:
        for name in (LINKS, STATISTICS, SERVICE):
            description = daemon.call(SERVICE + ".GetInterfaceDescription", {"interface": name})
            tap.equal(description, {"description": ip_links.interface_text(name)})


def _members(interface, heading):
    """Of a type or of what a method answers, those that are always there and those that may be
    missing."""
    text = ip_links.interface_text(interface)
    body = text.split(f"\n{heading} (\n", 1)[1].split("\n)", 1)[0]
    members = re.findall(r"^  (\w+): (\??)", body, re.MULTILINE)
    return {name for name, may in members if not may}, {name for name, may in members if may}


def _expect_members(value, interface, heading):
    always, maybe = _members(interface, heading)
    assert always <= set(value) <= always | maybe, (heading, set(value) ^ always)


@tap.test
def status_and_statistics():
    """GetStatus and GetStatistics have the members of their interface files, of the namespace that
    the connection is about"""
    with netns.Namespace() as other, other.rtnl()[0] as handed, Bystander() as daemon, \
            daemon.connect() as guest:
        guest.enter(handed)
        other.ip("link add there type bridge")
        guest.call("Refresh")
        for connection in (daemon, guest):
            status = connection.call("GetStatus")
            _expect_members(status, LINKS, "method GetStatus() ->")
            _expect_members(status["source"], LINKS, "type Source")
            statistics = connection.call(STATISTICS + ".GetStatistics")
            _expect_members(statistics, STATISTICS, "method GetStatistics() ->")
            _expect_members(statistics["counters"], STATISTICS, "type Counters")
            _expect_members(statistics["history"], STATISTICS, "type History")
            tap.equal(statistics["counters"]["events"], status["position"]["sequence"])
            _expect_members(statistics["address_counters"], STATISTICS, "type AddressCounters")
        tap.equal((guest.call("GetStatus")["links"], guest.statistics()["sessions"]), (2, 2))


@tap.test
def unknown_names():
    """An unknown interface or method gets the error that says so, and the connection lives on"""
    with Bystander() as daemon, daemon.connect() as connection:
        connection.send(SERVICE + ".GetInterfaceDescription", {"interface": "org.example.none"})
        expect_error(connection, SERVICE + ".InterfaceNotFound", interface="org.example.none")
        connection.send(LINKS + ".Lists")
        expect_error(connection, SERVICE + ".MethodNotFound", method=LINKS + ".Lists")
        connection.send(LINKS + ".GetStatistics")
        expect_error(connection, SERVICE + ".MethodNotFound", method=LINKS + ".GetStatistics")
        connection.send("org.example.none.List")
        expect_error(connection, SERVICE + ".InterfaceNotFound", interface="org.example.none")
        connection.send_bytes(b'{"method":"List"}\0')
        expect_error(connection, SERVICE + ".InterfaceNotFound", interface="List")
        connection.call("GetStatus")


# A method, its parameters, and the parameter that is wrong in them.
WRONG_PARAMETERS = (
    ("List", {"filter": 3}, "filter"),
    ("List", {"filter": []}, "filter"),
    ("List", {"filter": {"nmaes": []}}, "filter.nmaes"),
    ("List", {"filter": {"names": "eth0"}}, "filter.names"),
    ("List", {"filter": {"names": [1]}}, "filter.names"),
    ("List", {"filter": {"names": [None]}}, "filter.names"),
    ("List", {"filter": {"names": ["a\0b"]}}, "filter.names"),
    ("List", {"filter": {"indexes": 1}}, "filter.indexes"),
    ("List", {"filter": {"indexes": ["1"]}}, "filter.indexes"),
    ("List", {"filter": {"indexes": [1.5]}}, "filter.indexes"),
    ("List", {"filter": {"indexes": [0]}}, "filter.indexes"),
    ("List", {"filter": {"indexes": [-1]}}, "filter.indexes"),
    ("List", {"filter": {"indexes": [1 << 40]}}, "filter.indexes"),
    ("List", {"filter": {"kinds": {"veth": True}}}, "filter.kinds"),
    ("List", {"filter": {"types": ["add"]}}, "filter.types"),
    ("List", {"filter": {"fields": ["mtu"]}}, "filter.fields"),
    ("List", {"fliter": {}}, "fliter"),
    ("Monitor", {"filter": {"types": ["adds"]}}, "filter.types"),
    ("Monitor", {"filter": {"types": ["snapshot"]}}, "filter.types"),
    ("Monitor", {"filter": {"fields": ["nosuch"]}}, "filter.fields"),
    ("Monitor", {"filter": {"fields": [7]}}, "filter.fields"),
    ("Monitor", {"filter": {"ifindex": [2]}}, "filter.ifindex"),
    ("Monitor", {"since": 5}, "since"),
    ("Monitor", {"from_oldest": 1}, "from_oldest"),
    ("Monitor", {"from_oldest": True, "since": {"instance": "x", "sequence": 1}}, "from_oldest"),
    ("Monitor", {"since": {"instance": "x", "sequence": 1, "x": 2}}, "since.x"),
    ("Monitor", {"since": {"sequence": 1}}, "since.instance"),
    ("Monitor", {"since": {"instance": "x"}}, "since.sequence"),
    ("Monitor", {"since": {"instance": "x", "sequence": "1"}}, "since.sequence"),
    ("Refresh", {"now": True}, "now"),
    ("GetStatus", {"x": 1}, "x"),
    (STATISTICS + ".GetStatistics", {"x": 1}, "x"),
    (SERVICE + ".GetInterfaceDescription", {}, "interface"),
    (SERVICE + ".GetInterfaceDescription", {"interface": 1}, "interface"),
    (SERVICE + ".GetInfo", {"interface": "x"}, "interface"),
)


@tap.test
def wrong_parameters():
    """A wrong parameter gets InvalidParameter with its name, and the connection lives on"""
    with Bystander() as daemon, daemon.connect() as connection:
        for method, parameters, wrong in WRONG_PARAMETERS:
            connection.send(method, parameters, more=True)
            try:
                expect_error(connection, SERVICE + ".InvalidParameter", parameter=wrong)
            except AssertionError as error:
                raise AssertionError(f"{method} {parameters}: {error}") from None
        position = connection.call("List")["position"]
        for number in (-1, position["sequence"] + 1, (1 << 63) - 1):
            since = dict(position, sequence=number)
            connection.send("Monitor", {"since": since}, more=True)
            expect_error(connection, SERVICE + ".InvalidParameter", parameter="since.sequence")
        connection.call("GetStatus")


@tap.test
def wrong_calls():
    """A call with members of wrong types gets InvalidParameter, and the connection lives on"""
    method = f'"method":"{LINKS}.List"'
    with Bystander() as daemon, daemon.connect() as connection:
        for call, wrong in (("{}", "method"), ('{"method":null}', "method"),
                            ('{"method":5}', "method"), ('{"method":["x"]}', "method"),
                            (f'{{{method},"parameters":[]}}', "parameters"),
                            (f'{{{method},"parameters":"x"}}', "parameters"),
                            (f'{{{method},"more":1}}', "more"),
                            (f'{{{method},"oneway":"yes"}}', "oneway"),
                            (f'{{{method},"upgrade":true}}', "upgrade")):
            connection.send_bytes(call.encode() + b"\0")
            expect_error(connection, SERVICE + ".InvalidParameter", parameter=wrong)
        connection.call("GetStatus")


@tap.test
def null_is_nothing():
    """Null stands for a parameter that is left out, also one that only later versions know"""
    with Bystander() as daemon, daemon.connect() as connection:
        expected = connection.call("List")["links"]
        for parameters in (None, {}, {"filter": None}, {"filter": {}},
                           {"filter": {"names": None, "indexes": None, "kinds": None}},
                           {"later": None, "filter": {"later": None}}):
            tap.equal(connection.call("List", parameters)["links"], expected)
        call = f'{{"method":"{LINKS}.List","parameters":null,"more":true,"oneway":null}}'
        connection.send_bytes(call.encode() + b"\0")
        tap.equal(connection.list()["links"], expected)
        since = {**connection.call("Refresh")["position"], "later": None}
        connection.send("Monitor", {"since": since}, more=True)
        tap.equal(connection.receive()["parameters"]["type"], "ready")


@tap.test
def longest_filter():
    """The longest filter, 256 globs of 127 bytes, is taken with the default limits"""
    names = [f"{i:03}" + "x" * 124 for i in range(255)] + ["l" + "*" * 126]
    assert all(len(name) == 127 for name in names)
    with Bystander() as daemon, daemon.connect() as connection:
        found = connection.call("List", {"filter": {"names": names}})["links"]
        tap.equal([link["ifname"] for link in found], ["lo"], "the links")


@tap.test
def long_list():
    """A list that is put together in many parts is whole, in its place among the answers, and
    forgotten with the consumer"""
    filters = [f"*a*a*a*a*a*ab{i}" for i in range(254)] + ["p1*"]
    with Bystander() as daemon:
        netns.batch([f"link add p{i} type bridge" for i in range(400)])
        with daemon.connect() as connection:
            connection.call("Refresh")
            connection.send("List", {"filter": {"names": filters}})
            connection.send("GetStatus")
            connection.send("List", {"filter": {"names": ["p399"]}})
            names = sorted(link["ifname"] for link in connection.list()["links"])
            tap.equal(names, sorted(f"p{i}" for i in range(400) if str(i)[0] == "1"))
            tap.equal(connection.reply()["links"], len(netns.links()))
            tap.equal(len(connection.list()["links"]), 1)
        for _ in range(50):
            with daemon.connect() as connection:
                connection.send("List", {"filter": {"names": filters}})
        netns.delete_all()


@tap.test
def expected_more():
    """Monitor and List without more get ExpectedMore, and the connection lives on"""
    with Bystander() as daemon, daemon.connect() as connection:
        for method in ("Monitor", "List"):
            connection.send(method, more=False)
            expect_error(connection, SERVICE + ".ExpectedMore")
        connection.call("GetStatus")


def nested(depth):
    """A call that is an object with so many levels of JSON, itself counted."""
    inner = "[" * (depth - 1) + "]" * (depth - 1)
    return f'{{"method":"{LINKS}.GetStatus","x":{inner}}}'.encode() + b"\0"


NO_MESSAGES = (
    b"\0", b" \0", b"nonsense\0", b"[]\0", b"null\0", b"5\0", b'"text"\0', b"{\0", b"}\0",
    b"{'method':1}\0", b'{"method":}\0', b'{"method":"a.b",}\0', b'{"a":1}{"b":2}\0',
    b'{"method":"a.b","method":"a.c"}\0', b'{"method":"a.\xff\xfe"}\0', b'{"a":"\x01"}\0',
    b"\xef\xbb\xbf{}\0", b"GET / HTTP/1.1\r\n\r\n\0",
)


@tap.test
def broken_framing():
    """Bytes that are no JSON object close the connection without an answer"""
    with Bystander() as daemon:
        for data in NO_MESSAGES:
            with daemon.connect() as connection:
                connection.send_bytes(data)
                assert connection.is_closed(), data


@tap.test
def after_a_good_one():
    """What was asked before the broken bytes is answered first"""
    with Bystander() as daemon, daemon.connect() as connection:
        connection.send_bytes(varlink.encode("GetStatus") + b"nonsense\0" +
                              varlink.encode("GetStatus"))
        assert connection.reply()["links"] >= 1
        assert connection.is_closed()


@tap.test
def depth():
    """JSON up to the documented depth is read, and beyond it closes the connection"""
    with Bystander("--json-depth-max", "5") as daemon:
        with daemon.connect() as connection:
            connection.send_bytes(nested(5))
            assert connection.reply()["links"]
            connection.send_bytes(nested(6))
            assert connection.is_closed()
        for levels in (1000, 10000, 60000):
            with daemon.connect() as connection:
                try:
                    connection.send_bytes(b'{"a":' + b"[" * levels + b"\0")
                except varlink.Closed:
                    continue
                assert connection.is_closed(), levels


@tap.test
def width():
    """A call of 2048 values, or strings of 1024 bytes, is read, and one of more closes the
    connection"""
    call = b'{"method":"org.linkwatch.Links.GetStatus","x":[%s0]}\0'
    with Bystander() as daemon:
        with daemon.connect() as connection:
            connection.send_bytes(call % (b"0," * 2045))
            assert connection.reply()["links"]
            connection.send_bytes(call % (b"0," * 2046))
            assert connection.is_closed()
        with daemon.connect() as connection:
            connection.send_bytes(call % (b'"%s",' % (b"x" * 1024)))
            assert connection.reply()["links"]
            connection.send_bytes(call % (b'"%s",' % (b"x" * 1025)))
            assert connection.is_closed()


@tap.test
def size():
    """A message of the size in GetStatistics is read, and a larger one closes the connection"""
    with Bystander("--request-max", "4K") as daemon:
        limit = daemon.statistics()["request_max"]
        tap.equal(limit, 4096)
        call = varlink.encode("GetStatus")[:-1]
        with daemon.connect() as connection:
            connection.send_bytes(call + b" " * (limit - len(call)) + b"\0")
            assert connection.reply()["links"]
        for excess, end in ((1, b"\0"), (1, b""), (limit, b"\0"), (100 * limit, b"")):
            with daemon.connect() as connection:
                try:
                    connection.send_bytes(call + b" " * (limit - len(call) + excess) + end)
                except varlink.Closed:
                    continue
                assert connection.is_closed(), excess


@tap.test
def pipelined():
    """Calls that are sent at once are answered one by one, in their order"""
    with Bystander() as daemon, daemon.connect() as connection:
        names = [("x." * n) + "y.Method" for n in range(1, 100)]
        calls = b"".join(varlink.encode(n) + varlink.encode("Refresh") for n in names)
        connection.send_bytes(calls)
        for name in names:
            expect_error(connection, SERVICE + ".InterfaceNotFound",
                         interface=name.rsplit(".", 1)[0])
            tap.equal(set(connection.reply()), {"position"})


@tap.test
def split():
    """A call may come in pieces, cut at any byte"""
    call = varlink.encode("List", {"filter": {"names": ["l\u00f6*", "lo"]}})
    with Bystander() as daemon, daemon.connect() as connection, daemon.connect() as other:
        for cut in range(1, len(call)):
            connection.send_bytes(call[:cut])
            # By then the first piece was read.
            other.call("GetStatus")
            connection.send_bytes(call[cut:])
            tap.equal([link["ifname"] for link in connection.list()["links"]], ["lo"])


@tap.test
def byte_by_byte():
    """Calls may come byte by byte"""
    calls = varlink.encode("Refresh") + varlink.encode("GetStatus") + varlink.encode("List")
    with Bystander() as daemon, daemon.connect() as connection:
        for byte in calls:
            connection.send_bytes(bytes((byte,)))
        for member in ("position", "uptime_usec"):
            assert member in connection.reply()
        assert connection.list()["links"]


@tap.test
def oneway():
    """A one-way call gets no answer, right or wrong, and the next one does"""
    with Bystander() as daemon, daemon.connect() as connection:
        for method in ("List", "GetStatus", "Refresh", "Monitor", SERVICE + ".GetInfo",
                       "org.example.none.X", "Nosuch"):
            connection.send(method, oneway=True)
        connection.send("List", {"filter": 3}, oneway=True)
        connection.send("Monitor", {}, oneway=True, more=True)
        connection.send("GetStatus")
        assert "uptime_usec" in connection.reply()
        assert not connection.has_message()


@tap.test
def closed_anywhere():
    """A consumer that vanishes in the middle of anything leaves nothing behind"""
    call = varlink.encode("List")
    with Bystander() as daemon:
        for data in (b"", call[:10], call, call * 50, call * 50 + call[:7],
                     varlink.encode("Refresh"), varlink.encode("Refresh") * 20,
                     varlink.encode("Monitor", more=True),
                     varlink.encode("Monitor", more=True) + call * 3,
                     varlink.encode("Refresh", oneway=True)):
            for _ in range(10):
                with daemon.connect() as connection:
                    connection.send_bytes(data)


@tap.test
def half_closed():
    """A consumer that says it will send no more still gets what it asked for"""
    with Bystander() as daemon:
        with daemon.connect() as connection:
            connection.send_bytes(varlink.encode("GetStatus") * 3 + varlink.encode("Refresh"))
            connection.shut_down()
            for _ in range(3):
                assert "uptime_usec" in connection.reply()
            assert "position" in connection.reply()
            assert connection.is_closed()
        with Mirror(daemon.socket) as mirror:
            mirror.connection.shut_down()
            mirror.until_ready()
            netns.ip("link add half type bridge")
            mirror.until_event("add", "half")


@tap.test
def behind_monitor():
    """What is sent behind Monitor is not answered, and does not fill the daemon's memory"""
    with Bystander("--request-max", "4K") as daemon, daemon.connect() as connection:
        connection.send("Monitor", more=True)
        connection.send("GetStatus")
        while connection.receive()["parameters"]["type"] != "ready":
            pass
        netns.ip("link add behind type bridge")
        tap.equal(connection.receive()["parameters"]["type"], "add")
        try:
            for _ in range(1000):
                connection.send_bytes(b" " * 4096)
        except varlink.Closed:
            return
        raise AssertionError("4 MiB were taken")


def mangled(dice, calls):
    """Some calls, with a few bytes changed, left out or put in."""
    data = bytearray(b"".join(dice.choices(calls, k=3)))
    for _ in range(dice.randrange(6)):
        place = dice.randrange(len(data))
        how = dice.randrange(3)
        if how == 0:
            data[place] = dice.randrange(256)
        elif how == 1:
            del data[place:place + dice.randrange(1, 20)]
        else:
            data[place:place] = dice.randbytes(dice.randrange(1, 20))
    return bytes(data)


@tap.test
def garbage():
    """Mangled messages, always the same ones, never harm anybody else"""
    dice = random.Random(20)
    calls = [varlink.encode(method, parameters, more=True)
             for method, parameters, _wrong in WRONG_PARAMETERS]
    calls += [varlink.encode("List"), varlink.encode("Monitor", {"filter": {"kinds": ["veth"]}}),
              json.dumps({"method": SERVICE + ".GetInfo"}).encode() + b"\0"]
    with Bystander() as daemon:
        for _ in range(600):
            with daemon.connect() as connection:
                try:
                    connection.send_bytes(mangled(dice, calls))
                    connection.shut_down()
                    # Until it is closed, or Monitor has nothing more to send.
                    while connection.receive().get("parameters", {}).get("type") != "ready":
                        pass
                except (varlink.Closed, OSError):
                    pass


netns.enter()
tap.main()
