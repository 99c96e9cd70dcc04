#!/bin/bash
# How much private memory a process has is a matter of chance, and how much of its program it maps alone is one of company.
#
# Packages: Debian 12 runit 2.1.2-54, util-linux 2.38.1 (setarch); Linux 6.18 x86-64
# Guess:    the same program, started the same way, has the same private memory; Pss depends on others, Private_Clean is its own.
# Seen:     40 idle runsvdir have two to five sizes of Private_Dirty, 4 kB apart; under setarch -R all have one. A second
#           runsvdir takes most of the first one's Private_Clean away, and leaves its Private_Dirty as it is.
# Why:      the kernel draws where a stack begins within its page, and so how many pages the same bytes touch. A page of a file
#           counts as private while one process maps it, whatever the others are.

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

deb runit=2.1.2-54
[ -r /proc/self/smaps_rollup ] && command -v setarch >/dev/null || { echo "NOT AVAILABLE: smaps_rollup, setarch"; exit 3; }
program=$PWD/root/usr/bin/runsvdir
mkdir services

start() { # PREFIX...: start runsvdir, and wait until it sleeps; sets pid
    "$@" "$program" services 2>/dev/null &
    pid=$!
    for _ in $(seq 200); do
        [ "$(cat /proc/$pid/comm)" = runsvdir ] && [ "$(cut -d' ' -f3 /proc/$pid/stat)" = S ] && break
        sleep 0.02
    done
    sleep 0.1
}
kb() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$2/smaps_rollup"; }
sizes() { # PREFIX...: how many sizes of Private_Dirty 40 processes have, one after the other
    for _ in $(seq 40); do
        start "$@"
        kb Private_Dirty $pid
        kill $pid
        wait $pid 2>/dev/null
    done | sort -u | wc -l
}

see "one size of 40 processes, as started by a shell" no "$([ "$(sizes env)" = 1 ] && echo yes || echo no)"
see "sizes of 40 processes under setarch -R" 1 "$(sizes setarch "$(uname -m)" -R)"

start setarch "$(uname -m)" -R
first=$pid dirty=$(kb Private_Dirty $pid) clean=$(kb Private_Clean $pid)
start setarch "$(uname -m)" -R
see "private dirty memory changes beside a second process" no \
    "$([ "$(kb Private_Dirty $first)" = "$dirty" ] && echo no || echo yes)"
see "private clean memory is less than half beside a second process" yes \
    "$([ $((2 * $(kb Private_Clean $first))) -lt "$clean" ] && echo yes || echo no)"
kill $first $pid
exit $bad
