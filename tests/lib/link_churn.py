# SPDX-License-Identifier: LGPL-2.1-or-later
"""Links that change all the time, as fast as ip(8) can change them."""

import random
import subprocess
import threading

PAIRS = 4


def commands(seed, count, slow=8):
    """Random changes of a few veth pairs and a bridge, always the same for a seed. Some of
    them fail (a link is gone already): that is a part of it. slow is the share of those
    for which the kernel takes its time: masters, names, removals."""
    chance = random.Random(seed)
    yield "link add b0 type bridge"
    for n in range(PAIRS):
        yield f"link add v{n} type veth peer name w{n}"
    for _ in range(count):
        n = chance.randrange(PAIRS)
        end = chance.choice("vw")
        yield from chance.choices(
            ([f"link set {end}{n} mtu {chance.randrange(1000, 1500)}"],
             [f"link set {end}{n} up"],
             [f"link set {end}{n} down"],
             [f"link set v{n} address 02:00:00:00:00:{chance.randrange(1, 255):02x}"],
             [f"link set {end}{n} master b0"],
             [f"link set {end}{n} nomaster"],
             [f"link set w{n} name x{n}", f"link set x{n} name w{n}"],
             [f"link del v{n}", f"link add v{n} type veth peer name w{n}"]),
            weights=(30, 15, 15, 10, slow, slow, slow, slow))[0]


def start(lines):
    """Starts to do what the lines say; wait() for it."""
    process = subprocess.Popen(["ip", "-force", "-batch", "-"], stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
    text = "".join(line + "\n" for line in lines)
    # It is taken as fast as it is done.
    threading.Thread(target=_feed, args=(process, text), daemon=True).start()
    return process


def _feed(process, text):
    try:
        with process.stdin:
            process.stdin.write(text)
    except BrokenPipeError:
        pass
