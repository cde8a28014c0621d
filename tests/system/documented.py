# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages: they can be read on a terminal, what they show is there, and their examples are run."""

import os
import pathlib
import re
import subprocess

import daemon as daemons
import documents
import manual
import netns
import tap

TESTS = pathlib.Path(os.environ["LINKWATCH_SOURCE"], "tests")
COLUMNS = 80


def rendered():
    """The name of each page, its text on a terminal, and what the formatter warned of."""
    tap.need_program("groff", "groff-base")
    pages = manual.built()
    assert len(pages) > 10, pages
    for page in pages:
        result = subprocess.run(["groff", "-t", "-man", "-Tutf8", "-ww", f"-rLL={COLUMNS}n",
                                 "-P-c", "-P-b", "-P-u"], input=manual.read(page), text=True,
                                encoding="utf-8", capture_output=True, check=True)
        yield os.path.basename(page), result.stdout, result.stderr


@tap.test
def no_warnings():
    """The formatter warns of nothing in any page"""
    for name, _text, warnings in rendered():
        tap.equal(warnings, "", name)


@tap.test
def no_wide_line():
    """No line of a page is wider than a terminal"""
    for name, text, _warnings in rendered():
        tap.equal([line for line in text.splitlines() if len(line) > COLUMNS], [], name)


@tap.test
def help_texts():
    """No line of a help text is wider than a terminal"""
    for program in ("linkwatchd", "linkwatchctl", "linkwatch-run"):
        path = os.path.join(os.path.dirname(daemons.BINARY), program)
        if os.path.exists(path):
            lines = netns.run(path, "--help").splitlines()
            tap.equal([line for line in lines if len(line) > COLUMNS], [], program)


@tap.test
def no_hyphenation():
    """No page divides a word at the end of a line: it might be an identifier"""
    for name, text, _warnings in rendered():
        tap.equal(re.findall(r"^.*\u2010$", text, re.MULTILINE), [], name)


@tap.test
def status_lines():
    """linkwatchctl(1) explains each line of linkwatchctl status, and no other"""
    page = manual.read(os.path.join(manual.FOLDER, "linkwatchctl.1"))
    section = page.split(".SH OUTPUT OF STATUS\n")[1].split("\n.SH ")[0]
    with daemons.Daemon() as daemon:
        output = netns.run(os.environ["LINKWATCHCTL"], "--socket", daemon.socket, "status")
    tap.equal(re.findall(r"^\.B (\w+)$", section, re.MULTILINE),
              re.findall(r"^ *(\w+): ", output, re.MULTILINE), "lines")


def _section(page, name):
    return page.split(f".SH {name}\n")[1].split("\n.SH ")[0]


@tap.test
def client_options():
    """linkwatchctl(1) has each command, option and exit code of the help text, and no other"""
    page = manual.read(os.path.join(manual.FOLDER, "linkwatchctl.1")).replace("\\-", "-")
    commands, options = netns.run(os.environ["LINKWATCHCTL"], "--help").split("Commands")[1].split("Options:\n")
    options, codes = options.split("Exit codes:")
    tap.equal(set(re.findall(r"^\.T[PQ]\n\.BR? (\w+)", _section(page, "COMMANDS"), re.MULTILINE)),
              set(re.findall(r"^  (\w+)", commands, re.MULTILINE)), "commands")
    heads = re.findall(r"^\.T[PQ]\n(.*)$", _section(page, "OPTIONS"), re.MULTILINE)
    words = re.findall(r"^  +((?:-[\w-]+(?:, )?)+)", options, re.MULTILINE)
    tap.equal(set(re.findall(r"(?<![\w-])--?\w[\w-]*", " ".join(heads))), set(", ".join(words).split(", ")), "options")
    tap.equal(re.findall(r"^\.B (\d)$", _section(page, "EXIT STATUS"), re.MULTILINE),
              re.findall(r"\b(\d) [a-z]", codes), "exit codes")


@tap.test
def journal_fields():
    """linkwatchd(8) explains each field of the daemon's journal entries that is not journald's own"""
    code = "".join(path.read_text(encoding="utf-8")
                   for path in TESTS.parent.glob("daemon/*.c"))
    fields = set(re.findall(r'log_(?:text|number)\(line, (?:"", )?"([A-Z_]+)"', code))
    assert {"INTERFACE", "ERRNO"} < fields, fields
    log = manual.read(os.path.join(TESTS.parent, "doc", "linkwatchd.8.in"))
    log = log[log.index(".SH LOG"):log.index(".SH ENVIRONMENT")]
    explained = set(re.findall(r"\b[A-Z_]+\b", "".join(re.findall(r"^\.BR? .*$", log, re.MULTILINE))))
    tap.equal(sorted(fields - {"PRIORITY", "MESSAGE_ID", "OLD_"} - explained), [])


@tap.test
def show_with_a_glob():
    """linkwatchctl show with a glob shows each link that matches, beginning with index and name"""
    with daemons.Daemon() as daemon:
        netns.ip("link add manual1 type veth peer name manual2")
        daemon.call("Refresh")
        output = netns.run(os.environ["LINKWATCHCTL"], "--socket", daemon.socket, "show", "manual*")
        netns.ip("link del manual1")
    tap.equal(re.findall(r"^\d+: (\S+)$", output, re.MULTILINE), ["manual2", "manual1"], "links")


def shown(language):
    """The examples of all pages that are called so, by page."""
    for page in manual.built():
        for text in manual.examples(os.path.basename(page), language):
            yield os.path.basename(page), text


@tap.test
def interfaces():
    """The pages of the interfaces end with what GetInterfaceDescription returns"""
    pages = list(shown("interface"))
    tap.equal(len(pages), 2, "pages")
    with daemons.Daemon() as daemon:
        for page, text in pages:
            reply = daemon.call("org.varlink.service.GetInterfaceDescription",
                                {"interface": page.removesuffix(".7")})
            tap.equal(text.strip(), reply["description"].strip(), page)


@tap.test
def declarations():
    """The declarations that pages show are those of linkwatch.h"""
    header = (TESTS.parent / "client/linkwatch.h").read_text(encoding="utf-8")
    header = " ".join(re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL).split())
    declared = list(shown("declaration"))
    assert declared, "there are none"
    for _page, text in declared:
        tap.contains(header, " ".join(re.sub(r"/\*.*?\*/", "", text).split()))


@tap.test
def folders_and_modules():
    """README.md has each folder of the tests, doc/architecture.md each module of the daemon, and no other"""
    source = TESTS.parent
    row = re.search(r"^\| `tests/` \|.*$", (source / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    tap.equal(set(re.findall(r"`(\w+)/`", row.group().split("|", 2)[2])),
              {path.name for path in TESTS.iterdir() if path.is_dir()} - {"__pycache__"}, "folders")
    text = (source / "doc/architecture.md").read_text(encoding="utf-8")
    rows = text.split("| module | does |\n")[1].split("\n\n")[0]
    named = re.findall(r"`(\w+)`", " ".join(row.split("|")[1] for row in rows.splitlines()))
    tap.equal(set(named), {path.stem for path in source.glob("daemon/*.[ch]")}, "modules")


@tap.test
def each_is_run():
    """Each example of a page has a name, and a test that takes it by this name from the page"""
    scripts = "".join(path.read_text(encoding="utf-8") for path in TESTS.glob("*/*.py"))
    examples = [(os.path.basename(path), mark, text) for path in manual.built()
                for mark, text in manual.blocks(path)]
    tap.equal([(page, text) for page, mark, text in examples if not mark], [],
              f"examples without a comment {manual.MARK}NAME before them")
    tap.equal([(page, mark) for page, mark, _text in examples
               if mark not in ("interface", "declaration") and
               f'examples("{page}", "{mark}")' not in scripts], [], "examples that no test takes")


# Blocks of documents that no test takes from there, by how they begin, and why not.
NOT_RUN = {
    "./bootstrap check": "it runs this test",
    "./bootstrap && mkdir -p build/gcc": "bear is not among the packages that tests need",
    "make -C build check": "it would write over the results of this test",
    "make bench": "it takes hours; tests/bench/smoke.py runs each benchmark once",
    "runsc --platform=ptrace --network=none do /bin/sh -c '…'": "what is to be run is left out",
    "protocol/   framing": "it shows folders",
    "rtnl → subjects": "it shows modules",
}


@tap.test
def documents_are_run():
    """Each command, script and output in the Markdown documents is taken from there by a test"""
    scripts = "".join(path.read_text(encoding="utf-8") for path in TESTS.glob("*/*") if path.is_file() and
                      path.suffix in ("", ".py"))
    taken = re.findall(r'(?:block|commands)\(?["\s]*([\w./-]+\.md)"?,?\s+"([^"]+)"', scripts)
    blocks = [(path, block[0]) for path in documents.paths() for block in documents.blocks(path)]
    tap.equal([block for block in blocks if not block[1].startswith(tuple(NOT_RUN)) and
               not any(block[0] == path and block[1].startswith(start) for path, start in taken)],
              [], "blocks that no test takes")
    tap.equal([start for start in NOT_RUN if not any(first.startswith(start) for _path, first in blocks)],
              [], "blocks that are no more")


netns.enter()
tap.main()
