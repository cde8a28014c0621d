# SPDX-License-Identifier: LGPL-2.1-or-later
"""Addresses that change all the time, and their links with them."""

import random

LINKS = 4


def commands(seed, count, make="link add {} type bridge"):
    """Random changes of a few links, which are made so, and of their addresses, always the same for a
    seed. Some of them fail: that is a part of it. Without make the links are there and stay."""
    chance = random.Random(seed)
    names = [f"b{n}" for n in range(LINKS)]
    for name in names:
        if make:
            yield make.format(name)
        yield f"link set {name} up"
    for _ in range(count):
        name = chance.choice(names)
        low = chance.randrange(1, 9)
        choices = [
            [f"address add 10.0.{low}.1/24 dev {name}"],
            [f"address add 10.0.{low}.{low + 1}/24 dev {name}"],
            [f"address del 10.0.{low}.1/24 dev {name}"],
            [f"address add 2001:db8::{low}/64 dev {name}"],
            [f"address add 2001:db8::{low}/64 dev {name} nodad"],
            [f"address del 2001:db8::{low}/64 dev {name}"],
            [f"address change 10.0.{low}.1/24 dev {name} valid_lft 1000 preferred_lft {low * 100}"],
        ]
        if make:
            choices += [
                [f"address flush dev {name}"],
                [f"link set {name} down"],
                [f"link set {name} up"],
                [f"link set {name} down", f"link set {name} name c", f"link set c name {name}"],
                [f"link del {name}", make.format(name), f"link set {name} up"],
            ]
        yield from chance.choice(choices)
