# SPDX-License-Identifier: LGPL-2.1-or-later
# Formatters and analyzers find other things in each release: those of Debian 12 decide,
# and others are not asked. To be sourced.

# decides TOOL: whether the installed one decides; if it doesn't, prints "SKIP: reason".
decides()
{
    local tool=$1 deciding=14 found

    [ "$tool" != cppcheck ] || deciding=2.10
    found=$("$tool" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+' | head -n 1) || true
    case $found in
    "$deciding" | "$deciding".*) ;;
    "") echo "SKIP: $tool is missing; release $deciding decides" && return 1 ;;
    *) echo "SKIP: $tool is of release $found; release $deciding (Debian 12) decides" && return 1 ;;
    esac
}
