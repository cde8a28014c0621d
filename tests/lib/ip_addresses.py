# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon's addresses beside the kernel's, as ip(8) prints them."""

import json

import netns
from mirror import address_key

_FLAGS = ("secondary", "temporary", "nodad", "optimistic", "dadfailed", "home", "deprecated",
          "tentative", "dynamic", "mngtmpaddr", "noprefixroute", "autojoin", "stable-privacy")
LIFETIMES = ("valid_life_time", "preferred_life_time")
FOREVER = 4294967295


def _as_we_say(link, info):
    """An entry of ip's addr_info as the wire has it."""
    flags = [name for name in _FLAGS if info.get(name)]
    address = {key: value for key, value in info.items() if key not in _FLAGS}
    if "ifa_flags" in address:
        flags.append(address.pop("ifa_flags"))
    return {"ifindex": link["ifindex"], "ifname": link["ifname"], **address, "flags": flags}


def kernel():
    """All addresses by address_key(), as ip prints them."""
    listed = json.loads(netns.run("ip", "-json", "address") or "[]")
    addresses = [_as_we_say(link, info) for link in listed if link for info in link["addr_info"]]
    return {address_key(address): address for address in addresses}


def _protocol(name):
    """As the wire has it: ip prints one without a name as hexadecimal digits."""
    return str(int(name, 16)) if name.startswith("0x") else name


def _close(field, left, right):
    """Lifetimes run down while they are compared."""
    if field in LIFETIMES and None not in (left, right) and FOREVER not in (left, right):
        return abs(left - right) <= 3
    # Before 6.3, ip does not know it.
    if field == "protocol":
        return right is None or left == _protocol(right)
    return left == right


def differences(got, expected):
    """In words, where two sets of addresses differ; empty if they don't."""
    lines = []
    for key in sorted(set(got) | set(expected), key=str):
        ours, theirs = got.get(key), expected.get(key)
        if ours is None or theirs is None:
            lines.append(f"{key}: " + ("missing" if ours is None else "too much"))
            continue
        for field in sorted(set(ours) | set(theirs)):
            if not _close(field, ours.get(field), theirs.get(field)):
                lines.append(f"{key}: {field} is {ours.get(field)!r}, "
                             f"ip says {theirs.get(field)!r}")
    return "\n".join(lines)


def _without_lifetimes(addresses):
    return {key: {f: v for f, v in address.items() if f not in LIFETIMES}
            for key, address in addresses.items()}


def settle(daemon, mirror):
    """Lets the daemon take a dump, and then compares the mirror with the kernel, but for the
    lifetimes, which a mirror has as they were. What changes meanwhile is no one's fault: then once
    more."""
    for _attempt in range(100):
        before = kernel()
        mirror.refresh(daemon.socket)
        if _without_lifetimes(before) == _without_lifetimes(kernel()):
            wrong = differences(_without_lifetimes(mirror.addresses), _without_lifetimes(before))
            assert not wrong, "the mirror differs from the kernel:\n" + wrong
            return
    raise AssertionError("the addresses never came to rest")
