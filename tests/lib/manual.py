# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages' sources."""

import glob
import os

FOLDER = os.path.join(os.environ["LINKWATCH_SOURCE"], "doc")
# A comment before each example: what it is to the test that runs it.
MARK = '.\\" example: '


def pages():
    """The paths of all pages, as they are written."""
    return sorted(glob.glob(FOLDER + "/*.[1-8]") + glob.glob(FOLDER + "/*.[1-8].in"))


def built():
    """The paths of all pages, as they are installed."""
    doc = os.path.join(os.environ["LINKWATCH_BUILD"], "doc")
    return [os.path.join(doc, os.path.basename(page).removesuffix(".in"))
            if page.endswith(".in") else page for page in pages()]


def read(page):
    """The text of a page's source."""
    with open(page, encoding="utf-8") as file:
        return file.read()


def blocks(page):
    """The examples of a page, outside of its synopsis, as they are shown: each with what its comment
    calls it, None without one."""
    section, mark, block, before = "", None, None, ""
    for line in read(page).splitlines():
        if line.startswith(".SH "):
            section = line
        elif line in (".EX", ".nf") and section != ".SH SYNOPSIS":
            mark = before.removeprefix(MARK) if before.startswith(MARK) else None
            block = []
        elif line in (".EE", ".fi") and block is not None:
            yield mark, _shown("".join(block))
            block = None
        elif block is not None:
            block.append(line + "\n")
        before = line


def examples(page, mark):
    """The examples of an installed page that are called so."""
    path, = (path for path in built() if os.path.basename(path) == page)
    return [text for name, text in blocks(path) if name == mark]


def _shown(text):
    """What roff prints for the escapes that the examples use."""
    for escape, character in ((r"\-", "-"), (r"\(aq", "'"), (r"\&", ""), (r"\e", "\\")):
        text = text.replace(escape, character)
    return text
