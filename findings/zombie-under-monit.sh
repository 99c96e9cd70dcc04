#!/bin/bash
# monit never restarts a daemon that became a zombie: it reports it in every cycle and does nothing.
#
# Package: Debian 12 monit 1:5.33.0-1
# Guess:   a process that ended does not exist, so monit runs the start program in the next cycle.
# Seen:    as long as nobody reaps it, monit logs "is a zombie" in every cycle; neither start nor stop is run. Once it is
#          reaped, the next cycle starts the daemon. A container whose PID 1 does not reap keeps a daemon down for ever.
# Why:     a zombie has a pid, so "does not exist" is false; monit's check for zombies only raises an event.

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

deb monit=1:5.33.0-1
monit=$PWD/root/usr/bin/monit

mkfifo reap
# The parent does not reap before it is told to.
perl -e 'my $p = fork; exit unless $p; open my $f, ">", "daemon.pid"; print $f "$p\n"; close $f; open $f, "<", "reap"; <$f>; wait; sleep 60' &
until_ eval 'grep -q "^State:.Z" "/proc/$(cat daemon.pid)/status"'
cat >monitrc <<EOF
set daemon 1
set pidfile $PWD/monit.pid
set statefile $PWD/monit.state
set idfile $PWD/monit.id
set logfile $PWD/monit.log
check process daemon with pidfile $PWD/daemon.pid
    start program = "/bin/sh -c 'echo start >>$PWD/acts'"
    stop program = "/bin/sh -c 'echo stop >>$PWD/acts'"
EOF
chmod 600 monitrc
touch acts
$monit -I -c monitrc >/dev/null 2>&1 &
told() { [ "$(grep -c 'is a zombie' monit.log)" -ge 4 ]; }
until_ told
see "acts of monit in four cycles with a zombie" "" "$(xargs <acts)"
echo >reap
until_ grep start acts
see "its acts once the zombie is reaped begin with" "start" "$(head -1 acts)"
exit $bad
