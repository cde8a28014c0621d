# SPDX-License-Identifier: LGPL-2.1-or-later
# Completions of linkwatchctl for fish.

# Words for links, from the daemon at the socket that the line names. Names are chosen by
# others: the words are copied as they are and quoted by fish, nothing is expanded.
function __linkwatchctl_links
    set -l words (commandline -opc)
    set -l route
    for i in (seq 2 (count $words))
        switch $words[$i]
            case -s --socket -n --netns
                set -l next (math $i + 1)
                if test $next -le (count $words)
                    set -a route $words[$i] $words[$next]
                end
            case '--socket=*' '--netns=*'
                set -a route $words[$i]
        end
    end
    linkwatchctl $route complete 2>/dev/null
end

# The named network namespaces.
function __linkwatchctl_namespaces
    for path in /run/netns/*
        string replace /run/netns/ '' -- $path
    end
end

# The command and its arguments, without options.
function __linkwatchctl_arguments
    set -l words (commandline -opc)
    set -e words[1]
    set -l skip no
    for word in $words
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case -s --socket -n --netns -t --timeout --kind --state --master --type --field --family --scope --at-least --hold-up --hold-down --last --output --hooks --jobs --state-directory
                set skip yes
            case '-*'
            case '*'
                printf '%s\n' $word
        end
    end
end

# Whether the command is one of those, with at least and at most so many arguments.
function __linkwatchctl_at
    set -l arguments (__linkwatchctl_arguments)
    set -l count (math (count $arguments) - 1)
    test $count -ge $argv[1]; and test $count -le $argv[2]
    and contains -- "$arguments[1]" $argv[3..-1]
end

# Whether wait takes several links.
function __linkwatchctl_several
    __linkwatchctl_at 1 999 wait
    and string match -qr -- '^--(any|all|at-least)' (commandline -opc)
end

function __linkwatchctl_needs_command
    test (count (__linkwatchctl_arguments)) -eq 0
end

function __linkwatchctl_valued
    for name in (__linkwatchctl_links)
        printf 'master=%s\nname=%s\n' $name $name
    end
end

complete -c linkwatchctl -f
complete -c linkwatchctl -s s -l socket -r -F -d "The daemon's socket"
complete -c linkwatchctl -s n -l netns -r -F -a '(__linkwatchctl_namespaces)' -d 'The network namespace'
complete -c linkwatchctl -l all-netns -d 'Operate on all network namespaces'
complete -c linkwatchctl -s j -l json -a 'short pretty off' -d 'Print JSON'
complete -c linkwatchctl -s t -l timeout -x -a '500ms 5s 1min 1h' -d 'The timeout of wait, the time limit of run'
complete -c linkwatchctl -l last -x -a '10min 1h 24h' -d 'Print what happened in that time'
complete -c linkwatchctl -l any -d 'Wait for one of the links'
complete -c linkwatchctl -l all -d 'Wait for all of the links'
complete -c linkwatchctl -l hold-up -x -a '500ms 2s 1min' -d 'How long a link must be up or there'
complete -c linkwatchctl -l hold-down -x -a '500ms 2s 1min' -d 'How long a link must be down or gone'
complete -c linkwatchctl -l at-least -x -d 'Wait for so many of the links'
complete -c linkwatchctl -l kind -x -a 'veth bridge bond vlan vxlan macvlan dummy tun ifb wireguard ether loopback' -d 'List the links of that kind'
complete -c linkwatchctl -l state -x -a 'UP DOWN UNKNOWN LOWERLAYERDOWN NOTPRESENT TESTING DORMANT' -d 'List the links in that state'
complete -c linkwatchctl -l master -x -a '(__linkwatchctl_links)' -d 'List the ports of that link'
complete -c linkwatchctl -l usable -d 'List the links that can be expected to carry traffic'
complete -c linkwatchctl -l family -x -a 'inet inet6' -d 'Show addresses of that family'
complete -c linkwatchctl -s 4 -d 'Show IPv4 addresses'
complete -c linkwatchctl -s 6 -d 'Show IPv6 addresses'
complete -c linkwatchctl -l scope -x -a 'global link host site' -d 'Show addresses of that scope'
complete -c linkwatchctl -l address -d 'Also report the addresses of the links'
complete -c linkwatchctl -l type -x -a 'add change remove' -d 'Only events of these types'
complete -c linkwatchctl -l field -x -a 'operstate flags carrier mtu ifname address master' -d 'Only changes of these fields'
complete -c linkwatchctl -l no-list -d 'Omit the links of the beginning'
complete -c linkwatchctl -s l -l full -d "Do not cut tables to the terminal's width"
complete -c linkwatchctl -l no-legend -d 'Do not print the heading of tables'
complete -c linkwatchctl -l color -a 'auto always never' -d 'Colour the output'
complete -c linkwatchctl -l hooks -r -F -d 'Run the executables of that directory'
complete -c linkwatchctl -l jobs -x -d 'Handle events of so many links at the same time'
complete -c linkwatchctl -l state-directory -r -F -d 'Keep there what was handled'
complete -c linkwatchctl -l output -r -F -d 'Write metrics to that file'
complete -c linkwatchctl -l no-pager -d "Do not pipe long output into a pager"
complete -c linkwatchctl -s h -l help -d 'Print a short help text'
complete -c linkwatchctl -s V -l version -d 'Print the version'

complete -c linkwatchctl -n __linkwatchctl_needs_command -a list -d 'List the current links'
complete -c linkwatchctl -n __linkwatchctl_needs_command -a monitor -d 'List the current links, then print each change'
complete -c linkwatchctl -n __linkwatchctl_needs_command -a show -d 'Show all fields of a link, and its addresses'
complete -c linkwatchctl -n __linkwatchctl_needs_command -a address -d 'List the current addresses of the links'
complete -c linkwatchctl -n __linkwatchctl_needs_command -a history -d 'Print what happened, and how often links went down'
complete -c linkwatchctl -n __linkwatchctl_needs_command -a wait -d 'Wait until a link meets all the conditions'
complete -c linkwatchctl -n __linkwatchctl_needs_command -a run -d 'Run a command for each change of the links'
complete -c linkwatchctl -n __linkwatchctl_needs_command -a refresh -d 'Make the daemon dump the links now'
complete -c linkwatchctl -n __linkwatchctl_needs_command -a status -d 'Show the state of the daemon'
complete -c linkwatchctl -n __linkwatchctl_needs_command -a metrics -d 'Print metrics for Prometheus'
complete -c linkwatchctl -n __linkwatchctl_needs_command -a help -d 'Print a short help text'

complete -c linkwatchctl -n '__linkwatchctl_at 0 999 list monitor address history metrics run' -a '(__linkwatchctl_links)' -d Link
complete -c linkwatchctl -n '__linkwatchctl_at 0 0 show; or __linkwatchctl_at 0 0 wait; or __linkwatchctl_several' -a '(__linkwatchctl_links)' -d Link

complete -c linkwatchctl -n '__linkwatchctl_at 1 999 wait' -a 'present absent up down carrier no-carrier usable address nomaster renamed' -d Condition
complete -c linkwatchctl -n '__linkwatchctl_at 1 999 wait' -a 'operstate=UP operstate=DOWN operstate=UNKNOWN operstate=LOWERLAYERDOWN operstate=NOTPRESENT operstate=TESTING operstate=DORMANT' -d State
complete -c linkwatchctl -n '__linkwatchctl_at 1 999 wait' -a 'mtu= address= family=inet family=inet6 scope=global scope=link scope=host scope=site stable=500ms stable=2s stable=10s stable=1min' -d Condition
complete -c linkwatchctl -n '__linkwatchctl_at 1 999 wait' -a 'kind=veth kind=bridge kind=bond kind=vlan kind=vxlan kind=macvlan kind=dummy kind=tun kind=ifb kind=wireguard' -d Kind
complete -c linkwatchctl -n '__linkwatchctl_at 1 999 wait' -a '(__linkwatchctl_valued)' -d Link
