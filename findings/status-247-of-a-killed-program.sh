#!/bin/bash
# "honcho start" and "invoke" end with 247 when SIGKILL ended their program; "honcho run" with 137.
#
# Packages: PyPI honcho 2.0.0, invoke 3.0.3
# Guess:    128 + 9 = 137, as in a shell, or 1.
# Seen:     247, for SIGTERM 241. What decides by "above 128 is a signal" takes it for signal 119, or 113.
# Why:      Python's subprocess says -9 for a program that signal 9 ended. sys.exit(-9) is made 247, 256 - 9, by the kernel. honcho run
#           starts the program below a shell that stays, and hands on that one's 137.

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

pip honcho==2.0.0 invoke==3.0.3
export PATH=$PWD/venv/bin:$PATH
for signal in KILL:247:137 TERM:241:143; do
    name=${signal%%:*} expected=${signal#*:}
    echo "web: kill -$name \$\$" >Procfile
    honcho start >/dev/null 2>&1
    see "status of honcho start, SIG$name" "${expected%:*}" $?
    printf 'from invoke import task\n\n@task\ndef web(c):\n    c.run("kill -%s $$")\n' "$name" >tasks.py
    invoke web >/dev/null 2>&1 </dev/null
    see "status of invoke, SIG$name" "${expected%:*}" $?
    honcho run sh -c "kill -$name \$\$" >/dev/null 2>&1
    see "status of honcho run, SIG$name" "${expected#*:}" $?
done
exit $bad
