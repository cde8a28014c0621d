# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages' sources."""

import glob
import os
import re

FOLDER = os.path.join(os.environ["LINKWATCH_SOURCE"], "doc")


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


def examples(page, language):
    """The examples of a page that are marked as being in that language, as they are shown."""
    marked = rf'^\.\\" example: {language}\n\.EX\n(.*?)^\.EE$'
    return [_shown(text) for text in re.findall(marked, read(os.path.join(FOLDER, page)),
                                                re.MULTILINE | re.DOTALL)]


def _shown(text):
    """What roff prints for the escapes that the examples use."""
    for escape, character in ((r"\-", "-"), (r"\(aq", "'"), (r"\&", ""), (r"\e", "\\")):
        text = text.replace(escape, character)
    return text
