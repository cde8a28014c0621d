# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs from the package archive of a Debian release that is not this machine's.

They come through apt and from the mirror that this machine uses already, into folders of
their own, and are kept in the user's cache. Nothing is installed."""

import os
import pathlib
import subprocess

import tap

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def cache():
    """The folder for what tests keep."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base, "linkwatchd-tests")


def own_releases():
    """The code names that the release that this machine runs may have, none if it is no Debian.
    Of sid, os-release(5) says what it says of testing."""
    try:
        lines = pathlib.Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    values = {name: value.strip('"') for name, value in
              (line.split("=", 1) for line in lines if "=" in line)}
    if values.get("ID") != "debian":
        return []
    names = [values["VERSION_CODENAME"]] if values.get("VERSION_CODENAME") else []
    return names + ["sid"] * values.get("PRETTY_NAME", "").endswith("/sid")


def _run(*command, **options):
    result = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if result.returncode != 0:
        text = (result.stderr.strip() or result.stdout.strip()).splitlines()
        raise tap.Skip(f"{command[0]} failed: {text[-1] if text else result.returncode}")
    return result.stdout


def _mirrors():
    """Where this machine gets its own release from."""
    output = _run("apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)",
                "Created-By: Packages")
    words = [line.split() for line in output.splitlines()]
    own = own_releases()
    mirrors = {w[2]: None for w in words if w[0] in own and w[1] == "main"}
    if not mirrors:
        raise tap.Skip("apt knows no mirror of this machine's release")
    return list(mirrors)


def _apt(root, *arguments):
    """Runs apt-get with everything that it reads and writes below root."""
    options = {
        "Dir::Etc::SourceList": root / "sources.list",
        "Dir::Etc::SourceParts": root / "none",
        "Dir::Etc::Preferences": root / "none",
        "Dir::Etc::PreferencesParts": root / "none",
        "Dir::State": root / "state",
        "Dir::State::status": root / "status",
        "Dir::Cache": root / "cache",
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
        "Acquire::Languages": "none",
    }
    settings = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    environment = dict(os.environ, LC_ALL="C")
    return _run("apt-get", "-qq", *settings, *arguments, cwd=root, env=environment)


def _prepare(root, release, mirror):
    for folder in ("none", "state/lists/partial", "cache/archives/partial"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "status").touch()
    (root / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {mirror} {release} main\n",
                                       encoding="utf-8")
    _apt(root, "update")


def _fetch(root, release, *command):
    """Lets apt-get do something with the release's packages, from the first mirror that has
    them."""
    reason = None
    for mirror in _mirrors():
        try:
            _prepare(root, release, mirror)
            _apt(root, *command)
            return
        except tap.Skip as skip:
            reason = skip
    raise reason


def _unpack(files, folder):
    for file in sorted(files):
        _run("dpkg-deb", "-x", str(file), str(folder))


def _kept(name, fill):
    """The folder of that name in the cache; fill(apt_root, folder) makes what is in it,
    once. Skips with the reason where it can't be had."""
    target = cache() / name
    if target.exists():
        return target
    if not own_releases():
        raise tap.Skip("this is no Debian, so its packages can't be had from its mirror")
    # Tests that run at the same time don't share any of it.
    root = cache() / f"{name}.{os.getpid()}.apt"
    fresh = cache() / f"{name}.{os.getpid()}"
    try:
        fill(root, fresh)
        fresh.rename(target)
    except OSError as error:
        # Somebody else was as fast.
        if not target.exists():
            raise tap.Skip(str(error)) from error
    finally:
        _run("rm", "-rf", str(root), str(fresh))
    return target


def unpacked(release, packages):
    """A folder in which these packages of that release are unpacked; skips with the reason
    where they can't be had."""
    def fill(root, folder):
        _fetch(root, release, "download", *packages)
        _unpack(root.glob("*.deb"), folder)

    return _kept(f"{release}-{'-'.join(packages)}", fill)


def system(release, packages):
    """A root folder with these packages of that release and all that they need, good to
    chroot into: unpacked, nothing of it is configured. Skips as unpacked() does."""
    def fill(root, folder):
        _fetch(root, release, "--yes", "--download-only", "install", *packages)
        _unpack((root / "cache/archives").glob("*.deb"), folder)
        for name in ("bin", "sbin", "lib", "lib64"):
            if not (folder / name).exists():
                (folder / name).symlink_to(f"usr/{name}")
        for name in ("proc", "mnt"):
            (folder / name).mkdir(exist_ok=True)

    return _kept(f"{release}-system-{'-'.join(packages)}", fill)
