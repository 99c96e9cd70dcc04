#!/bin/bash
# "daemon --restart" ends a daemon for good, with status 0, if it was not started with --respawn.
#
# Package: Debian 12 daemon 0.8-1+b1
# Guess:   --restart ends the client and starts it again, or refuses.
# Seen:    without --respawn the client is ended, nothing is started, --running says no, and --restart said 0. With --respawn a
#          new client runs.
# Why:     --restart sends SIGUSR1 to the daemon, which only ends the client; starting it again is the work of --respawn.

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

deb daemon=0.8-1+b1
daemon() { root/usr/bin/daemon --noconfig --name=d --pidfile="$PWD/d.pid" "$@"; }
client() { cat d.clientpid; }

daemon -- sleep 60
until_ test -s d.clientpid
daemon --running
see "running before --restart" 0 $?
first=$(client)
daemon --restart
see "status of --restart without --respawn" 0 $?
until_ eval '! [ -d "/proc/$first" ]'
until_ eval '! daemon --running'
see "client pid files left" 0 "$(find . -name d.clientpid | wc -l)"

daemon --respawn -- sleep 60
until_ test -s d.clientpid
first=$(client)
daemon --restart
see "status of --restart with --respawn" 0 $?
until_ eval '[ -s d.clientpid ] && [ "$(client)" != "$first" ]'
daemon --running
see "running after it" 0 $?
exit $bad
