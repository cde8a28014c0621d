# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is built is hardened: seen on the programs and the library themselves, with readelf."""

import glob
import os
import re
import shutil
import subprocess

import tap

BUILD = os.environ.get("LINKWATCH_BUILD", ".")
SANITIZED = os.environ.get("LINKWATCH_SANITIZERS") == "yes"
OPTIMIZED = re.search(r"-O([1-3sg]|fast)?(\s|$)", os.environ.get("LINKWATCH_CFLAGS", "-O2"))


def built(name):
    """The file itself, where libtool has put a script in its place."""
    for path in (os.path.join(BUILD, os.path.dirname(name), ".libs", os.path.basename(name)),
                 os.path.join(BUILD, name)):
        if os.path.exists(path):
            return path
    raise AssertionError(f"{name} was not built in {BUILD}")


def library():
    """The shared library; a build may leave it out."""
    found = glob.glob(os.path.join(BUILD, "client/.libs/liblinkwatch.so.*.*.*"))
    return found[:1]


PROGRAMS = [built("linkwatchd"), built("linkwatchctl")]
FILES = PROGRAMS + library()


def readelf(option, path):
    """What readelf says, in English and unfolded."""
    return subprocess.run(["readelf", "--wide", option, path], env=dict(os.environ, LC_ALL="C"),
                          check=True, capture_output=True, text=True).stdout


def calls(path, pattern):
    """The imported functions whose names fit the pattern."""
    return re.findall(rf"UND ({pattern})(?:@|\s|$)", readelf("--dyn-syms", path), re.MULTILINE)


@tap.test
def position_independent():
    """The programs are loaded at random addresses (PIE)"""
    for path in PROGRAMS:
        tap.contains(readelf("--file-header", path), "DYN (")
        tap.contains(readelf("--dynamic", path), "Flags: NOW PIE")


@tap.test
def read_only_relocations():
    """What the loader fills in is read-only when the program starts (full RELRO)"""
    for path in FILES:
        tap.contains(readelf("--segments", path), "GNU_RELRO")
        dynamic = readelf("--dynamic", path)
        assert re.search(r"BIND_NOW|Flags: NOW", dynamic), f"{path}:\n{dynamic}"
        assert "TEXTREL" not in dynamic, f"{path} has code that the loader writes to"


@tap.test
def memory_is_data_or_code():
    """No segment can be written and executed, the stack neither"""
    for path in FILES:
        segments = readelf("--segments", path)
        tap.contains(segments, "GNU_STACK")
        rows = re.findall(r"^  \w+ +(?:0x\w+ +){5}([R ][W ][E ])", segments, re.MULTILINE)
        assert len(rows) > 4, segments
        assert "RWE" not in rows and " WE" not in rows, f"{path}:\n{segments}"


@tap.test
def stack_protector():
    """Functions with arrays see that their frame was overwritten"""
    for path in FILES:
        assert calls(path, "__stack_chk_fail"), f"{path} does not check its stack"


@tap.test
def fortified():
    """Copies and prints into buffers of known size are checked (FORTIFY)"""
    if SANITIZED:
        raise tap.Skip("the sanitizers check more")
    if not OPTIMIZED:
        raise tap.Skip("only what is optimized can be fortified")
    for path in FILES:
        checked = calls(path, r"__\w+_chk")
        assert set(checked) - {"__stack_chk_fail"}, f"{path} calls no checking function"
        # Of these there is always one that checks.
        plain = calls(path, r"(?:fprintf|asprintf)")
        tap.equal(plain, [], f"unchecked functions that {path} calls")


@tap.test
def compiled_as_asked():
    """Every file of ours was compiled with these options"""
    for path in FILES:
        producers = re.findall(r"DW_AT_producer +: .*?(GNU C\d+ .*)$",
                               readelf("--debug-dump=info", path), re.MULTILINE)
        if not producers:
            raise tap.Skip(f"{path} does not contain how it was compiled (no gcc, or no -g)")
        for producer in producers:
            tap.contains(producer, "-fstack-protector-strong")
            tap.contains(producer, "-fstack-clash-protection")


if os.environ.get("LINKWATCH_HARDENING") != "yes":
    tap.skip_all("configured with --disable-hardening")
if not shutil.which("readelf"):
    tap.skip_all("readelf is not there (Debian: binutils)")
tap.main()
