#!/bin/bash
# pm2 never tries again to start a program that is missing for a moment, and calls it online.
#
# Package: npm pm2 7.0.4
# Guess:   a program that is missing at its restart is tried again as one that exits at once is: 15 times, or without end with a large
#          max_restarts; or it is "errored".
# Seen:    one vain start, no further one within 10 s after the program is back, and the status is "online" without a pid.
# Why:     lib/God.js restarts on the event exit. Node.js emits error, and no exit, for a program that could not be executed.

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
until_() { # COMMAND...: wait until it succeeds, 40 s at most
    for _ in $(seq 400); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
    echo "CHANGED: this never came: $*"; exit 1
}

npm_ pm2@7.0.4
export HOME=$PWD PATH=$PWD/node_modules/.bin:$PATH
cat >program <<'END'
#!/bin/sh
echo x >>starts
exec sleep 1000
END
chmod +x program
cat >apps.json <<'END'
{"apps": [{"name": "app", "script": "./program", "interpreter": "none", "max_restarts": 1000000000}]}
END
pm2-runtime start apps.json --no-auto-exit >said 2>&1 &
until_ test -s starts
sleep 3
said() { timeout 20 pm2 jlist 2>/dev/null | node -e '
    const app = JSON.parse(require("fs").readFileSync(0))[0];
    console.log(process.argv[1].split(".").reduce((value, key) => value[key], app));' "$1"; }
pid=$(said pid)
mv program away
kill -KILL "$pid"
sleep 3
mv away program
sleep 10
see "starts" 1 "$(wc -l <starts)"
see "status" online "$(said pm2_env.status)"
see "its pid is a process" no "$([ -e "/proc/$(said pid)/stat" ] && echo yes || echo no)"
exit $bad
