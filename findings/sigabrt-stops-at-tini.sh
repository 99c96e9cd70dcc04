#!/bin/bash
# SIGABRT, SIGTRAP or SIGSYS sent to a container's tini or catatonit reach nobody; dumb-init hands them on.
#
# Packages: Debian 12 tini 0.19.0-1+b3, dumb-init 1.2.5-2, catatonit 0.1.7-1+b2
# Guess:    an init of a container hands on every signal that can be caught, such as SIGABRT for a core dump of the program; dumb-init
#           only those up to 31, as its description says.
# Seen:     tini and catatonit keep nine and ten signals for themselves, which then have no effect: 4 ILL, 5 TRAP, 6 ABRT, 7 BUS,
#           8 FPE, 11 SEGV, 21 TTIN, 22 TTOU, 31 SYS, and catatonit 20 TSTP. dumb-init hands on all, real-time signals too, but
#           20, 21 and 22 as SIGSTOP.
# Why:      tini and catatonit leave the signals of their own faults and of a terminal unblocked, and as process 1 they are immune
#           to them; dumb-init waits for every signal.

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

deb tini=0.19.0-1+b3 dumb-init=1.2.5-2 catatonit=0.1.7-1+b2
cat >program.py <<'P'
import signal
all_signals = set(range(1, 65)) - {9, 17, 19, 32, 33}
signal.pthread_sigmask(signal.SIG_BLOCK, all_signals)
print("ready", flush=True)
while True:
    print(signal.sigwait(all_signals), flush=True)
P
lost_by() { # INIT...: the signals up to 40 that the program under it, as process 1, does not get; stop:N if N stops it
    : >got
    unshare --pid --fork --kill-child "$@" python3 program.py >got 2>/dev/null </dev/null &
    outer=$!
    until grep -q ready got; do sleep 0.1; done
    init=$(cat "/proc/$outer/task/$outer/children")
    program=$(cat "/proc/${init% }/task/${init% }/children")
    for signal in $(seq 31) 34 40; do
        case $signal in 9 | 17 | 19) continue ;; esac # KILL, CHLD, STOP
        kill -"$signal" $init
        for _ in $(seq 5); do
            sleep 0.1
            [ "$(tail -n 1 got)" = "$signal" ] && continue 2
        done
        if grep -q '^State:.T' "/proc/${program% }/status"; then
            echo "stop:$signal"
            kill -CONT $program
            until [ "$(tail -n 1 got)" = 18 ]; do sleep 0.1; done
        else
            echo "$signal"
        fi
    done | xargs
    kill -KILL "$outer" $init
    wait "$outer" 2>/dev/null
}
see "tini" "4 5 6 7 8 11 21 22 31" "$(lost_by root/usr/bin/tini --)"
see "catatonit" "4 5 6 7 8 11 20 21 22 31" "$(lost_by root/usr/bin/catatonit --)"
see "dumb-init" "stop:20 stop:21 stop:22" "$(lost_by root/usr/bin/dumb-init --)"
see "dumb-init --single-child" "" "$(lost_by root/usr/bin/dumb-init --single-child --)"
exit $bad
