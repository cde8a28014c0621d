# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests of sandboxed_run.py in a sandbox of Debian 13's gVisor, on systrap."""

import contextlib

import avahi
import programs
import sandbox
import tap

# Made out here, where there is a cache to keep them in, and a mirror.
with contextlib.suppress(tap.Skip):
    programs.go_program()
avahi.fetch()
sandbox.run_tests("trixie", "sandboxed_run.py", platform="systrap")
