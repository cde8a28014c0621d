# SPDX-License-Identifier: LGPL-2.1-or-later
"""avahi-daemon, unpacked from the package archive: installed, it would be started on the machine
itself."""

import functools
import pathlib

import netns
import packages
import tap

# With the libraries that a machine may lack, and the one that gives it the user that its installation
# would make.
_PACKAGES = ("avahi-daemon", "libavahi-core7", "libavahi-common3", "libdaemon0", "libexpat1",
             "libdbus-1-3", "libnss-wrapper")
_FILES = {
    "avahi.conf": "[server]\nenable-dbus=no\n[publish]\npublish-hinfo=no\n",
    "passwd": "root:x:0:0::/:\navahi:x:900:900::/:\n",
    "group": "root:x:0:\navahi:x:900:\n",
}


@functools.cache
def fetch():
    """Where it is, or why it isn't: to be called first where the mirror can be reached. Whoever calls
    it later, in a namespace or sandbox, finds it in the cache."""
    try:
        return packages.unpacked((packages.own_releases() or ["trixie"])[0], _PACKAGES)
    except tap.Skip as skip:
        return skip


def command(scratch):
    """Its command, which writes below /run; scratch is a folder."""
    # In a user namespace there is no other user for the owner of its folder.
    if not netns.has_other_users():
        raise tap.Skip("avahi-daemon wants a folder of its own in /run, for which root is needed")
    root = fetch()
    if isinstance(root, tap.Skip):
        raise root
    for name, text in _FILES.items():
        pathlib.Path(scratch, name).write_text(text, encoding="ascii")
    libraries = next(root.glob("usr/lib/*-linux-gnu*"))
    return ["env", f"LD_LIBRARY_PATH={libraries}", "LD_PRELOAD=libnss_wrapper.so",
            f"NSS_WRAPPER_PASSWD={scratch}/passwd", f"NSS_WRAPPER_GROUP={scratch}/group",
            str(root / "usr/sbin/avahi-daemon"), "--no-drop-root", "--no-chroot", "--no-rlimits",
            "--file", f"{scratch}/avahi.conf"]


def publishes(running, link, addresses):
    """It publishes each of the addresses when it is added, and withdraws it when it is removed."""
    running.until(r"^Server startup complete", "its start")
    for address in addresses:
        text = address.split("/")[0].replace(".", r"\.")
        netns.ip(f"address add {address} dev {link}")
        running.until(rf"^Registering new address record for {text} on {link}\.", "the address")
        netns.ip(f"address del {address} dev {link}")
        running.until(rf"^Withdrawing address record for {text} on {link}\.", "its removal")
    assert "more than links" not in running.text(), running.text()
