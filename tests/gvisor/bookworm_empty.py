# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests of empty.py in a container without links of Debian 12's gVisor."""

import sandbox

sandbox.run_tests_without_links("bookworm", "empty.py")
