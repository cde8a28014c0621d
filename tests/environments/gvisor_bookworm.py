# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test of an environment in a sandbox of Debian 12's gVisor."""

import sandbox

sandbox.run_tests("bookworm", "sandbox_trial.py")
