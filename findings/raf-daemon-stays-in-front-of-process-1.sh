#!/bin/bash
# daemon(1) does not go to the background when its parent is process 1.
#
# Package: Debian 12 daemon 0.8-1+b1
# Guess:   without --foreground, daemon returns at once, so a container's start script goes on after it.
# Seen:    started by a script that is PID 1, it stays in the foreground: the script's next line runs only after the client has
#          ended. Started by the same script as any other process, it returns while the client runs.
# Why:     a program whose parent is process 1 takes itself for one that init keeps running, and does not fork.

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

deb daemon=0.8-1+b1
cat >script <<EOF
$PWD/root/usr/bin/daemon --noconfig -- sh -c 'echo begin >>$PWD/\$0; until [ -e $PWD/end ]; do sleep 0.1; done; echo end >>$PWD/\$0' \$1
until grep -q begin $PWD/\$1; do sleep 0.1; done
echo next line >>$PWD/\$1
EOF
bash ./script plain &
until_ grep next plain
unshare --pid --fork --kill-child bash ./script first & # here the script is PID 1
until_ grep begin first
sleep 1
touch end
until_ grep next first
until_ grep end plain
see "as any process" "begin next line end" "$(xargs <plain)"
see "as PID 1" "begin end next line" "$(xargs <first)"
exit $bad
