#!/bin/bash
# pm2 gives up a program that crashes at once only if it does so in the first 16 seconds after it was added.
#
# Package: npm pm2 7.0.4
# Guess:   max_restarts: after 16 unstable restarts in a row (an end within min_uptime, 1 s) an app is "errored", whenever that begins.
# Seen:    a program that exits at once from its first start on is errored after 16. One that ran well for 17 s first is started again
#          for ever: after 40 restarts it is still "online", and pm2 counts no unstable restart.
# Why:     lib/God.js counts an unstable restart only while the app was created less than min_uptime * max_restarts (16 s) ago.

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
cat >early <<'END'
#!/bin/sh
echo x >>early-starts
END
cat >late <<'END'
#!/bin/sh
[ -e late-starts ] || { echo x >late-starts; exec sleep 17; }
echo x >>late-starts
sleep 0.1
END
chmod +x early late
cat >apps.json <<'END'
{"apps": [{"name": "early", "script": "./early", "interpreter": "none"}, {"name": "late", "script": "./late", "interpreter": "none"}]}
END
pm2-runtime start apps.json --no-auto-exit >said 2>&1 &
said() { timeout 20 pm2 jlist 2>/dev/null | node -e '
    const app = JSON.parse(require("fs").readFileSync(0)).find((entry) => entry.name === process.argv[1]);
    console.log(process.argv[2].split(".").reduce((value, key) => value[key], app));' "$1" "pm2_env.$2"; }
until_ grep -q "had too many unstable restarts" said # before that, a pm2 command might start a daemon of its own
see "status of a program that exits at once" errored "$(said early status)"
see "starts of a program that exits at once" 16 "$(wc -l <early-starts)"
until_ eval '[ "$(wc -l <late-starts)" -ge 41 ]'
see "after 40 restarts of one that was well for 17 s, unstable restarts" 0 "$(said late unstable_restarts)"
see "its status is errored" no "$([ "$(said late status)" = errored ] && echo yes || echo no)"
exit $bad
