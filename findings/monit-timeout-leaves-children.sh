#!/bin/bash
# The time-out of monit's "check program" ends the program and leaves what it started: one more process in each round.
#
# Package: Debian 12 monit 1:5.33.0-1
# Guess:   the program runs in a group of its own, and the time-out ends all of it.
# Seen:    a check of two commands in sh -c that hangs in its second one: after three time-outs three of the second command run,
#          orphaned. With "exec" before the second command, none is left.
# Why:     monit makes the program leader of a session, but signals its pid only.

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

deb monit=1:5.33.0-1
cat >monitrc <<EOF
set daemon 1
set pidfile $PWD/monit.pid
set statefile $PWD/monit.state
set idfile $PWD/monit.id
set logfile $PWD/monit.log
check program two with path "/bin/sh -c 'true; sleep 1111; true'" with timeout 1 second
    if status != 0 then alert
check program exec with path "/bin/sh -c 'true; exec sleep 2222'" with timeout 1 second
    if status != 0 then alert
EOF
chmod 600 monitrc
root/usr/bin/monit -I -c monitrc >/dev/null 2>&1 &
told() { [ "$(grep -c "'$1' program timed out" monit.log)" -ge 3 ]; }
until_ told two
until_ told exec
orphans() { # SECONDS: children of process 1 that sleep so long
    n=0
    for pid in $(cat /proc/1/task/1/children); do
        [ "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)" = "sleep $1 " ] && n=$((n + 1))
    done
    echo $n
}
two=$(orphans 1111)
see "orphans of the second command, three or more" yes "$([ "$two" -ge 3 ] && echo yes)"
see "orphans of the command with exec" 0 "$(orphans 2222)"
exit $bad
