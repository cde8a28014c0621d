# SPDX-License-Identifier: LGPL-2.1-or-later
"""What containers on bridge networks must be able to do, with an engine of docker.py."""

import concurrent.futures
import contextlib
import socket
import threading
import urllib.request

import docker
import tap
import wait

def _fetches(address, port=80):
    """Whether a file of the container's web server can be had."""
    try:
        with urllib.request.urlopen(f"http://{address}:{port}/bin/echo", timeout=2) as answer:
            return len(answer.read()) > 0
    except OSError:
        return False


def _is_asked(engine, address):
    """Whether another container gets a file of a container's web server."""
    try:
        engine.run("--rm", docker.IMAGE, "wget", "-q", "-T", "2", "-O", "/dev/null",
                   f"http://{address}/bin/echo")
    except docker.Failed as failure:
        tap.diag(failure)
        return False
    return True


@contextlib.contextmanager
def _web(engine, name, *options):
    """A container with a web server, as long as the context stands."""
    engine.run("--detach", "--name", name, *options, docker.IMAGE, "httpd", "-f", "-p", "80",
               "-h", "/")
    try:
        yield name
    finally:
        engine.docker("rm", "--force", name)


def default_bridge(engine):
    """A container on the default bridge runs, and has an address there"""
    told = engine.run("--rm", docker.IMAGE, "ip", "-4", "address", "show", "dev", "eth0")
    tap.contains(told, "inet 172.17.")


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
        told = engine.run("--rm", docker.IMAGE, "sh", "-c",
                          "sleep 3 | nc $(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p') 9000")
        thread.join()
    tap.contains(told, "from the host")


def at_once(engine, count):
    """Containers started at once run together, and end together"""
    names = [f"c{number}" for number in range(count)]
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda name: engine.run("--detach", "--name", name, docker.IMAGE, "sleep",
                                              "1000000"), names))
        try:
            tap.equal(len(engine.docker("ps", "--quiet").split()), count, "containers")
            addresses = {engine.address(name) for name in names}
            tap.equal(len(addresses - {""}), count, "addresses")
        finally:
            list(pool.map(lambda name: engine.docker("rm", "--force", name), names))
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
    wait.until(lambda: daemon.status()["sessions"] <= 2, "the end of the sessions")


def add_all(engine, daemon):
    """Registers them, for an engine that the first one starts, and the daemon that helps it."""
    def run(scenario, *arguments):
        if not engine.is_running():
            engine.start()
            engine.load()
        scenario(engine, *arguments)

    for scenario in (default_bridge, published_port, container_to_container, container_to_host):
        tap.add(scenario.__doc__, run, scenario)
    tap.add("Ten containers started at once run together, and end together", run, at_once, 10)
    tap.add(linkwatchd_anew.__doc__, run, linkwatchd_anew, daemon)
    tap.add(lets_go.__doc__, run, lets_go, daemon)
    tap.add(dockerd_anew.__doc__, run, dockerd_anew)
