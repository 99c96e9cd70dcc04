#!/bin/bash
# With startsecs=0 and autorestart=true, supervisord still gives a program up for good: when its file is gone for seven seconds.
#
# Package: PyPI supervisor 4.3.0
# Guess:   startsecs=0 makes every start a success, so that nothing is ever FATAL: a program that always exits is restarted for ever.
# Seen:    one that exits at once is; one whose file is missing, as amid an upgrade, is FATAL after four tries, and stays so when
#          the file is back.
# Why:     a command that cannot be found fails before the fork. That is a spawn error, which counts against startretries (3) at
#          once; startsecs is about programs that were started.

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
printf '#!/bin/sh\necho >>starts; exit 1\n' >exits
printf '#!/bin/sh\nexec sleep 100\n' >program
chmod +x exits program
cat >conf <<EOF
[supervisord]
logfile=$PWD/log
pidfile=$PWD/pid
[unix_http_server]
file=$PWD/sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://$PWD/sock
[program:missing]
command=$PWD/program
startsecs=0
autorestart=true
[program:exits]
command=$PWD/exits
startsecs=0
autorestart=true
EOF
ctl() { venv/bin/supervisorctl -c conf "$@"; }
state() { ctl status "$1" | awk '{ print $2 }'; }
venv/bin/supervisord -n -s -c conf &
until_ eval '[ "$(state missing)" = RUNNING ]'
mv program program.away
kill -KILL "$(ctl pid missing)"
until_ eval '[ "$(state missing)" = FATAL ]'
see "tries before it gave up" 4 "$(grep -c "spawnerr: can't find command" log)"
mv program.away program
sleep 3
see "3 s after the file is back" FATAL "$(state missing)"
until_ eval '[ "$(wc -l <starts)" -gt 6 ]'
see "the one that always exits was given up" 0 "$(grep -c 'gave up: exits' log)"
exit $bad
