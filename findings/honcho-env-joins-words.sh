#!/bin/bash
# honcho takes the spaces out of an unquoted value in .env.
#
# Package: PyPI honcho 2.0.0
# Guess:   NAME=my web app gives "my web app", or "my" as in a shell, or an error.
# Seen:    it gives "mywebapp", without a word. "E = x" gives E=x. From "export D=1" no D comes. COLOUR=x#y is x.
# Why:     the line is split by shlex, name and "=" are taken off, and the words left are joined with nothing between them.

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

pip honcho==2.0.0
cat >.env <<'EOF'
NAME=my web app
E = x
export D=1
COLOUR=x#y
QUOTED="my web app"
EOF
echo 'web: echo "seen [$NAME] [$E] [$D] [$COLOUR] [$QUOTED]"' >Procfile
see "NAME, E, D, COLOUR, QUOTED" "[mywebapp] [x] [] [x] [my web app]" \
    "$(env -u NAME -u E -u D -u COLOUR venv/bin/honcho --no-colour start 2>/dev/null | sed -n 's/.*| seen //p')"
exit $bad
