"""The test of an environment in a sandbox of Debian 12's gVisor."""

import sandbox

sandbox.run_tests("bookworm", "sandbox_trial.py")
