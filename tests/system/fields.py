# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every field of every kind of link, held against what ip(8) prints of it."""

import errno
import os
import subprocess

import daemon as daemons
import netns
import ip_links
import tap
from mirror import Mirror

# What is tried, by ip(8). A kernel has some kinds and not others.
ATTEMPTS = (
    ("veth", "link add veth0 type veth peer name veth1"),
    ("bridge", "link add bridge0 type bridge"),
    ("dummy", "link add dummy0 type dummy"),
    ("ifb", "link add ifb0 type ifb"),
    ("tun", "tuntap add dev tun0 mode tun"),
    ("tap", "tuntap add dev tap0 mode tap multi_queue"),
    ("vlan", "link add link veth0 name vlan0 type vlan id 5"),
    ("macvlan", "link add link veth0 name macvlan0 type macvlan mode bridge"),
    ("macvtap", "link add link veth0 name macvtap0 type macvtap"),
    ("ipvlan", "link add link veth0 name ipvlan0 type ipvlan"),
    ("ipvtap", "link add link veth0 name ipvtap0 type ipvtap"),
    ("vxlan", "link add vxlan0 type vxlan id 7 dstport 4789 dev veth0 group 239.1.1.1"),
    ("geneve", "link add geneve0 type geneve id 5 remote 192.0.2.1"),
    ("gre", "link add gre0a type gre local 192.0.2.1 remote 192.0.2.2"),
    ("gretap", "link add gretap0a type gretap local 192.0.2.1 remote 192.0.2.2"),
    ("ipip", "link add ipip0 type ipip local 192.0.2.1 remote 192.0.2.2"),
    ("sit", "link add sit0a type sit local 192.0.2.1 remote 192.0.2.2"),
    ("ip6tnl", "link add ip6tnl0a type ip6tnl local 2001:db8::1 remote 2001:db8::2"),
    ("ip6gre", "link add ip6gre0a type ip6gre local 2001:db8::1 remote 2001:db8::2"),
    ("vti", "link add vti0 type vti local 192.0.2.1 remote 192.0.2.2 key 5"),
    ("xfrm", "link add xfrm0 type xfrm dev veth0 if_id 3"),
    ("vrf", "link add vrf0 type vrf table 10"),
    ("bond", "link add bond0 type bond"),
    ("team", "link add team0 type team"),
    ("wireguard", "link add wireguard0 type wireguard"),
    ("macsec", "link add link veth0 macsec0 type macsec"),
    ("hsr", "link add hsr0 type hsr slave1 veth0 slave2 veth1"),
    ("nlmon", "link add nlmon0 type nlmon"),
    ("vcan", "link add vcan0 type vcan"),
    ("netkit", "link add netkit0 type netkit"),
)


def _try(command):
    result = subprocess.run(["ip", *command.split()], capture_output=True, check=False)
    return result.returncode == 0


def make_kinds():
    """Makes a link of each kind that this kernel has; returns the kinds."""
    made = [kind for kind, command in ATTEMPTS if _try(command)]
    tap.diag("kinds of links made: " + " ".join(made))
    tap.diag("not on this kernel: " + " ".join(k for k, _ in ATTEMPTS if k not in made))
    return made


def compare():
    """Holds List and a fresh Monitor against ip, with a daemon of its own."""
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        ip_links.settle(daemon, mirror)
        before = ip_links.kernel()
        listed = ip_links.ours(daemon.links())
        tap.equal(ip_links.kernel(), before, "links that nobody changed")
        wrong = ip_links.differences(listed, before)
        assert not wrong, wrong
        return mirror.links


def _named(links, name):
    return next(link for link in links.values() if link["ifname"] == name)


@tap.test
def each_kind_when_made():
    """Each kind of link that the kernel has is published as ip prints it, newly made"""
    kinds = make_kinds()
    assert {"veth", "bridge"} <= set(kinds), f"only {kinds}"
    links = compare()
    assert len(links) > len(kinds), links


@tap.test
def each_kind_when_up():
    """Each kind of link is published as ip prints it when all of them are up, and down again"""
    names = [link["ifname"] for link in netns.links().values()]
    for name in names:
        _try(f"link set dev {name} up")
    links = compare()
    assert any("UP" in link["flags"] for link in links.values())
    for name in names:
        _try(f"link set dev {name} down")
    links = compare()
    assert not any("UP" in link["flags"] for link in links.values())


@tap.test
def lower_link_down():
    """A link on a lower link that is down bears M-DOWN, and loses it when that comes up"""
    netns.ip("link set veth1 down")
    netns.ip("link set veth0 up")
    assert "M-DOWN" in _named(compare(), "veth0")["flags"]
    netns.ip("link set veth1 up")
    assert "M-DOWN" not in _named(compare(), "veth0")["flags"]


@tap.test
def names_and_notes():
    """Alternative names, an alias, a group and a queue length are published as ip prints them"""
    netns.ip("link property add dev veth0 altname second altname a-third-and-much-longer-name")
    netns.ip("link set veth0 alias an.alias/with-signs")
    netns.ip("link set veth0 group 42")
    netns.ip("link set veth0 txqueuelen 7")
    link = _named(compare(), "veth0")
    tap.equal(link["altnames"], ["second", "a-third-and-much-longer-name"])
    tap.equal((link["ifalias"], link["group"], link["txqlen"]), ("an.alias/with-signs", "42", 7))


@tap.test
def modes():
    """Promiscuous, all-multicast, no-ARP and dormant modes are published as ip prints them"""
    for mode in ("promisc on", "allmulticast on", "arp off", "mode dormant", "multicast off"):
        netns.ip(f"link set veth0 {mode}")
    link = _named(compare(), "veth0")
    assert {"PROMISC", "ALLMULTI", "NOARP"} <= set(link["flags"]), link
    assert "MULTICAST" not in link["flags"], link
    tap.equal((link["linkmode"], link["promiscuity"]), ("DORMANT", 1))
    for mode in ("promisc off", "allmulticast off", "arp on", "mode default", "multicast on"):
        netns.ip(f"link set veth0 {mode}")
    compare()


@tap.test
def addresses():
    """A changed MAC address is published as ip prints it, with the permanent one where there is one"""
    for link in list(netns.links().values()):
        if link["link_type"] == "ether":
            _try(f"link set dev {link['ifname']} address 02:00:00:00:01:{link['ifindex']:02x}")
    assert _named(compare(), "veth0")["address"].startswith("02:00:00:00:01:")


@tap.test
def ports():
    """The ports of a bridge name it as their master, and a new name of it"""
    netns.ip("link add port0 type veth peer name port1")
    netns.ip("link set port0 master bridge0")
    link = _named(compare(), "port0")
    tap.equal((link["master"], link["linkinfo"]["info_slave_kind"]), ("bridge0", "bridge"))
    tap.equal((link["master_ifindex"], link["link_ifindex"]),
              (netns.link("bridge0")["ifindex"], netns.link("port1")["ifindex"]))
    netns.ip("link set bridge0 down")
    netns.ip("link set bridge0 name other0")
    tap.equal(_named(compare(), "port0")["master"], "other0")


@tap.test
def far_peer():
    """A veth peer in another namespace is published by its index and the namespace's number"""
    with netns.Namespace() as other:
        netns.ip("link add near type veth peer name far")
        netns.ip(f"link set far netns {other.pid}")
        link = _named(compare(), "near")
        assert "link" not in link, link
        assert link["link_index"] > 0 and link["link_netnsid"] >= 0, link
        netns.ip("link del near")


@tap.test
def traffic_control():
    """A queueing discipline at the root is published as ip prints it"""
    netns.ip("link set veth0 up")
    netns.run("tc", "qdisc", "replace", "dev", "veth0", "root", "pfifo")
    try:
        tap.equal(_named(compare(), "veth0")["qdisc"], "pfifo")
    finally:
        netns.run("tc", "qdisc", "del", "dev", "veth0", "root")


@tap.test
def odd_names():
    """Names with unusual but valid characters are published as they are"""
    for name in ('a"b', "back\\slash", "ünï", "-x", "semi;colon", "fifteen-bytes-x"):
        netns.run("ip", "link", "add", "name", name, "type", "bridge")
    links = compare()
    names = {link["ifname"] for link in links.values()}
    assert {'a"b', "back\\slash", "ünï", "-x", "semi;colon", "fifteen-bytes-x"} <= names, names


@tap.test
def names_that_are_no_text():
    """A name that is not UTF-8 is published with a replacement character for each such byte"""
    subprocess.run([b"ip", b"link", b"add", b"name", b"no\xff\xfetext", b"type", b"bridge"],
                   check=True)
    try:
        with daemons.Daemon() as daemon:
            names = [link["ifname"] for link in daemon.links().values()]
        assert "no\ufffd\ufffdtext" in names, names
    finally:
        subprocess.run([b"ip", b"link", b"del", b"dev", b"no\xff\xfetext"], check=True)


@tap.test
def carrier_counters():
    """The carrier counters are those of sysfs"""
    netns.ip("link set veth1 up")
    netns.ip("link set veth0 up")
    links = compare()
    with netns.sysfs() as root:
        for name in ("veth0", "veth1", "lo"):
            link = _named(links, name)
            for field in ("carrier_changes", "carrier_up_count", "carrier_down_count"):
                with open(os.path.join(root, "class/net", name, field), encoding="ascii") as file:
                    tap.equal(link[field], int(file.read()), f"{field} of {name}")


def _sysfs_carrier(root, name):
    try:
        with open(os.path.join(root, "class/net", name, "carrier"), encoding="ascii") as file:
            return file.read() == "1\n"
    except OSError as error:
        tap.equal(error.errno, errno.EINVAL, f"the carrier of {name}")
        return None


@tap.test
def carriers():
    """The carrier is that of sysfs, which has none for a link that is down, whatever its kind"""
    names = [link["ifname"] for link in netns.links().values()]
    for state in ("up", "down"):
        for name in names:
            _try(f"link set dev {name} {state}")
        links = compare()
        with netns.sysfs() as root:
            published = {link["ifname"]: link.get("carrier") for link in links.values()}
            tap.equal(published, {name: _sysfs_carrier(root, name) for name in published}, f"all {state}")
        tap.equal({name for name, carrier in published.items() if carrier is not None} == set(),
                  state == "down", f"all {state}")


def _others(link):
    return {field: link.get(field) for field in ("master", "master_ifindex", "link", "link_ifindex")
            if field in link}


@tap.test
def indexes():
    """Beside the names of master and lower link stand their indexes, in each reply, and in old where
    they changed themselves; also of a master that is called like another one's index"""
    netns.delete_all()
    netns.batch(("link add br1 type bridge", "link add if3 type bridge", "link add v1 type veth peer name v2"))
    index = {link["ifname"]: number for number, link in netns.links().items()}
    peer = {"link": "v2", "link_ifindex": index["v2"]}
    first = {"master": "br1", "master_ifindex": index["br1"]}
    second = {"master": "if3", "master_ifindex": index["if3"]}
    assert index["if3"] != 3, index
    with daemons.Daemon() as daemon, Mirror(daemon.socket).until_ready() as mirror:
        for command in ("set v1 master br1", "set v1 master if3", "set if3 name br2",
                        "set v1 nomaster", "set v1 master br1"):
            netns.ip(f"link {command}")
            mirror.refresh(daemon.socket)
            if command == "set v1 master if3":
                links = {link["ifname"]: link for link in daemon.links().values()}
                tap.equal(_others(links["v1"]), {**second, **peer}, "a List")
                with Mirror(daemon.socket).until_ready() as other:
                    tap.equal(_others(other.links[index["v1"]]), {**second, **peer}, "a snapshot")
        none = {"master": None, "master_ifindex": None}
        events = [event for event in mirror.events if event.get("link", {}).get("ifname") == "v1"]
        olds = [_others(event["old"]) for event in events if event["type"] == "change"]
        tap.equal([old for old in olds if old], [
            none, first, none, {"master": "if3"}, {**second, "master": "br2"}, none])


@tap.test
def unlisted_fields():
    """Each field that ip prints is published, or documented with the reason why not"""
    known = set(ip_links.published_fields())
    known |= ip_links.documented_fields("Fields that only ip prints")
    unlisted = {field: link["ifname"] for link in netns.links().values() for field in link
                if field not in known | {"linkinfo"}}
    assert not unlisted, f"neither published nor in doc/ip-fields.md: {unlisted}"


@tap.test
def our_own_fields():
    """Each field that is published and that ip never prints is documented"""
    documented = ip_links.documented_fields("Fields that only linkwatchd publishes")
    tap.equal(documented, set(ip_links.ONLY_OURS), "doc/ip-fields.md")


netns.enter()
tap.main()
