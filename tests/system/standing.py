"""Whom the daemon believes, when it looks, and what it makes of what it sees."""

import signal

import daemon as daemons
import netns
import picture
import tap
import wait
from mirror import Mirror

# With these, an honest subscription is trusted after a few looks.
QUICK = ("--interval-min", "50ms", "--audit-interval", "400ms")
# With these, nothing is looked at unless somebody asks.
RARE = ("--interval-min", "1h", "--interval-max", "1h", "--audit-interval", "1h")


def denied(error, *options):
    """A daemon whose kernel answers so when it joins."""
    return daemons.Daemon(*options, wrapper=(daemons.helper("deny"), "--join", error))


def churn(count):
    """So many changes at full speed, of links that come and go, are renamed and set up and down;
    most are quick ones, so that the others don't decide how long it takes."""
    lines = ["link add churn0 type veth peer name churn1", "link add churn2 type bridge"]
    while len(lines) < count:
        n = len(lines)
        lines += [f"link set churn{n % 3} mtu {1400 + n % 97}",
                  f"link set churn{n % 3} address 02:00:00:00:{n // 256 % 256:02x}:{n % 256:02x}"]
        if n % 50 == 0:
            lines += ["link set churn1 name other", "link set other name churn1"]
        if n % 500 == 0:
            lines += ["link set churn0 up", "link set churn1 up", "link set churn0 master churn2",
                      "link set churn0 nomaster", "link set churn0 down", "link set churn1 down"]
    netns.batch(lines[:count - 2] + ["link del churn1", "link del churn2"])


def standing(daemon):
    """The standing at present."""
    return daemon.status()["source"]["standing"]


def until_standing(daemon, wanted):
    """Waits for that standing."""
    wait.until(lambda: standing(daemon) == wanted, f"the standing {wanted}")


@tap.test
def trusted():
    """A subscription that looks agree with becomes trusted, and then looks are rare"""
    with daemons.Daemon(*QUICK) as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        until_standing(daemon, "trusted")
        status = daemon.status()
        tap.equal((status["cadence"], status["interval_usec"]), ("audit", 400_000))
        mirror.until(lambda: any(e["type"] == "source" and e["source"]["standing"] == "trusted"
                                 for e in mirror.events), "the event that tells it")
        netns.ip("link add trusted0 type bridge")
        tap.equal(mirror.until_event("add", "trusted0")["learned"], "notification")


@tap.test
def silent():
    """A subscription that was accepted and tells nothing becomes incomplete with the first link
    that only a look shows, also when it was trusted before"""
    for wait_for in ("unproven", "trusted"):
        with denied("0", *QUICK) as daemon, Mirror(daemon.socket) as mirror:
            mirror.until_ready()
            until_standing(daemon, wait_for)
            netns.ip("link add silent0 type bridge")
            tap.equal(mirror.until_event("add", "silent0")["learned"], "dump")
            until_standing(daemon, "incomplete")
            tap.equal(daemon.status()["cadence"], "polling")
            assert daemon.status()["counters"]["contradictions"] >= 1
            netns.ip("link del silent0")
            mirror.until_event("remove", "silent0")


@tap.test
def polling_detects():
    """Where joining is denied, changes are told without anybody asking, as learned by a dump"""
    with denied("EACCES") as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        netns.ip("link add poll0 type bridge")
        tap.equal(mirror.until_event("add", "poll0")["learned"], "dump")
        netns.ip("link set poll0 mtu 1400")
        tap.equal(mirror.until_event("change", "poll0")["old"], {"mtu": 1500})
        netns.ip("link del poll0")
        mirror.until_event("remove", "poll0")


@tap.test
def idle():
    """Where joining is denied, it looks as rarely as allowed while nobody listens, and at once
    when somebody comes"""
    options = ("--interval-min", "50ms", "--interval-max", "1h")
    with denied("EACCES", *options) as daemon:
        netns.ip("link add idle0 type bridge")
        with Mirror(daemon.socket) as mirror:
            mirror.until(lambda: "idle0" in {l["ifname"] for l in mirror.links.values()} or
                         any(e["type"] == "add" for e in mirror.events), "idle0")
        netns.ip("link del idle0")


@tap.test
def flaps():
    """A carrier that went and came back between two looks is told as so many flaps"""
    netns.ip("link add flap0 type veth peer name flap1")
    netns.ip("link set flap0 up")
    netns.ip("link set flap1 up")
    with denied("EACCES", *RARE) as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        picture.settle(daemon, mirror)
        before = len(mirror.events)
        for _ in range(3):
            netns.ip("link set flap1 down")
            netns.ip("link set flap1 up")
        wait.until(lambda: netns.link("flap0")["operstate"] == "UP", "an operational link")
        picture.settle(daemon, mirror)
        told = [e for e in mirror.events[before:] if e["link"]["ifname"] == "flap0"]
        tap.equal(sum(e.get("flaps", 0) for e in told), 6, f"flaps in {told}")
    netns.ip("link del flap0")


@tap.test
def same_index():
    """Another link that took over an index between two looks is a remove and an add"""
    netns.ip("link add old0 index 5000 type bridge")
    with denied("EACCES", *RARE) as daemon, Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        netns.ip("link del old0")
        netns.ip("link add new0 index 5000 type veth peer name new1")
        mirror.refresh(daemon.socket)
        tap.equal([(e["type"], e["link"]["ifname"]) for e in mirror.events
                   if e["link"]["ifindex"] == 5000], [("remove", "old0"), ("add", "new0")])
    netns.ip("link del new0")


@tap.test
def honest():
    """200,000 changes on an honest kernel, with looks all the time, are not one contradiction"""
    count = 40_000 if daemons.SANITIZED else 200_000
    options = ("--interval-min", "10ms", "--interval-max", "10ms", "--audit-interval", "10ms",
               "--budget", "100%")
    with daemons.Daemon(*options) as daemon, Mirror(daemon.socket, filter={"names": ["lo"]}) as m:
        m.until_ready()
        for _ in range(count // 4000):
            churn(4000)
            assert standing(daemon) in ("unproven", "trusted"), daemon.status()
        status = daemon.status()
        tap.equal(status["counters"]["contradictions"], 0, "contradictions")
        assert status["counters"]["dumps"] > 100, status
        tap.diag(f"{count} changes, {status['counters']}")
    with daemons.Daemon() as daemon, Mirror(daemon.socket) as mirror:
        picture.settle(daemon, mirror.until_ready())


@tap.test
def overrun():
    """Overruns of a tiny receive buffer lead to a new look and the right picture; they are
    counted, and no trust is lost"""
    netns.ip("link add flood0 type bridge")
    with daemons.Daemon("--receive-buffer", "1K", *QUICK) as daemon, \
            Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        for n in range(10):
            daemon.signal(signal.SIGSTOP)
            churn(400)
            netns.ip(f"link set flood0 mtu {1400 + n}")
            daemon.signal(signal.SIGCONT)
            picture.settle(daemon, mirror)
        status = daemon.status()
        assert status["counters"]["overruns"] >= 1, status
        tap.equal(status["counters"]["contradictions"], 0, "contradictions")
        assert standing(daemon) in ("unproven", "trusted"), status
        assert status["receive_buffer"] < 65536, status
    netns.ip("link del flood0")


@tap.test
def flood():
    """Under a flood with a tiny receive buffer it comes to the right picture by itself, without
    spinning"""
    with daemons.Daemon("--receive-buffer", "1K", *QUICK) as daemon, \
            Mirror(daemon.socket) as mirror:
        mirror.until_ready()
        for _ in range(10):
            churn(2000)
        netns.ip("link add after0 type bridge")
        mirror.until_event("add", "after0")
        picture.settle(daemon, mirror)
        tap.equal(daemon.status()["counters"]["contradictions"], 0, "contradictions")
        before, start = daemon.cpu_seconds(), daemon.status()["uptime_usec"]
        wait.until(lambda: daemon.status()["uptime_usec"] > start + 2_000_000, "time", tick=0.2)
        used = daemon.cpu_seconds() - before
        assert used < 0.4, f"{used} seconds of CPU time in 2 seconds after a flood"
    netns.ip("link del after0")


netns.enter()
tap.main()
