#!/bin/bash
# Two [program:x] sections for one program become one program, option by option, also when one is in an included file.
#
# Package: PyPI supervisor 4.3.0
# Guess:   the section read last replaces the first one, or supervisord refuses the second.
# Seen:    command comes from the included file, autostart=false from the main one: the program that the included file
#          describes, which does not mention autostart, is not started. Twice in one file is the same, without a warning.
# Why:     the included files are read into the same parser after the main file, so each option that they set wins, and
#          each that they omit stays.

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
[unix_http_server]
file=$PWD/sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://$PWD/sock
[include]
files=more
[program:x]
command=sleep 111
autostart=false
EOF
cat >more <<EOF
[program:x]
command=sleep 222
EOF
venv/bin/supervisord -n -s -c conf &
until_ test -S sock
ctl() { venv/bin/supervisorctl -c conf "$@"; }
until_ eval 'ctl status | grep x'
see "state of x" "STOPPED" "$(ctl status x | awk '{ print $2 }')"
ctl start x >/dev/null
see "its command" "sleep 222" "$(tr '\0' ' ' <"/proc/$(ctl pid x)/cmdline" | xargs)"
ctl shutdown >/dev/null
until_ eval '! [ -e pid ]'
sed -i '/include/d; /files=/d' conf
cat more >>conf
venv/bin/supervisord -n -s -c conf &
until_ eval 'ctl status | grep x'
see "both sections in one file: state" "STOPPED" "$(ctl status x | awk '{ print $2 }')"
exit $bad
