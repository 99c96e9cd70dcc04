#!/bin/bash
# A program under "runuser -u" or "su -c" never hears SIGHUP, and has two seconds after SIGTERM.
#
# Packages: Debian 12 util-linux 2.38.1-5+deb12u3, runit 2.1.2-54
# Guess:    in a run script "exec runuser -u USER program" is like "exec chpst -u USER program": the
#           program has the pid that is supervised, or runuser hands on the signals it gets.
# Seen:     the program gets neither SIGHUP nor SIGUSR1: sv hup ends with 0 and nothing is reloaded.
#           It gets SIGTERM, and SIGKILL two seconds later, even if sv waits longer. SIGALRM ends
#           runuser alone: runsv starts a second program beside the first.
# Why:      both stay, to close the PAM session, and block nearly all signals; SIGTERM they catch,
#           SIGALRM keeps its default. The manual of su has the two seconds, but nothing of the
#           signals that are lost; that of runuser has none of it.

set -u
if [ -z "${FINDING-}" ]; then # the outer half: a folder and a PID namespace, gone at the end
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
until_() { # COMMAND...: wait until it succeeds, 40 s at most
    for _ in $(seq 400); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
    echo "CHANGED: this never came: $*"; exit 1
}

chmod 755 .
deb util-linux=2.38.1-5+deb12u3 runit=2.1.2-54
export PATH=$PWD/root/usr/bin:$PWD/root/sbin:$PWD/root/bin:$PATH
cat >program <<'END'
#!/bin/bash
# writes down its signals; needs six seconds to tidy up after SIGTERM
trap 'echo HUP >>events' HUP
trap 'echo USR1 >>events' USR1
trap 'echo TERM >>events; for i in 1 2 3 4 5 6; do sleep 1; done; echo tidy >>events; exit 0' TERM
echo $$ >>pids
while :; do sleep 0.2; done
END
chmod 755 program
service() { # NAME COMMAND: supervise it, until the program runs
    mkdir -m 777 "$1"
    printf '#!/bin/sh\n%s\n' "$2" >"$1/run"
    chmod 755 "$1/run"
    runsv "$1" >/dev/null 2>&1 &
    until_ test -s "$1/pids"
    until_ eval "sv status ./$1 | grep ^run"
    sleep 1
}
signals() { # NAME: the program's events after sv hup, sv 1 and a stop that may take 30 s
    sv hup "./$1" && sleep 0.5 && sv 1 "./$1" && sleep 1
    sv -w 30 down "./$1" >/dev/null
    until_ eval "sv status ./$1 | grep ^down"
    sleep 7
    xargs <"$1/events"
}
service a "exec chpst -u nobody ../program"
see "chpst -u" "HUP USR1 TERM tidy" "$(signals a)"
service b "exec runuser -u nobody -- ../program"
see "runuser -u" "TERM" "$(signals b)"
service c 'exec su -s /bin/sh nobody -c "exec ../program"'
see "su -c" "TERM" "$(signals c)"
service d "exec runuser -u nobody -- ../program"
sv alarm ./d
until_ eval '[ "$(wc -l <d/pids)" = 2 ]'
sleep 1
see "runuser after SIGALRM: programs that run" 2 \
    "$(while read -r pid; do [ -d "/proc/$pid" ] && echo; done <d/pids | wc -l)"
exit $bad
