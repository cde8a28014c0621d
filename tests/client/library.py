# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the library promises to those who build on it, and linkwatchctl to us."""

import ctypes
import glob
import os
import re
import shutil
import subprocess
import tempfile

import tap

BUILD = os.environ.get("LINKWATCH_BUILD", ".")
SOURCE = os.environ.get("LINKWATCH_SOURCE", "")
LIBRARY = os.path.join(BUILD, "client", ".libs", "liblinkwatch.so")


def need_library():
    """Skips a test that needs the shared library where none was built."""
    if not os.path.exists(LIBRARY):
        raise tap.Skip("configured with --disable-shared")


def read(*path):
    """The text of a source file."""
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as file:
        return file.read()


def run(*command):
    """Runs a command, which must succeed; its output."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(command)}: {result.stdout}{result.stderr}"
    return result.stdout


def declared():
    """The functions of linkwatch.h."""
    code = re.sub(r"/\*.*?\*/", "", read("client", "linkwatch.h"), flags=re.DOTALL)
    return set(re.findall(r"\b(linkwatch_\w+)\(", code))


# What follows the first is compiled into both: it is pure, and the library does not export it.
OF_BOTH = ("client/linkwatch.h", "client/timespan.h", "protocol/array.h", "protocol/clock.h",
           "protocol/json.h", "protocol/log_kinds.h", "protocol/metrics.h", "protocol/utf8.h")


@tap.test
def symbols():
    """The library exports the functions of linkwatch.h under their version, and no other."""
    need_library()
    exported = {line.split()[-1] for line in
                run("nm", "--dynamic", "--defined-only", LIBRARY).splitlines()}
    exported.discard("LINKWATCH_0")
    tap.equal(exported, {name + "@@LINKWATCH_0" for name in declared()}, "symbols")


@tap.test
def soname():
    """The library's soname is liblinkwatch.so.0."""
    need_library()
    tap.contains(run("readelf", "--dynamic", LIBRARY), "Library soname: [liblinkwatch.so.0]")


@tap.test
def no_state():
    """The library has no variables, and calls nothing that changes the whole process."""
    need_library()
    # What is constant lies elsewhere, in .rodata and .data.rel.ro.
    objects = re.findall(r" O (\.data|\.bss)\s+\w+\s+(\w+)$",
                         run("objdump", "--syms", os.path.join(BUILD, "client", ".libs",
                                                               "libclient.a")), re.M)
    tap.equal([name for _, name in objects if not name.startswith("__")], [], "variables")
    undefined = run("nm", "--dynamic", "--undefined-only", LIBRARY)
    for name in ("sigaction", "signal", "pthread_create", "setlocale", "exit", "chdir", "setenv"):
        assert not re.search(rf"\b{name}\b", undefined), name


@tap.test
def header():
    """linkwatch.h stands alone in C, without a warning, and names no type of jansson or libev."""
    text = read("client", "linkwatch.h")
    assert not re.search(r"json_t|ev_|jansson|<ev\.h>", text)
    tap.equal(re.findall(r"#include (.*)", text),
              ["<stdbool.h>", "<stddef.h>", "<stdint.h>"], "includes")
    for standard in ("c99", "c11"):
        run("cc", f"-std={standard}", "-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
            "-x", "c", os.path.join(SOURCE, "client", "linkwatch.h"))


CPLUSPLUS = """
#include "client/linkwatch.h"
#include <cstdio>

int main()
{
    linkwatch_callbacks callbacks = {};
    struct linkwatch_mirror *mirror = nullptr;
    struct linkwatch_filter *filter = nullptr;
    linkwatch_fields fields = LINKWATCH_FIELD_MASK(MTU) | LINKWATCH_FIELD_MASK(IFNAME);

    callbacks.size = sizeof(callbacks);
    callbacks.ready = [](void *) { std::puts("ready"); };
    if (linkwatch_filter_new(&filter) < 0 || linkwatch_filter_add_name(filter, "eth*") < 0)
        return 1;
    if (linkwatch_mirror_new("/nonexistent", filter, &callbacks, nullptr, &mirror) < 0)
        return 2;
    linkwatch_filter_free(filter);
    linkwatch_mirror_process(mirror);
    if (linkwatch_mirror_timeout(mirror) < 0 || linkwatch_mirror_count(mirror) != 0)
        return 3;
    linkwatch_mirror_free(mirror);
    return fields == 0;
}
"""


@tap.test
def version():
    """The header, the library and the package have one version."""
    need_library()
    package = re.search(r"AC_INIT\(\[linkwatchd\], \[([^]]*)\]", read("configure.ac")).group(1)
    code = read("client", "linkwatch.h")
    tap.equal(re.search(r'define LINKWATCH_VERSION +"(.*)"', code).group(1), package)
    number = re.search(r"define LINKWATCH_VERSION_NUMBER +\((.*)\)", code).group(1)
    parts = re.fullmatch(r"(\d+) << 16 \| (\d+) << 8 \| (\d+)", number).groups()
    tap.equal(".".join(parts), package)
    if os.environ.get("LINKWATCH_SANITIZERS") == "yes":
        return  # it can't be loaded here
    library = ctypes.CDLL(LIBRARY)
    library.linkwatch_version.restype = ctypes.c_char_p
    tap.equal(library.linkwatch_version().decode(), package)


@tap.test
def names():
    """No function of linkwatch.h bears the name of a struct, which is one name in C++."""
    structs = set(re.findall(r"\bstruct (\w+)", read("client", "linkwatch.h")))
    tap.equal(structs & declared(), set())


@tap.test
def cplusplus():
    """A program in C++ builds against the library, without a warning, and works."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if not compiler:
        raise tap.Skip("there is no C++ compiler")
    if os.environ.get("LINKWATCH_SANITIZERS") == "yes":
        raise tap.Skip("the library was built with sanitizers")
    need_library()
    with tempfile.TemporaryDirectory() as directory:
        source = os.path.join(directory, "program.cc")
        program = os.path.join(directory, "program")
        with open(source, "w", encoding="utf-8") as file:
            file.write(CPLUSPLUS)
        run(compiler, "-std=c++11", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I", SOURCE,
            source, "-o", program, LIBRARY, f"-Wl,-rpath,{os.path.dirname(LIBRARY)}")
        run(program)


@tap.test
def command():
    """linkwatchctl includes nothing of ours but linkwatch.h and its own headers."""
    files = glob.glob(os.path.join(SOURCE, "client", "ctl", "*.[ch]"))
    assert len(files) > 10, files
    for path in files:
        for name in re.findall(r'#include "(.*)"', read(path)):
            assert name in OF_BOTH or name.startswith("client/ctl/"), (path, name)


@tap.test
def modules():
    """No module of linkwatchctl includes itself by way of others."""
    includes = {}
    for path in glob.glob(os.path.join(SOURCE, "client", "ctl", "*.[ch]")):
        module = os.path.basename(path)[:-2]
        includes.setdefault(module, set()).update(
            re.findall(r'#include "client/ctl/(.*)\.h"', read(path)))
    reached = {module: names - {module} for module, names in includes.items()}
    for _step in reached:
        for names in reached.values():
            names.update(*(reached[name] for name in list(names)))
    assert not [module for module, names in reached.items() if module in names], reached


@tap.test
def manual():
    """Each function and each condition has its place in the manual."""
    pages = "".join(read(path) for path in glob.glob(os.path.join(SOURCE, "doc", "*.3")))
    missing = [name for name in sorted(declared()) if name not in pages]
    tap.equal(missing, [], "functions without a page")
    for page in ("doc/linkwatchctl.1", "doc/linkwatch_wait.3"):
        text = read(page).replace("\\-", "-")
        for word in ("present", "absent", "up", "down", "carrier", "no-carrier", "usable", "operstate=",
                     "mtu=", "address=", "family=", "master=", "nomaster", "kind=", "renamed",
                     "name="):
            tap.contains(text, word)


def completion(shell, check):
    """The file for a shell is one that the shell can read."""
    path = os.path.join(SOURCE, "client", "completions", check[-1])
    if not shutil.which(shell):
        raise tap.Skip(f"there is no {shell}")
    run(shell, *check[:-1], path)


for _shell, _check in (("bash", ("-n", "linkwatchctl")),
                       ("zsh", ("-n", "_linkwatchctl")),
                       ("fish", ("--no-execute", "linkwatchctl.fish"))):
    tap.add(f"{_shell} can read its completions", completion, _shell, _check)


@tap.test
def completions():
    """The completions of each shell know every command, option and condition."""
    for name in ("linkwatchctl", "_linkwatchctl", "linkwatchctl.fish"):
        text = read("client", "completions", name)
        for option in ("socket", "json", "timeout", "no-pager", "help", "version"):
            tap.contains(text, option)
        for word in ("list", "monitor", "show", "wait", "refresh", "status", "present", "absent", "up", "down",
                     "carrier", "no-carrier", "usable", "operstate=", "mtu=", "address=", "family=", "master",
                     "nomaster", "kind=", "renamed", "name"):
            assert re.search(rf"(?<![\w-]){re.escape(word)}", text), (name, word)


tap.main()
