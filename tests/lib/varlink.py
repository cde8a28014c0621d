# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Varlink client, small and strict: what it gets must be what the protocol says."""

import json
import socket
import time

import wait

INTERFACE = "org.linkwatch.Links"
STATISTICS = "org.linkwatch.Statistics"
SERVICE = "org.varlink.service"


def check_indexes(link, old=None):
    """Beside the names of other links stand their indexes, and not without them; in the old values
    of a change, where both changed."""
    old = old or {}
    for name in ("master", "link"):
        index = name + "_ifindex"
        assert (name in link) == (index in link), f"{name} in {link}"
        if name in old and index in old:
            assert (old[name] is None) == (old[index] is None), f"{name} in {old}"


class Closed(Exception):
    """The other side closed the connection."""


class Error(Exception):
    """An error reply."""

    def __init__(self, name, parameters):
        super().__init__(f"{name} {parameters}")
        self.name = name
        self.parameters = parameters


def encode(method, parameters=None, **flags):
    """A call as bytes, with its NUL; a List wants more, unless it is said otherwise."""
    if method == "List":
        flags = {"more": True, **flags}
    call = {"method": method if "." in method else f"{INTERFACE}.{method}"}
    if parameters is not None:
        call["parameters"] = parameters
    call.update(flags)
    return json.dumps(call).encode() + b"\0"


class Connection:
    """A connection to the daemon; as a context it is closed in the end."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(path)
        self._socket.setblocking(False)
        self._pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def fileno(self):
        """The descriptor."""
        return self._socket.fileno()

    def close(self):
        """Closes the connection, whatever is still to come."""
        self._socket.close()

    def shut_down(self):
        """Says that nothing more will be sent."""
        self._socket.shutdown(socket.SHUT_WR)

    def send_bytes(self, data, seconds=wait.SECONDS):
        """Sends bytes as they are."""
        self._socket.settimeout(seconds)
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed("while sending") from error
        finally:
            self._socket.setblocking(False)

    def send_with(self, descriptors, data):
        """Sends bytes, and descriptors with the first of them."""
        socket.send_fds(self._socket, [data], descriptors)

    def enter(self, rtnl):
        """Enters the network namespace of a socket."""
        self.send_with([rtnl.fileno()], encode("Enter", {"socket_fd": 0}))
        return self.reply()

    def send(self, method, parameters=None, **flags):
        """Sends a call."""
        self.send_bytes(encode(method, parameters, **flags))

    def receive_bytes(self, seconds=wait.SECONDS):
        """The next whole message, without its NUL."""
        deadline = time.monotonic() + seconds
        while b"\0" not in self._pending:
            if not wait.readable(self._socket, deadline - time.monotonic()):
                raise wait.Timeout(f"no message within {seconds} seconds")
            try:
                data = self._socket.recv(1 << 18)
            except ConnectionResetError:
                data = b""
            if not data:
                raise Closed(f"with {len(self._pending)} bytes of a message")
            self._pending += data
        message, self._pending = self._pending.split(b"\0", 1)
        return message

    def receive(self, seconds=wait.SECONDS):
        """The next reply, as an object."""
        reply = json.loads(self.receive_bytes(seconds))
        unknown = set(reply) - {"parameters", "continues", "error"}
        assert not unknown, f"unknown members in a reply: {unknown}"
        return reply

    def reply(self, seconds=wait.SECONDS):
        """The parameters of the next reply, the last one to its call; raises Error."""
        reply = self.receive(seconds)
        if "error" in reply:
            raise Error(reply["error"], reply.get("parameters", {}))
        assert not reply.get("continues"), f"the reply goes on: {reply}"
        return reply.get("parameters", {})

    def replies(self, seconds=wait.SECONDS):
        """The parameters of all replies to a call, up to the last one; raises Error."""
        replies = []
        while True:
            reply = self.receive(seconds)
            if "error" in reply:
                raise Error(reply["error"], reply.get("parameters", {}))
            replies.append(reply.get("parameters", {}))
            if not reply.get("continues"):
                return replies

    def list(self, seconds=wait.SECONDS):
        """What a List answers that was sent: its links, position and source; raises Error."""
        replies = self.replies(seconds)
        links = [reply.pop("link") for reply in replies if "link" in reply]
        for link in links:
            check_indexes(link)
        assert not any(replies[:-1]), f"more than links: {replies}"
        assert len(links) in (len(replies), len(replies) - 1) and set(replies[-1]) == {
            "position", "source"}, f"the last reply: {replies[-1]}"
        assert len(links) == len(replies) or not links, "an end without a link behind links"
        return {"links": links, **replies[-1]}

    def call(self, method, parameters=None):
        """Calls a method and returns the reply's parameters, of a List what list() says; raises
        Error."""
        self.send(method, parameters)
        return self.list() if method == "List" else self.reply()

    def statistics(self):
        """What GetStatistics says."""
        return self.call(STATISTICS + ".GetStatistics")

    def expect_error(self, name):
        """The next reply must be that error; its parameters."""
        reply = self.receive()
        assert reply.get("error") == name, f"not {name} but {reply}"
        return reply.get("parameters", {})

    def has_message(self):
        """Whether receiving would not wait."""
        return b"\0" in self._pending or wait.readable(self._socket, 0)

    def is_closed(self, seconds=wait.SECONDS):
        """Whether the other side closes the connection, without any further message."""
        try:
            message = self.receive_bytes(seconds)
        except Closed:
            return True
        raise AssertionError(f"a message instead of a close: {message!r}")


def call(path, method, parameters=None):
    """One call on a connection of its own."""
    with Connection(path) as connection:
        return connection.call(method, parameters)
