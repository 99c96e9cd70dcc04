#!/bin/bash
# svc and s6-svc control services of daemontools, runit and s6 alike; the programs that show a state do not, and -r is lost.
#
# Packages: Debian 12 daemontools 1:0.76-8.1, runit 2.1.2-54, s6 2.11.3.2-1 (libs6-2.11, libskarnet2.13, libexecline2.9)
# Guess:    each suite's tool controls its own services only, and says so otherwise.
# Seen:     svc -t and s6-svc -t restart a service of any of the three. sv does so for runit only. svstat shows runit's too, sv status
#           and s6-svstat only their own; svstat takes an s6 service, which svc has just restarted, for not supervised. "s6-svc -r",
#           a restart, does nothing to the services of runit and daemontools, with status 0.
# Why:      all write a letter into supervise/control, and supervise ignores letters that it does not know, such as r. The files that
#           hold the state differ in length; runit's begins like daemontools'.

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
for name in daemontools runit s6; do
    mkdir $name
    printf '#!/bin/sh\necho >>starts\nexec sleep 60\n' >$name/run
    chmod +x $name/run
done
supervise daemontools &
runsv runit &
s6-supervise s6 &
starts() { wc -l <"$1/starts"; }
for name in daemontools runit s6; do until_ eval '[ "$(starts $name)" = 1 ]'; done
until_ s6-svok s6
restart() { # COMMAND...: for each of the three its status, and whether the service was started again
    for name in daemontools runit s6; do
        before=$(starts $name)
        sleep 0.3 # run has become sleep
        "$@" "./$name" >/dev/null 2>&1
        status=$?
        for _ in $(seq 40); do # a second between starts is the rule
            [ "$(starts $name)" -gt "$before" ] && break
            sleep 0.1
        done
        echo "$name $status $([ "$(starts $name)" -gt "$before" ] && echo yes || echo no)"
    done | xargs
}
see "svc -t" "daemontools 0 yes runit 0 yes s6 0 yes" "$(restart svc -t)"
see "s6-svc -t" "daemontools 0 yes runit 0 yes s6 0 yes" "$(restart s6-svc -t)"
see "s6-svc -r" "daemontools 0 no runit 0 no s6 0 yes" "$(restart s6-svc -r)"
see "sv term" "daemontools 1 no runit 0 yes s6 1 no" "$(restart sv term)"
shown() { for name in daemontools runit s6; do "$@" ./$name 2>/dev/null | grep -q pid && echo "$name"; done | xargs; }
see "svstat shows" "daemontools runit" "$(shown svstat)"
see "sv status shows" "runit" "$(shown sv status)"
see "s6-svstat shows" "s6" "$(shown s6-svstat)"
exit $bad
