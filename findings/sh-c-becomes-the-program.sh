#!/bin/bash
# Of three shells, two execute the command of `sh -c COMMAND` in their own place; Debian's /bin/sh does not.
#
# Package: Debian bash 5.2.15-2+b13, dash 0.5.12-2, busybox 1:1.35.0-4+deb12u1+b1
# Guess:   a shell whose whole command line is one command executes it, as bash is known to; all of them do, or only bash.
# Seen:    bash and busybox sh are gone, and the process is the program; dash stays, and the program is its child. With a second
#          command behind it, and as a script's last line, all three stay.
# Why:     dash 0.5.12 does not know at that point that nothing follows. So `CMD program` in a Dockerfile makes the program PID 1
#          on Alpine, where it gets SIGTERM, and a child of a shell that passes nothing on on Debian.

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

deb bash=5.2.15-2+b13 dash=0.5.12-2 busybox=1:1.35.0-4+deb12u1+b1
printf 'umask 022\nsleep 5\n' >script
process_of() { # SHELL WORD...: the name of the process that was started as that shell
    "$@" 2>/dev/null &
    process=$!
    until grep -qx sleep /proc/[0-9]*/comm; do sleep 0.05; done 2>/dev/null
    cat /proc/$process/comm
    kill -KILL $(grep -lx sleep /proc/[0-9]*/comm 2>/dev/null | cut -d / -f 3)
    { wait $process; } 2>/dev/null
}
programs=root/bin:root/usr/bin
for shell in bash dash; do
    path=$(PATH=$programs command -v $shell)
    [ $shell = bash ] && seen=sleep || seen=dash
    see "$shell -c 'sleep 5'" $seen "$(process_of "$path" -c 'sleep 5')"
    see "$shell -c 'sleep 5; true'" $shell "$(process_of "$path" -c 'sleep 5; true')"
    see "$shell script" $shell "$(process_of "$path" script)"
done
busybox=$(PATH=$programs command -v busybox)
see "busybox sh -c 'sleep 5'" sleep "$(process_of "$busybox" sh -c '/bin/sleep 5')"
see "busybox sh -c 'sleep 5; true'" busybox "$(process_of "$busybox" sh -c '/bin/sleep 5; true')"
see "busybox sh script" busybox "$(process_of "$busybox" sh script)"
exit $bad
