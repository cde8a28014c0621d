# SPDX-License-Identifier: LGPL-2.1-or-later
"""What shells offer to complete, asked from the shells themselves."""

import os
import shutil
import subprocess

import tap
import wait

_BASH = """
source "$1"
COMP_LINE=$2
COMP_POINT=${#COMP_LINE}
read -r -a COMP_WORDS <<<"$COMP_LINE"
[[ $COMP_LINE != *" " ]] || COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMPREPLY=()
specification=$(complete -p "$COMP_WORDS")
[[ $specification =~ -F\\ ([^ ]+) ]]
"${BASH_REMATCH[1]}" 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""
_FISH = 'source $argv[1]; complete -C $argv[2]'
_SOURCE = os.environ.get("LINKWATCH_SOURCE", "")
_BIN = os.environ.get("LINKWATCH_BIN", ".")

SHELLS = ("bash", "fish")


def start(shell, folder, line):
    """Starts a shell that completes the line, with the completions in that folder."""
    if not shutil.which(shell):
        raise tap.Skip(f"there is no {shell}")
    file = os.path.join(_SOURCE, folder, line.split()[0] + (".fish" if shell == "fish" else ""))
    path = os.path.abspath(_BIN) + os.pathsep + os.environ["PATH"]
    if shell == "fish":
        command = ["fish", "--no-config", "-c", _FISH]
    else:
        command = ["bash", "--norc", "--noprofile", "-c", _BASH, "bash"]
    return subprocess.Popen([*command, file, line], env={**os.environ, "PATH": path},
                            stdout=subprocess.PIPE, text=True)


def offers(process):
    """What is offered, without descriptions."""
    output, _ = process.communicate(timeout=wait.SECONDS)
    return {line.split("\t")[0] for line in output.splitlines()} - {""}
