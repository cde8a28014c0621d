# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is measured: each function does one thing side by side with its peers or its limit."""

import contextlib
import os
import subprocess
import time

import address_costs
import journal_costs
import reach
import stage as stages
from figures import Row, interleave


# Within which a change in a namespace is to be seen: in any, and in one where something happened.
NAMESPACE_MSEC = 5000
ACTIVE_NAMESPACE_MSEC = 100
# Of a change of the MTU, as the daemon writes it.
EVENT_BYTES = 650


def _delay(stage, samples, gap, *way, cpus=None):
    program = stage.program("delay", stage.first, samples, gap, *way).wait_ready()
    os.sched_setaffinity(program.process.pid, cpus or os.sched_getaffinity(0))
    return program.go().result()


def event_delay(plan):
    """From the request to the kernel to the event's being read by one consumer. The sender and
    who reads it are held on their CPUs: where the scheduler puts them by itself, which is settled
    by chance for a whole run, makes more of a difference than all they do."""
    stage = plan.stage(plan.few)
    cpus = sorted(os.sched_getaffinity(0))

    def ours(sender, reader):
        with stage.daemon() as daemon:
            os.sched_setaffinity(daemon.pid, {sender})
            return _delay(stage, plan.samples, 0, "varlink", daemon.path, cpus={reader})

    def monitor(sender, reader):
        return _delay(stage, plan.samples, 0, "pipe", "taskset", "-c", sender,
                      "ip", "monitor", "link", cpus={reader})

    def forward(sender, reader):
        path = os.path.join(plan.directory, "forward")
        forwarder = stage.program("forward", path, EVENT_BYTES).wait_ready().process
        try:
            os.sched_setaffinity(forwarder.pid, {sender})
            return _delay(stage, plan.samples, 0, "varlink", path, cpus={reader})
        finally:
            forwarder.wait()
            os.unlink(path)

    for name, sender in (("on one CPU", cpus[0]), ("from CPU to CPU", cpus[-1])):
        runs = interleave(plan, {
            "forward": lambda: forward(sender, cpus[0]),
            "raw": lambda: _delay(stage, plan.samples, 0, "raw", cpus={cpus[0]}),
            "ip": lambda: monitor(sender, cpus[0]),
            "ours": lambda: ours(sender, cpus[0]),
        })
        median = {way: [run["delay_p50"] for run in runs[way]] for way in runs}
        worst = {way: [run["delay_p99"] for run in runs[way]] for way in runs}
        name = f"event delay {name}"
        yield Row(f"{name}, median", "µs", median["ours"], "ip monitor", median["ip"], at_most=1.0)
        yield Row(f"{name}, p99", "µs", worst["ours"], "ip monitor", worst["ip"], at_most=1.0)
        yield Row(f"{name}, median", "µs", median["ours"], "forwarding alone", median["forward"])
        yield Row(f"forwarding alone {name[len('event delay '):]}, median", "µs", median["forward"],
                  "ip monitor", median["ip"])
        if sender == cpus[0]:
            yield Row(f"{name}, median", "µs", median["ours"], "raw listener", median["raw"],
                      at_most=2.5)


def _full_rate_raw(plan, stage):
    listener = stage.program("raw_listen", plan.changes).wait_ready().go()
    start = stage.churn(plan.changes)["start"]
    heard = listener.result()
    return {"rate": heard["changes"] / (heard["last"] - start),
            "missing": plan.changes - heard["changes"]}


def _full_rate_ours(plan, stage):
    with stage.daemon() as daemon:
        reader = stage.program("monitor", daemon.path, plan.changes).wait_ready().go()
        start = stage.churn(plan.changes)["start"]
        read = reader.result()
    return {"rate": read["changes"] / (read["last"] - start),
            "missing": plan.changes - read["changes"]}


def _full_rate_kernel(plan, stage):
    churn = stage.churn(plan.changes)
    return plan.changes / (churn["end"] - churn["start"])


def full_rate(plan):
    """Changes as fast as the kernel makes them, with one consumer that reads."""
    stage = plan.stage(plan.few)
    runs = interleave(plan, {
        "kernel": lambda: _full_rate_kernel(plan, stage),
        "raw": lambda: _full_rate_raw(plan, stage),
        "ours": lambda: _full_rate_ours(plan, stage),
    })
    rates = [run["rate"] for run in runs["ours"]]
    least = [min(kernel, raw["rate"]) for kernel, raw in zip(runs["kernel"], runs["raw"])]
    yield Row(f"full rate, {plan.changes} changes", "/s", rates, "raw listener, or kernel", least,
              at_least=0.9)
    yield Row("full rate, events missing", "", [run["missing"] for run in runs["ours"]],
              limit_at_most=0)
    yield Row("full rate, messages missing to a raw listener", "",
              [run["missing"] for run in runs["raw"]])
    yield Row("full rate, kernel without listener", "/s", runs["kernel"])


def _event_cpu(plan, stage):
    """CPU time of one event in microseconds, as they come one by one: how many come together is
    the kernel's, which takes longer for a change where there are many links. The dumps that prove a
    subscription are no event's."""
    with stage.daemon("--source", "subscribe") as daemon:
        program = stage.program("delay", stage.first, plan.samples, 0, "varlink", daemon.path)
        program.wait_ready()
        cpu = -daemon.cpu()
        program.go().result()
        return (cpu + daemon.cpu()) / plan.samples * 1e6


def _event_row(plan, stage):
    runs = interleave(plan, {
        "few": lambda: _event_cpu(plan, plan.stage(plan.few)),
        "ours": lambda: _event_cpu(plan, stage),
    })
    return Row(f"CPU of an event, {stage.links} links", "µs", runs["ours"], f"{plan.few} links",
               runs["few"], at_most=1.1)


def event_cpu(plan):
    """What an event costs the daemon with more links."""
    yield _event_row(plan, plan.stage(plan.many))


def _fan_out_ours(plan, stage, consumers):
    # A standing that changes would be reported too.
    with stage.daemon("--source", "subscribe") as daemon:
        bare = daemon.resident()
        program = stage.program("fanout", consumers, plan.burst, plan.rounds, "daemon",
                                daemon.path, stage.first, 8).wait_ready()
        cpu = -daemon.cpu()
        measured = program.go().result()
        measured["cpu"] = (cpu + daemon.cpu()) / (consumers * plan.burst * plan.rounds) * 1e9
        # The events themselves are no consumer's.
        with contextlib.closing(stages.Connection(daemon.path)) as connection:
            events = connection.statistics()["history"]["bytes"] / 1024
        measured["memory"] = (daemon.status("VmHWM") - bare - events) / consumers
        return measured


def fan_out(plan):
    """Bursts of changes to many consumers."""
    stage = plan.stage(plan.few)
    size = [0]

    def ours():
        measured = _fan_out_ours(plan, stage, plan.consumers)
        size[0] = int(measured["bytes"])
        return measured

    def limit():
        measured = stage.start_and_go("fanout", plan.consumers, plan.burst, plan.rounds, "limit",
                                      size[0])
        measured["cpu"] = (measured["writer_cpu"] / plan.consumers / plan.burst / plan.rounds
                           * 1e9)
        return measured

    runs = interleave(plan, {
        "ours": ours,
        "limit": limit,
        "tenth": lambda: _fan_out_ours(plan, stage, plan.consumers // 10),
    })

    def column(name, key):
        return [run[key] for run in runs[name]]

    yield Row(f"fan-out, {plan.consumers} consumers", "/s", column("ours", "rate"),
              "writing alone", column("limit", "rate"), at_least=0.85)
    yield Row("fan-out, CPU of a message", "ns", column("ours", "cpu"), "writing alone",
              column("limit", "cpu"))
    yield Row(f"fan-out, CPU of a message, {plan.consumers}", "ns", column("ours", "cpu"),
              f"{plan.consumers // 10} consumers", column("tenth", "cpu"), at_most=1.5)
    yield Row("memory of a consumer, at its peak", "KiB", column("ours", "memory"),
              limit_at_most=4)


def _ip_json(stage):
    with subprocess.Popen(stage.inside("ip", "-json", "link"), stdout=subprocess.DEVNULL) as run:
        _, _, usage = os.wait4(run.pid, 0)
        run.returncode = 0
    return (usage.ru_utime + usage.ru_stime) * 1e6


def _poll_ours(plan, stage, seconds=None):
    """CPU time of one poll, from many at the shortest interval."""
    with stage.daemon("--source", "poll", "--interval-min", "10ms", "--budget", "50%") as daemon, \
            contextlib.closing(stages.Connection(daemon.path)) as connection:
        before = connection.statistics()["counters"]["dumps"]
        cpu = -daemon.cpu()
        stages.let_pass(seconds or plan.poll_seconds)
        cpu += daemon.cpu()
        return cpu / (connection.statistics()["counters"]["dumps"] - before) * 1e6


def one_poll(plan):
    """One poll that finds nothing changed."""
    ours = {}
    for links in sorted({plan.few, plan.some, plan.many}):
        stage = plan.stage(links)
        count = max(2, min(plan.polls, plan.polls * 2000 // links))
        contenders = {
            "drop": lambda: stage.run("dump", count, 10)["cpu"] * 1e6,
            "ours": lambda: _poll_ours(plan, stage),
            "ip": lambda: _ip_json(stage),
        }
        if plan.has("refill"):
            contenders["libnl"] = lambda: stage.run("refill", count, 10)["cpu"] * 1e6
        runs = interleave(plan, contenders)
        ours[links] = runs["ours"]
        name = f"CPU of a poll, {links} links"
        yield Row(name, "µs", runs["ours"], "receive and drop", runs["drop"], at_most=1.15)
        if "libnl" in runs:
            yield Row(name, "µs", runs["ours"], "libnl refill", runs["libnl"], at_most=0.5)
        yield Row(name, "µs", runs["ours"], "ip -json link", runs["ip"])
    yield Row(f"CPU of a poll for a link, {plan.many} links", "µs",
              [cost / plan.many for cost in ours[plan.many]], f"{plan.some} links",
              [cost / plan.some for cost in ours[plan.some]], at_most=1.1)


def _share_while_denied(plan, stage):
    """Per cent of a CPU, over some whole intervals between two polls, once it is no longer news that
    there is a consumer: what the budget has saved is spent then."""
    with stage.daemon(denied=True) as daemon, \
            contextlib.closing(stages.Connection(daemon.path)) as connection:
        stages.let_pass(plan.rest_seconds)
        interval = connection.call("Links.GetStatus")["interval_usec"] / 1e6
        cpu, began = -daemon.cpu(), time.monotonic()
        stages.let_pass(interval * max(1, round(2 * plan.poll_seconds / interval)))
        return (cpu + daemon.cpu()) / (time.monotonic() - began) * 100


def detection_delay(plan):
    """With the subscription denied, at the default budget."""
    stage = plan.stage(plan.few)

    def ours():
        with stage.daemon(denied=True) as daemon:
            return _delay(stage, plan.detections, 100, "varlink", daemon.path)["delay_p50"] / 1e3

    runs = interleave(plan, {
        "ours": ours,
        "few": lambda: _share_while_denied(plan, stage),
        "some": lambda: _share_while_denied(plan, plan.stage(plan.some)),
    })
    delays = runs["ours"]
    yield Row("detection delay, denied, median", "ms", delays, limit_at_most=30)
    yield Row(f"CPU while denied, {plan.few} links", "%", runs["few"], limit_at_most=0.5)
    yield Row(f"CPU while denied, {plan.some} links", "%", runs["some"], limit_at_most=0.5)
    for seconds, samples in plan.pollers:
        polled = _delay(stage, samples, seconds * 1000, "poll", seconds * 1000)
        yield Row("detection delay, denied, median", "ms", delays, f"a poller of {seconds} s",
                  [polled["delay_p50"] / 1e3], at_most=1.0)


def idle(plan):
    """An honest subscription, and nothing happens."""
    stage = plan.stage(plan.few)
    with stage.daemon("--source", "subscribe") as daemon, \
            contextlib.closing(stages.Connection(daemon.path)) as connection:
        dumps = connection.statistics()["counters"]["dumps"]
        cpu, woken = -daemon.cpu(), -daemon.status("voluntary_ctxt_switches")
        stages.let_pass(plan.idle_seconds)
        cpu += daemon.cpu()
        woken += daemon.status("voluntary_ctxt_switches")
        dumps = connection.statistics()["counters"]["dumps"] - dumps
    yield Row(f"idle, wake-ups beside {dumps} audits in {plan.idle_seconds} s", "",
              [max(0, woken - 2 * dumps)], limit_at_most=0)
    yield Row(f"idle, CPU in {plan.idle_seconds} s", "ms", [cpu * 1e3], limit_at_most=1)


def _in_namespaces(plan, daemon, active):
    """Many namespaces, entered at a daemon."""
    return plan.stage(plan.few).start_and_go(
        "many_namespaces", daemon.path, daemon.pid, plan.namespaces, active,
        int(plan.settle_seconds * 1000), int(plan.namespace_seconds * 1000))


def _dumped_namespaces(plan, stage, active):
    """As many of them, with the dumps that the targets of their delays take, and nothing else: a
    change is seen after half an interval in the median, and after a whole one at the worst."""
    return stage.start_and_go(
        "dump_namespaces", plan.namespaces, active, NAMESPACE_MSEC, ACTIVE_NAMESPACE_MSEC,
        int(plan.settle_seconds * 1000), int(plan.namespace_seconds * 1000))


def many_namespaces(plan):
    """Many namespaces: polled, with something happening in some of them; and subscribed."""
    stage = plan.stage(plan.few)
    with stage.daemon(denied=True) as daemon:
        polled = _in_namespaces(plan, daemon, plan.active)
    with stage.daemon("--source", "subscribe") as daemon:
        audited = _in_namespaces(plan, daemon, 0)
    dropped = [_dumped_namespaces(plan, stage, active) for active in (0, plan.active)]
    name = f"{plan.namespaces} namespaces"
    quiet = f"{name} denied, CPU while nothing happens"
    active = f"{name} denied, CPU with {plan.active} active"
    yield Row(quiet, "%", [polled["quiet_share"]], limit_at_most=1)
    yield Row(quiet, "%", [polled["quiet_share"]], "receive and drop", [dropped[0]["share"]])
    yield Row(active, "%", [polled["active_share"]], limit_at_most=1)
    yield Row(active, "%", [polled["active_share"]], "receive and drop", [dropped[1]["share"]])
    yield Row(f"{name} denied, delay in an active one, median", "ms", [polled["delay_p50"] / 1e3],
              limit_at_most=50)
    yield Row(f"{name} denied, delay in an active one, p99", "ms", [polled["delay_p99"] / 1e3],
              limit_at_most=100)
    yield Row(f"{name} denied, delay in another one, worst", "ms", [polled["first_worst"] / 1e3],
              limit_at_most=5000)
    yield Row("memory of a namespace of two links", "KiB", [polled["memory"]], limit_at_most=64)
    yield Row(f"{name}, wake-ups beside {audited['dumps']} audits in {plan.namespace_seconds} s",
              "", [max(0, audited["woken"] - 2 * audited["dumps"])], limit_at_most=0)
    yield Row(f"{name}, CPU of audits", "%", [audited["share"]])


def _fill_history(plan, stage, daemon):
    """Until old events are dropped, with a consumer, so that all is encoded."""
    with contextlib.closing(stages.Connection(daemon.path)) as connection:
        for _ in range(20):
            reader = stage.program("monitor", daemon.path, plan.fill).wait_ready().go()
            stage.churn(plan.fill, links=stage.links)
            reader.result()
            if connection.statistics()["history"]["oldest"] > 1 or plan.fill < 1000:
                return
    raise RuntimeError("the history does not fill")


def _peer_memory(stage, command, environment=None):
    """Resident KiB of somebody else's daemon once it has settled; None if it does not run."""
    try:
        process = subprocess.Popen(stage.inside(*command), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL,
                                   env={**os.environ, **(environment or {})})
    except OSError:
        return None
    stages.let_pass(3)
    resident = stages.Process(process.pid).resident() if process.poll() is None else None
    process.terminate()
    process.wait()
    return resident


def memory(plan):
    """Resident memory."""
    few, many = plan.stage(plan.few), plan.stage(plan.many)
    with few.daemon() as daemon:
        bare = daemon.resident()
    with many.daemon() as daemon:
        _fill_history(plan, many, daemon)
        full = daemon.resident()
    yield Row(f"resident, {plan.few} links", "MiB", [bare / 1024], limit_at_most=3)
    yield Row(f"resident, {plan.many} links, full history", "MiB", [full / 1024],
              limit_at_most=20)
    for name, command in plan.peers:
        resident = _peer_memory(few, command)
        if resident:
            yield Row(f"resident, {plan.few} links", "MiB", [bare / 1024], name,
                      [resident / 1024])


def _start(plan, stage, starts):
    path = os.path.join(plan.directory, "startup")
    command = plan.daemon_command(False) + ["--config", "/dev/null"]
    return interleave(plan, {
        "dump": lambda: stage.run("dump", 1, 0)["wall_p50"] / 1e3,
        "ours": lambda: stage.run("startup", starts, path, *command)["start_p50"] / 1e3,
    })


def start(plan):
    """From exec to the first answer."""
    for links in (plan.few, plan.many):
        runs = _start(plan, plan.stage(links), plan.starts)
        name = f"start to first answer, {links} links"
        if links == plan.few:
            yield Row(name, "ms", runs["ours"], limit_at_most=5)
        else:
            yield Row(name, "ms", runs["ours"], "raw dump", runs["dump"], at_most=2.0)


def _snapshot(plan, stage, count, way="daemon"):
    """Milliseconds of each run of ours and of the limit; and of the very first one."""
    size = [0]
    # Not beside a dump of as many links, which has its share of the time.
    with stage.daemon("--source", "subscribe") as daemon:

        def ours():
            measured = stage.run("snapshot", count, way, daemon.path)
            size[0] = measured["bytes"]
            return measured

        runs = interleave(plan, {
            "ours": ours,
            "limit": lambda: stage.run("snapshot", count, "limit", size[0]),
        })
    first = runs["ours"][0]["first"] / 1e3
    return {name: [run["snapshot_p50"] / 1e3 for run in runs[name]] for name in runs}, first


def snapshot(plan):
    """All links to a new consumer."""
    runs, first = _snapshot(plan, plan.stage(plan.many), plan.snapshots)
    name = f"snapshot, {plan.many} links"
    yield Row(name, "ms", runs["ours"], "copy and write", runs["limit"], at_most=1.5)
    yield Row(f"{name}, the very first", "ms", [first])
    runs, _ = _snapshot(plan, plan.stage(plan.many), plan.snapshots, "list")
    yield Row(f"list, {plan.many} links", "ms", runs["ours"], "copy and write", runs["limit"],
              at_most=1.5)


def huge(plan):
    """More links than anybody has: each link costs what it costs of fewer, an event as much as
    with a few. Making them takes a minute."""
    many = plan.stage(plan.many)
    with contextlib.closing(stages.Stage(plan, plan.huge)) as stage:
        starts = _start(plan, stage, 1)
        polls = interleave(plan, {
            "drop": lambda: stage.run("dump", 2, 10)["cpu"] * 1e6,
            "ours": lambda: _poll_ours(plan, stage, 10 * plan.poll_seconds),
            "many": lambda: _poll_ours(plan, many),
        })
        snapshots, _ = _snapshot(plan, stage, 2)
        events = _event_row(plan, stage)
    yield Row(f"start to first answer, {plan.huge} links", "ms", starts["ours"], "raw dump",
              starts["dump"], at_most=2.0)
    name = f"CPU of a poll, {plan.huge} links"
    yield Row(name, "µs", polls["ours"], "receive and drop", polls["drop"], at_most=1.15)
    yield Row(f"{name}, for a link", "µs", [cost / plan.huge for cost in polls["ours"]],
              f"{plan.many} links", [cost / plan.many for cost in polls["many"]], at_most=1.1)
    yield Row(f"snapshot, {plan.huge} links", "ms", snapshots["ours"], "copy and write",
              snapshots["limit"], at_most=1.5)
    yield events


ALL = [event_delay, full_rate, event_cpu, fan_out, one_poll, detection_delay, idle,
       many_namespaces, memory, start, snapshot, huge, address_costs.addresses,
       journal_costs.history, reach.traced, reach.started]
