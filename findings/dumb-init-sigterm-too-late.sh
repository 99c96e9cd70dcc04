#!/bin/bash
# dumb-init's farewell: when its program ends, it sends SIGTERM to the rest of the program's group. As PID 1 that comes too late.
#
# Package: Debian dumb-init 1.2.5-2
# Guess:   what the program leaves behind gets SIGTERM and can tidy up, in a container above all, for which dumb-init is made.
# Seen:    below another PID 1 the process that is left tidies up every time. With dumb-init as PID 1 it never comes to the end of
#          50 ms of work; three times in ten it has just noticed the signal.
# Why:     dumb-init exits right after its kill(2). The end of PID 1 makes the kernel kill all others of the namespace, before the
#          one that was told has run. Outside a container, nobody kills it.

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

deb dumb-init=1.2.5-2
cat >left.py <<'P'
import os, signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
log = os.open("notes", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
open("ready", "w").close()
signal.sigwait({signal.SIGTERM})
time.sleep(0.05)  # it tidies up
os.write(log, b"tidy\n")
P
# It ends once the process that it leaves behind is ready.
program='python3 left.py & until [ -e ready ]; do sleep 0.05; done'
notes_of() { # WORD...: how often of ten times the process that is left has tidied up, under that command
    : >notes
    for _ in $(seq 10); do
        rm -f ready
        "$@" sh -c "$program" </dev/null
    done
    sleep 0.5
    grep -c tidy notes
}
see "tidied up of 10, dumb-init below another PID 1" 10 "$(notes_of root/usr/bin/dumb-init)"
see "tidied up of 10, dumb-init as PID 1" 0 "$(notes_of unshare --pid --fork root/usr/bin/dumb-init)"
exit $bad
