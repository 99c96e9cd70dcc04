#!/bin/bash
# What a dying program says last, without a newline, reaches multilog but neither svlogd nor s6-log.
#
# Packages: Debian 12 daemontools 1:0.76-8.1, runit 2.1.2-54, s6 2.11.3.2-1 (libs6-2.11, libskarnet2.13, libexecline2.9)
# Guess:    a logger writes the rest of its input when the input ends.
# Seen:     of "one\ntwo" multilog logs both lines and adds the newline; svlogd and s6-log end with status 0 and "two" is lost.
# Why:      svlogd and s6-log write a line once its newline has come, and drop what is in the buffer at the end of input.

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

mkdir svlogd
printf 'one\ntwo' | multilog ./multilog
see "multilog's status, log" "0 one two" "$? $(xargs <multilog/current)"
printf 'one\ntwo' | svlogd svlogd
see "svlogd's status, log" "0 one" "$? $(xargs <svlogd/current)"
printf 'one\ntwo' | s6-log ./s6-log
see "s6-log's status, log" "0 one" "$? $(xargs <s6-log/current)"
exit $bad
