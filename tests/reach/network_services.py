# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatch-run with network services that we didn't write, as Debian packages them, where
the kernel denies subscriptions: they end without it, and follow links with it."""

import contextlib
import itertools
import os
import pathlib
import re
import shlex
import shutil
import tempfile

import avahi
import daemon as daemons
import manual
import netns
import programs
import tap
import wait

DENIED = ("--bind", "EACCES", "--join", "ENOPROTOOPT")
SAID = (r"^linkwatch-run: the program subscribes to more than links and addresses; other updates will "
        r"not arrive$")
# Its devices' updates come by groups of another protocol, which gVisor doesn't deny.
JOIN_DENIED = ("--join", "ENOPROTOOPT")
KEEPALIVED_CONFIG = """
net_namespace %s
vrrp_instance tested {
    interface %s
    virtual_router_id 1
    virtual_ipaddress {
        192.0.2.100/24
    }
}
"""


def deny(denied=DENIED):
    """The command line before that of a program; a crash leaves no file."""
    return ["prlimit", "--core=0", daemons.helper("deny"), *denied]


def service(name, package):
    """The path of a service."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/lib/systemd") or name
    if not os.path.exists(path):
        raise tap.Skip(f"there is no {name}; Debian: {package}")
    # In a user namespace there is no other user to become.
    if not netns.has_other_users():
        raise tap.Skip("services drop their privilege, for which root is needed")
    return path


def dhcpcd():
    """The command of dhcpcd, in the foreground, without what its hooks do to the machine."""
    return [service("dhcpcd", "dhcpcd-base"), "--nobackground", "--debug", "--config",
            "/dev/null", "--script", "/bin/true", "--nodev"]


def networkd():
    """The command of systemd-networkd, which logs what it sees."""
    os.makedirs("/run/systemd", exist_ok=True)
    return ["env", "SYSTEMD_LOG_LEVEL=debug", "SYSTEMD_LOG_TARGET=console",
            service("systemd-networkd", "systemd")]


def keepalived(namespace, link):
    """The command of keepalived, in a named network namespace, with an address of that link's."""
    program = service("keepalived", "keepalived")
    config = os.path.join(SCRATCH, "keepalived.conf")
    pathlib.Path(config).write_text(KEEPALIVED_CONFIG % (namespace, link), encoding="ascii")
    return [program, "--dont-fork", "--log-console", "--log-detail", "--vrrp", "--use-file", config,
            "--pid", os.path.join(SCRATCH, "keepalived.pid"),
            "--vrrp_pid", os.path.join(SCRATCH, "vrrp.pid")]


def end(process):
    """Ends a service. dhcpcd 9 loses a signal that comes while it waits for another process of
    its own, also where nothing traces it: repeated until it has it."""
    def ended():
        process.terminate()
        return process.poll() is not None

    wait.until(ended, "its end")


@contextlib.contextmanager
def under_run(daemon, command, denied=DENIED, options=()):
    """A service under linkwatch-run, for as long as the context stands."""
    with programs.Running([*deny(denied), *programs.command(daemon.socket, options=options),
                           *command]) as running:
        try:
            yield running
        finally:
            end(running.process)


def gives_up(command, denied=DENIED):
    """Without linkwatch-run the service ends with a failure: the other tests are some."""
    with programs.Running([*deny(denied), *command()]) as running:
        running.process.wait(timeout=wait.SECONDS)
        assert running.process.returncode != 0, running.text()


@tap.test
def avahi_follows():
    """avahi-daemon leaves and joins the group of a link that goes down, comes up and is removed"""
    command = avahi.command(SCRATCH)
    netns.ip("link add one type bridge")
    netns.ip("address add 192.0.2.1/24 dev one")
    netns.ip("link set one up")
    with daemons.Daemon() as daemon, under_run(daemon, command) as running:
        running.until(r"^New relevant interface one\.IPv4 for mDNS", "the link")
        netns.ip("link set one down")
        running.until(r"^Interface one\.IPv4 no longer relevant for mDNS", "its going down")
        running.forget()
        netns.ip("link set one up")
        running.until(r"^New relevant interface one\.IPv4 for mDNS", "its coming up")
        running.forget()
        netns.ip("link del one")
        running.until(r"^Leaving mDNS multicast group on interface one\.IPv4 ", "its removal")


@tap.test
def avahi_publishes():
    """avahi-daemon publishes an address that was added later, and withdraws it when it is removed"""
    command = avahi.command(SCRATCH)
    netns.ip("link add one type bridge")
    netns.ip("link set one up")
    with daemons.Daemon() as daemon, under_run(daemon, command) as running:
        avahi.publishes(running, "one", ("192.0.2.7/24", "2001:db8::7/64"))
    netns.ip("link del one")


@tap.test
def dhcpcd_follows():
    """dhcpcd, in several processes and in a sandbox of its own, takes on a link that appears
    and lets go of one that is removed"""
    command = dhcpcd()
    netns.ip("link add first type veth peer name second")
    with daemons.Daemon() as daemon, under_run(daemon, command) as running:
        running.until(SAID, "its other groups")
        # Then it has listed the links that it found.
        running.until(r"^first: executing: /bin/true PREINIT$", "the first link")
        netns.ip("link add one type veth peer name two")
        running.until("^one: interface added$", "the link")
        running.until("^one: waiting for carrier$|^one: carrier acquired$|^one: IAID ", "its use")
        netns.ip("link del one")
        running.until("^one: interface departed$", "its removal")
        running.until("^two: interface departed$", "its peer's removal")
    netns.delete_all()


def as_documented(line):
    """A command of linkwatch-run(1), where the kernel denies subscriptions: it reports links that come
    and go."""
    if "dhcpcd" in line:
        with open(os.path.join(SCRATCH, "dhcpcd"), "w", encoding="ascii") as file:
            file.write(f'#!/bin/sh\nexec {shlex.join(dhcpcd())} "$@"\n')
        os.chmod(file.name, 0o755)
    path = f"{SCRATCH}:{os.path.dirname(programs.RUN)}:{os.environ['PATH']}"
    commands = itertools.cycle(("link add one type veth peer name two", "link del one"))
    with daemons.Daemon() as daemon, \
            programs.Running([*deny(), *shlex.split(line)],
                             env=dict(os.environ, PATH=path, LINKWATCH_SOCKET=daemon.socket)) as running:
        def has_reported():
            netns.ip(next(commands))
            return re.search(r"^Deleted \d+: one@two|^one: interface departed$", running.text(), re.MULTILINE)

        # It is not known when it has subscribed.
        wait.until(has_reported, "its reports", tick=0.3)
        end(running.process)
    netns.delete_all()


for _line in "".join(manual.examples("linkwatch-run.1", "shell")).splitlines():
    tap.add(f"A command of linkwatch-run(1) reports links: {_line}", as_documented, _line)


@contextlib.contextmanager
def own_namespace():
    """A named namespace with a link that has an address and a carrier; ip(8) in there."""
    netns.ip("netns add own")
    try:
        for command in ("link add one type veth peer name two", "address add 192.0.2.1/24 dev one",
                        "link set two up", "link set one up"):
            netns.ip("-n own " + command)
        yield lambda command: netns.ip("-n own " + command)
    finally:
        netns.ip("netns del own")


@tap.test
def keepalived_follows():
    """keepalived in a namespace of its own enters the fault state when its link goes down"""
    with daemons.Daemon() as daemon, own_namespace() as run, \
            under_run(daemon, keepalived("own", "one")) as running:
        running.until("Entering MASTER STATE", "the master's state")
        run("link set one down")
        running.until("Entering FAULT STATE", "the fault")
        run("link set one up")
        running.until("Entering BACKUP STATE", "the end of the fault")


@tap.test
def keepalived_alone():
    """Without linkwatch-run, keepalived stays master there though its link is down"""
    with own_namespace() as run, \
            programs.Running([*deny(), *keepalived("own", "one")]) as running:
        running.until("Entering MASTER STATE", "the master's state")
        run("link set one down")
        running.until("Network is down", "what it sends")
        assert "FAULT" not in running.text(), running.text()
        end(running.process)


def networkd_follows(options):
    """A link is added, renamed, set up and removed."""
    command = networkd()
    with daemons.Daemon() as daemon, under_run(daemon, command, JOIN_DENIED, options) as running:
        running.until("^lo: ", "the first links")
        netns.ip("link add name one type ifb")
        running.until("^one: ", "the link")
        netns.ip("link set one name uno")
        running.until("^one: Interface name change detected, renamed to uno", "its name")
        netns.ip("link set uno up")
        running.until("^uno: Link UP", "its going up")
        netns.ip("link del uno")
        running.until("^uno: Link DOWN", "its going down")
        running.until("^uno: State changed: .* -> linger", "its removal")
    netns.delete_all()


programs.need_run()
avahi.fetch()
netns.enter()
# What they write of themselves is nobody else's.
netns.run("mount", "-t", "tmpfs", "none", "/run")
if os.path.isdir("/var/lib/dhcpcd"):
    netns.run("mount", "-t", "tmpfs", "none", "/var/lib/dhcpcd")
netns.ip("link set lo up")
SCRATCH = tempfile.mkdtemp(dir="/run")
tap.add("avahi-daemon ends there without linkwatch-run", gives_up, lambda: avahi.command(SCRATCH))
tap.add("dhcpcd ends there without linkwatch-run", gives_up, dhcpcd)
tap.add("systemd-networkd ends there without linkwatch-run", gives_up, networkd, JOIN_DENIED)
for _options in programs.HELPS.values():
    tap.add(f"systemd-networkd sees links come, change and go {' '.join(_options)}".strip(),
            networkd_follows, _options)
tap.main()
