# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mirrors of the real daemon, while links come and go and the daemon is killed."""

import random

import fake
import netns
import tap
import wait
from daemon import Daemon

netns.enter()

ROUNDS = 6
CHANGES = 40


def churn(names, chance):
    """One change that the kernel can make; names are the links there are."""
    if len(names) < 4 or (len(names) < 12 and chance.random() < 0.3):
        name = f"v{chance.randrange(10**6)}"
        netns.ip(f"link add {name} type bridge")
        names.append(name)
        return
    name = chance.choice(names)
    what = chance.randrange(5)
    if what == 0:
        netns.ip(f"link del {name}")
        names.remove(name)
    elif what == 1:
        netns.ip(f"link set {name} mtu {chance.randrange(1000, 1500)}")
    elif what == 2:
        new = f"w{chance.randrange(10**6)}"
        netns.ip(f"link set {name} down")
        netns.ip(f"link set {name} name {new}")
        names[names.index(name)] = new
    else:
        netns.ip(f"link set {name} {'up' if what == 3 else 'down'}")


class Mirror:
    """The driver's mirror, whose events are checked by itself; here its outcome is."""

    def __init__(self, path, *globs):
        command = [f"{fake.BUILD}/driver", "mirror", path, *globs]
        self.program = fake.Program(command)

    def held(self):
        """The links that it holds now, by index, or None where it isn't ready."""
        self.program.ask()
        while True:
            line = self.program.line()
            assert "WRONG" not in line, line
            if line.startswith("held"):
                break
        if line.endswith("(not ready)"):
            return None
        return dict(entry.split(":", 1) for entry in line.split()[1:])


def truth(prefix=""):
    """The same from iproute2."""
    return {str(index): link["ifname"] for index, link in netns.links().items()
            if link["ifname"].startswith(prefix)}


@tap.test
def killed():
    """Killed under churn and started anew, the daemon leaves each mirror right in the end,
    also one that holds changes back."""
    chance = random.Random(4)
    names = []
    with Daemon() as daemon:
        mirrors = [(Mirror(daemon.socket), ""), (Mirror(daemon.socket), ""),
                   (Mirror(daemon.socket, "w*"), "w"), (Mirror(daemon.socket, "--hold", "20"), ""),
                   (Mirror(daemon.socket, "--hold", "100"), ""),
                   (Mirror(daemon.socket, "--hold", "20", "w*"), "w")]
        for _ in range(ROUNDS):
            for _ in range(CHANGES):
                churn(names, chance)
            daemon.kill()
            for _ in range(CHANGES // 4):
                churn(names, chance)
            daemon.start()
        for _ in range(CHANGES):
            churn(names, chance)
        daemon.call("Refresh")
        for mirror, prefix in mirrors:
            wait.until(lambda m=mirror, p=prefix: m.held() == truth(p), "the kernel's truth")
            mirror.program.end()


tap.main()
