# SPDX-License-Identifier: LGPL-2.1-or-later
"""What holds for every way of help: the tests of each of them run these. start(kind, daemon,
before) runs a program in that way, behind the command line before, and waits until it is
subscribed."""

import os
import re

import daemon as daemons
import netns
import programs
import tap
import updates
import wait
import ways
from programs import one_link, way


def deny(*answers):
    """The command line before a program that is to be in a kernel that denies so."""
    return [daemons.helper("deny"), *answers]


def sees(start, kind):
    """A veth pair is made, changed and removed after the program started."""
    netns.delete_all()
    with daemons.Daemon() as daemon, start(kind, daemon) as running:
        netns.ip("link add one type veth peer name two")
        programs.see(running, kind, "one", 1500)
        programs.see(running, kind, "two", 1500)
        netns.ip("link set one mtu 1400")
        programs.see(running, kind, "one", 1400)
        netns.ip("link set two name three")
        programs.see(running, kind, "three")
        netns.ip("link del one")
        programs.see_gone(running, kind, "one")
        programs.see_gone(running, kind, "three")


def until_follows_addresses(running, kind, link):
    """Waits until it reports an address. Some don't say when they are subscribed, and before that
    an address is there already."""
    def reported():
        netns.ip(f"address add 198.51.100.1/32 dev {link}")
        netns.ip(f"address del 198.51.100.1/32 dev {link}")
        return re.search(kind.gone.format(name="198.51.100.1"), running.text(), re.MULTILINE)

    wait.until(reported, "its subscription to addresses")


def sees_addresses(start, kind, link):
    """Addresses of that link are added and removed after the program started."""
    with daemons.Daemon() as daemon, start(kind, daemon) as running:
        until_follows_addresses(running, kind, link)
        for address in ("192.0.2.1/24", "2001:db8::1/64"):
            netns.ip(f"address add {address} dev {link}")
            programs.see(running, kind, address.split("/")[0])
            netns.ip(f"address del {address} dev {link}")
            programs.see_gone(running, kind, address.split("/")[0])


def received_by(start, name):
    """A link comes and goes; every message is whole, and the kernel's."""
    kind = way(name)
    with daemons.Daemon() as daemon, start(kind, daemon) as running:
        one_link(running, kind)
        programs.check_messages(running, 40 if name == "short" else None)


def comes_from_group(start, name, before=None):
    """A link appears."""
    with daemons.Daemon() as daemon, start(programs.origin(name), daemon, before) as running:
        netns.ip("link add one type bridge")
        wait.until(lambda: programs.updates_of(running), "the update")
        port, groups, pktinfo = running.text().splitlines()[1].split()[:3]
        tap.equal((port, groups), ("0", "1"))
        tap.equal(pktinfo, "-" if name == "recvfrom" else "1")
    netns.delete_all()


def large(start, name):
    """A link has 495 names of 127 bytes, of which one is new."""
    netns.delete_all()
    netns.ip("link add one up type bridge")
    index = netns.link("one")["ifindex"]
    # As many as ip(8) takes at once.
    netns.batch(["link property add dev one " + " ".join(f"altname {n:0127}" for n in names)
                 for names in (range(n, min(n + 7, 494)) for n in range(0, 494, 7))])
    with daemons.Daemon() as daemon, start(programs.origin(name), daemon) as running:
        netns.ip(f"link property add dev one altname {494:0127}")
        netns.ip("link del one")
        wait.until(lambda: programs.updates_of(running)[-1:] and
                   programs.updates_of(running)[-1].kind == updates.DELLINK, "the removal")
        for line in running.text().splitlines()[1:]:
            cut, data = line.split()[3:]
            update = updates.Update(bytes.fromhex(data))
            tap.equal((update.index, cut), (index, "1" if name == "short" else "0"))
            assert update.size > 65536, update
            tap.equal(len(update.data), 32768 if name == "short" else update.size)
            if name != "short":
                assert len(update.altnames()) >= 494, update
    netns.delete_all()


def in_situation(start, kind):
    """Links come and go."""
    with daemons.Daemon() as daemon, start(kind, daemon) as running:
        for _ in range(3):
            one_link(running, kind)
            running.forget()


def daemon_restarts(start):
    """What happens while linkwatchd is away is reported when it is back."""
    kind = way("recvfrom")
    with daemons.Daemon() as daemon, start(kind, daemon) as running:
        netns.ip("link add one type bridge")
        one = netns.link("one")["ifindex"]
        programs.see(running, kind, one)
        daemon.stop()
        netns.ip("link del one")
        netns.ip("link add two type bridge")
        two = netns.link("two")["ifindex"]
        daemon.start()
        programs.see_gone(running, kind, one)
        programs.see(running, kind, two)
    netns.delete_all()


def completes(start):
    """A subscription that is accepted and silent is completed where linkwatchd found that
    out."""
    silent = deny("--join", "0")
    kind = programs.LIBNL
    with daemons.Daemon(wrapper=silent) as daemon:
        # Not before its first look.
        daemon.links()
        netns.ip("link add zero type bridge")
        wait.until(lambda: daemon.status()["source"]["standing"] == "incomplete", "the standing")
        with start(kind, daemon, silent) as running:
            netns.ip("link add one type bridge")
            programs.see(running, kind, "one", 1500)
            netns.ip("link del one")
            programs.see_gone(running, kind, "one")
    netns.delete_all()


def without_binds(start, before):
    """Every bind is denied, and it only receives."""
    kind = way("recvfrom")
    with daemons.Daemon() as daemon, \
            start(kind, daemon, [*before, *deny("--bind-any", "EACCES")]) as running:
        one_link(running, kind)


def renounced(start):
    """A program that subscribed as root and isn't root any more."""
    netns.need_other_users()
    netns.ip("link add one type bridge")
    kind = programs.situation("renounced", str(netns.link("one")["ifindex"]))
    with daemons.Daemon() as daemon, start(kind, daemon) as running:
        for name in ("sendto", "sendmsg", "sendmmsg", "write"):
            running.until(f"^{name} 17 EPERM$", f"the error that {name} meets")
            running.until(f"^{name} 18 none$", f"the answer to a question by {name}")
        assert netns.link("one"), "it was removed"
    netns.delete_all()


def unprivileged(start, before, *paths):
    """It needs no privilege, but to read those files."""
    nobody = programs.nobody(daemons.helper("deny"), programs.RUN, programs.PYTHON, programs.WAYS,
                             *paths)
    kind = way("recvfrom")
    with daemons.Daemon() as daemon:
        os.chmod(daemon.directory, 0o755)
        os.chmod(daemon.socket, 0o666)
        with start(kind, daemon, [*nobody, *before]) as running:
            one_link(running, kind)


def add(start, before, *paths):
    """Adds the tests of all that isn't about a single program: in the kernel that before makes,
    by somebody who must be able to read those files."""
    for each in ways.WAYS:
        tap.add(f"Messages are whole and the kernel's when they are received by {each}",
                received_by, start, each)
    for each in ("recvmsg", "recvfrom", "recvmmsg"):
        tap.add(f"An update comes from the group of links, received by {each}", comes_from_group,
                start, each)
    for each in ("recvmsg", "recvmmsg"):
        tap.add(f"The same where the kernel refuses NETLINK_PKTINFO, received by {each}",
                comes_from_group, start, each, [*before, *deny("--pktinfo", "ENOPROTOOPT")])
    for each in ("recvmsg", "recvfrom", "short"):
        tap.add(f"An update of more than 64 KiB comes whole, or is marked as cut, by {each}",
                large, start, each)
    tap.add("A program that executes itself subscribes anew", in_situation, start, way("executed"))
    tap.add("A program with 40 subscriptions sees links on the last of them", in_situation, start,
            way("many"))
    tap.add("What happens while linkwatchd is away is reported when it is back", daemon_restarts, start)
    tap.add("A subscription that is accepted and silent is completed where linkwatchd found that "
            "out", completes, start)
    tap.add("A program that only receives does so where the kernel denies every bind", without_binds,
            start, before)
    tap.add("What a program sends after it gave its privileges up is sent without them, to groups "
            "too", renounced, start)
    tap.add("The port of a socket that was closed in a way that nobody saw is free", in_situation, start,
            programs.situation("replaced"))
    tap.add("It needs no privilege", unprivileged, start, before, *paths)
