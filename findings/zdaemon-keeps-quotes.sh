#!/bin/bash
# zdaemon splits its program at every space and hands the quotes to the program.
#
# Package: PyPI zdaemon 5.2.1
# Guess:   program sh -c 'echo "a b"' is split as a shell would split it.
# Seen:    the program line  ./show "a b" c  gives three arguments: "a and b" and c, with the quotes in them. A
#          program line with sh -c '...' cannot work.
# Why:     the option's value is split by white space only.

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

pip zdaemon==5.2.1
printf '#!/bin/sh\nfor a; do printf "[%%s]" "$a"; done >shown\nexec sleep 60\n' >show
chmod +x show
cat >conf <<EOF
<runner>
program ./show "a b" c
directory $PWD
socket-name $PWD/sock
</runner>
EOF
venv/bin/zdaemon -C conf start >/dev/null &
until_ test -s shown
see "arguments" '["a][b"][c]' "$(cat shown)"
exit $bad
