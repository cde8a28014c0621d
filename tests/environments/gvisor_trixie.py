# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test of an environment in a sandbox of Debian 13's gVisor."""

import sandbox

sandbox.run_tests("trixie", "sandbox_trial.py")
