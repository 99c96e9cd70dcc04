#!/bin/bash
# SIGPIPE is ignored below supervisord, pidproxy and zdaemon, and not below circus and honcho, though all are Python.
#
# Packages: PyPI supervisor 4.3.0, zdaemon 5.2.1, circus 0.19.0, honcho 2.0.0
# Guess:    a program begins with SIGPIPE as usual, or all supervisors in Python leave it ignored as Python has it.
# Seen:     below the first three "yes | head -1" complains of a broken pipe and yes ends with 1; below the other two SIGPIPE ends it
#           silently, 141 for the shell.
# Why:      Python ignores SIGPIPE. subprocess restores it, and circus and honcho use that; the others fork and exec by themselves.

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

pip supervisor==4.3.0 zdaemon==5.2.1 circus==0.19.0 honcho==2.0.0
export PATH=$PWD/venv/bin:$PATH
cat >probe <<EOF
#!/bin/bash
cd $PWD
yes 2>/dev/null | head -1 >/dev/null
echo \${PIPESTATUS[0]} >\$1.tmp
mv \$1.tmp \$1.out
exec sleep 60
EOF
chmod +x probe
cat >conf <<EOF
[supervisord]
logfile=$PWD/log
pidfile=$PWD/pid
[program:a]
command=$PWD/probe supervisord
[program:b]
command=pidproxy $PWD/none $PWD/probe pidproxy
EOF
supervisord -n -s -c conf &
printf '[circus]\nendpoint = ipc://%s/a\npubsub_endpoint = ipc://%s/b\n[watcher:a]\ncmd = %s/probe circus\n' \
    "$PWD" "$PWD" "$PWD" >circus.ini
circusd --log-output circus.log circus.ini 2>/dev/null &
echo "web: exec $PWD/probe honcho" >Procfile
honcho start >/dev/null 2>&1 &
printf '<runner>\nprogram %s/probe zdaemon\ndirectory %s\nsocket-name %s/z\n</runner>\n' "$PWD" "$PWD" "$PWD" >zdaemon.conf
zdaemon -C zdaemon.conf start >/dev/null &
for name in supervisord:1 pidproxy:1 zdaemon:1 circus:141 honcho:141; do
    until_ test -e ${name%:*}.out
    see "status of yes below ${name%:*}" "${name#*:}" "$(cat ${name%:*}.out)"
done
exit $bad
