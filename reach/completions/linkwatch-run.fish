# SPDX-License-Identifier: LGPL-2.1-or-later
# Completions of linkwatch-run for fish.

# Whether the program is still to come: only options stand before it.
function __linkwatch_run_needs_program
    set -l words (commandline -opc)
    set -e words[1]
    set -l skip no
    for word in $words
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case -s --socket
                set skip yes
            case --
                return 0
            case '-*'
            case '*'
                return 1
        end
    end
    return 0
end

complete -c linkwatch-run -n __linkwatch_run_needs_program -s s -l socket -r -F -d "linkwatchd's socket"
complete -c linkwatch-run -n __linkwatch_run_needs_program -s r -l require -d 'Do not run it unless linkwatchd is running'
complete -c linkwatch-run -n __linkwatch_run_needs_program -s n -l no-fallback -d 'Do not run it if it cannot be served'
complete -c linkwatch-run -n __linkwatch_run_needs_program -s a -l always -d 'Serve it even where the kernel reports every change'
complete -c linkwatch-run -n __linkwatch_run_needs_program -s p -l preload -d 'Preload a library instead of tracing'
complete -c linkwatch-run -n __linkwatch_run_needs_program -s h -l help -d 'Print a short help text'
complete -c linkwatch-run -n __linkwatch_run_needs_program -s V -l version -d 'Print the version'
complete -c linkwatch-run -x -a '(__fish_complete_subcommand -- -s --socket)'
