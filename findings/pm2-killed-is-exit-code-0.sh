#!/bin/bash
# Under pm2 a killed program has exit code 0: with stop_exit_codes [0] it is never started again.
#
# Package: npm pm2 7.0.4
# Guess:   stop_exit_codes: [0], for a program that may end when its work is done: exit(0) is final,
#          anything else, a SIGKILL of the kernel for want of memory first of all, is restarted.
# Seen:    a program that SIGKILL ends is "stopped" for good, like one that did its work; one that
#          exits with 1 is restarted. [137], where one means SIGKILL, does not match one.
# Why:     Node.js gives a killed child's exit code as null, and lib/God.js makes that `code || 0`
#          before it compares; the signal is only logged.

set -u
if [ -z "${FINDING-}" ]; then # the outer half: a folder and a PID namespace, gone at the end
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
    npm install --silent --cache ./cache --no-audit --no-fund --ignore-scripts --prefix . "$@" \
        >/dev/null 2>&1 || { echo "NOT AVAILABLE: $* (node and npm installed?)"; exit 3; }
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
# NAME: counts its starts; its first life ends with 1 if its name is "exits"
echo $$ >>"$1"
[ "$1" = exits ] && [ "$(wc -l <exits)" = 1 ] && exit 1
exec sleep 600
END
chmod +x program
cat >apps.json <<'END'
{"apps": [
 {"name": "plain", "script": "./program", "args": "plain", "interpreter": "none"},
 {"name": "exits", "script": "./program", "args": "exits", "interpreter": "none",
  "stop_exit_codes": [0]},
 {"name": "killed", "script": "./program", "args": "killed", "interpreter": "none",
  "stop_exit_codes": [0]},
 {"name": "killed137", "script": "./program", "args": "killed137", "interpreter": "none",
  "stop_exit_codes": [137]}]}
END
pm2-runtime start apps.json --no-auto-exit >said 2>&1 &
state() { timeout 40 pm2 jlist 2>/dev/null | node -e '
    const app = JSON.parse(require("fs").readFileSync(0)).find((a) => a.name === process.argv[1]);
    console.log(app.pm2_env.status);' "$1"; }
starts() { wc -l <"$1"; }
for app in plain killed killed137; do
    until_ grep -q "App \[$app:.*online" said
    until_ test -s $app
    kill -KILL "$(tail -n 1 $app)"
    until_ grep -q "App \[$app:.*exited" said
done
for app in plain exits killed137; do until_ eval "[ \"\$(starts $app)\" = 2 ]"; done
see "killed, without stop_exit_codes: starts" 2 "$(starts plain)"
see "exit 1, stop_exit_codes [0]: starts" 2 "$(starts exits)"
see "killed, stop_exit_codes [137]: starts" 2 "$(starts killed137)"
sleep 3
see "killed, stop_exit_codes [0]: starts" 1 "$(starts killed)"
see "its state" stopped "$(state killed)"
see "pm2's word for it" "exited with code [0] via signal [SIGKILL]" \
    "$(grep -o 'killed:.*exited with.*' said | grep -o 'exited with.*')"
exit $bad
