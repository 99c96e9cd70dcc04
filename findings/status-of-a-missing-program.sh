#!/bin/bash
# Twelve wrappers that cannot find their program end with four different statuses: 127, 111, 2 and 1.
#
# Packages: Debian 12 tini 0.19.0-1+b3, dumb-init 1.2.5-2, catatonit 0.1.7-1+b2, daemontools 1:0.76-8.1, runit 2.1.2-54,
#           s6 2.11.3.2-1 (libs6-2.11, libskarnet2.13, libexecline2.9), daemon 0.8-1+b1
# Guess:    127 for a program that does not exist, 126 for one that is not executable, as the shell says.
# Seen:     tini and the chain loaders of s6 do so. dumb-init says 2, catatonit and daemon 1 for both. daemontools and runit say 111.
#           s6-fghack says 111, unlike the other programs of s6.
# Why:      each exits by its own convention; s6-fghack forks before it runs the program.

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
deb() { # NAME=VERSION...: unpack these Debian packages into ./root
    mkdir -p deb root
    (cd deb && apt-get -qq -o APT::Sandbox::User=root download "$@" >/dev/null 2>&1) ||
        { echo "NOT AVAILABLE: $* (apt-get update first?)"; exit 3; }
    for d in deb/*.deb; do dpkg-deb -x "$d" root || exit 3; done
}
bad=0
see() { # WHAT EXPECTED SEEN
    if [ "$2" = "$3" ]; then echo "$1: $3"; else echo "CHANGED: $1: '$3', it was '$2'"; bad=1; fi
}

deb tini=0.19.0-1+b3 dumb-init=1.2.5-2 catatonit=0.1.7-1+b2 daemontools=1:0.76-8.1 runit=2.1.2-54 daemon=0.8-1+b1 \
    s6=2.11.3.2-1 libs6-2.11=2.11.3.2-1 libskarnet2.13=2.13.1.1-1 libexecline2.9=2.9.3.0-1
export LD_LIBRARY_PATH=$PWD/root/usr/lib/x86_64-linux-gnu PATH=$PWD/root/usr/bin:$PATH

mkdir env
touch plain # not executable
of() { # EXPECTED COMMAND...: its statuses for a missing and for a plain file
    expected=$1
    shift
    "$@" "$PWD/missing" 2>/dev/null
    missing=$?
    "$@" "$PWD/plain" 2>/dev/null
    see "$1: missing, not executable" "$expected" "$missing $?"
}
of "127 126" tini -s
of "2 2" dumb-init
of "1 1" catatonit
of "1 1" daemon --noconfig --foreground --
of "111 111" setlock lock
of "111 111" envdir env
of "111 111" chpst -o 100
of "127 126" s6-setlock lock
of "127 126" s6-envdir env
of "127 126" s6-softlimit -o 100
of "111 111" s6-fghack
of "111 111" fghack
exit $bad
