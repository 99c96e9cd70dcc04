#!/bin/bash
# start-stop-daemon takes a zombie for a running daemon by its pid file or name, for a dead one by its executable.
#
# Packages: Debian 12 dpkg 1.21.23, busybox-static 1:1.35.0-4+deb12u1+b1
# Guess:    a daemon that ended but was not reaped counts as dead, whichever way one asks.
# Seen:     --status --pidfile says running (0), and so does --name; --status --exec says dead (1). --start --pidfile starts
#           nothing (1); --stop --retry sends TERM and KILL and fails (2). busybox's applet "stops" the zombie with success, and
#           starts a new daemon beside it.
# Why:      dpkg's asks by kill(pid, 0), which succeeds for a zombie. /proc/PID/exe, for --exec, cannot be read of one.

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

deb dpkg=1.21.23 busybox-static=1:1.35.0-4+deb12u1+b1
ssd=$PWD/root/sbin/start-stop-daemon
busybox=$PWD/root/bin/busybox

perl -e 'my $p = fork; exit unless $p; open my $f, ">", "zombie.pid"; print $f "$p\n"; close $f; sleep 60' & # never reaps
until_ eval 'grep -q "^State:.Z" "/proc/$(cat zombie.pid)/status"'
$ssd --status --pidfile zombie.pid
see "dpkg --status --pidfile" 0 $?
$ssd --status --pid "$(cat zombie.pid)" --name perl
see "dpkg --status --name" 0 $?
$ssd --status --pidfile zombie.pid --exec "$(readlink -f /usr/bin/perl)"
see "dpkg --status --exec" 1 $?
$ssd --start --quiet --pidfile zombie.pid --startas /bin/touch -- started
see "dpkg --start --pidfile: status, started" "1 no" "$? $([ -e started ] && echo yes || echo no)"
$ssd --stop --quiet --pidfile zombie.pid --retry TERM/1/KILL/1 >/dev/null
see "dpkg --stop --retry" 2 $?
$busybox start-stop-daemon -K -q -p zombie.pid
see "busybox -K" 0 $?
$busybox start-stop-daemon -S -p zombie.pid -x /bin/touch started
see "busybox -S: status, started" "0 yes" "$? $([ -e started ] && echo yes || echo no)"
exit $bad
