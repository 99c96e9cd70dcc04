#!/bin/bash
# "unshare --kill-child" kills the child no more once that has changed its user.
#
# Packages: Debian 12 util-linux 2.38.1-5+deb12u3, runit 2.1.2-54
# Guess:    unshare --pid --fork --kill-child PROGRAM: when unshare dies, the new PID namespace goes
#           with it, whatever PROGRAM is; and setpriv --pdeathsig KILL in front of a command ties it
#           to its parent.
# Seen:     true of a program of root's. If it is started as another user or group (chpst -u,
#           setpriv --reuid or --regid), SIGKILL for unshare leaves it, and its namespace, running.
#           The same with setpriv --pdeathsig before chpst; behind it, or on the setpriv that
#           changes the user, it holds.
# Why:      both ask the kernel for a signal at the parent's death, and the kernel drops that wish
#           at each change of the effective user or group. prctl(2) has it, unshare's manual not.

set -u
if [ -z "${FINDING-}" ]; then # the outer half: a folder and a PID namespace, gone at the end
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
until_() { # COMMAND...: wait until it succeeds, 40 s at most
    for _ in $(seq 400); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
    echo "CHANGED: this never came: $*"; exit 1
}

deb util-linux=2.38.1-5+deb12u3 runit=2.1.2-54
export PATH=$PWD/root/usr/bin:$PATH
chmod 755 .
printf '#!/bin/sh\nexec sleep 600\n' >program
chmod 755 program
fate() { # COMMAND...: what becomes of its child, ./program, when it is killed
    "$@" ./program >/dev/null 2>&1 & parent=$!
    child=
    until_ eval 'child=$(cat /proc/$parent/task/$parent/children) &&
        [ "$(cat /proc/${child% }/comm)" = sleep ]'
    kill -KILL $parent
    wait $parent 2>/dev/null
    for _ in 1 2 3; do [ -d "/proc/${child% }" ] && sleep 1; done
    if [ -d "/proc/${child% }" ]; then echo runs; else echo gone; fi
}
pid="unshare --pid --fork --kill-child"
user="setpriv --reuid 65534 --clear-groups"
see "$pid" gone "$(fate $pid)"
see "$pid chpst -u nobody" runs "$(fate $pid chpst -u nobody)"
see "$pid $user" runs "$(fate $pid $user)"
see "$pid setpriv --regid 65534" runs "$(fate $pid setpriv --regid 65534 --clear-groups)"
see "$pid $user --pdeathsig KILL" gone "$(fate $pid $user --pdeathsig KILL)"
see "unshare --fork setpriv --pdeathsig KILL" gone "$(fate unshare --fork setpriv --pdeathsig KILL)"
see "unshare --fork setpriv --pdeathsig KILL chpst -u nobody" runs \
    "$(fate unshare --fork setpriv --pdeathsig KILL chpst -u nobody)"
see "unshare --fork chpst -u nobody setpriv --pdeathsig KILL" gone \
    "$(fate unshare --fork chpst -u nobody setpriv --pdeathsig KILL)"
exit $bad
