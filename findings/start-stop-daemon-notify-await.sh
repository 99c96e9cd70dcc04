#!/bin/bash
# start-stop-daemon --notify-await does not see its daemon die, and a daemon that is late is left running.
#
# Package: Debian 12 dpkg 1.21.23
# Guess:   a daemon that ends before READY=1 makes it fail at once; one that never says READY=1 is killed at the time-out, as by systemd.
# Seen:    a daemon that is dead at once holds it for the whole time-out (60 s unless told otherwise). After the time-out it ends with 2,
#          with the daemon running and its pid file in place, so the next --start says "already running" (1).
# Why:     it waits for a message on the socket only; neither the end of the daemon nor the time-out leads to anything else.

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

deb dpkg=1.21.23
ssd=$PWD/root/sbin/start-stop-daemon
await() { # PIDFILE TIMEOUT PROGRAM [ARGUMENT]
    pidfile=$PWD/$1 limit=$2 program=$3
    shift 3
    "$ssd" --start --background --make-pidfile --pidfile "$pidfile" --notify-await --notify-timeout "$limit" \
        --startas "$program" -- "$@" >/dev/null 2>&1
}
begin=$SECONDS
await dead.pid 6 /bin/false
see "dead at once: status" 2 $?
see "dead at once: at least 5 s were spent" yes "$([ $((SECONDS - begin)) -ge 5 ] && echo yes)"
await late.pid 1 /bin/sleep 60
see "late: status" 2 $?
kill -0 "$(cat late.pid)"
see "late: the daemon runs (0)" 0 $?
await late.pid 1 /bin/sleep 60
see "late: the next start's status" 1 $?
exit $bad
