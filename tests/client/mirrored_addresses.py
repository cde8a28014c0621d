# SPDX-License-Identifier: LGPL-2.1-or-later
"""liblinkwatch: addresses, beside links: one continuous sequence of both."""

import fake
import tap
from fake import INSTANCE, UNLISTED, address, link

SUBJECTS = ["links", "addresses"]


def snapshot(peer, sequence, links, addresses, source=fake.SOURCE):
    """Sends both, and ready."""
    for each in links:
        peer.event("snapshot", sequence, link=each, more_follows=True)
    for each in addresses:
        peer.event("snapshot", sequence, address=each, more_follows=True)
    peer.event("ready", sequence, source=fake.SOURCE, address_source=source)


def begin(daemon, *globs):
    """A mirror that knows a link with an address."""
    mirror = daemon.driver("mirror", "--addresses", *globs)
    peer = daemon.accept()
    tap.equal(peer.monitor().get("subjects"), SUBJECTS, "subjects")
    snapshot(peer, 7, [link(2, "eth0")], [address(2, "eth0", "10.0.0.1")])
    mirror.expect("connected anew", "add 2 eth0 snapshot", "address_add eth0 10.0.0.1/24 snapshot",
                  "source trusted", "address_source trusted", "ready 1")
    return mirror, peer


@tap.test
def events():
    """Addresses are added, changed and removed, each beside its link"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon)
        peer.event("add", 8, address=address(2, "eth0", "2001:db8::1", 64, flags=["tentative"]))
        peer.event("change", 9, address=address(2, "eth0", "2001:db8::1", 64),
                   old={"flags": ["tentative"]})
        peer.event("remove", 10, address=address(2, "eth0", "10.0.0.1"))
        mirror.expect("address_add eth0 2001:db8::1/64 notification #8",
                      "address_change eth0 2001:db8::1/64 flags notification #9",
                      "address_remove eth0 10.0.0.1/24 notification #10")
        mirror.ask()
        mirror.expect("held 2:eth0 2001:db8::1")


@tap.test
def link_goes():
    """A link that goes takes its addresses along, before it"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon)
        peer.event("remove", 8, link=link(2, "eth0"))
        mirror.expect("address_remove eth0 10.0.0.1/24 notification #8",
                      "remove 2 eth0 notification #8")


@tap.test
def at_once():
    """What belongs together happens at once, addresses included"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon)
        peer.event("remove", 8, address=address(2, "eth0", "10.0.0.1"), more_follows=True)
        peer.event("add", 9, address=address(2, "eth0", "10.0.0.1"), more_follows=True)
        peer.event("add", 10, link=link(3, "eth1"), more_follows=True)
        peer.event("add", 11, address=address(3, "eth1", "10.0.1.1"))
        mirror.expect("address_remove eth0 10.0.0.1/24 notification #8",
                      "address_add eth0 10.0.0.1/24 notification #9",
                      "add 3 eth1 notification #10",
                      "address_add eth1 10.0.1.1/24 notification #11")


@tap.test
def after_reconnection():
    """After a new connection the differences are reported, those of addresses too"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon)
        peer.event("add", 8, address=address(2, "eth0", "10.0.0.2", valid_life_time=50,
                                             preferred_life_time=40))
        mirror.expect("address_add eth0 10.0.0.2/24 notification #8")
        peer.close()
        peer = daemon.accept()
        tap.equal(peer.monitor().get("since"), {"instance": INSTANCE, "sequence": 8}, "since")
        peer.event("lost", 20, lost=12)
        # A lifetime ran down, an address went, a link came with one, and one is another one now.
        snapshot(peer, 20, [link(2, "eth0"), link(3, "eth1")],
                 [address(2, "eth0", "10.0.0.2", valid_life_time=30, preferred_life_time=20),
                  address(2, "eth0", "10.0.0.3", flags=["secondary"]),
                  address(3, "eth1", "10.0.1.1")])
        mirror.expect("disconnected ECONNRESET: the daemon closed the connection", "connected anew", "lost 12",
                      "address_remove eth0 10.0.0.1/24 snapshot", "add 3 eth1 snapshot",
                      "address_add eth0 10.0.0.3/24 snapshot",
                      "address_add eth1 10.0.1.1/24 snapshot", "ready 2")


@tap.test
def followed_later():
    """A mirror that is to follow addresses later loses nothing of the links, and is not ready before"""
    with fake.Fake() as daemon:
        mirror = daemon.driver("mirror")
        peer = daemon.accept()
        tap.equal(peer.monitor(), {}, "parameters")
        peer.event("snapshot", 7, link=link(2, "eth0"), more_follows=True)
        peer.event("ready", 7, source=fake.SOURCE)
        mirror.expect("connected anew", "add 2 eth0 snapshot", "source trusted", "ready 1")
        mirror.follow_addresses()
        assert peer.is_closed(), "the first connection is open still"
        peer = daemon.accept()
        tap.equal(peer.monitor(), {"subjects": SUBJECTS}, "parameters")
        mirror.ask()
        mirror.expect("held 2:eth0 (not ready)")
        snapshot(peer, 9, [link(2, "eth0"), link(3, "eth1")], [address(2, "eth0", "10.0.0.1")])
        mirror.expect("add 3 eth1 snapshot", "address_add eth0 10.0.0.1/24 snapshot",
                      "address_source trusted", "ready 2")
        mirror.ask()
        mirror.expect("held 2:eth0 10.0.0.1 3:eth1")


@tap.test
def another_link():
    """A link that came back as another one lost its addresses, though they are the same"""
    with fake.Fake() as daemon:
        mirror = daemon.driver("mirror", "--addresses")
        peer = daemon.accept()
        peer.monitor()
        snapshot(peer, 7, [link(2, "eth0", linkinfo={"info_kind": "veth"}, address="a")],
                 [address(2, "eth0", "10.0.0.1")])
        mirror.expect("connected anew", "add 2 eth0 snapshot",
                      "address_add eth0 10.0.0.1/24 snapshot", "source trusted",
                      "address_source trusted", "ready 1")
        peer.event("lost", 20, lost=12)
        snapshot(peer, 20, [link(2, "eth0", linkinfo={"info_kind": "bridge"}, address="b")],
                 [address(2, "eth0", "10.0.0.1")])
        mirror.expect("lost 12", "address_remove eth0 10.0.0.1/24 snapshot", "remove 2 eth0 snapshot",
                      "add 2 eth0 snapshot", "address_add eth0 10.0.0.1/24 snapshot", "ready 1")


@tap.test
def filtered():
    """Addresses come into the filter and leave it with their link"""
    with fake.Fake() as daemon:
        mirror, peer = begin(daemon, "eth*")
        peer.event("change", 9, link=link(3, "eth1"), old={"ifname": "v1"})
        peer.event("change", 10, address=address(3, "eth1", "10.0.1.1"), old={"ifname": "v1"})
        mirror.expect("add 3 eth1 filter #9", "address_add eth1 10.0.1.1/24 filter #10")
        peer.event("change", 12, link=link(3, "v2"), old={"ifname": "eth1"})
        peer.event("change", 13, address=address(3, "v2", "10.0.1.1"), old={"ifname": "eth1"})
        mirror.expect("change 3 v2 ifname:eth1:v2 notification #12",
                      "address_remove eth1 10.0.1.1/24 filter #12", "remove 3 v2 filter #12")
        mirror.ask()
        mirror.expect("held 2:eth0 10.0.0.1")


@tap.test
def unknown():
    """Where the daemon can't list addresses, the links come all the same, and their source says it"""
    with fake.Fake() as daemon:
        mirror = daemon.driver("mirror", "--addresses")
        peer = daemon.accept()
        peer.monitor()
        snapshot(peer, 7, [link(2, "eth0")], [], UNLISTED)
        mirror.expect("connected anew", "add 2 eth0 snapshot", "source trusted",
                      "address_source denied unknown", "ready 1")
        peer.event("source", 8, address_source=fake.SOURCE)
        mirror.expect("address_source trusted")


@tap.test
def older_daemon():
    """A daemon that does not know addresses is reported, with what it refuses"""
    with fake.Fake() as daemon:
        mirror = daemon.driver("mirror", "--addresses")
        peer = daemon.accept()
        peer.monitor()
        peer.error("org.varlink.service.InvalidParameter", parameter="subjects")
        line = mirror.line()
        assert line.startswith("disconnected EINVAL: ") and "subjects" in line, line


for _what, _event in (
        ("an address of an unknown link", {"address": address(9, "eth9", "10.0.0.9")}),
        ("an address twice", {"address": address(2, "eth0", "10.0.0.1")}),
        ("an address without a length", {"address": {"ifindex": 2, "ifname": "eth0",
                                                     "family": "inet", "local": "10.0.0.2"}}),
        ("an address without an index", {"address": {**address(2, "eth0", "10.0.0.2"),
                                                     "ifindex": 0}}),
        ("an address that is no object", {"address": "10.0.0.2"}),
        ("flags that are no list", {"address": address(2, "eth0", "10.0.0.2", flags="home")})):
    def refused(event):
        """The mirror gets a fresh snapshot."""
        with fake.Fake() as daemon:
            mirror, peer = begin(daemon)
            peer.event("add", 8, **event)
            mirror.expect("disconnected EBADMSG: the daemon's message was not understood")
            peer = daemon.accept()
            assert "since" not in peer.monitor()
    tap.add(f"after {_what} the mirror gets a fresh snapshot", refused, _event)


@tap.test
def lists():
    """Addresses are listed; where nothing is known of them, that is an error with its reason"""
    with fake.Fake() as daemon:
        driver = daemon.driver("call", "-1", "addresses", "addresses")
        peer = daemon.accept()
        tap.equal(peer.call().get("parameters"), {"subjects": ["addresses"]}, "parameters")
        peer.reply({"address": address(2, "eth0", "10.0.0.1")}, continues=True)
        peer.reply({"address": address(2, "eth0", "2001:db8::1"), "address_source": fake.SOURCE})
        driver.expect("eth0:10.0.0.1 eth0:2001:db8::1 0: ")
        peer.call()
        peer.reply({"address_source": UNLISTED})
        driver.expect("EIO: the kernel does not list its addresses")


tap.main()
