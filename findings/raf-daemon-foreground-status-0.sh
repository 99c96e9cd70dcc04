#!/bin/bash
# daemon --foreground ends with 0 whatever its client did, so the supervisor above sees no failure.
#
# Packages: Debian 12 daemon 0.8-1+b1, runit 2.1.2-54
# Guess:    in the foreground daemon hands on its client's status, like other wrappers.
# Seen:     it ends with 0 when the client exits 7 and when SIGKILL ends it. runit's finish gets "0 0" for a client that exits 7, and
#           "7 0" without daemon between them.
# Why:      the status is only written to the log of daemon's errors.

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

deb daemon=0.8-1+b1 runit=2.1.2-54
export PATH=$PWD/root/usr/bin:$PATH
daemon --noconfig --foreground -- sh -c 'exit 7' 2>/dev/null
see "status, the client exits 7" 0 $?
daemon --noconfig --foreground -- sh -c 'kill -KILL $$' 2>/dev/null
see "status, SIGKILL ends the client" 0 $?
mkdir plain wrapped
printf '#!/bin/sh\nexit 7\n' >plain/run
printf '#!/bin/sh\nexec daemon --noconfig --foreground -- sh -c "exit 7"\n' >wrapped/run
for service in plain wrapped; do
    printf '#!/bin/sh\necho "$*" >args\nexec sv once .\n' >$service/finish
    chmod +x $service/run $service/finish
    runsv $service >/dev/null 2>&1 &
done
until_ test -s plain/args
until_ test -s wrapped/args
see "runit's finish without daemon" "7 0" "$(cat plain/args)"
see "runit's finish with daemon" "0 0" "$(cat wrapped/args)"
exit $bad
