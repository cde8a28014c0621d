# SPDX-License-Identifier: LGPL-2.1-or-later
"""Link updates, byte by byte: two of them are compared but for what must differ."""

import struct

NEWLINK, DELLINK = 16, 17
HEADER = 32
_ADDRESS_FAMILY_BRIDGE = 7
IFNAME, LINK, MASTER, STATS, LINKINFO, STATS64, AF_SPEC = 3, 5, 10, 7, 18, 23, 26
PROMISCUITY, TSO_MAX_SIZE = 30, 59
CARRIER, CARRIER_CHANGES, EVENT, UP_COUNT, DOWN_COUNT, PROP_LIST = 33, 35, 44, 47, 48, 52
_INFO_DATA, _INFO_SLAVE_DATA = 2, 5
IFF_UP = 1
# What a driver may change of a link that is down, of which no update is sent.
_CARRIER = {CARRIER, CARRIER_CHANGES, UP_COUNT, DOWN_COUNT}


def attributes(data):
    """The attributes in there, in their order: type and value."""
    place = 0
    while place + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, place)
        yield kind & 0x3fff, data[place + 4:place + size]
        place += (size + 3) & ~3


def _without(data, kinds):
    """They, with the values of some blotted out."""
    return tuple((kind, len(value) if kind in kinds else value)
                 for kind, value in attributes(data))


class Update:
    """One message."""

    def __init__(self, data):
        self.data = data
        (self.size, self.kind, self.nlflags, self.sequence, self.port, self.family, self.type,
         self.index, self.flags, self.change) = struct.unpack_from("=IHHIIBxHiII", data)
        self.values = dict(attributes(data[HEADER:]))
        self.order = [kind for kind, _value in attributes(data[HEADER:])]

    def name(self):
        """The link's name."""
        return self.values[IFNAME].rstrip(b"\0").decode()

    def altnames(self):
        """Its alternative names."""
        return [value.rstrip(b"\0").decode()
                for _kind, value in attributes(self.values.get(PROP_LIST, b""))]

    def master(self):
        """The index of its master, 0 for none."""
        return struct.unpack("=i", self.values.get(MASTER, bytes(4)))[0]

    def is_a_links(self):
        """Whether it is about a link and its state; others are about a bridge's port, or an
        event that passes."""
        return self.family != _ADDRESS_FAMILY_BRIDGE and EVENT not in self.values

    def content(self):
        """What must be the same: not counters and timers, nor what changes without an update, so
        that it is as it is when somebody asks: each protocol's own part among it."""
        blotted = {STATS, STATS64, AF_SPEC, PROMISCUITY, TSO_MAX_SIZE} | (set() if self.flags & IFF_UP else _CARRIER)
        values = []
        for kind, value in attributes(self.data[HEADER:]):
            if kind in blotted:
                value = len(value)
            elif kind == LINKINFO:
                value = _without(value, {_INFO_DATA, _INFO_SLAVE_DATA})
            values.append((kind, value))
        return (("header", (self.size, self.kind, self.nlflags, self.family, self.type, self.index,
                            self.flags)), *values)

    def differences(self, kernels):
        """How it differs from the kernel's own. A veth's first end is reported before it has the
        other one, and is removed after that."""
        return [(kind, ours, value)
                for (kind, value), (_kind, ours) in zip(kernels.content(), self.content())
                if (kind, value) != (_kind, ours) and (kind, value) != (LINK, bytes(4))]

    def __repr__(self):
        return (f"<{self.kind} {self.index} {self.name()} flags={self.flags:#x} "
                f"change={self.change:#x} size={self.size}>")
