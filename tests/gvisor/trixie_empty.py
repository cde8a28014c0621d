# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests of empty.py in a container without links of Debian 13's gVisor."""

import sandbox

sandbox.run_tests_without_links("trixie", "empty.py")
