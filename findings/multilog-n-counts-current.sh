#!/bin/bash
# "n3" makes multilog keep two old logs, svlogd and s6-log three.
#
# Packages: Debian 12 daemontools 1:0.76-8.1, runit 2.1.2-54, s6 2.11.3.2-1 (libs6-2.11, libskarnet2.13, libexecline2.9)
# Guess:    all three take "s10000" and "n3" from multilog, so they keep the same number of archives.
# Seen:     multilog keeps two archives beside current, svlogd and s6-log three.
# Why:      multilog's n counts current, too. The two successors count archives only.

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

deb s6=2.11.3.2-1 libs6-2.11=2.11.3.2-1 libskarnet2.13=2.13.1.1-1 libexecline2.9=2.9.3.0-1 \
    daemontools=1:0.76-8.1 runit=2.1.2-54
export LD_LIBRARY_PATH=$PWD/root/usr/lib/x86_64-linux-gnu PATH=$PWD/root/usr/bin:$PATH

lines() { for i in $(seq 600); do printf '%099d\n' "$i"; done; } # 60,000 bytes: six logs' worth
archives() { set -- "$1"/@*; echo $#; }
lines | multilog s10000 n3 ./multilog
mkdir svlogd
printf 's10000\nn3\n' >svlogd/config
lines | svlogd svlogd
lines | s6-log s10000 n3 ./s6-log
see "archives of multilog n3" 2 "$(archives multilog)"
see "archives of svlogd n3" 3 "$(archives svlogd)"
see "archives of s6-log n3" 3 "$(archives s6-log)"
exit $bad
