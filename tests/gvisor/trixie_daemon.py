# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests of sandboxed_daemon.py in a sandbox of Debian 13's gVisor."""

import sandbox

sandbox.run_tests("trixie", "sandboxed_daemon.py")
