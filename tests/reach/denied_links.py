# SPDX-License-Identifier: LGPL-2.1-or-later
"""linkwatch-run on a native kernel, under a filter that denies subscriptions as gVisor does:
programs that subscribe by themselves see links come, change and go."""


import behaviour
import netns
import programs
import tap
import wait

DENIED = behaviour.deny("--bind", "EACCES", "--join", "ENOPROTOOPT")


def start(kind, daemon):
    """Runs a program, and waits until it is subscribed."""
    return programs.start(kind, daemon, DENIED)


def gives_up(kind):
    """Without linkwatch-run, the same program ends or stays silent: the test is one."""
    netns.delete_all()
    with programs.Running([*DENIED, *kind.command()]) as running:
        running.process.wait(timeout=wait.SECONDS)
        assert running.process.returncode != 0, running.text()


programs.need_run()
netns.enter()
for one in programs.ALL:
    tap.add(f"{one.name}: sees links come, change and go where its subscription is denied",
            behaviour.sees, start, one)
    tap.add(f"{one.name}: gives up there without linkwatch-run", gives_up, one)
tap.main()
