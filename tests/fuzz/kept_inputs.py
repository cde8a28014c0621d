# SPDX-License-Identifier: LGPL-2.1-or-later
"""The inputs that are kept for the fuzz targets leave every invariant standing."""

import os
import subprocess

import tap

SOURCE = os.environ.get("LINKWATCH_SOURCE", ".")
BUILD = os.environ.get("LINKWATCH_BUILD", ".")


def replay(target):
    """Gives a target its inputs; it ends badly if something does not hold."""
    inputs = os.path.join(SOURCE, "tests/fuzz/corpus", target)
    result = subprocess.run([os.path.join(BUILD, "tests/fuzz", "replay_" + target), inputs],
                            capture_output=True, text=True, errors="replace", check=False)
    last = result.stdout.strip().rsplit("\n", 1)[-1]
    assert result.returncode == 0, f"at {last}: {result.stderr[-6000:]}"
    tap.diag(f"{target}: {result.stdout.count('#')} inputs")


for name, behaviour in (
        ("rtnetlink", "What the kernel sends is reported truly: links, addresses, tables, events, JSON"),
        ("session", "Whatever a consumer sends, the session answers or ends"),
        ("config", "A configuration file is read within all bounds or refused in a line"),
        ("mirror", "Whatever a daemon sends, the library reports one consistent sequence of events")):
    tap.add(behaviour, replay, name)
tap.main()
