#!/bin/bash
# A "#" in supervisord's environment= drops the rest of the line: later variables vanish without a word.
#
# Package: PyPI supervisor 4.3.0
# Guess:   only " ;" begins a comment inside an INI line, so "#" is a character like any other.
# Seen:    environment=A=one#1,B=two gives A=one and no B. No warning is logged. In quotes, A="one#1",B=two, both are right.
# Why:     the value is split by shlex, to which "#" begins a comment.

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
pip() { # NAME==VERSION...: install these Python packages into ./venv
    python3 -m venv venv && venv/bin/pip -q --disable-pip-version-check install --no-cache-dir "$@" >/dev/null 2>&1 ||
        { echo "NOT AVAILABLE: $* (python3-venv installed?)"; exit 3; }
}
bad=0
see() { # WHAT EXPECTED SEEN
    if [ "$2" = "$3" ]; then echo "$1: $3"; else echo "CHANGED: $1: '$3', it was '$2'"; bad=1; fi
}
until_() { # COMMAND...: wait until it succeeds, 20 s at most
    for _ in $(seq 200); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
    echo "CHANGED: this never came: $*"; exit 1
}

pip supervisor==4.3.0
cat >conf <<EOF
[supervisord]
logfile=$PWD/log
pidfile=$PWD/pid
[program:plain]
command=/bin/sh -c 'echo "\$A \$B" >plain.tmp; mv plain.tmp plain.out; exec sleep 60'
environment=A=one#1,B=two
[program:quoted]
command=/bin/sh -c 'echo "\$A \$B" >quoted.tmp; mv quoted.tmp quoted.out; exec sleep 60'
environment=A="one#1",B=two
EOF
env -u A -u B venv/bin/supervisord -n -s -c conf &
until_ test -e plain.out -a -e quoted.out
see "A and B of environment=A=one#1,B=two" "one " "$(cat plain.out)"
see "A and B of environment=A=\"one#1\",B=two" "one#1 two" "$(cat quoted.out)"
see "lines of the log that tell of it" 0 "$(grep -c -i -e environment -e '#1' log)"
exit $bad
