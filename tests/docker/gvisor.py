# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests of sandboxed_docker.py in a sandbox of Debian 13's gVisor."""

import docker
import sandbox
import tap

try:
    docker.fetch()
except tap.Skip as reason:
    tap.skip_all(str(reason))
# The sandbox ends with this program, and in time if it hangs as a whole.
END = ("setpriv", "--pdeathsig=TERM", "timeout", "--kill-after=10", "330")
# With CAP_NET_RAW, Docker announces addresses by packet sockets, which gVisor lacks.
WITHOUT_RAW = ("setpriv", "--pdeathsig=KILL", "--bounding-set=-net_raw", "--inh-caps=-net_raw")
sandbox.run_tests("trixie", "sandboxed_docker.py", platform="systrap", wrapper=(*END, *WITHOUT_RAW))
