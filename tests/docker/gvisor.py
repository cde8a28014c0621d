# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests of inside.py in a sandbox of Debian 13's gVisor."""

import docker
import sandbox
import tap

try:
    docker.fetch()
except tap.Skip as reason:
    tap.skip_all(str(reason))
# With CAP_NET_RAW, Docker announces addresses by packet sockets, which gVisor lacks.
sandbox.run_tests("trixie", "inside.py", platform="systrap",
                  wrapper=("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"))
