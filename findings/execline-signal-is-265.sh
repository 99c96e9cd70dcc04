#!/bin/bash
# In execline the status of a child that SIGKILL ended is 265, unless "if" passes it on: then it is 137.
#
# Packages: Debian 12 execline 2.9.3.0-1 (libexecline2.9, libskarnet2.13)
# Guess:    137, that is 128 + 9, as in every shell.
# Seen:     foreground { killed } importas E ? has 265, a number that no exit status can have. if { killed } exits 137, and
#           so does the shell.
# Why:      execline's variable ? adds 256 to the number of the signal; programs that must exit with it add 128.

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

deb execline=2.9.3.0-1 libexecline2.9=2.9.3.0-1 libskarnet2.13=2.13.1.1-1
export LD_LIBRARY_PATH=$PWD/root/usr/lib/x86_64-linux-gnu PATH=$PWD/root/usr/lib/execline/bin:$PATH

printf 'kill -KILL $$\n' >killed
see "the variable ? after foreground" 265 "$(execlineb -c 'foreground { sh ./killed } importas E ? echo $E')"
see "the variable ? after an exit" 111 "$(execlineb -c 'foreground { sh -c "exit 111" } importas E ? echo $E')"
execlineb -c 'if { sh ./killed } true' 2>/dev/null
see "the status of if" 137 $?
sh ./killed
see "the shell's \$?" 137 $?
exit $bad
