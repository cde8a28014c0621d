# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2030,SC2031
# The lines that tests/check and .ci/run print, and their sum: to be sourced. Logs go to the
# directory $logs. With LINKWATCH_CHECK_ALL=1 a group that can't be run here has failed.
passed=0 failed=0 skipped=0 reported=$SECONDS
not_run=
declare -A started=()
# What is repeated before the sum: CI services show the end of a long output.
failures='' unstable=''
failures_begin="what failed:"
unstable_begin="what failed beside others, and passed when it was run again alone:"

# say TEXT: prints it as a whole, since groups run beside others.
say()
{
    (flock 9 && printf '%s\n' "$1") 9>>"$logs/printing"
}

# report GROUP PASSED FAILED SKIPPED [TEXT]: a group has ended, so many seconds after the one before it;
# TEXT is what is to be said of it.
report()
{
    local line

    printf -v line '%-28s %5d passed %5d failed %5d skipped %5d s' "${@:1:4}" $((SECONDS - reported))
    say "${5:+$5$'\n'}$line"
    reported=$SECONDS
    passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
}

# beside NAME COMMAND...: runs groups beside those that follow, until they are joined.
beside()
{
    local name=$1

    shift
    rm -f "$logs/$name.sums"
    (
        passed=0 failed=0 skipped=0 not_run='' failures='' unstable='' reported=$SECONDS
        "$@"
        printf 'add_sums %d %d %d %q %q %q\n' "$passed" "$failed" "$skipped" "$not_run" \
            "$failures" "$unstable" >"$logs/$name.sums"
    ) &
    started[$name]=$!
}

# join [NAME...]: waits for those, or all, and adds their sums.
join()
{
    local name

    [ $# -gt 0 ] || set -- "${!started[@]}"
    for name in "$@"; do
        wait "${started[$name]}"
        unset "started[$name]"
        if [ -e "$logs/$name.sums" ]; then
            # shellcheck disable=SC1090
            . "$logs/$name.sums"
        else
            note_failure "$name" "it ended early"
            report "$name" 0 1 0 "  it ended early"
        fi
    done
    reported=$SECONDS
}

add_sums()
{
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
    not_run+=$4 failures+=$5 unstable+=$6
}

# report_skipped GROUP SKIPPED REASON: nothing of a group could be run here.
report_skipped()
{
    if [ "${LINKWATCH_CHECK_ALL-}" = 1 ]; then
        note_failure "$1" "nothing of it could be run: $3"
        report "$1" 0 1 "$2" "  nothing of this group could be run: $3"
    else
        say "$(printf '%-28s SKIP: %s' "$1" "$3")"
        skipped=$((skipped + $2))
    fi
}

# report_not_run GROUP SKIPPED REASON: the same of a group that needs what may be missing through no
# fault of the machine's, as packages that the archive no longer has. The sum says so.
report_not_run()
{
    say "$(printf '%-28s SKIP: %s' "$1" "$3")"
    skipped=$((skipped + $2))
    note_not_run "$1: $3"
}

# note_not_run LINES: what is said of it before the sum.
note_not_run()
{
    [ -z "$1" ] || not_run+=$(sed 's/^/not run: /' <<<"$1")$'\n'
}

# note_failure GROUP TEXT: what is repeated of it before the sum.
note_failure()
{
    failures+="  $1:"$'\n'$(head -n 40 <<<"$2" | cut -c 1-300 | sed 's/^ */    /')$'\n'
}

# note_unstable GROUP TEXT: the same of what passed when it was run again alone.
note_unstable()
{
    unstable+="  $1:"$'\n'$(head -n 20 <<<"$2" | cut -c 1-300 | sed 's/^ */    /')$'\n'
}

# What the compiler said may stand far above the end, where make goes on with other targets.
show_end()
{
    grep -m 10 ' error: ' "$1" | sed 's/^/    /'
    echo "  the end of $1:"
    tail -n 40 "$1" | sed 's/^/    /'
}

# step NAME COMMAND...: one thing that works or does not. It is skipped if the command
# prints a line "SKIP: reason".
step()
{
    local name=$1 log=$logs/${1//[ ,]/-}.log reason

    shift
    if ! "$@" >"$log" 2>&1; then
        note_failure "$name" "$(grep -m 10 ' error: ' "$log" || tail -n 20 "$log")"
        report "$name" 0 1 0 "$(show_end "$log")"
        return 1
    elif reason=$(grep -m 1 '^SKIP: ' "$log"); then
        report_skipped "$name" 1 "${reason#SKIP: }"
    else
        report "$name" 1 0 0
    fi
}

# include NAME COMMAND...: runs a command that ends with such a sum, and adds that to ours.
include()
{
    local name=$1 log=$logs/${1//[ ,]/-}.log sum left_out again
    local pattern='^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$'

    shift
    "$@" 2>&1 | tee "$log"
    left_out=$(sed -n '/^not run: /p' "$log")
    not_run+=${left_out:+$left_out$'\n'}
    again=$(part_of "$log" "$failures_begin")
    failures+=${again:+$again$'\n'}
    again=$(part_of "$log" "$unstable_begin")
    unstable+=${again:+$again$'\n'}
    reported=$SECONDS
    sum=$(tail -n 1 "$log")
    if [[ $sum =~ $pattern ]]; then
        passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
        skipped=$((skipped + BASH_REMATCH[3]))
    else
        note_failure "$name" "$(tail -n 20 "$log")"
        report "$name" 0 1 0
    fi
}

# part_of LOG HEADING: the indented lines that follow a heading.
part_of()
{
    awk -v heading="$2" '
        $0 == heading { inside = 1; next }
        !/^  / { inside = 0 }
        inside' "$1"
}

# Prints the sum, and before it what failed and what could not be run; fails if anything failed.
report_sum()
{
    echo
    [ -z "$unstable" ] || printf '%s\n%s\n' "$unstable_begin" "${unstable%$'\n'}"
    [ -z "$failures" ] || printf '%s\n%s\n' "$failures_begin" "${failures%$'\n'}"
    [ -z "$not_run" ] || echo "${not_run%$'\n'}"
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
}
