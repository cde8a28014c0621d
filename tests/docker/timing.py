# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long "docker run" takes under linkwatch-run, containerd with it, and with a containerd that is
not traced. Natively, it is set beside a subscription that is answered with silence, which is the least
that any remedy can take. gVisor refuses the request, too, that Docker then sends to an address with
groups, and no filter can take them from that. So a container without a network, which subscribes to
nothing, is run with linkwatch-run and without. Nothing fails for being slow."""

import argparse
import contextlib
import os
import subprocess
import sys
import time

import daemon as daemons
import docker
import figures
import netns
import sandbox
import wait

RUN = os.path.join(os.environ["LINKWATCH_BIN"], "linkwatch-run")
CONTAINERD = "/run/own-containerd.sock"
NAMESPACES = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
WITHOUT_RAW = ("setpriv", "--pdeathsig=KILL", "--bounding-set=-net_raw", "--inh-caps=-net_raw")
INSIDE = "inside"


def read_arguments():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--repeat", type=int, default=5, help="starts of dockerd in each way")
    parser.add_argument("--runs", type=int, default=5, help="containers after each of them")
    parser.add_argument("where", nargs="?", choices=("native", "gvisor"), default="native")
    parser.add_argument(INSIDE, nargs="?", choices=(INSIDE,))
    return parser.parse_args()


@contextlib.contextmanager
def containerd(wrapper):
    """One beside dockerd, that nobody traces."""
    log = docker.ROOT / "containerd.log"
    with open(log, "w", encoding="utf-8") as file, subprocess.Popen(
            [*wrapper, "chroot", docker.ROOT / "root", "containerd", "--address", CONTAINERD,
             "--root", "/var/lib/own-containerd", "--state", "/run/own-containerd"],
            stdin=subprocess.DEVNULL, stdout=file, stderr=file) as process:
        try:
            wait.until(lambda: "successfully booted" in log.read_text(encoding="utf-8"), "containerd")
            yield
        finally:
            process.terminate()


def measure(plan, wrapper, options=(), network="bridge"):
    """The mean seconds of a container with one command, from docker run to its end."""
    container = ("--rm", "--network", network, docker.IMAGE, "echo")
    docker.forget_networks()
    with docker.Engine(wrapper=wrapper, options=options) as engine:
        engine.load()
        engine.run(*container)
        began = time.monotonic()
        for _ in range(plan.runs):
            engine.run(*container)
        return (time.monotonic() - began) / plan.runs


def measure_all(plan):
    """Prints the table."""
    netns.ip("link set lo up")
    docker.prepare()
    # Programs need no bind(): who sends is bound by that.
    silent = (daemons.helper("deny"), "--bind-any", "0", "--join", "0")
    denied = (daemons.helper("deny"), "--bind", "EACCES", "--join", "ENOPROTOOPT")
    denied = () if plan.where == "gvisor" else denied
    with daemons.Daemon() as daemon:
        ours = (*denied, RUN, "--socket", daemon.socket)

        def outside():
            with containerd(denied):
                return measure(plan, ours, (f"--containerd={CONTAINERD}",))

        contenders = {"ours": lambda: measure(plan, ours), "outside": outside,
                      "none": lambda: measure(plan, ours, network="none"),
                      "plain": lambda: measure(plan, denied, network="none")}
        if plan.where == "native":
            contenders["silent"] = lambda: measure(plan, silent)
        runs = figures.interleave(plan, contenders)
    what = f"docker run, {plan.where}"
    silence = ("a silent subscription", runs["silent"], 1.1) if "silent" in runs else ()
    print("\n".join(figures.lines([
        figures.Row(what, "s", runs["ours"], *silence),
        figures.Row(f"{what}, containerd not traced", "s", runs["outside"], *silence),
        figures.Row(f"{what}, without a network", "s", runs["none"], "dockerd alone", runs["plain"], 1.1),
    ])), flush=True)


def main():
    """Goes where it is to be measured, and measures."""
    plan = read_arguments()
    if plan.inside:
        measure_all(plan)
        return 0
    docker.fetch()
    again = [sys.executable, os.path.abspath(__file__), f"--repeat={plan.repeat}",
             f"--runs={plan.runs}", plan.where, INSIDE]
    if plan.where == "gvisor":
        again = sandbox.command("trixie", *again, platform="systrap", wrapper=WITHOUT_RAW)
    else:
        again = [*NAMESPACES, *again]
    return subprocess.run(again, check=False, stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main())
