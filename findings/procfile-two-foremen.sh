#!/bin/bash
# One Procfile, two foremen: honcho and node's foreman differ in the status, in duplicate names, in odd names and in .env.
#
# Packages: PyPI honcho 2.0.0, npm foreman 3.0.1
# Guess:    both are clones of the same tool, so a Procfile and its .env mean the same to them.
# Seen:     a program that exits 3: honcho ends with 3, nf with 0, and nf says "exit code null". Two lines for one name: honcho refuses the
#           file, nf runs the later one. A name with a dot: honcho passes the line over without a word and runs the rest, nf takes the
#           whole file for missing, runs nothing and ends with 0. NAME=my web app: "mywebapp" and "my web app".
# Why:      each has a parser of its own; nf's main program ends with 0 once it has ended the rest.

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
npm_() { # NAME@VERSION...: install these Node packages into ./node_modules
    npm install --silent --cache ./cache --no-audit --no-fund --ignore-scripts --prefix . "$@" >/dev/null 2>&1 ||
        { echo "NOT AVAILABLE: $* (node and npm installed?)"; exit 3; }
}
bad=0
see() { # WHAT EXPECTED SEEN
    if [ "$2" = "$3" ]; then echo "$1: $3"; else echo "CHANGED: $1: '$3', it was '$2'"; bad=1; fi
}

pip honcho==2.0.0
npm_ foreman@3.0.1
export PATH=$PWD/venv/bin:$PWD/node_modules/.bin:$PATH
both() { # PROCFILE: status and words of both
    printf '%b' "$1" >Procfile
    for tool in "honcho --no-colour" nf; do
        timeout 30 $tool start >said 2>&1 </dev/null
        status=$?
        echo "${tool%% *} $status $(grep -o '\[.*\]<' said | tr -d '<' | LC_ALL=C sort | xargs)"
    done | xargs
}
see "exit 3" "honcho 3 nf 0" "$(both 'web: exit 3\n')"
see "two lines for one name" "honcho 1 nf 0 [two]" "$(both 'web: echo "[one]<"\nweb: echo "[two]<"\n')"
see "a name with a dot" "honcho 0 [one] nf 0" "$(both 'web: echo "[one]<"\nw.b: echo "[two]<"\n')"
echo 'NAME=my web app' >.env
see "NAME=my web app" "honcho 0 [mywebapp] nf 0 [my web app]" "$(both 'web: echo "[$NAME]<"\n')"
exit $bad
