# Two hosts on this machine: network namespaces with a wire between them, an address and a name each
# ("load hosts"; also for tests/bench/processes).

# shellcheck shell=bash

# make_hosts HERE THERE NETWORK: namespaces of these names with the addresses NETWORK.1 and NETWORK.2.
# Fails where there can be none: they want root and iproute2.
make_hosts() {
    local host

    ip netns add "$1" && ip netns add "$2" &&
        ip -n "$1" link add wire type veth peer name wire netns "$2" || return
    ip -n "$1" address add "$3.1/24" dev wire
    ip -n "$2" address add "$3.2/24" dev wire
    for host in "$1" "$2"; do
        ip -n "$host" link set lo up
        ip -n "$host" link set wire up
    done
}

# remove_hosts HERE THERE
remove_hosts() {
    ip netns del "$1" || true
    ip netns del "$2" || true
} 2> /dev/null

# ways_to THERE DIRECTORY: scripts in that directory: "on HOST COMMAND..." runs it there, with a name of
# its own; "agent ADDRESS COMMAND" runs it on THERE, whatever the address, as mpirun wants it of ssh.
ways_to() {
    # shellcheck disable=SC2016 # the script expands them
    printf '%s\n' '#!/bin/bash' 'host=$1' 'shift' \
        'exec ip netns exec "$host" unshare --uts bash -c "hostname $host; exec \"\$@\"" on "$@"' > "$2/on"
    printf '%s\n' '#!/bin/bash' 'shift' "exec $2/on $1 bash -c \"\$*\"" > "$2/agent"
    chmod +x "$2/on" "$2/agent"
}
