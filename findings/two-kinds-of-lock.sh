#!/bin/bash
# setlock and s6-setlock do not lock each other out, and multilog and s6-log write the same folder at once.
#
# Packages: Debian 12 daemontools 1:0.76-8.1, runit 2.1.2-54, s6 2.11.3.2-1 (libs6-2.11, libskarnet2.13, libexecline2.9)
# Guess:    the lock of setlock holds against s6-setlock on the same file; s6-log refuses a folder that multilog has locked.
# Seen:     setlock, chpst -l and flock(1) lock one another out. s6-setlock gets the same file's lock at once, and the others get
#           its lock. svlogd refuses a folder that multilog writes (111). s6-log takes it: it files multilog's live log away as
#           @....u, left by a crash, and starts a current of its own; multilog goes on in the filed one.
# Why:      the former use flock(2), s6 uses fcntl(2) locks. Linux keeps the two apart.

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

deb s6=2.11.3.2-1 libs6-2.11=2.11.3.2-1 libskarnet2.13=2.13.1.1-1 libexecline2.9=2.9.3.0-1 \
    daemontools=1:0.76-8.1 runit=2.1.2-54
export LD_LIBRARY_PATH=$PWD/root/usr/lib/x86_64-linux-gnu PATH=$PWD/root/usr/bin:$PATH

asked() { # EXPECTED HOLDER...: who gets a lock that HOLDER has
    expected=$1
    shift
    see "$1 holds it; setlock, chpst, flock, s6-setlock" "$expected" "$("$@" lock sh -c '
        for ask in "setlock -n" "chpst -L" "flock -n" "s6-setlock -n"; do
            $ask lock true 2>/dev/null && echo gets || echo waits
        done' | xargs)"
}
asked "waits waits waits gets" setlock
asked "waits waits waits gets" chpst -l
asked "waits waits waits gets" flock
asked "gets gets gets waits" s6-setlock

mkfifo pipe
multilog ./log <pipe &
exec 3>pipe
echo one >&3
until_ grep one log/current
echo two | svlogd log 2>/dev/null
see "status of svlogd beside multilog" 111 $?
echo three | s6-log ./log
see "status of s6-log beside multilog" 0 $?
see "what current has now" three "$(xargs <log/current)"
echo four >&3
until_ grep four log/@*.u
see "where multilog goes on" "one four" "$(xargs <log/@*.u)"
exit $bad
