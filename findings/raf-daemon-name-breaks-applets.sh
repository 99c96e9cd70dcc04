#!/bin/bash
# daemon --name=web keeps no applet of busybox running: it renames the program that it starts.
#
# Packages: Debian 12 daemon 0.8-1+b1, busybox-static 1:1.35.0-4+deb12u1+b1
# Guess:    --name names the pid file; the program gets its usual argv[0].
# Seen:     the client's argv[0] is "web: sleep". A symbolic link sleep to busybox, which runs without --name, ends with 127,
#           "applet not found" then (it runs if the command is given with its folder). A search for ^sleep, as in restartd's or pgrep -f's, finds no client either.
# Why:      daemon puts its name before the command's, to be seen in ps.

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
until_() { # COMMAND...: wait until it succeeds, 20 s at most
    for _ in $(seq 200); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
    echo "CHANGED: this never came: $*"; exit 1
}

deb daemon=0.8-1+b1 busybox-static=1:1.35.0-4+deb12u1+b1
daemon() { root/usr/bin/daemon --noconfig --foreground --unsafe --errlog="$PWD/log" --pidfiles="$PWD" "$@"; }
mkdir applets
ln -s ../root/bin/busybox applets/sleep
system=$PATH
PATH=$PWD/applets:$PATH
touch plain named
daemon --stderr="$PWD/plain" -- sleep 0
see "busybox without --name says" "" "$(cat plain)"
daemon --name=web --stderr="$PWD/named" -- sleep 0
see "busybox with --name says" "applet not found" "$(grep -o 'applet not found' named)"
PATH=$system
daemon --name=web -- sleep 60 &
until_ test -s web.clientpid
until_ eval 'grep -z 60 "/proc/$(cat web.clientpid)/cmdline"'
see "argv[0] of a client" "web: sleep" "$(tr '\0' '\n' <"/proc/$(cat web.clientpid)/cmdline" | head -1)"
exit $bad
