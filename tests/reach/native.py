"""linkwatch-run on a native kernel, under a filter that denies subscriptions as gVisor does:
programs that subscribe by themselves see links come, change and go."""

import daemon as daemons
import netns
import programs
import tap

DENIED = ("--bind", "EACCES", "--join", "ENOPROTOOPT")


def deny():
    """The command line before that of a program."""
    if not programs.os.path.exists(programs.RUN):
        tap.skip_all("linkwatch-run was not built here")
    return [daemons.helper("deny"), *DENIED]


def sees(kind):
    """A veth pair is made, changed and removed after the program started."""
    netns.delete_all()
    with daemons.Daemon() as daemon, programs.start(kind, daemon, deny()) as running:
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


def gives_up(kind):
    """Without linkwatch-run, the same program ends or stays silent: the test is one."""
    netns.delete_all()
    with programs.Running([*deny(), *kind.command()]) as running:
        running.process.wait(timeout=programs.wait.SECONDS)
        assert running.process.returncode != 0, running.text()


netns.enter()
for one in programs.ALL:
    tap.add(f"{one.name}: sees links come, change and go where its subscription is denied", sees,
            one)
    tap.add(f"{one.name}: gives up there without linkwatch-run", gives_up, one)
tap.main()
