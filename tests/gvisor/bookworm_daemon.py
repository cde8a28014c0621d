# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests of sandboxed_daemon.py in a sandbox of Debian 12's gVisor."""

import sandbox

sandbox.run_tests("bookworm", "sandboxed_daemon.py")
