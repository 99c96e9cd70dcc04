#!/bin/bash
# '+*error*' selects no line "the error" for multilog or svlogd.
#
# Packages: Debian 12 daemontools 1:0.76-8.1, runit 2.1.2-54
# Guess:    * stands for any characters, so '-*' '+*error*' selects every line with "error" in it.
# Seen:     "the error" and "server: error" are lost; only lines whose first "e" begins "error" are selected, such
#           as "x: error y". The same holds in svlogd's config.
# Why:      * matches up to the first occurrence of the character after it, without trying again further on.

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

deb daemontools=1:0.76-8.1 runit=2.1.2-54
export PATH=$PWD/root/usr/bin:$PATH
printf '%s\n' 'error one' 'x: error two' 'the error three' 'server: error four' >lines
multilog '-*' '+*error*' ./multilog <lines
see "multilog" "error one x: error two" "$(xargs <multilog/current)"
mkdir svlogd
printf -- '-*\n+*error*\n' >svlogd/config
svlogd svlogd <lines
see "svlogd" "error one x: error two" "$(xargs <svlogd/current)"
exit $bad
