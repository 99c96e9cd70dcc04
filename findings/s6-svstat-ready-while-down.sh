#!/bin/bash
# s6-svstat calls a service that is down "ready", and answers "false" when asked whether it is ready.
#
# Packages: Debian 12 s6 2.11.3.2-1 (libs6-2.11, libskarnet2.13, libexecline2.9)
# Guess:    "ready" tells of a service that has given its notification; one without a notification-fd, or down, is never ready.
# Seen:     after s6-svc -d: "down (signal SIGTERM) ..., ready 0 seconds", while s6-svstat -o ready prints false. While the service is
#           up, without a notification, the line has no "ready".
# Why:      in the line for people "ready" of a service that is down means that its finish script has ended, too: ready to be started.

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

deb s6=2.11.3.2-1 libs6-2.11=2.11.3.2-1 libskarnet2.13=2.13.1.1-1 libexecline2.9=2.9.3.0-1
export LD_LIBRARY_PATH=$PWD/root/usr/lib/x86_64-linux-gnu PATH=$PWD/root/usr/bin:$PATH
mkdir service
printf '#!/bin/sh\nexec sleep 60\n' >service/run
chmod +x service/run
s6-supervise service &
until_ eval 's6-svstat service | grep "^up"'
see "up: 'ready' in the line, -o ready" "0 false" "$(s6-svstat service | grep -c ready) $(s6-svstat -o ready service)"
s6-svc -d service
until_ eval 's6-svstat service | grep "^down.*ready"'
see "down: 'ready' in the line, -o ready" "1 false" "$(s6-svstat service | grep -c ready) $(s6-svstat -o ready service)"
exit $bad
