# SPDX-License-Identifier: LGPL-2.1-or-later
"""How events reach consumers: filters, resuming, slowness, and the limits on consumers."""

import os
import time

import daemon as daemons
import netns
import ip_links
import tap
import varlink
import wait
from mirror import Mirror


def names(messages):
    """Type and link name of messages, in their order."""
    return [(m["type"], m["link"]["ifname"]) for m in messages if "link" in m]


def passed(daemon, parameters, commands):
    """What a filter lets pass: of the snapshot, and of what these commands of ip(8) do."""
    with Mirror(daemon.socket, filter=parameters) as mirror, Mirror(daemon.socket) as all_of_it:
        all_of_it.until_ready()
        mirror.until_ready()
        snapshot = sorted(link["ifname"] for link in mirror.links.values())
        for command in commands:
            netns.ip(command)
        all_of_it.refresh(daemon.socket)
        # Whatever passes is on its way by now, before the answer to a later question.
        daemon.status()
        while mirror.connection.has_message():
            mirror.take()
        return snapshot, names(mirror.events), mirror.links


def setup_links():
    """A namespace with a few links."""
    netns.delete_all()
    netns.ip("link add br0 type bridge")
    netns.ip("link add br1 type bridge")
    netns.ip("link add veth0 type veth peer name veth1")
    netns.ip("link property add dev br1 altname other")


@tap.test
def filter_names():
    """A filter by names lets links pass whose name or alternative name fits one of the globs"""
    setup_links()
    with daemons.Daemon() as daemon:
        snapshot, events, _ = passed(
            daemon, {"names": ["veth[!1]", "oth?r"]},
            ("link set veth0 mtu 1400", "link set veth1 mtu 1400", "link set br0 mtu 1400",
             "link set br1 mtu 1400"))
        tap.equal(snapshot, ["br1", "veth0"])
        tap.equal(events, [("change", "veth0"), ("change", "br1")])


@tap.test
def filter_indexes_and_kinds():
    """Fields of a filter must all hold, and of the values in one any may"""
    setup_links()
    index = {link["ifname"]: number for number, link in netns.links().items()}
    with daemons.Daemon() as daemon:
        snapshot, _, _ = passed(daemon, {"indexes": [index["br0"], index["veth0"], 1]}, ())
        tap.equal(snapshot, ["br0", "lo", "veth0"])
        snapshot, _, _ = passed(daemon, {"kinds": ["veth", "nosuch"]}, ())
        tap.equal(snapshot, ["veth0", "veth1"])
        snapshot, _, _ = passed(daemon, {"kinds": ["veth"], "names": ["*0"]}, ())
        tap.equal(snapshot, ["veth0"])
        snapshot, _, _ = passed(daemon, {"names": []}, ())
        tap.equal(snapshot, [])
        listed = daemon.call("List", {"filter": {"kinds": ["bridge"], "names": ["other"]}})
        tap.equal([link["ifname"] for link in listed["links"]], ["br1"])


@tap.test
def filter_types_and_fields():
    """A filter by types and changed fields lets just those events pass"""
    setup_links()
    commands = ("link add br2 type bridge", "link set br2 mtu 1400",
                "link set br2 address 02:00:00:00:00:02", "link del br2")
    with daemons.Daemon() as daemon:
        _, events, _ = passed(daemon, {"types": ["add", "remove"]}, commands)
        tap.equal(events, [("add", "br2"), ("remove", "br2")])
        _, events, _ = passed(daemon, {"fields": ["mtu"]}, commands)
        tap.equal(events, [("add", "br2"), ("change", "br2"), ("remove", "br2")])
        _, events, _ = passed(daemon, {"types": ["change"], "fields": ["mtu", "master"]}, commands)
        tap.equal(events, [("change", "br2")])


@tap.test
def filter_rename():
    """A link that is renamed out of the filter, or into it, is not lost from sight"""
    setup_links()
    with daemons.Daemon() as daemon:
        _, events, links = passed(daemon, {"names": ["br*"]},
                                  ("link set br0 name gone", "link set veth0 name brand",
                                   "link set gone mtu 1400", "link set brand mtu 1400"))
        tap.equal(events, [("change", "gone"), ("change", "brand"), ("change", "brand")])
        assert "brand" in {link["ifname"] for link in links.values()}


@tap.test
def resume():
    """A consumer that comes back with its position gets just what happened meanwhile"""
    setup_links()
    with daemons.Daemon() as daemon:
        with Mirror(daemon.socket) as first:
            first.until_ready()
            position = first.position()
            netns.ip("link set br0 mtu 1400")
            netns.ip("link del br1")
            first.refresh(daemon.socket)
        with Mirror(daemon.socket, since=position) as second:
            second.until_ready()
            tap.equal(second.counts["snapshot"], 0, "snapshots")
            tap.equal(second.events, first.events, "events")
            netns.ip("link set br0 mtu 1300")
            second.until(lambda: len(second.events) > len(first.events), "a new event")
            tap.equal(second.events[-1]["old"]["mtu"], 1400)
        with Mirror(daemon.socket, since=first.position()) as third:
            third.until_sequence(second.sequence)
            tap.equal(names(third.events), [("change", "br0")])


@tap.test
def resume_nowhere():
    """A position of another instance leads to lost, without a count, and a snapshot"""
    setup_links()
    with daemons.Daemon() as daemon:
        since = {"instance": "0" * 32, "sequence": 5}
        with Mirror(daemon.socket, since=since) as mirror:
            mirror.until_ready()
            tap.equal([m.get("lost") for m in mirror.lost], [None])
            tap.equal(ip_links.ours(mirror.links), ip_links.kernel())


def flaps(count):
    """That many changes of br0."""
    netns.batch(f"link set br0 mtu {1400 + n % 2}" for n in range(count))


@tap.test
def resume_too_late():
    """A position that the history no longer reaches leads to lost with the exact count"""
    setup_links()
    with daemons.Daemon("--history-size", "16K") as daemon:
        with Mirror(daemon.socket) as first:
            first.until_ready()
            position = first.position()
            flaps(1000)
            first.refresh(daemon.socket)
        history = daemon.statistics()["history"]
        assert history["bytes"] <= history["bytes_max"] == 16384, history
        assert history["oldest"] > position["sequence"] + 1, history
        with Mirror(daemon.socket, since=position) as second:
            second.until_ready()
            tap.equal([m["lost"] for m in second.lost],
                      [second.lost[0]["position"]["sequence"] - position["sequence"]])
            tap.equal(second.links, first.links, "the links")


def replay(daemon):
    """All replies of Monitor from the oldest event to ready."""
    with varlink.Connection(daemon.socket) as connection:
        connection.send("Monitor", {"from_oldest": True}, more=True)
        messages = [connection.receive()["parameters"]]
        while messages[-1]["type"] != "ready":
            messages.append(connection.receive()["parameters"])
        return messages


@tap.test
def from_oldest():
    """From the oldest event on, Monitor sends what happened, without a snapshot, and goes on; what is
    not held any more is a number"""
    setup_links()
    with daemons.Daemon("--history-size", "64K") as daemon:
        with Mirror(daemon.socket) as mirror:
            mirror.until_ready()
            names = sorted(link["ifname"] for link in mirror.links.values())
            first = replay(daemon)
            tap.equal(sorted(m["link"]["ifname"] for m in first if m["type"] == "add"), names,
                      "what was there is added")
            assert first[-1]["type"] == "ready" and not any(m["type"] == "snapshot" for m in first)
            assert all(m["link"]["since_first_dump"] for m in first if m["type"] == "add"), first
            netns.ip("link set br0 mtu 1300")
            mirror.until_event("change", "br0")
            tap.equal(replay(daemon)[:-1], first[:-1] + mirror.events, "with another event")
            flaps(1000)
            mirror.refresh(daemon.socket)
        lost, *events, ready = replay(daemon)
        tap.equal((lost["type"], lost["lost"]), ("lost", lost["position"]["sequence"]), "lost")
        tap.equal([e["position"]["sequence"] for e in events],
                  list(range(lost["lost"] + 1, ready["position"]["sequence"] + 1)), "events")
        tap.equal({e["type"] for e in events}, {"change"}, "types")


@tap.test
def restart():
    """A consumer that was there before a restart learns that it may have missed something"""
    setup_links()
    with daemons.Daemon() as daemon:
        with Mirror(daemon.socket) as first:
            first.until_ready()
        daemon.kill()
        daemon.start()
        with Mirror(daemon.socket, since=first.position()) as second:
            second.until_ready()
            tap.equal(len(second.lost), 1, "lost")
            assert second.instance != first.instance
            tap.equal(ip_links.ours(second.links), ip_links.ours(first.links), "the links")


@tap.test
def slow_consumer():
    """A consumer that does not read while 20,000 changes happen learns how many it lost, and
    ends with the kernel's truth; one that reads notices nothing of it"""
    setup_links()
    with daemons.Daemon("--history-size", "1M") as daemon, Mirror(daemon.socket) as slow, \
            Mirror(daemon.socket) as quick:
        slow.until_ready()
        quick.until_ready()
        began = slow.sequence
        memory = daemon.memory()
        for _ in range(100):
            flaps(200)
            quick.refresh(daemon.socket)
        tap.equal(quick.lost, [], "what the quick one lost")
        grown = daemon.memory() - memory
        slow.refresh(daemon.socket)
        tap.equal(slow.links, quick.links, "the links")
        lost = sum(m["lost"] for m in slow.lost)
        assert lost > 0, "nothing was lost"
        tap.equal(daemon.statistics()["counters"]["events_lost"], lost, "events_lost")
        # Nothing happened while it was brought up to date: each event was sent, or counted.
        received = len(slow.events)
        tap.equal(received + lost, slow.sequence - began, f"{received} events received, {lost} lost")
        assert grown < 4 << 20 or daemons.SANITIZED, f"{grown} bytes more"
        ip_links.settle(daemon, slow)


@tap.test
def idle_while_blocked():
    """A consumer that does not read costs no CPU time while nothing happens"""
    setup_links()
    with daemons.Daemon("--history-size", "64M") as daemon, Mirror(daemon.socket) as slow:
        slow.until_ready()
        flaps(3000)
        daemon.call("Refresh")
        before = daemon.cpu_seconds()
        # A daemon that spins would use all of this time.
        deadline = daemon.status()["uptime_usec"] + 2_000_000
        wait.until(lambda: daemon.status()["uptime_usec"] > deadline, "time", tick=0.1)
        used = daemon.cpu_seconds() - before
        assert used < 0.5, f"{used} seconds of CPU time in 2 seconds"
        slow.refresh(daemon.socket)


@tap.test
def sessions_max():
    """A connection too many gets the limit that it met, and the others stay; when one ends,
    there is room again"""
    with daemons.Daemon("--sessions-max", "3") as daemon:
        consumers = [Mirror(daemon.socket).until_ready() for _ in range(3)]
        with daemon.connect() as refused:
            try:
                refused.reply()
                raise AssertionError("no limit")
            except varlink.Error as error:
                tap.equal((error.name, error.parameters),
                          (varlink.INTERFACE + ".LimitReached", {"limit": "sessions-max"}))
            assert refused.is_closed()
        netns.ip("link add limit0 type bridge")
        for consumer in consumers:
            consumer.until_event("add", "limit0")
        consumers.pop().close()
        wait.until(lambda: _is_served(daemon), "room for another one")
        for consumer in consumers:
            consumer.close()
        wait.until(lambda: _is_served(daemon), "room for others")
        statistics = daemon.statistics()
        tap.equal(statistics["sessions_max"], 3)
        assert statistics["counters"]["sessions_refused"] >= 1


def _is_served(daemon):
    """Whether a new connection is taken."""
    try:
        return daemon.status()
    except (varlink.Error, varlink.Closed):
        return False


@tap.test
def sessions_per_user():
    """One user's connections are limited apart from the others'"""
    with daemons.Daemon("--sessions-per-user-max", "2") as daemon:
        with Mirror(daemon.socket).until_ready(), Mirror(daemon.socket).until_ready():
            with daemon.connect() as refused:
                try:
                    refused.reply()
                    raise AssertionError("no limit")
                except varlink.Error as error:
                    tap.equal(error.parameters, {"limit": "sessions-per-user-max"})
            if netns.has_other_users():
                os.chmod(daemon.directory, 0o755)
                tap.equal(netns.as_nobody(lambda: "links" in daemon.status()), True)


@tap.test
def no_descriptors():
    """Without free descriptors, connections wait, and are served when one is free again;
    those that stand notice nothing"""
    with daemons.Daemon(wrapper=("prlimit", "--nofile=24:24")) as daemon:
        first = Mirror(daemon.socket).until_ready()
        others = [daemon.connect() for _ in range(30)]
        for other in others:
            other.send("GetStatus")
        served = [o for o in others[:5] if o.reply()["links"]]
        tap.equal(len(served), 5)
        tap.equal(others[-1].has_message(), False, "the last one is served")
        netns.ip("link add full0 type bridge")
        first.until_event("add", "full0")
        before, start = daemon.cpu_seconds(), time.monotonic()
        wait.until(lambda: time.monotonic() > start + 2, "time", tick=0.2)
        used = daemon.cpu_seconds() - before
        assert used < 0.5, f"{used} seconds of CPU time in 2 seconds"
        for other in others[:20]:
            other.close()
        for other in others[20:]:
            assert other.reply()["links"]
            other.close()
        first.refresh(daemon.socket)
        first.close()


@tap.test
def many_consumers():
    """A hundred consumers all end with the kernel's truth, of which some read late and some
    vanish"""
    setup_links()
    with daemons.Daemon("--history-size", "64K") as daemon:
        consumers = [Mirror(daemon.socket) for _ in range(100)]
        stalled, vanishing, reading = consumers[:10], consumers[10:20], consumers[20:]
        for consumer in stalled + reading:
            consumer.until_ready()
        for n in range(20):
            flaps(100)
            netns.ip(f"link add new{n} type bridge")
            for consumer in vanishing[n // 2:n // 2 + 1]:
                consumer.close()
            for consumer in reading:
                while consumer.connection.has_message():
                    consumer.take()
        for consumer in stalled + reading:
            consumer.refresh(daemon.socket)
            tap.equal(ip_links.ours(consumer.links), ip_links.kernel())
            consumer.close()


netns.enter()
tap.main()
