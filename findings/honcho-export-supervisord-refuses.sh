#!/bin/bash
# supervisord refuses what honcho exports for it as soon as a variable's value has a comma, a percent sign or an "@".
#
# Packages: PyPI honcho 2.0.0, jinja2 3.1.6, supervisor 4.3.0
# Guess:    "honcho export supervisord" writes a file that supervisord reads; honcho even doubles "%" for it.
# Seen:     HOSTS=a,b or SHARE=50% or MAIL=ops@example in .env, which "honcho start" passes on well: supervisord ends with status 2
#           and "Unexpected end of key/value pairs". HOSTS="a b", which needs quotes anyhow, works.
# Why:      honcho quotes values by the shell's rules, which leave these characters bare. supervisord's parser takes fewer bare
#           characters, and "," separates variables there.

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

pip honcho==2.0.0 jinja2==3.1.6 supervisor==4.3.0
export PATH=$PWD/venv/bin:$PATH
echo 'web: echo "$V" >out.tmp; mv out.tmp out; exec sleep 60' >Procfile
mkdir log
supervise() { # VALUE as in .env: what its export leads to
    rm -rf exported out
    echo "V=$1" >.env
    honcho export -u root -a app -l "$PWD/log" supervisord exported 2>/dev/null
    printf '[supervisord]\nlogfile=%s/supervisord.log\npidfile=%s/pid\n' "$PWD" "$PWD" | cat - exported/app.conf >conf
    timeout 20 supervisord -n -c conf >said 2>&1 &
    pid=$!
    for _ in $(seq 190); do
        [ -e out ] && { echo "V=$(cat out)"; kill $pid; wait $pid; return; }
        [ -d /proc/$pid ] || break
        sleep 0.1
    done
    wait $pid
    echo "status $?, $(grep -o 'Unexpected end of key/value pairs' said)"
}
start() { # VALUE as in .env: what the program gets from honcho itself
    echo "V=$1" >.env
    echo 'web: echo "V=$V"' >plain
    honcho --no-colour -f plain start 2>/dev/null | sed -n 's/.*| \(V=.*\)/\1/p'
}
for value in a,b 50% ops@example; do
    see "V=$value under honcho start" "V=$value" "$(start "$value")"
    see "V=$value, exported" "status 2, Unexpected end of key/value pairs" "$(supervise "$value")"
done
see 'V="a b", exported' "V=a b" "$(supervise '"a b"')"
exit $bad
