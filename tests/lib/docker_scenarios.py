# SPDX-License-Identifier: LGPL-2.1-or-later
"""What containers on bridge networks must be able to do, with an engine of docker.py."""

import concurrent.futures
import contextlib
import re
import socket
import threading
import time
import urllib.request

import docker
import documents
import tap
import wait

# Names would need iptables.
_COMPOSE = f"""
services:
  server:
    image: {docker.IMAGE}
    pull_policy: never
    command: httpd -f -p 80 -h {docker.SERVED}
    networks: {{ own: {{ ipv4_address: 172.31.0.2 }} }}
  client:
    image: {docker.IMAGE}
    pull_policy: never
    depends_on: [server]
    command: sh -c "until wget -q -T 2 -O /dev/null http://172.31.0.2/{docker.FILE}; do sleep 1; done;
      echo found; exec httpd -f -p 80 -h {docker.SERVED}"
    networks: {{ own: {{ ipv4_address: 172.31.0.3 }} }}
networks:
  own: {{ ipam: {{ config: [{{ subnet: 172.31.0.0/24 }}] }} }}
"""


def _fetches(address, port=80):
    """Whether a file of the container's web server can be had."""
    try:
        with urllib.request.urlopen(f"http://{address}:{port}/{docker.FILE}", timeout=2) as answer:
            return len(answer.read()) > 0
    except OSError:
        return False


def _is_asked(engine, address):
    """Whether another container gets a file of a container's web server."""
    try:
        engine.run("--rm", docker.IMAGE, "wget", "-q", "-T", "2", "-O", "/dev/null",
                   f"http://{address}/{docker.FILE}")
    except docker.Failed as failure:
        tap.diag(failure)
        return False
    return True


@contextlib.contextmanager
def _web(engine, name, *options):
    """A container with a web server, as long as the context stands."""
    engine.run("--detach", "--name", name, *options, docker.IMAGE, "httpd", "-f", "-p", "80",
               "-h", docker.SERVED)
    try:
        yield name
    finally:
        engine.docker("rm", "--force", name)


def denied(engine):
    """Without linkwatch-run a container on a bridge network fails: its links can't be subscribed to"""
    with engine:
        engine.start()
        engine.load()
        try:
            engine.run("--rm", docker.IMAGE, "echo", "hello")
        except docker.Failed as failure:
            # As the documents show it.
            for lines in (documents.block("README.md", "failed to set up container"),
                          documents.block("doc/docker-in-gvisor.md", "docker: Error response")):
                for part in re.split(r"veth\w+", " ".join(lines)):
                    tap.contains(str(failure), part)
        else:
            raise AssertionError("it works")


def default_bridge(engine):
    """A container on the default bridge runs, and has an address there"""
    output = engine.run("--rm", docker.IMAGE, "ip", "-4", "address", "show", "dev", "eth0")
    tap.contains(output, "inet 172.17.")


def published_port(engine):
    """A server in a container is reached by its published port, and by its address"""
    with _web(engine, "published", "--publish", "127.0.0.1:8080:80"):
        wait.until(lambda: _fetches("127.0.0.1", 8080), "the published port")
        wait.until(lambda: _fetches(engine.address("published")), "the container's address")


def container_to_container(engine):
    """A container reaches another one on its bridge"""
    with _web(engine, "peer"):
        address = engine.address("peer")
        wait.until(lambda: _is_asked(engine, address), "the other container")


def container_to_host(engine):
    """A container reaches a server of the host by TCP"""
    with socket.create_server(("0.0.0.0", 9000)) as server:
        server.settimeout(wait.SECONDS)

        def answer():
            with contextlib.suppress(OSError):
                peer, _address = server.accept()
                with peer:
                    peer.sendall(b"from the host\n")

        thread = threading.Thread(target=answer)
        thread.start()
        output = engine.run("--rm", docker.IMAGE, "sh", "-c",
                          "sleep 3 | nc $(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p') 9000")
        thread.join()
    tap.contains(output, "from the host")


@contextlib.contextmanager
def _network(engine, name, subnet):
    """A user network, as long as the context stands."""
    engine.docker("network", "create", "--subnet", subnet, name)
    try:
        yield name
    finally:
        engine.docker("network", "rm", name)


def user_network(engine):
    """A container on a user network is reached from the host and by another one there"""
    with _network(engine, "own", "172.30.0.0/24"), _web(engine, "alone", "--network", "own"):
        address = engine.address("alone", "own")
        wait.until(lambda: _fetches(address), "the container's address")
        engine.run("--rm", "--network", "own", docker.IMAGE, "wget", "-q", "-T", "2", "-O",
                   "/dev/null", f"http://{address}/{docker.FILE}")


def connected(engine):
    """A container that runs is connected to another network, reached there, and disconnected"""
    with _network(engine, "other", "172.29.0.0/24"), _web(engine, "guest"):
        for _time in range(2):
            engine.docker("network", "connect", "other", "guest")
            address = engine.address("guest", "other")
            wait.until(lambda address=address: _fetches(address), "the address in the other network")
            engine.docker("network", "disconnect", "other", "guest")
            assert not _fetches(address), "reached although disconnected"
        wait.until(lambda: _fetches(engine.address("guest")), "the address in its first network")


def composed(engine):
    """Two services of a compose file find each other"""
    compose = ("compose", "--project-name", "pair", "--file", "-")
    engine.docker(*compose, "up", "--detach", text=_COMPOSE)
    try:
        wait.until(lambda: "found" in engine.docker("logs", "pair-client-1"), "the other service")
        assert _fetches("172.31.0.3"), "the client is not reached"
    finally:
        engine.docker(*compose, "down", "--timeout", "1", text=_COMPOSE)


def at_once(engine, count):
    """Containers started at once run together, and end together"""
    names = [f"c{number}" for number in range(count)]
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda name: engine.run("--detach", "--name", name, docker.IMAGE, "sleep",
                                              "1000000"), names))
        try:
            tap.equal(len(engine.docker("ps", "--quiet").split()), count, "containers")
            tap.equal(len(set(engine.addresses(names))), count, "addresses")
        finally:
            # So many that a command is over in good time.
            for first in range(0, count, 25):
                engine.docker("rm", "--force", *names[first:first + 25])
    tap.equal(engine.docker("ps", "--quiet").split(), [], "containers left")


def dockerd_anew(engine):
    """dockerd ended and started anew, a container on the default bridge runs"""
    engine.stop()
    docker.forget_networks()
    engine.start()
    default_bridge(engine)


def linkwatchd_anew(engine, daemon):
    """linkwatchd killed and started anew, a container on the default bridge runs"""
    daemon.kill()
    daemon.start()
    default_bridge(engine)


def lets_go(engine, daemon):
    """When the containers are gone, nothing of their namespaces is held"""
    del engine
    wait.until(lambda: daemon.statistics()["sessions"] <= 2, "the end of the sessions")


def _adder(engine):
    """What registers a scenario for an engine, which is started where it doesn't run, and given up
    where it failed."""
    def run(scenario, *arguments):
        began = time.monotonic()
        try:
            if not engine.is_running():
                docker.forget_networks()
                engine.start()
                engine.load()
            scenario(engine, *arguments)
        except BaseException:
            engine.give_up()
            raise
        tap.diag(f"{time.monotonic() - began:.1f} s")

    return lambda name, scenario, *arguments: tap.add(name, run, scenario, *arguments)


def add_all(engine, daemon):
    """Registers them, for an engine and the daemon that helps it."""
    add = _adder(engine)
    for scenario in (default_bridge, published_port, container_to_container, container_to_host,
                     user_network, connected, composed):
        add(scenario.__doc__, scenario)
    add("Ten containers started at once run together, and end together", at_once, 10)
    add(linkwatchd_anew.__doc__, linkwatchd_anew, daemon)
    add(lets_go.__doc__, lets_go, daemon)
    add(dockerd_anew.__doc__, dockerd_anew)


def add_crowd(engine, count):
    """Registers the one that needs more of a machine."""
    _adder(engine)(f"{count} containers run together, and end together", at_once, count)
