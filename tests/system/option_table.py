# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon's options: its help, which is made from their table, and the manual pages agree."""

import os
import re
import shutil
import subprocess

import daemon as daemons
import manual
import netns
import tap

OPTION = re.compile(r"^  --(\S+) (\w+), \[(\w+)\] (\w+)=\n +\S.*\n +\((.*); default (\S+)\)$",
                    re.MULTILINE)


def options():
    """What the help says of each option: name, placeholder, section, key, bounds and default."""
    text = netns.run(daemons.BINARY, "--help")
    found = OPTION.findall(text)
    tap.equal([option[0] for option in found], re.findall(r"^  --(\S+) .*=$", text, re.MULTILINE))
    return found


def page(name):
    """The section OPTIONS of a page, as it is shown on a wide terminal."""
    if not shutil.which("groff"):
        raise tap.Skip("groff is missing (Debian: groff-base)")
    path = os.path.join(os.environ["LINKWATCH_BUILD"], "doc", name)
    text = subprocess.run(["groff", "-t", "-man", "-Tutf8", "-rLL=500n", "-P-c", "-P-b", "-P-u"],
                          input=manual.read(path), text=True, encoding="utf-8",
                          capture_output=True, check=True).stdout
    return re.search(r"^OPTIONS\n(.*?)(?=^\S)", text, re.MULTILINE | re.DOTALL).group(1)


@tap.test
def described():
    """linkwatchd(8) describes each option of the help, in its order, with its name in the file and its
    default"""
    parts = re.split(r"^ +--(\S+) \S+ \[(\w+)\] (\w+)=\n", page("linkwatchd.8"), flags=re.MULTILINE)
    names = list(zip(parts[1::4], parts[2::4], parts[3::4]))
    tap.equal(names, [(name, section, key) for name, _, section, key, _, _ in options()], "options")
    texts = parts[4::4]
    for i, (name, _, _, _, _, default) in enumerate(options()):
        # Those that belong together share the text of the last one.
        text = next(text for text in texts[i:] if text)
        assert re.search(rf"Default: (\S+ and )?{re.escape(default)}(?![\w.]\w)", text), (name, text)


@tap.test
def configured():
    """linkwatchd.conf(5) lists each option of the help, in its order, with its default"""
    table, section = [], None
    for line in page("linkwatchd.conf.5").splitlines():
        row = re.match(r" +(?:\[(\w+)\] +)?(\w+)= +(\S.*\S) +--(\S+)$", line)
        if row:
            section = row[1] or section
            table.append((row[4], section, row[2], row[3]))
    tap.equal(table, [(name, section, key, "see there" if name == "socket" else default)
                      for name, _, section, key, _, default in options()])


@tap.test
def bounded():
    """What the help says of an option's bounds is accepted, and what is beyond them is not"""
    for name, _, _, _, bounds, default in options():
        ends = re.fullmatch(r"from (\S+) to (\S+)", bounds)
        values = ends.groups() if ends else bounds.split(", ") if name != "socket" else (default,)
        for value in values:
            # The two bounds of the interval are compared with each other.
            other = (f"--interval-{'max' if name == 'interval-min' else 'min'}", value)
            check = (daemons.BINARY, "--config", "/dev/null", f"--{name}", value, "--check-config")
            netns.run(*check, *(other if name.startswith("interval-") else ()))
        if ends:
            unit = re.sub(r"^[\d.]+", "", ends[2])
            beyond = f"{ends[2][:len(ends[2]) - len(unit)]}1{unit}"
            result = subprocess.run([daemons.BINARY, "--config", "/dev/null", f"--{name}", beyond,
                                     "--check-config"], capture_output=True, text=True, check=False)
            tap.equal(result.returncode, 2, f"--{name} {beyond}")
            assert bounds in result.stderr, result.stderr


tap.main()
