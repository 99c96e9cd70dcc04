#!/bin/bash
# A program under procServ has SIGTERM and SIGHUP blocked: "kill PID" does nothing to it.
#
# Package: Debian 12 procserv 2.7.0-1+b1 (libtelnet2)
# Guess:   a supervisor starts its program with the signals as usual; kill ends it, and procServ starts it again.
# Seen:    SIGTERM and SIGHUP to the child stay pending for good. SIGUSR1 and SIGKILL end it. Whatever the child starts
#          inherits the mask.
# Why:     procServ blocks SIGHUP, SIGPIPE and SIGTERM for itself, and does not unblock them between fork and exec. Its own way to
#          end the child is SIGKILL.

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

deb procserv=2.7.0-1+b1 libtelnet2=0.21-5+b1
export LD_LIBRARY_PATH=$PWD/root/usr/lib/x86_64-linux-gnu
root/usr/bin/procServ --foreground --holdoff 1 --port "unix:$PWD/console" --killcmd '' /bin/sleep 60 >/dev/null 2>&1 </dev/null &
procserv=$!
child() { xargs <"/proc/$procserv/task/$procserv/children"; }
sleeps() { [ "$(tr '\0' ' ' <"/proc/$(child)/cmdline")" = "/bin/sleep 60 " ]; }
until_ sleeps
pid=$(child)
status() { awk -v f="$1:" '$1 == f { print $2 }' "/proc/$pid/status"; }
see "SigBlk of the child: HUP, PIPE, TERM" 0000000000005001 "$(status SigBlk)"
kill -HUP "$pid"
kill -TERM "$pid"
sleep 1
see "ShdPnd after HUP and TERM" 0000000000004001 "$(status ShdPnd)"
see "its parent, as before" "$procserv" "$(status PPid)"
kill -USR1 "$pid"
until_ eval '! [ -d "/proc/$pid" ]'
see "SIGUSR1 ended it" yes yes
exit $bad
