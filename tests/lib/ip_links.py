# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon's links beside the kernel's, as ip(8) prints them."""

import os
import re

import netns
from mirror import TIMES

SOURCE = os.environ.get("LINKWATCH_SOURCE", ".")


def _read(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        return file.read()


def interface_text(name):
    """The text of an interface file."""
    return _read(f"protocol/{name}.varlink")


def published_fields():
    """The fields of a link, from the interface file; its times are none."""
    text = interface_text("org.linkwatch.Links")
    body = re.search(r"^type Link \((.*?)^\)", text, re.MULTILINE | re.DOTALL).group(1)
    return [name for name in re.findall(r"^  (\w+):", body, re.MULTILINE) if name not in TIMES]


def documented_fields(heading):
    """The fields in the table below that heading of doc/ip-fields.md."""
    text = _read("doc/ip-fields.md")
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([\w-]+)`", section, re.MULTILINE))


_FIELDS = frozenset(published_fields())
# What ip(8) does not print, though the kernel reports it; of the second, it knows.
_UNKNOWN_TO_IP = frozenset(("carrier", "carrier_changes", "carrier_up_count",
                            "carrier_down_count"))
_INDEXES = {"master_ifindex": "master", "link_ifindex": "link"}
ONLY_OURS = _UNKNOWN_TO_IP | set(_INDEXES)


def as_ip_says(link):
    """The part of ip's account of a link that is published, value for value."""
    published = {field: value for field, value in link.items() if field in _FIELDS}
    # ip prints null where there is no lower link; left out is the same to a consumer.
    if published.get("link", "") is None:
        del published["link"]
    if "linkinfo" in published:
        published["linkinfo"] = {field: value for field, value in published["linkinfo"].items()
                            if field in ("info_kind", "info_slave_kind")}
        if not published["linkinfo"]:
            del published["linkinfo"]
    return published


def as_we_say(link):
    """The part of a published link that ip prints too."""
    return {field: value for field, value in link.items()
            if field not in _UNKNOWN_TO_IP | TIMES and value is not None}


def kernel():
    """All links by index, as ip prints them."""
    links = {index: as_ip_says(link) for index, link in netns.links().items()}
    by_name = {link["ifname"]: index for index, link in links.items()}
    for link in links.values():
        for field, name in _INDEXES.items():
            # A link that is not there is called after its index.
            if name in link:
                link[field] = by_name.get(link[name]) or int(link[name].removeprefix("if"))
    return links


def ours(links):
    """All of the daemon's links by index, comparable with kernel()."""
    return {index: as_we_say(link) for index, link in links.items()}


def differences(got, expected):
    """In words, where two sets of links differ; empty if they don't."""
    lines = []
    for index in sorted(set(got) | set(expected)):
        left, right = got.get(index), expected.get(index)
        if left is None or right is None:
            name = (left or right)["ifname"]
            lines.append(f"{index} ({name}): " + ("missing" if left is None else "too much"))
            continue
        for field in sorted(set(left) | set(right)):
            if left.get(field) != right.get(field):
                lines.append(f"{index} ({left['ifname']}): {field} is {left.get(field)!r}, "
                             f"ip says {right.get(field)!r}")
    return "\n".join(lines)


def settle(daemon, mirror):
    """Lets the daemon take a dump, and then compares the mirror with the kernel. What changes
    meanwhile is no one's fault: then once more."""
    for _attempt in range(100):
        before = kernel()
        mirror.refresh(daemon.socket)
        published = ours(mirror.links)
        if before == kernel():
            wrong = differences(published, before)
            assert not wrong, "the mirror differs from the kernel:\n" + wrong
            return
    raise AssertionError("the links never came to rest")
