#!/bin/bash
# "sv down; sv up" within a service's first second: it stays down for good, and both report success.
#
# Package: Debian 12 runit 2.1.2-54
# Guess:   the last request counts: the service runs, at once or after the second that runsv waits after a short life.
# Seen:    sv up exits 0 without a word, and the service is down for good, even 0.3 s after sv down. The same commands on one that
#          has run for longer start it.
# Why:     sv up sends nothing where the service's status file says that it is wanted up already. runsv, which sleeps through the
#          second, has not read "down" yet, and has not changed that file; then it reads "down" and nothing after it.

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

deb runit=2.1.2-54
export PATH=$PWD/root/usr/bin:$PATH
mkdir service
printf '#!/bin/sh\necho >>starts; exec sleep 60\n' >service/run
chmod +x service/run
starts() { wc -l <service/starts; }
state() { sv status ./service | cut -d: -f1; }
runsv service &
until_ eval '[ "$(starts)" = 1 ] && sv status ./service | grep ^run'

sleep 1.5 # beyond the first second; the pause is for runsv to read the first request
sv down ./service && sleep 0.3 && sv up ./service
until_ eval '[ "$(starts)" = 2 ]'
sleep 1.5
see "long up, down and up: state, starts" "run 2" "$(state) $(starts)"

kill -KILL "$(cat service/supervise/pid)"
until_ eval '[ "$(starts)" = 3 ]' # a young one
kill -KILL "$(cat service/supervise/pid)"
sleep 0.1 # runsv waits for the rest of a second
sv down ./service && sleep 0.3 && sv up ./service
see "just ended, down and up: status of sv" 0 $?
sleep 3
see "state and starts 3 s later" "down 3" "$(state) $(starts)"
sv up ./service
until_ eval '[ "$(starts)" = 4 ]'
see "asked once more: starts" 4 "$(starts)"
exit $bad
