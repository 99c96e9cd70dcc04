#!/bin/bash
# SIGTSTP to a wrapper: tini hands it on, dumb-init turns it into SIGSTOP, catatonit swallows it.
#
# Packages: Debian 12 tini 0.19.0-1+b3, dumb-init 1.2.5-2, catatonit 0.1.7-1+b2
# Guess:    all three forward every signal that can be forwarded, so the program's handler for SIGTSTP runs.
# Seen:     as PID 1 of a container, under tini the handler runs. Under dumb-init the program is stopped (state T) and its
#           handler does not run. Under catatonit nothing happens. SIGSYS is another: dumb-init hands it on, the others do not.
# Why:      dumb-init sends SIGSTOP in place of SIGTSTP, SIGTTIN and SIGTTOU, for job control in a session of its own. catatonit
#           ignores the three, and its program has them blocked besides. tini and catatonit leave signals of faults, such as SIGSYS, to themselves.

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

deb tini=0.19.0-1+b3 dumb-init=1.2.5-2 catatonit=0.1.7-1+b2
PATH=$PWD/root/usr/bin:$PATH

cat >program <<'EOF'
trap 'echo ran >seen' TSTP SYS
trap 'touch usr1' USR1
touch ready
while :; do sleep 0.05; done
EOF
state() { awk '/^State/ { print $2 }' "/proc/$1/status"; }
child() { cat "/proc/$1/task/$1/children"; }
stopped() { [ "$(state "$program")" = T ]; }
after() { # SIGNAL WRAPPER: "ran", "stopped" or "nothing"
    rm -f ready seen usr1
    unshare --pid --fork --kill-child "$2" bash ./program 2>/dev/null &
    outer=$!
    until_ test -e ready
    wrapper=$(child $outer | xargs)
    program=$(child "$wrapper" | xargs)
    kill -"$1" "$wrapper"
    kill -USR1 "$wrapper" # comes after it: once it is seen, the first one was dealt with
    until_ eval '[ -e usr1 ] || stopped'
    sleep 0.2
    if [ -e seen ]; then echo ran; elif stopped; then echo stopped; else echo nothing; fi
    kill -KILL "$wrapper"
}
catatonit -- awk '/^SigBlk/ { print "0x" $2 }' /proc/self/status >mask
see "signals blocked below catatonit: TSTP, TTIN, TTOU" 0x0000000000380000 "$(cat mask)"
for signal in TSTP SYS; do
    for wrapper in tini dumb-init catatonit; do
        case $signal-$wrapper in
            TSTP-tini | SYS-dumb-init) expected=ran ;;
            TSTP-dumb-init) expected=stopped ;;
            *) expected=nothing ;;
        esac
        see "SIG$signal to $wrapper as PID 1" $expected "$(after $signal $wrapper)"
    done
done
exit $bad
