#!/bin/bash
# pm2-runtime ends with 2 however its program ended, 0 included.
#
# Package: npm pm2 7.0.4
# Guess:   with --no-autorestart pm2-runtime ends with its program's status, at least with 0 for success.
# Seen:    2 for a program that exits 0, and 2 for one that exits 3. A one-off job in a container always looks failed, and a
#          supervisor above cannot tell success.
# Why:     once no program is left online, pm2-runtime exits with a status of its own.

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
npm_() { # NAME@VERSION...: install these Node packages into ./node_modules
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix . "$@" >/dev/null 2>&1 ||
        { echo "NOT AVAILABLE: $* (node and npm installed?)"; exit 3; }
}
bad=0
see() { # WHAT EXPECTED SEEN
    if [ "$2" = "$3" ]; then echo "$1: $3"; else echo "CHANGED: $1: '$3', it was '$2'"; bad=1; fi
}

npm_ pm2@7.0.4
export HOME=$PWD PATH=$PWD/node_modules/.bin:$PATH
for status in 0 3; do
    echo "require('fs').writeFileSync('$PWD/ran$status', ''); process.exit($status)" >exit$status.js
    PM2_HOME=$PWD/pm2-$status timeout 30 pm2-runtime start exit$status.js --no-autorestart >/dev/null 2>&1
    see "a program that exits $status: status of pm2-runtime, ran" "2 yes" "$? $([ -e ran$status ] && echo yes)"
done
exit $bad
