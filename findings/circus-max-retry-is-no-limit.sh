#!/bin/bash
# circus' max_retry does not stop a program that exits at once; it counts only programs that cannot be run at all.
#
# Package: PyPI circus 0.19.0
# Guess:   max_retry = 2: after two vain starts the watcher is stopped, as the manual puts it.
# Seen:    a program that exits with 1 at once is started again at every check, ten times and more, and circusctl says "active".
#          A command that does not exist is tried and given up: "stopped".
# Why:     the count is kept within one spawn: it goes up when the program cannot be executed. A process that was created
#          counts as a success.

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

pip circus==0.19.0
cat >conf <<EOF
[circus]
check_delay = 0.2
endpoint = ipc://$PWD/endpoint
pubsub_endpoint = ipc://$PWD/pubsub
[watcher:exits]
cmd = sh -c 'echo x >>$PWD/starts; exit 1'
max_retry = 2
[watcher:missing]
cmd = $PWD/no-such-program
max_retry = 2
EOF
venv/bin/circusd --log-output log conf 2>/dev/null &
ctl() { venv/bin/circusctl --timeout 20 --endpoint "ipc://$PWD/endpoint" "$@"; }
until_ eval '[ "$(wc -l <starts)" -ge 10 ]'
see "status after ten starts with max_retry = 2" active "$(ctl status exits)"
until_ eval 'ctl status missing | grep stopped'
see "status of a command that does not exist" stopped "$(ctl status missing)"
exit $bad
