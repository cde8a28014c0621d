# SPDX-License-Identifier: LGPL-2.1-or-later
"""Addresses under linkwatch-run, where the kernel denies subscriptions to them: programs that
subscribe to addresses, alone or beside links, get what the kernel sends, byte by byte but for
times."""

import functools
import signal
import socket
import struct

import behaviour
import daemon as daemons
import faults
import netns
import programs
import tap
import updates
import wait

NEWADDR, DELADDR = 20, 21
HEADER = 24
CACHEINFO, FLAGS, TENTATIVE = 6, 8, 0x40
LINKS, INET, INET6 = 1, 0x10, 0x100
ALL = LINKS | INET | INET6
ROUTES = 0x40
# By name, what the kernel denies: everything, or all but links alone.
KERNELS = {"nothing": ("--bind", "EACCES", "--join", "ENOPROTOOPT"), "links alone": ("--others", "EACCES")}
DENIED = behaviour.deny(*KERNELS["nothing"])
LIFE = """
    address add 192.0.2.1/24 dev one
    address add 192.0.2.2/24 brd + dev one
    address add 192.0.2.3/32 peer 198.51.100.1 dev one label one:label
    address add 198.18.0.4/24 dev one scope link metric 7 noprefixroute
    address add 192.0.2.5/24 dev one valid_lft 1000 preferred_lft 500
    address change 192.0.2.5/24 dev one valid_lft 2000 preferred_lft 0
    address add 2001:db8::1/64 dev one
    address add 2001:db8::2/64 dev one nodad
    address add 2001:db8::3/128 peer 2001:db8::4 dev one nodad
    address add 2001:db8::5/64 dev one nodad valid_lft 1000 preferred_lft 500 metric 7
    address add 2001:db8::6/64 dev one nodad mngtmpaddr home
    address change 2001:db8::2/64 dev one preferred_lft 0
    address del 192.0.2.1/24 dev one
    address del 2001:db8::3/128 dev one
    link set one name uno
    link set uno down
    link set uno up
    address add 203.0.113.1/24 dev uno
    link del uno"""


class Address:
    """An update of an address."""

    def __init__(self, data):
        (self.size, self.kind, self.nlflags, self.sequence, self.port, self.family, self.prefixlen, self.flags,
         self.scope, self.index) = struct.unpack_from("=IHHIIBBBBI", data)
        self.values = dict(updates.attributes(data[HEADER:]))
        self.order = [kind for kind, _value in updates.attributes(data[HEADER:])]
        preferred, valid = struct.unpack_from("=II", self.values.pop(CACHEINFO))
        if self.kind == DELADDR:
            # As a link goes down, the kernel makes its addresses tentative again, which it doesn't tell.
            self.flags &= ~TENTATIVE
            self.values[FLAGS] = struct.pack("=I", struct.unpack("=I", self.values[FLAGS])[0] & ~TENTATIVE)
        # What runs down, in parts of a minute.
        self.lifetimes = tuple(life if life == 0xffffffff else (life + 30) // 60 for life in (preferred, valid))

    def key(self):
        """What identifies the address."""
        return self.index, self.prefixlen, self.values.get(1), self.values.get(2)

    def content(self):
        """All but times, and whose request made it: the kernel's has its number and port."""
        return (self.size, self.kind, self.nlflags, self.family, self.prefixlen,
                self.flags, self.scope, self.index, self.order, self.values, self.lifetimes)

    def __repr__(self):
        return str(self.content())


def parse(data):
    """A message of the kernel's, None if it is about something else."""
    kind = struct.unpack_from("=H", data, 4)[0]
    if kind in (NEWADDR, DELADDR):
        return Address(data)
    return updates.Update(data) if kind in (updates.NEWLINK, updates.DELLINK) else None


class Streams:
    """What the program under linkwatch-run got, and what the kernel sends."""

    def __init__(self, running, groups):
        self._running = running
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.bind((0, groups))
        self._socket.setblocking(False)
        self._kernels = []

    def lines(self):
        """The program's: groups of the sender, group, and the message."""
        lines = [line.split() for line in self._running.text().splitlines()]
        return [(int(words[1]), words[2], bytes.fromhex(words[4])) for words in lines if len(words) == 5]

    def ours(self):
        """The addresses' updates of the program."""
        return only_addresses(parse(data) for _groups, _group, data in self.lines())

    def kernels(self):
        """The kernel's."""
        while True:
            try:
                self._kernels.append(parse(self._socket.recv(1 << 17)))
            except BlockingIOError:
                return only_addresses(self._kernels)

    def differ(self):
        """Where the last updates of an address differ."""
        ours, kernels = ({address.key(): address.content() for address in stream}
                         for stream in (self.ours(), self.kernels()))
        return {key: (ours.get(key), kernels.get(key)) for key in ours.keys() | kernels.keys()
                if ours.get(key) != kernels.get(key)}


def only_addresses(stream):
    """Without links."""
    return [each for each in stream if isinstance(each, Address)]


def start(kind, daemon, options=(), kernel=DENIED):
    """Under linkwatch-run, in that kernel."""
    return programs.start(kind, daemon, kernel, options)


def fresh():
    """A pair of links that are up, without addresses but their own."""
    netns.delete_all()
    netns.ip("link add name one type veth peer name two")
    netns.ip("link set two up")
    netns.ip("link set one up")
    # Its address is no longer tentative: what comes now is told of what happens now.
    wait.until(lambda: "tentative" not in netns.run("ip", "-6", "address"), "the end of duplicate address detection")


def follow(streams, line):
    """Both get that change, about which the kernel may be silent for a moment."""
    netns.ip(line)
    try:
        wait.until(lambda: streams.kernels() and not streams.differ(), f"the same after {line!r}")
    except wait.Timeout:
        tap.diag(streams.differ())
        raise


def alike(options, kernel):
    """Addresses of all kinds are made, changed and removed, and so is their link."""
    fresh()
    kind = programs.origin("recvmsg", hex(ALL))
    with daemons.Daemon() as daemon, start(kind, daemon, options, behaviour.deny(*kernel)) as running:
        streams = Streams(running, ALL)
        for line in filter(None, map(str.strip, LIFE.splitlines())):
            follow(streams, line)
        for groups, group, data in streams.lines():
            expected = {2: 5, 10: 9}[data[16]] if parse(data).__class__ is Address else 1
            tap.equal(struct.unpack_from("=II", data, 8), (0, 0), "sequence and port")
            tap.equal((groups, group), (1 << (expected - 1), str(expected)), "groups and group")
        # The kernel removes the link after its addresses, which follow() waits for.
        wait.until(lambda: any(is_removal(data) for _groups, _group, data in streams.lines()),
                   "the removal of the link")
        check_order(streams)


def is_removal(data):
    """Whether a link is removed."""
    each = parse(data)
    return not isinstance(each, Address) and each.kind == updates.DELLINK


def check_order(streams):
    """No address of a link comes before the link, and none after it."""
    gone = set()
    for _groups, _group, data in streams.lines():
        each = parse(data)
        if is_removal(data):
            gone.add(each.index)
        elif isinstance(each, Address):
            assert each.index not in gone, f"{each} after its link"


def sees(options, kind):
    """An address comes and goes."""
    fresh()
    behaviour.sees_addresses(functools.partial(start, options=options), kind, "one")


def gives_up(kind):
    """Without linkwatch-run, the same program ends or stays silent: the test is one."""
    fresh()
    with programs.Running([*DENIED, *kind.command()]) as running:
        running.process.wait(timeout=wait.SECONDS)
        assert running.process.returncode != 0, running.text()


def nothing_but_addresses(options):
    """A program that wants addresses of one family gets nothing else."""
    fresh()
    kind = programs.origin("recvmsg", hex(INET6))
    with daemons.Daemon() as daemon, start(kind, daemon, options) as running:
        streams = Streams(running, INET6)
        netns.ip("address add 192.0.2.1/24 dev one")
        netns.ip("link add name three type bridge")
        netns.ip("link del three")
        netns.ip("address add 2001:db8::1/64 nodad dev one")
        # The kernel reports it later, too.
        wait.until(streams.ours, "the address")
        tap.equal({group for _groups, group, _data in streams.lines()}, {"9"}, "groups")
        assert "more than links" not in running.text(), running.text()


@tap.test
def beside_others():
    """Who wants routes too gets links and addresses, and is warned once"""
    fresh()
    kind = programs.origin("recvfrom", hex(ALL | ROUTES))
    with daemons.Daemon() as daemon, start(kind, daemon) as running:
        follow(Streams(running, ALL), "address add 192.0.2.1/24 dev one")
        running.until("^linkwatch-run: the program subscribes to more than links and addresses", "the warning")


@tap.test
def later():
    """Who wants addresses only later gets them, and its links go on"""
    fresh()
    kind = programs.situation("later")
    with daemons.Daemon() as daemon, start(kind, daemon) as running:
        netns.ip("link add name three type bridge")
        programs.see(running, kind, netns.link("three")["ifindex"])
        running.process.send_signal(signal.SIGUSR2)
        running.until("^joined$", "its second subscription")
        netns.ip("address add 192.0.2.1/24 dev one")
        running.until(rf"^20 {netns.link('one')['ifindex']} ", "the address")
        index = netns.link("three")["ifindex"]
        netns.ip("link del three")
        programs.see_gone(running, kind, index)


@tap.test
def restarts():
    """What happens to addresses while linkwatchd is away is reported when it is back"""
    fresh()
    kind = programs.ADDRESSES[0]
    netns.ip("address add 192.0.2.1/24 dev one")
    with daemons.Daemon() as daemon, start(kind, daemon) as running:
        daemon.stop()
        netns.ip("address del 192.0.2.1/24 dev one")
        netns.ip("address add 192.0.2.2/24 dev one")
        daemon.start()
        programs.see_gone(running, kind, "192.0.2.1")
        programs.see(running, kind, "192.0.2.2")
        assert not running.text().count("fe80"), running.text()


@tap.test
def swallowed():
    """Where the kernel grants the subscription and sends nothing, addresses come from linkwatchd's dumps"""
    fresh()
    kind = programs.ADDRESSES[0]
    with faults.Faults() as fault:
        with daemons.Daemon(env=fault.environment()) as daemon:
            daemon.links()
            fault.set(faults.NOTIFICATION, 1000)
            with start(kind, daemon) as running:
                netns.ip("address add 192.0.2.1/24 dev one")
                programs.see(running, kind, "192.0.2.1")
                wait.until(lambda: daemon.status()["address_source"]["standing"] == "incomplete",
                           "the standing")
                netns.ip("address del 192.0.2.1/24 dev one")
                programs.see_gone(running, kind, "192.0.2.1")


@tap.test
def polled():
    """Where linkwatchd is denied the subscription as well, addresses come from its dumps"""
    fresh()
    kind = programs.ADDRESSES[0]
    with daemons.Daemon(wrapper=DENIED) as daemon, start(kind, daemon) as running:
        netns.ip("address add 192.0.2.1/24 dev one")
        programs.see(running, kind, "192.0.2.1")
        netns.ip("link del one")
        programs.see_gone(running, kind, "192.0.2.1")


programs.need_run()
netns.enter()
for _way, _options in programs.HELPS.items():
    for _granted, _kernel in KERNELS.items():
        tap.add(f"{_way}, where the kernel grants {_granted}: updates of addresses are the kernel's, beside links",
                alike, _options, _kernel)
    tap.add(f"{_way}: a program gets what it subscribed to, and nothing else", nothing_but_addresses, _options)
    for _kind in programs.ADDRESSES:
        if not ("Go" in _kind.name and _options):
            tap.add(f"{_way}, {_kind.name}: sees addresses come and go", sees, _options, _kind)
for _kind in programs.ADDRESSES:
    tap.add(f"{_kind.name}: gives up there without linkwatch-run", gives_up, _kind)
tap.main()
