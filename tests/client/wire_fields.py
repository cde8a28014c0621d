# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each field that the daemon sends of a link or an address can be read from the library, by its number."""

import ctypes
import os
import re
import threading

import fake
import tap

LIBRARY = os.path.join(os.environ.get("LINKWATCH_BUILD", "."), "client", ".libs", "liblinkwatch.so")


def read(*path):
    """The text of a source file."""
    with open(os.path.join(os.environ.get("LINKWATCH_SOURCE", ""), *path), encoding="utf-8") as file:
        return file.read()


def members(name):
    """The members of a type of the interface, by name, with their types as Varlink has them."""
    interface = re.sub(r"#.*", "", read("protocol", "org.linkwatch.Links.varlink"))
    body = re.search(rf"^type {name} \((.*?)^\)", interface, re.DOTALL | re.MULTILINE).group(1)
    return dict(re.findall(r"(\w+): \??(\w+|\[\]\w+|\([^)]*\))", body))


def numbers(prefix):
    """The names of fields that linkwatch.h gives a number, in the order of the numbers."""
    code = re.sub(r"/\*.*?\*/", "", read("client", "linkwatch.h"), flags=re.DOTALL)
    return [name.lower() for name in re.findall(rf"^    {prefix}([A-Z_]+),?\s*$", code, re.MULTILINE)]


def values(types):
    """An object with a value for each member, none of them equal to another."""
    result = {}
    for number, (name, kind) in enumerate(types.items(), 100):
        if kind == "int":
            result[name] = number
        elif kind == "bool":
            result[name] = True
        elif kind == "[]string":
            result[name] = [f"{name}1", f"{name}2"]
        elif kind == "LinkInfo":
            result[name] = values(members(kind))
        else:
            assert kind == "string" or kind.startswith("("), (name, kind)
            result[name] = kind.strip("()").split(",")[0] + "-" + name if kind == "string" else "inet"
    return result


class Getters:
    """The functions of the library for one type of object, each with a number."""

    def __init__(self, library, prefix):
        self._library = library
        self._prefix = prefix

    def _get(self, what, place, field, value):
        code = getattr(self._library, f"{self._prefix}_get_{what}")(place, field, ctypes.byref(value))
        return value.value if code == 0 else None

    def texts(self, place, field):
        """The texts of a list."""
        function = getattr(self._library, f"{self._prefix}_next_text")
        function.restype = ctypes.c_void_p
        text, found = function(place, field, None), []
        while text:
            found.append(ctypes.string_at(text).decode())
            text = function(place, field, ctypes.c_void_p(text))
        return found

    def value(self, place, field, like):
        """The field of that number, read as what that one is."""
        if isinstance(like, bool):
            return self._get("boolean", place, field, ctypes.c_bool())
        if isinstance(like, int):
            return self._get("integer", place, field, ctypes.c_int64())
        if isinstance(like, list):
            return self.texts(place, field)
        text = self._get("string", place, field, ctypes.c_char_p())
        return text and text.decode()


def listed(library, member, sent, get, take):
    """The object that the library makes of the only one that a daemon lists."""
    with fake.Fake() as daemon:
        connection, found = ctypes.c_void_p(), ctypes.c_void_p()
        tap.equal(library.linkwatch_connect(daemon.path.encode(), ctypes.byref(connection)), 0, "connect")
        peer = daemon.accept()

        def answer():
            peer.call()
            peer.reply({member: sent, "source": fake.SOURCE, "address_source": fake.SOURCE,
                        "position": {"instance": fake.INSTANCE, "sequence": 1}})

        thread = threading.Thread(target=answer)
        thread.start()
        code = getattr(library, get)(connection, None, ctypes.c_int64(5_000_000), ctypes.byref(found))
        thread.join()
        tap.equal(code, 0, get)
        library.linkwatch_close(connection)
    function = getattr(library, take)
    function.restype = ctypes.c_void_p
    return ctypes.c_void_p(function(found, ctypes.c_size_t(0)))


def check(kind, prefix, field_prefix, get, take):
    """Each member of that type has a number, by which its value is read."""
    if not os.path.exists(LIBRARY) or os.environ.get("LINKWATCH_SANITIZERS") == "yes":
        raise tap.Skip("the library can't be loaded here")
    library = ctypes.CDLL(LIBRARY)
    names = numbers(field_prefix)
    # Bytes of a name are in the field of the name.
    types = {name: kind for name, kind in members(kind).items() if not name.endswith("_bytes")}
    sent = values(types)
    place = listed(library, kind.lower(), sent, get, take)
    getters = Getters(library, prefix)
    for name, value in sent.items():
        parts = value if isinstance(value, dict) else {name: value}
        for part, expected in parts.items():
            assert part in names, f"no {field_prefix}{part.upper()} in linkwatch.h"
            tap.equal(getters.value(place, names.index(part), expected), expected, part)
    tap.equal(len(names), len(sent) + sum(len(each) - 1 for each in sent.values() if isinstance(each, dict)),
              "numbers")


tap.add("Each member of the wire's Link is a field of a number, and read by it", check, "Link", "linkwatch_link",
        "LINKWATCH_FIELD_", "linkwatch_get_list", "linkwatch_list_get")
tap.add("Each member of the wire's Address is a field of a number, and read by it", check, "Address",
        "linkwatch_address", "LINKWATCH_ADDRESS_FIELD_", "linkwatch_get_addresses", "linkwatch_address_list_get")

tap.main()
