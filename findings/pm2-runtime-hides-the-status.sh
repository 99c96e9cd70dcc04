#!/bin/bash
# pm2-runtime ends with 0 or with 2, by chance, whatever its program ended with.
#
# Package: npm pm2 7.0.4
# Guess:   with --no-autorestart pm2-runtime ends with its program's status; at least success and failure can be told apart.
# Seen:    of four runs of a program that exits 3 none ends with 3. The status is 2 or 0 for each of them, and for a program that exits
#          0 as well. So a one-off job in a container looks failed or well at random.
# Why:     pm2-runtime looks every two seconds whether a program is online. After four looks in vain it stops its own daemon part and
#          then exits with 2; the daemon part, in the same process, exits with 0. Which comes first is open.

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
    npm install --silent --cache ./cache --no-audit --no-fund --ignore-scripts --prefix . "$@" >/dev/null 2>&1 ||
        { echo "NOT AVAILABLE: $* (node and npm installed?)"; exit 3; }
}
bad=0
see() { # WHAT EXPECTED SEEN
    if [ "$2" = "$3" ]; then echo "$1: $3"; else echo "CHANGED: $1: '$3', it was '$2'"; bad=1; fi
}

npm_ pm2@7.0.4
export HOME=$PWD PATH=$PWD/node_modules/.bin:$PATH
echo "setTimeout(() => process.exit(3), 1000)" >exit3.js
for run in 1 2 3 4; do
    {
        PM2_HOME=$PWD/pm2-$run pm2-runtime start exit3.js --no-autorestart >said$run 2>&1
        echo $? >status$run
    } &
done
wait
for run in 1 2 3 4; do
    see "run $run: looks in vain, the program's status as pm2 logs it" "4 code [3]" \
        "$(grep -c '0 application online' said$run) $(grep -o 'code \[.*\] ' said$run | xargs)"
    case $(cat status$run) in
        0 | 2) echo "run $run: status of pm2-runtime: $(cat status$run), not 3" ;;
        *) see "run $run: status of pm2-runtime" "0 or 2" "$(cat status$run)" ;;
    esac
done
exit $bad
