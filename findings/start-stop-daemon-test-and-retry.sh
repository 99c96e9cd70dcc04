#!/bin/bash
# A dry run of BusyBox's start-stop-daemon starts the program, and its --retry neither waits nor kills.
#
# Packages: Debian 12 dpkg 1.21.23, busybox-static 1:1.35.0-4+deb12u1+b1
# Guess:    an init script of Debian does the same under BusyBox, or is refused: "--start --test" only says what it would do, and
#           "--stop --retry 1" sends SIGKILL to a daemon that ignores SIGTERM for a second.
# Seen:     dpkg's does so. BusyBox's "--start --test" runs the program. "--stop --retry 1" and "--stop --retry TERM/1/KILL/1" return
#           at once with status 0, and the daemon lives on.
# Why:      BusyBox takes the long options of dpkg's, but heeds -t only together with -K, as its help says, and parses --retry
#           without using it.

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

deb dpkg=1.21.23 busybox-static=1:1.35.0-4+deb12u1+b1
printf '#!/bin/sh\necho ran >>ran\n' >program
chmod +x program
dpkg() { root/sbin/start-stop-daemon "$@"; }
busybox() { root/bin/busybox start-stop-daemon "$@"; }
dry_run() { # TOOL: its status, and whether the program ran
    rm -f ran
    "$1" --start --test --exec "$PWD/program" >/dev/null
    echo "$? $([ -e ran ] && echo ran || echo "did not run")"
}
stop() { # TOOL SCHEDULE: its status, and whether a daemon that ignores SIGTERM still lives
    sh -c 'trap "" TERM; exec sleep 60' &
    daemon=$!
    echo "$daemon" >pid
    until grep -q '^sleep' "/proc/$daemon/comm"; do sleep 0.1; done
    "$1" --stop --quiet --retry "$2" --pidfile pid
    status=$?
    sleep 0.3 # for a SIGKILL to be done with
    state=$(sed 's/.*) //; s/ .*//' "/proc/$daemon/stat")
    kill -KILL "$daemon" 2>/dev/null
    wait "$daemon" 2>/dev/null
    echo "$status $([ "$state" = S ] && echo lives || echo ended)"
}
see "dpkg --start --test" "0 did not run" "$(dry_run dpkg)"
see "busybox --start --test" "0 ran" "$(dry_run busybox)"
see "dpkg --stop --retry 1" "0 ended" "$(stop dpkg 1 2>/dev/null)"
see "dpkg --stop --retry TERM/1/KILL/1" "0 ended" "$(stop dpkg TERM/1/KILL/1 2>/dev/null)"
see "busybox --stop --retry 1" "0 lives" "$(stop busybox 1 2>/dev/null)"
see "busybox --stop --retry TERM/1/KILL/1" "0 lives" "$(stop busybox TERM/1/KILL/1 2>/dev/null)"
exit $bad
