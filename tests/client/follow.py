# SPDX-License-Identifier: LGPL-2.1-or-later
"""The mirror beside a daemon that a test plays."""

import json

import fake
import tap
from fake import INSTANCE, OTHER, event, link


def begin(daemon, *links, arguments=(), sequence=7):
    """A mirror that knows these links."""
    mirror, peer = daemon.mirror(*arguments)
    peer.snapshot(sequence, *links)
    mirror.expect("connected anew",
                  *(f"add {each['ifindex']} {each['ifname']} snapshot" for each in links),
                  "source trusted", f"ready {len(links)}")
    return mirror, peer


def again(daemon, **since):
    """The next connection, which must ask for this."""
    peer = daemon.accept()
    tap.equal(peer.monitor().get("since"), since or None, "since")
    return peer


@tap.test
def first():
    """The first snapshot is reported as adds, in the order of the indexes, and then ready."""
    with fake.Fake() as daemon:
        mirror, _ = begin(daemon, link(1, "lo"), link(2, "eth0"))
        mirror.ask()
        mirror.expect("held 1:lo 2:eth0")


@tap.test
def events():
    """Events come with the old and the new value, how they were learned, and flaps."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0"))
        peer.event("add", 8, link=link(3, "v0"))
        peer.event("change", 9, link=link(3, "v0", mtu=9000), old={"mtu": 1500}, learned="dump",
                   flaps=3)
        peer.event("remove", 10, link=link(2, "eth0"))
        mirror.expect("add 3 v0 notification #8", "change 3 v0 mtu:1500:9000 dump #9 flaps=3",
                      "remove 2 eth0 notification #10")


@tap.test
def same():
    """A change in which nothing known differs has no field."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0"))
        peer.event("change", 8, link=link(2, "eth0", newfield=5), old={"newfield": 4}, flaps=2)
        mirror.expect("change 2 eth0 notification #8 flaps=2")


@tap.test
def null():
    """A field that is null is one that is not there."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0", master=None))
        peer.event("change", 8, link=link(2, "eth0", master="br0", mtu=None), old={"master": None})
        mirror.expect("change 2 eth0 mtu:1500:-;master:-:br0 notification #8")


@tap.test
def nobody():
    """Without a daemon it says so once, and is there when one comes."""
    with fake.Fake() as daemon:
        daemon.stop()
        mirror = daemon.driver("mirror")
        mirror.expect("disconnected ENOENT: No such file or directory")
        daemon.listen()
        again(daemon).snapshot(1, link(1, "lo"))
        mirror.expect("connected anew", "add 1 lo snapshot", "source trusted", "ready 1")


@tap.test
def refused():
    """A socket that nobody listens on is ECONNREFUSED."""
    with fake.Fake() as daemon:
        daemon.stop()
        with open(daemon.path, "w", encoding="ascii"):
            pass
        daemon.driver("mirror").expect("disconnected ECONNREFUSED: Connection refused")


@tap.test
def resumed():
    """After a hang-up it resumes from its position, and misses nothing."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0"))
        peer.event("change", 8, link=link(2, "eth0", mtu=1400), old={"mtu": 1500})
        mirror.line()
        peer.close()
        mirror.expect("disconnected ECONNRESET: the daemon closed the connection")
        peer = again(daemon, instance=INSTANCE, sequence=8)
        peer.event("add", 9, link=link(3, "v0"))
        peer.event("ready", 9, source=fake.SOURCE)
        mirror.expect("connected resumed", "add 3 v0 notification #9", "ready 2")


@tap.test
def nothing_missed():
    """A resumed stream without events is ready at once."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0"))
        peer.close()
        peer = again(daemon, instance=INSTANCE, sequence=7)
        peer.event("ready", 7, source=fake.SOURCE)
        mirror.expect("disconnected ECONNRESET: the daemon closed the connection", "connected resumed", "ready 1")


@tap.test
def restarted():
    """From a daemon that was started anew it reports the differences: removes first."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(1, "lo"), link(2, "eth0"), link(3, "v0"))
        peer.close()
        daemon.stop()
        daemon.listen()
        peer = again(daemon, instance=INSTANCE, sequence=7)
        peer.event("lost", 3, OTHER)
        peer.snapshot(3, link(1, "lo"), link(2, "eth0", mtu=9000), link(4, "v0"), instance=OTHER)
        mirror.expect("disconnected ECONNRESET: the daemon closed the connection", "connected anew", "lost -1",
                      "remove 3 v0 snapshot", "change 2 eth0 mtu:1500:9000 snapshot",
                      "add 4 v0 snapshot", "ready 3")
        peer.event("remove", 4, OTHER, link=link(4, "v0"))
        mirror.expect("remove 4 v0 notification #4")


@tap.test
def replaced():
    """A link of another kind under the same index is a remove and an add."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "x", linkinfo={"info_kind": "veth"}))
        peer.event("lost", 20, lost=13)
        peer.snapshot(20, link(2, "x", linkinfo={"info_kind": "bridge"}))
        mirror.expect("lost 13", "remove 2 x snapshot", "add 2 x snapshot", "ready 1")


@tap.test
def counted_back():
    """A carrier counter that went backwards is of another link."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "x", carrier_changes=5))
        peer.event("lost", 20, lost=13)
        peer.snapshot(20, link(2, "x", carrier_changes=4))
        mirror.expect("lost 13", "remove 2 x snapshot", "add 2 x snapshot", "ready 1")


@tap.test
def overtaken():
    """Overtaken by the history, it reports how many events were lost, and the outcome."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0"), link(3, "v0"))
        peer.event("lost", 507, lost=500)
        mirror.expect("lost 500")
        mirror.ask()
        mirror.expect("held 2:eth0 3:v0 (not ready)")
        peer.snapshot(507, link(2, "eth0"), link(9, "v9"))
        mirror.expect("remove 3 v0 snapshot", "add 9 v9 snapshot", "ready 2")
        peer.event("change", 508, link=link(9, "v9", mtu=1), old={"mtu": 1500})
        mirror.expect("change 9 v9 mtu:1500:1 notification #508")


@tap.test
def lost_in_snapshot():
    """A snapshot that is overtaken itself is begun again."""
    with fake.Fake() as daemon:
        mirror, peer = daemon.mirror()
        peer.event("snapshot", 5, link=link(2, "old"))
        peer.event("lost", 50, lost=45)
        peer.snapshot(50, link(3, "new"))
        mirror.expect("connected anew", "lost 45", "add 3 new snapshot", "source trusted",
                      "ready 1")


@tap.test
def within_snapshot():
    """Events that come between snapshots are part of the first snapshot."""
    with fake.Fake() as daemon:
        mirror, peer = daemon.mirror()
        peer.event("snapshot", 5, link=link(2, "a"))
        peer.event("snapshot", 5, link=link(3, "b"))
        peer.event("change", 6, link=link(2, "a", mtu=9), old={"mtu": 1500})
        peer.event("remove", 8, link=link(3, "b"))
        peer.event("add", 9, link=link(1, "c"))
        peer.event("snapshot", 9, link=link(4, "d"))
        peer.event("ready", 12, source=fake.SOURCE)
        mirror.expect("connected anew", "add 1 c snapshot", "add 2 a snapshot", "add 4 d snapshot",
                      "source trusted", "ready 3")
        peer.event("change", 13, link=link(2, "a", mtu=10), old={"mtu": 9})
        mirror.expect("change 2 a mtu:9:10 notification #13")


@tap.test
def cut_snapshot():
    """A connection that ends within a snapshot reports nothing of it."""
    with fake.Fake() as daemon:
        mirror, peer = daemon.mirror()
        peer.event("snapshot", 5, link=link(2, "a"))
        peer.close()
        mirror.expect("connected anew", "disconnected ECONNRESET: the daemon closed the connection")
        peer = again(daemon)
        peer.snapshot(6, link(3, "b"))
        mirror.expect("connected anew", "add 3 b snapshot", "source trusted", "ready 1")


@tap.test
def split():
    """Messages may come byte by byte, and several at once."""
    with fake.Fake() as daemon:
        mirror, peer = daemon.mirror()
        everything = (event("snapshot", 1, link=link(1, "lo")) +
                      event("ready", 1, source=fake.SOURCE) + event("add", 2, link=link(2, "a")))
        for byte in everything:
            peer.raw(bytes([byte]))
        mirror.expect("connected anew", "add 1 lo snapshot", "source trusted", "ready 1",
                      "add 2 a notification #2")
        peer.raw(event("add", 3, link=link(3, "b")) + event("add", 4, link=link(4, "c")) +
                 event("add", 5, link=link(5, "d"))[:-9])
        mirror.expect("add 3 b notification #3", "add 4 c notification #4")


@tap.test
def many():
    """More messages at once than one call takes are all reported."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0"))
        peer.raw(b"".join(event("change", 8 + i, link=link(2, "eth0", mtu=i), old={"mtu": i})
                          for i in range(1000)))
        for i in range(1000):
            tap.contains(mirror.line(), f"#{8 + i}")


@tap.test
def half():
    """Half a message before a hang-up is nothing."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0"))
        peer.raw(event("remove", 8, link=link(2, "eth0"))[:-1])
        peer.close()
        mirror.expect("disconnected ECONNRESET: the daemon closed the connection")
        again(daemon, instance=INSTANCE, sequence=7).event("ready", 7, source=fake.SOURCE)
        mirror.expect("connected resumed", "ready 1")


BAD_LINK = {"ifindex": 3, "link_type": "ether", "flags": []}
ADD = {"type": "add", "learned": "dump", "link": link(3, "a")}


def add_at(position):
    """An add with anything as its position."""
    return fake.encode({**ADD, "position": position}, continues=True)


NONSENSE = {
    "bytes that are no JSON": b"no json\0",
    "a JSON text that is no object": b"[1,2]\0",
    "bytes that are no UTF-8": b'{"parameters":{"type":"\xff"}}\0',
    "no type": fake.encode({}, continues=True),
    "parameters that are no object": fake.encode([], continues=True),
    "an error that is no string": fake.encode({}, error=5),
    "no position": fake.encode(ADD, continues=True),
    "a position that is no object": add_at(8),
    "no sequence": add_at({"instance": INSTANCE}),
    "a sequence below 0": add_at({"instance": INSTANCE, "sequence": -8}),
    "a sequence that is no number": add_at({"instance": INSTANCE, "sequence": "8"}),
    "an instance that is no string": add_at({"instance": 1, "sequence": 8}),
    "an instance without an end": add_at({"instance": "1" * 1000, "sequence": 8}),
    "another instance": add_at({"instance": OTHER, "sequence": 8}),
    "an event twice": event("add", 7, link=link(3, "a")),
    "a link without a name": event("add", 8, link=BAD_LINK),
    "a link with the index 0": event("add", 8, link=link(0, "a")),
    "a link with an index beyond int": event("add", 8, link=link(1 << 40, "a")),
    "a link with a text as MTU": event("add", 8, link=link(3, "a", mtu="big")),
    "a link with a number as flag": event("add", 8, link=link(3, "a", flags=[1])),
    "a link with a number as linkinfo": event("add", 8, link=link(3, "a", linkinfo=1)),
    "a link that is no object": event("add", 8, link="a"),
    "an add without a link": event("add", 8),
    "an add of a known link": event("add", 8, link=link(2, "eth0")),
    "a change of an unknown link": event("change", 8, link=link(3, "a"), old={}),
    "a remove of an unknown link": event("remove", 8, link=link(3, "a")),
    "a snapshot that nothing announced": event("snapshot", 8, link=link(3, "a")),
    "a source that is none": event("source", 8, source={"standing": 1}),
    "flaps that are no number": event("change", 8, link=link(2, "eth0"), old={}, flaps="many"),
    "a message without an end": b" " * (1 << 20) + b"x" * 4096,
    "JSON that is nested too deep": b'{"parameters":' + b"[" * 100000 + b"\0",
}


def nonsense(data):
    """After nonsense the mirror gets a fresh snapshot and goes on as if nothing was."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0"))
        peer.raw(data)
        mirror.expect("disconnected EBADMSG: the daemon's message was not understood")
        assert peer.is_closed()
        again(daemon).snapshot(9, link(2, "eth0", mtu=1))
        mirror.expect("connected anew", "change 2 eth0 mtu:1500:1 snapshot", "ready 1")


for _what, _data in NONSENSE.items():
    tap.add(f"after {_what} the mirror gets a fresh snapshot", nonsense, _data)


@tap.test
def ends():
    """A stream that the daemon ends is taken up again."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0"))
        peer.reply(json.loads(event("add", 8, link=link(3, "a"))[:-1])["parameters"])
        mirror.expect("add 3 a notification #8", "disconnected ECONNRESET: the daemon closed the connection")
        again(daemon, instance=INSTANCE, sequence=8)


@tap.test
def refused_position():
    """A position that the daemon doesn't accept is given up."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0"))
        peer.close()
        mirror.line()
        peer = again(daemon, instance=INSTANCE, sequence=7)
        peer.error("org.varlink.service.InvalidParameter", parameter="since")
        again(daemon).snapshot(3, link(2, "eth0"))
        mirror.expect("connected anew", "ready 1")


@tap.test
def limit():
    """A limit that was reached is explained in words; the position stays."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0"))
        peer.error("org.linkwatch.Links.LimitReached", limit="sessions")
        mirror.expect("disconnected EBUSY: a limit of the daemon was reached (sessions)")
        again(daemon, instance=INSTANCE, sequence=7)


@tap.test
def sources():
    """A source is reported when it changes, and not when it doesn't."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0"))
        denied = {"standing": "denied", "reason": "no", "stale": False, "errno": 13,
                  "errno_name": "EACCES"}
        peer.event("source", 8, source=denied)
        peer.event("source", 9, source={**denied, "stale": True, "last_dump_usec": 5})
        peer.event("source", 10, source={**denied, "stale": True, "last_dump_usec": 6})
        peer.event("remove", 11, link=link(2, "eth0"))
        mirror.expect("source denied 13 EACCES", "source denied stale 13 EACCES",
                      "remove 2 eth0 notification #11")


@tap.test
def blind_at_first():
    """A source that comes first has no number of its own; the mirror is ready after the
    snapshot."""
    with fake.Fake() as daemon:
        mirror, peer = daemon.mirror()
        peer.event("source", 7, source=fake.BLIND, realtime_usec=None, monotonic_usec=None)
        mirror.expect("connected anew", "source denied stale 13 EACCES")
        peer.event("source", 9, source={**fake.BLIND, "errno": 1, "errno_name": "EPERM"})
        mirror.expect("source denied stale 1 EPERM")
        peer.snapshot(12, link(2, "eth0"))
        mirror.expect("add 2 eth0 snapshot", "source trusted", "ready 1")


@tap.test
def blind_anew():
    """A daemon that was started anew and sees nothing leaves the links as they were last, and
    reports what differs when they are known again."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0"))
        peer.close()
        peer = again(daemon, instance=INSTANCE, sequence=7)
        peer.event("lost", 1, OTHER)
        peer.event("source", 1, OTHER, source=fake.BLIND, realtime_usec=None, monotonic_usec=None)
        mirror.expect("disconnected ECONNRESET: the daemon closed the connection", "connected anew", "lost -1",
                      "source denied stale 13 EACCES")
        peer.snapshot(3, link(3, "eth1"), instance=OTHER)
        mirror.expect("remove 2 eth0 snapshot", "add 3 eth1 snapshot", "source trusted", "ready 1")


@tap.test
def reported_once():
    """However often the mirror tries again, the application is called once."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0"))
        peer.close()
        for _ in range(3):
            again(daemon, instance=INSTANCE, sequence=7).close()
        mirror.expect("disconnected ECONNRESET: the daemon closed the connection")
        again(daemon, instance=INSTANCE, sequence=7).event("ready", 7, source=fake.SOURCE)
        mirror.expect("connected resumed", "ready 1")


def filtered(daemon, *links):
    """A mirror of eth* that knows these links."""
    mirror = daemon.driver("mirror", "eth*")
    peer = daemon.accept()
    tap.equal(peer.monitor().get("filter"), {"names": ["eth*"]}, "filter")
    peer.snapshot(7, *links)
    mirror.expect("connected anew",
                  *(f"add {each['ifindex']} {each['ifname']} snapshot" for each in links),
                  "source trusted", f"ready {len(links)}")
    return mirror, peer


@tap.test
def no_names():
    """A mirror of no names asks the daemon for none, and is ready with no link; a change brings none in."""
    with fake.Fake() as daemon:
        mirror = daemon.driver("mirror", "--no-names")
        peer = daemon.accept()
        tap.equal(peer.monitor().get("filter"), {"names": []}, "filter")
        peer.snapshot(7)
        mirror.expect("connected anew", "source trusted", "ready 0")
        peer.event("change", 8, link=link(2, "eth0"), old={"ifname": "x"})
        mirror.ask()
        tap.equal(mirror.line().split()[:1], ["held"], "links")


@tap.test
def passed_over():
    """Numbers of what others wanted to know may be skipped, and the mirror goes on from there."""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, link(2, "eth0"))
        peer.event("add", 90, link=link(3, "a"))
        mirror.expect("add 3 a notification #90")
        peer.close()
        again(daemon, instance=INSTANCE, sequence=90).event("ready", 95, source=fake.SOURCE)
        mirror.expect("disconnected ECONNRESET: the daemon closed the connection", "connected resumed", "ready 2")


@tap.test
def skips():
    """With a filter, numbers may be skipped."""
    with fake.Fake() as daemon:
        mirror, peer = filtered(daemon, link(2, "eth0"))
        peer.event("change", 90, link=link(2, "eth0", mtu=9), old={"mtu": 1500})
        mirror.expect("change 2 eth0 mtu:1500:9 notification #90")
        peer.close()
        again(daemon, instance=INSTANCE, sequence=90).event("ready", 95, source=fake.SOURCE)
        mirror.expect("disconnected ECONNRESET: the daemon closed the connection", "connected resumed", "ready 1")


@tap.test
def not_back():
    """Numbers may not go back, filter or not."""
    with fake.Fake() as daemon:
        mirror, peer = filtered(daemon, link(2, "eth0"))
        peer.event("change", 7, link=link(2, "eth0", mtu=9), old={"mtu": 1500})
        mirror.expect("disconnected EBADMSG: the daemon's message was not understood")


@tap.test
def comes_in():
    """A link that is renamed into the filter is an add."""
    with fake.Fake() as daemon:
        mirror, peer = filtered(daemon)
        peer.event("change", 9, link=link(5, "eth5"), old={"ifname": "v5"})
        peer.event("change", 10, link=link(5, "eth5", mtu=1), old={"mtu": 1500})
        mirror.expect("add 5 eth5 filter #9", "change 5 eth5 mtu:1500:1 notification #10")


@tap.test
def goes_out():
    """A link that is renamed out of the filter is a change and a remove; then silence."""
    with fake.Fake() as daemon:
        mirror, peer = filtered(daemon, link(2, "eth0"))
        peer.event("change", 9, link=link(2, "lan0"), old={"ifname": "eth0"})
        peer.event("change", 10, link=link(2, "lan1"), old={"ifname": "lan0"})
        peer.event("remove", 11, link=link(2, "lan1"))
        peer.event("add", 12, link=link(3, "eth0"))
        mirror.expect("change 2 lan0 ifname:eth0:lan0 notification #9", "remove 2 lan0 filter #9",
                      "add 3 eth0 notification #12")


@tap.test
def goes_out_early():
    """A link that leaves or enters the filter while the first snapshot comes is reported right."""
    with fake.Fake() as daemon:
        mirror, peer = daemon.mirror("eth*")
        peer.event("snapshot", 5, link=link(2, "eth2"))
        peer.event("change", 6, link=link(2, "lan2"), old={"ifname": "eth2"})
        peer.event("change", 7, link=link(1, "eth1"), old={"ifname": "lan1"})
        peer.event("snapshot", 7, link=link(3, "eth3"))
        peer.event("ready", 7, source=fake.SOURCE)
        mirror.expect("connected anew", "add 1 eth1 snapshot", "add 3 eth3 snapshot",
                      "source trusted", "ready 2")


@tap.test
def altname():
    """An alternative name keeps a link in the filter."""
    with fake.Fake() as daemon:
        mirror, peer = filtered(daemon, link(2, "x", altnames=["eth7"]))
        peer.event("change", 9, link=link(2, "y", altnames=["eth7"]), old={"ifname": "x"})
        peer.event("change", 10, link=link(2, "y"), old={"altnames": ["eth7"]})
        mirror.expect("change 2 y ifname:x:y notification #9",
                      "change 2 y altnames:eth7:- notification #10", "remove 2 y filter #10")


def freed(callback):
    """A mirror may be ended from a callback; that is the last one then."""
    with fake.Fake() as daemon:
        mirror, peer = daemon.mirror("--free-in", callback)
        peer.raw(event("snapshot", 1, link=link(2, "eth0")) +
                 event("ready", 1, source=fake.SOURCE) +
                 event("change", 2, link=link(2, "eth0", mtu=9), old={}) +
                 event("remove", 3, link=link(2, "eth0")) + event("lost", 9, lost=6))
        if callback == "disconnected":
            peer.close()
        while not mirror.line().startswith(callback):
            pass
        mirror.expect("canceled")


for _callback in ("add", "change", "remove", "ready", "lost", "source", "connected",
                  "disconnected"):
    tap.add(f"a mirror may be ended from the callback {_callback}", freed, _callback)

tap.main()
