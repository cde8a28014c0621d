# SPDX-License-Identifier: LGPL-2.1-or-later
"""A subscriber in a situation: situations.py SITUATION. It prints what ways.py prints."""

import ctypes
import errno
import fcntl
import os
import queue
import select
import signal
import socket
import struct
import sys
import threading
import time

import ways

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_SOL_NETLINK = 270
_ADD_MEMBERSHIP = 1
_RTM_DELLINK, _RTM_GETLINK, _REQUEST, _ACK, _DUMP = 17, 18, 1, 4, 0x300
_ERROR = 2
_NOOP = 1
_NOBODY = 65534


def _plain():
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)


def _follow(netlink):
    ways.follow(netlink, ways.by_recv)


def _when_told():
    os.read(0, 1)


def asked():
    """Subscribes on command."""
    print("ready", flush=True)
    _when_told()
    _follow(ways.subscriber())


def asked_addresses():
    """Subscribes to links and IPv4 addresses on command."""
    print("ready", flush=True)
    _when_told()
    _follow(ways.subscriber(groups=0x11))


def closed():
    """Was subscribed, and goes on."""
    netlink = ways.subscriber()
    print("subscribed", flush=True)
    netlink.close()
    signal.pause()


def daemonized():
    """As daemons do that mean it well: all descriptors are closed, and the parents end."""
    for _ in range(2):
        if os.fork() != 0:
            os._exit(0)
        os.setsid()
        os.closerange(3, 1024)
    print(os.getpid(), flush=True)
    _when_told()
    os.close(0)
    _follow(ways.subscriber())


def _replace(netlink):
    os.dup2(os.open("/dev/null", os.O_RDONLY), netlink.fileno())


def replaced():
    """Replaces the socket by another file, twice, and takes its port again: without groups and with
    them."""
    _replace(ways.subscriber(4711))
    with _plain() as netlink:
        netlink.bind((4711, 0))
    _replace(ways.subscriber(4711))
    _follow(ways.subscriber(4711))


def dropped():
    """Became another user first."""
    os.setgid(_NOBODY)
    os.setuid(_NOBODY)
    _follow(ways.subscriber())


def _sendmmsg(netlink, request):
    """sendmmsg(2) to an address with groups."""
    address = ctypes.create_string_buffer(struct.pack("=HHII", socket.AF_NETLINK, 0, 0, 1), 12)
    data = ctypes.create_string_buffer(request, len(request))
    part = ctypes.create_string_buffer(
        struct.pack("=QQ", ctypes.addressof(data), len(request)), 16)
    header = struct.pack("=QIxxxxQQQQixxxxIxxxx", ctypes.addressof(address), 12,
                         ctypes.addressof(part), 1, 0, 0, 0, 0)
    headers = ctypes.create_string_buffer(header, len(header))
    if _LIBC.sendmmsg(netlink.fileno(), headers, 1, 0) != 1:
        raise OSError(ctypes.get_errno(), "sendmmsg")
    assert struct.unpack_from("=I", headers.raw, 56)[0] == len(request)


_SENDERS = {
    "sendto": lambda netlink, request: netlink.sendto(request, (0, 1)),
    "sendmsg": lambda netlink, request: netlink.sendmsg([request], [], 0, (0, 1)),
    "sendmmsg": _sendmmsg,
    "write": lambda netlink, request: os.write(netlink.fileno(), request),
}


def _request(kind, sequence, index):
    return struct.pack("=IHHIIBxHiII", 32, kind, _REQUEST | _ACK, sequence, 0, 0, 0, index, 0, 0)


def _answer(netlink, sequence):
    """The error in the kernel's answer, 0 if it has none."""
    while True:
        data = netlink.recv(65536)
        kind, theirs, error = struct.unpack_from("=4xHxxIxxxxi", data)
        if theirs == sequence:
            return -error if kind == _ERROR else 0


def _attempt(netlink, send, kind, sequence, index):
    """The name of the error that a request meets, when it is sent or answered."""
    try:
        send(netlink, _request(kind, sequence, index))
        error = _answer(netlink, sequence)
    except OSError as failure:
        error = failure.errno
    return errno.errorcode.get(error, "none")


def renounced():
    """Subscribes, gives its privileges up, and asks for the removal of the link with that index,
    and for a look at it."""
    netlink = ways.subscriber()
    os.setgroups([])
    os.setgid(_NOBODY)
    os.setuid(_NOBODY)
    print("subscribed", flush=True)
    for sequence, (name, send) in enumerate(_SENDERS.items(), 1):
        for kind in (_RTM_DELLINK, _RTM_GETLINK):
            error = _attempt(netlink, send, kind, 10 * sequence + kind, int(sys.argv[2]))
            print(name, kind, error, flush=True)
    signal.pause()


def full():
    """Has so many answers to its own requests in its queue that no more fits."""
    netlink = ways.subscriber()
    netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    for _ in range(100):
        netlink.send(struct.pack("=IHHIIBxHiII", 32, _RTM_GETLINK, _REQUEST, 7, 0, 0, 0, 1, 0, 0))
    print("subscribed", flush=True)
    _when_told()
    _follow(netlink)


def inherited():
    """Executes itself, and keeps the socket."""
    netlink = ways.subscriber()
    os.set_inheritable(netlink.fileno(), True)
    os.execv(sys.executable, [sys.executable, __file__, "given", str(netlink.fileno())])


def given():
    """What becomes of the one above."""
    _follow(socket.socket(fileno=int(sys.argv[2])))


def joined():
    """Joined, and is bound only on command."""
    netlink = _plain()
    netlink.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, 1)
    print("joined", flush=True)
    _when_told()
    netlink.bind((0, 1))
    assert netlink.getsockname()[0] == os.getpid(), netlink.getsockname()
    _follow(netlink)


def moved():
    """Moved its socket to another descriptor, and has a child that ends on command."""
    netlink = ways.subscriber()
    number = os.dup2(netlink.fileno(), 77)
    netlink.close()
    child = os.fork()
    if child == 0:
        _when_told()
        os._exit(0)
    os.waitpid(child, 0)
    _follow(socket.socket(fileno=number))


def displaced():
    """Executes itself, and keeps the socket under another number."""
    netlink = ways.subscriber()
    number = os.dup2(netlink.fileno(), 77, inheritable=True)
    os.execv(sys.executable, [sys.executable, __file__, "given", str(number)])


def copied():
    """Keeps a copy of the socket under another number, in more than one way, and closes the first
    one each time."""
    netlink = ways.subscriber()
    for copy in (lambda fd: fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, fd),
                 lambda fd: fcntl.fcntl(fd, fcntl.F_DUPFD, fd), lambda fd: os.dup2(fd, fd + 1)):
        number = copy(netlink.fileno())
        netlink.close()
        netlink = socket.socket(fileno=number)
    _follow(netlink)


def _receive_once(channel):
    """The first message on a socket that comes through that one."""
    number = socket.recv_fds(channel, 1, 1)[1][0]
    data = socket.socket(fileno=number).recv(65536)
    kind, error, index = struct.unpack_from("=4xH10xii", data)
    os.write(1, f"handed {kind} {index if kind == 16 else error}\n".encode())


def handed():
    """Hands the socket to its child, which receives a message; receives itself after that."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        _receive_once(theirs)
        os._exit(0)
    netlink = ways.subscriber()
    socket.send_fds(ours, [b"x"], [netlink.fileno()])
    print("subscribed", flush=True)
    os.waitpid(child, 0)
    ways.follow(netlink, ways.by_recv)


def handed_out():
    """Hands the socket out through its standard input, and receives when something comes back."""
    netlink = ways.subscriber()
    socket.send_fds(socket.socket(fileno=os.dup(0)), [b"x"], [netlink.fileno()])
    print("subscribed", flush=True)
    _when_told()
    _follow(netlink)


def patient():
    """Receives on command, and passes over what has no content."""
    netlink = ways.subscriber()
    print("subscribed", flush=True)
    _when_told()
    while True:
        data = netlink.recv(65536)
        if struct.unpack_from("=H", data, 4)[0] != _NOOP:
            ways.show(data)
        else:
            print("nothing", flush=True)


def parent():
    """Lets its child receive, and closes the socket."""
    netlink = ways.subscriber()
    child = os.fork()
    if child == 0:
        _follow(netlink)
    netlink.close()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: os.kill(child, signal.SIGKILL))
    os.wait()


def _write_lines(netlink):
    """Lines in one piece, which print() doesn't write."""
    while True:
        data = netlink.recv(65536)
        kind, index = struct.unpack_from("=4xH14xi", data.ljust(24, b"\0"))
        os.write(1, f"{kind} {index} {len(data)}\n".encode())


def _sleep_in(call, given):
    """Sleeps in a call until there is a socket, and binds that."""
    if call == "epoll":
        reader, writer = os.pipe()
        epoll = select.epoll()
        epoll.register(reader)
        events = ctypes.create_string_buffer(16)
        given.put(writer)
        # The bare call: Python's own goes on after EINTR.
        assert _LIBC.epoll_wait(epoll.fileno(), events, 1, -1) == 1, ctypes.get_errno()
    given.get().bind((0, 1))


def _bind_in_thread(call):
    given, bound = queue.Queue(), queue.Queue()

    def work():
        try:
            _sleep_in(call, given)
            bound.put(None)
        except (OSError, AssertionError) as error:
            bound.put(error)

    threading.Thread(target=work, daemon=True).start()
    writer = given.get() if call == "epoll" else None
    # It is to be asleep, as far as that can be known.
    time.sleep(0.1)
    netlink = _plain()
    given.put(netlink)
    if writer:
        os.write(writer, b"x")
    error = bound.get()
    if error:
        raise error
    return netlink


def threaded():
    """Binds in a thread that slept in that call when another one made the socket."""
    _follow(_bind_in_thread(sys.argv[2]))


def shared():
    """Receives in 8 threads at once."""
    netlink = ways.subscriber()
    signal.signal(signal.SIGUSR1, lambda _signal, _frame: None)
    for _ in range(8):
        threading.Thread(target=_write_lines, args=(netlink,), daemon=True).start()
    print("subscribed", flush=True)
    while True:
        signal.pause()


def later():
    """Joins the group of IPv4 addresses, too, when it gets a signal."""
    netlink = ways.subscriber()

    def join(_signal, _frame):
        netlink.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, 5)
        print("joined", flush=True)

    signal.signal(signal.SIGUSR2, join)
    _follow(netlink)


def unshared():
    """In another network namespace."""
    assert _LIBC.unshare(_CLONE_NEWNET) == 0
    _follow(ways.subscriber())


def returned():
    """In this one, with a socket of another one."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    assert _LIBC.unshare(_CLONE_NEWNET) == 0
    netlink = _plain()
    assert _LIBC.setns(home, _CLONE_NEWNET) == 0
    netlink.bind((0, 1))
    _follow(netlink)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
