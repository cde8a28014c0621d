# SPDX-License-Identifier: LGPL-2.1-or-later
"""The documents in Markdown, and the examples in them: indented blocks."""

import itertools
import os
import pathlib
import re

SOURCE = pathlib.Path(os.environ["LINKWATCH_SOURCE"])
_INDENT = "    "


def paths():
    """All documents."""
    return sorted(str(path.relative_to(SOURCE)) for folder in (SOURCE, SOURCE / "doc")
                  for path in folder.glob("*.md"))


def blocks(path):
    """The blocks of a document, each as a list of lines."""
    lines = (SOURCE / path).read_text(encoding="utf-8").splitlines()
    return [[line.removeprefix(_INDENT) for line in group]
            for indented, group in itertools.groupby(lines, lambda line: line.startswith(_INDENT))
            if indented]


def block(path, start):
    """The one block of a document whose first line begins so."""
    found, = (block for block in blocks(path) if block[0].startswith(start))
    return found


def commands(path, start):
    """The same as command lines: a backslash joins two."""
    return re.sub(r"\s*\\\n\s*", " ", "\n".join(block(path, start))).splitlines()


def comparable(lines):
    """Lines of output without what differs each time: the time of day, and the indexes and addresses of
    links."""
    for pattern, name in ((r"^\d\d:\d\d:\d\d\.\d{3}", "TIME"),
                          (r"^(Deleted )?\d+: ", r"\1INDEX: "), (r" \(\d+\)", " (INDEX)"),
                          (r"\b(?!00|ff)(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", "ADDRESS")):
        lines = [re.sub(pattern, name, line.rstrip()) for line in lines]
    return lines
