#!/bin/bash
# "supervisorctl restart" of a program under pidproxy runs the old and the new daemon at the same time.
#
# Package: PyPI supervisor 4.3.0
# Guess:   pidproxy stands for the daemon: it ends when the daemon has ended, so a restart waits for that.
# Seen:    pidproxy passes SIGTERM on and exits at once. supervisord reports the program as stopped while the daemon still shuts
#          down, starts the next one beside it, and at its own shutdown leaves the last daemon behind, orphaned.
# Why:     after it has passed on TERM, INT or QUIT pidproxy calls exit(0); it waits for its child only otherwise.

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
cat >daemon <<'EOF'
#!/bin/sh
# ends after SIGTERM only when the file "end" is there
trap 'echo "TERM $$" >>events; while ! [ -e end ]; do sleep 0.1; done; echo "end $$" >>events; exit' TERM
echo $$ >daemon.pid
echo "start $$" >>events
while :; do sleep 0.1; done
EOF
chmod +x daemon
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
[program:x]
command=$PWD/venv/bin/pidproxy $PWD/daemon.pid $PWD/daemon
EOF
ctl() { venv/bin/supervisorctl -c conf "$@"; }
events() { awk '{ print $1 }' events | LC_ALL=C sort | xargs; }
venv/bin/supervisord -n -s -c conf &
until_ eval 'grep start events && ctl status x | grep RUNNING'
see "restart says" "x: stopped x: started" "$(ctl restart x | xargs)"
until_ eval '[ "$(grep -c -e start -e TERM events)" = 3 ]'
see "events, sorted: none has ended" "TERM start start" "$(events)"
see "daemons alive" 2 "$(awk '/start/ { print $2 }' events | while read -r pid; do [ -d "/proc/$pid" ] && echo; done | wc -l)"
touch end
until_ grep end events
rm end
ctl shutdown >/dev/null
until_ eval '! [ -e pid ]'
see "parent of the last daemon after supervisord's shutdown" 1 "$(awk '/^PPid/ { print $2 }' "/proc/$(cat daemon.pid)/status")"
exit $bad
