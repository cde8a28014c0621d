# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatch-run in a gVisor sandbox: python3 sandboxed_run.py RELEASE, run in one by the tests
beside this. Its kernel denies subscriptions; the release's tools decide what can be done to links."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

import avahi
import behaviour
import daemon as daemons
import documents
import netns
import programs
import rtnl
import tap
import updates
import wait

RELEASE = sys.argv.pop(1)


def sees_tap(kind, options=()):
    """A TAP link comes and goes after the program started."""
    with daemons.Daemon() as daemon, programs.start(kind, daemon, options=options) as running:
        for n in range(3):
            with rtnl.Tap(f"tap{n}"):
                programs.see(running, kind, f"tap{n}")
            programs.see_gone(running, kind, f"tap{n}")


def sees_veth(kind, options=()):
    """A veth pair comes, changes and goes after the program started."""
    with daemons.Daemon() as daemon, programs.start(kind, daemon, options=options) as running:
        netns.ip("link add one type veth peer name two")
        programs.see(running, kind, "one")
        programs.see(running, kind, "two")
        netns.ip("link set one mtu 1400")
        programs.see(running, kind, "one", netns.link("one")["mtu"])
        netns.ip("link set two name three")
        programs.see(running, kind, "three")
        netns.ip("link del one")
        programs.see_gone(running, kind, "one")
        programs.see_gone(running, kind, "three")


def sees_index(name):
    """A TAP link comes and goes, and is known by its index."""
    kind = programs.way(name)
    with daemons.Daemon() as daemon, \
            programs.start(kind, daemon, options=("--preload",)) as running:
        for n in range(3):
            with rtnl.Tap(f"tap{n}"):
                index = netns.link(f"tap{n}")["ifindex"]
                programs.see(running, kind, index)
            programs.see_gone(running, kind, index)


def comes_from_group(name, options):
    """A TAP link comes and goes. The kernel refuses NETLINK_PKTINFO."""
    with daemons.Daemon() as daemon, \
            programs.start(programs.origin(name), daemon, options=options) as running:
        with rtnl.Tap("tap0"):
            wait.until(lambda: programs.updates_of(running), "the update")
        wait.until(lambda: programs.updates_of(running)[-1].kind == updates.DELLINK, "its removal")
        origins = {tuple(line.split()[:3]) for line in running.text().splitlines()
                   if len(line.split()) == 5}
        tap.equal(origins, {("0", "1", "-" if name == "recvfrom" else "1")})
        assert not programs.updates_of(running)[-1].flags & updates.IFF_UP


def helper_ends():
    """A preloaded program's helper ends with it"""
    with daemons.Daemon() as daemon, \
            programs.start(programs.LIBNL, daemon, options=("--preload",)) as running:
        helper = programs.helper_of(running.process)
        assert helper
    wait.until(lambda: programs.helper_of(running.process) == 0, "the end of the helper")


def sees_in_cache(see):
    """libnl's cache manager begins with a dump of its own."""
    text = subprocess.run(programs.built("subscriber", "dump"), capture_output=True, text=True,
                          check=False).stderr
    if "mismatch" in text:
        raise tap.Skip(f"libnl's own dump of the links fails in this kernel: {text.strip()}")
    see(programs.LIBNL_CACHE)


def many_threads():
    """A program with 200 threads that forks, executes and subscribes sees all links come and go"""
    kind = programs.threads(200)
    with daemons.Daemon() as daemon, programs.start(kind, daemon) as running:
        for n in range(5):
            with rtnl.Tap(f"tap{n}"):
                index = netns.link(f"tap{n}")["ifindex"]
                programs.see(running, kind, index)
            programs.see_gone(running, kind, index)
        assert "failed" not in running.text() and "error" not in running.text()


def handed():
    """Who is handed a subscription in a message receives nothing but a message about lo"""
    kind = programs.situation("handed")
    with daemons.Daemon() as daemon, programs.start(kind, daemon) as running:
        with rtnl.Tap("tap0"):
            running.until(r"^handed 16 1$", "what the child received")
            programs.see(running, kind, netns.link("tap0")["ifindex"])


def replaced(options):
    """A TAP link comes."""
    kind = programs.situation("replaced")
    with daemons.Daemon() as daemon, programs.start(kind, daemon, options=options) as running:
        with rtnl.Tap("tap0"):
            programs.see(running, kind, netns.link("tap0")["ifindex"])


def renounced():
    """A program that subscribed and gave its privileges up gains none by what it sends to groups"""
    with daemons.Daemon() as daemon, rtnl.Tap("tap0"):
        kind = programs.situation("renounced", str(netns.link("tap0")["ifindex"]))
        with programs.start(kind, daemon) as running:
            for name in ("sendto", "sendmsg", "sendmmsg", "write"):
                running.until(f"^{name} 17 E(PERM|ACCES)$", f"the error that {name} meets")
                running.until(f"^{name} 18 ", f"the answer to a question by {name}")
            assert netns.link("tap0"), "it was removed"


def turmoil(what, rounds):
    """A program whose threads use sockets while that happens to it."""
    result = subprocess.run([programs.RUN, "--socket", "/nonexistent/socket", "--",
                             *programs.built("turmoil", what, str(rounds), "1")],
                            capture_output=True, text=True, check=False)
    tap.equal((result.returncode, result.stdout), (0, "done\n"), result.stderr)


def _lingering(peer):
    """A TCP socket whose close() waits: its peer doesn't read."""
    end = socket.create_connection(peer.getsockname())
    end.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            end.send(b"x" * 65536)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 10000))
    return end


def _tracers_addresses():
    with open("/proc/net/unix", encoding="utf-8") as file:
        return ["\0" + line.split("@", 1)[1].strip() for line in file if "@linkwatch-run" in line]


def _flood(ready, over, sent):
    """Sends descriptors that linger to each socket of a tracer, as soon as it is there."""
    with socket.create_server(("127.0.0.1", 0)) as peer, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        end = _lingering(peer)
        ready.set()
        while not over.is_set():
            for address in _tracers_addresses():
                with contextlib.suppress(OSError):
                    # Not send_fds(): that forgets the address.
                    sender.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                             struct.pack("i", end.fileno()))], 0, address)
                    sent.append(address)
                    end.close()
                    end = _lingering(peer)


def flooded():
    """Who sends descriptors that linger to the tracer's sockets doesn't hold it up"""
    ready, over, sent = threading.Event(), threading.Event(), []
    threading.Thread(target=_flood, args=(ready, over, sent), daemon=True).start()
    assert ready.wait(wait.SECONDS)
    try:
        result = subprocess.run([programs.RUN, "--socket", "/nonexistent/socket", "--",
                                 *programs.built("turmoil", "exit", "100", "1")],
                                capture_output=True, text=True, check=False, timeout=200)
    finally:
        over.set()
    # Subscriptions may stay denied.
    tap.equal((result.returncode, result.stdout.splitlines()[-1]), (0, "done"), result.stderr)
    print(f"# {len(sent)} descriptors were sent, to {len(set(sent))} sockets")


def through_signals():
    """Signals don't end the subscription of a Go program, though the kernel interrupts"""
    with daemons.Daemon() as daemon, programs.start(programs.GO, daemon) as running:
        for n in range(20):
            # What Go's own scheduler sends.
            running.process.send_signal(signal.SIGURG)
            with rtnl.Tap(f"tap{n}"):
                running.process.send_signal(signal.SIGURG)
                programs.see(running, programs.GO, f"tap{n}")
            running.process.send_signal(signal.SIGURG)
            programs.see_gone(running, programs.GO, f"tap{n}")
        assert "error" not in running.text(), running.text()


def sees_addresses(kind, options=()):
    """Addresses come and go."""
    with rtnl.Tap("tap0"):
        behaviour.sees_addresses(lambda kind, daemon: programs.start(kind, daemon, options=options),
                                 kind, "tap0")


def avahi_publishes():
    """avahi-daemon publishes an address that was added later, and withdraws it when it is removed"""
    command = avahi.command(tempfile.mkdtemp(dir="/run"))
    kind = programs.Kind("avahi-daemon", lambda: command, None, None)
    with daemons.Daemon() as daemon, programs.start(kind, daemon) as running:
        # Of the links that can be made here it takes none for usable.
        avahi.publishes(running, "lo", ("192.0.2.7/24",))


def by_link(lines):
    """The updates that ip monitor printed, by the names of their links. This kernel proves one by one that
    links are gone: the removal of one end may come before the other end is taken down."""
    updates = {}
    for first, second in zip(lines[::2], lines[1::2]):
        updates.setdefault(first.split(": ")[1], []).append((first, second))
    return updates


def as_documented():
    """ip monitor prints what the README shows"""
    _command, *shown = documents.block("README.md", "# build/linkwatch-run ip monitor link")
    # ip(8) asks for the number of each namespace that has a name, and prints that this kernel knows none. The
    # names are those of the host.
    if os.path.isdir("/run/netns"):
        netns.run("mount", "-t", "tmpfs", "none", "/run/netns")
    with daemons.Daemon() as daemon, programs.start(programs.IP, daemon) as running:
        for command, count in (("add veth0 type veth peer name veth1", 4), ("set veth0 name uplink", 6),
                               ("del uplink", len(shown))):
            netns.ip("link " + command)
            wait.until(lambda count=count: len(running.text().splitlines()) >= count, command)
        tap.equal(*(by_link(documents.comparable(lines))
                    for lines in (running.text().splitlines(), shown)), "updates of each link")


see_link, doings = (sees_tap, "come and go") if RELEASE == "bookworm" else (
    sees_veth, "come, change and go")
for one in programs.ALL:
    name = f"{one.name}: sees links {doings} in a kernel that denies its subscription"
    if one is programs.LIBNL_CACHE:
        tap.add(name, sees_in_cache, see_link)
    else:
        tap.add(name, see_link, one)
for one in (programs.IP, programs.PYROUTE2, programs.LIBNL):
    tap.add(f"{one.name}, preloaded: sees links {doings}", see_link, one, ("--preload",))
for one in programs.ADDRESSES:
    tap.add(f"{one.name}: sees addresses come and go", sees_addresses, one)
    if "Go" not in one.name:
        tap.add(f"{one.name}, preloaded: sees addresses come and go", sees_addresses, one, ("--preload",))
for each in ("recvfrom", "recvmsg", "recvmmsg", "peek", "short"):
    tap.add(f"Preloaded, received by {each}: sees links {doings}", sees_index, each)
for _options in programs.HELPS.values():
    for each in ("recvmsg", "recvfrom", "recvmmsg"):
        tap.add(f"An update comes from the group of links, received by {each} {' '.join(_options)}"
                .strip(), comes_from_group, each, _options)
for help_name, _options in programs.HELPS.items():
    tap.add(f"The port of a socket that was closed in a way that nobody saw is free: {help_name}", replaced,
            _options)
if RELEASE != "bookworm":
    tap.test(as_documented)
tap.test(avahi_publishes)
tap.test(helper_ends)
tap.test(many_threads)
tap.test(through_signals)
tap.test(handed)
tap.test(renounced)
tap.test(flooded)
for happens, number in (("exit", 30), ("kill", 30), ("exec", 60), ("confine", 30),
                        ("stop", 100)):
    tap.add(f"Threads that use sockets don't hold each other up: {happens}", turmoil, happens,
            number)
tap.main()
