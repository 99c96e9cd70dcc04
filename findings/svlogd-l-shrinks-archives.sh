#!/bin/bash
# svlogd rotates early by the length that -l allows for a line, however short the lines are.
#
# Package: Debian 12 runit 2.1.2-54
# Guess:   "s10000" rotates at about 10,000 bytes; -l says only how long a line may be.
# Seen:    lines of 100 bytes, s10000: archives have exactly 10000 - l bytes. With the default -l 1000 they have 9,000, with
#          -l 5000 half of what was asked for, and with -l 9000 a tenth.
# Why:     after each line svlogd rotates if another line of the longest allowed length would not fit.

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
lines() { for i in $(seq 300); do printf '%099d\n' "$i"; done; }
for l in 100 1000 5000 9000; do
    mkdir log$l
    echo s10000 >log$l/config
    lines | root/usr/bin/svlogd -b 20000 -l $l ./log$l
    see "sizes of the archives with s10000 and -l $l" $((10000 - l)) "$(stat -c %s log$l/@* | sort -u | xargs)"
done
exit $bad
