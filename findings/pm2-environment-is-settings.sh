#!/bin/bash
# A program's environment variable is pm2's own setting, where it is called like one.
#
# Package: npm pm2 7.0.4
# Guess:   "env" of an app, and the environment of the shell that calls pm2, are for the program.
# Seen:    env {"name": "blue"} renames the app: "pm2 stop web" finds none. {"autorestart": "false"}
#          ends the supervision, {"restart_delay": "600000"} puts off the restart for ten minutes.
#          A variable of the shell that calls pm2 does the same to every app it starts.
# Why:     pm2 keeps an app's settings and environment in one object: lib/God.js lays the variables
#          over the settings ("extend(env_copy, env_copy.env)"), and env has the caller's as well.

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
unset name autorestart restart_delay
cat >program <<'END'
#!/bin/sh
echo $$ >>"$1"
exec sleep 600
END
chmod +x program
app() { # NAME ENV: an entry of apps.json
    echo "{\"name\": \"$1\", \"script\": \"./program\", \"args\": \"$1\"," \
        "\"interpreter\": \"none\", \"env\": {$2}}"
}
cat >apps.json <<END
{"apps": [$(app plain '"other": "x"'), $(app web '"name": "blue"'),
 $(app auto '"autorestart": "false"'), $(app delay '"restart_delay": "600000"')]}
END
echo "{\"apps\": [$(app shell '')]}" >more.json
pm2-runtime start apps.json --no-auto-exit >said 2>&1 &
state() { timeout 40 pm2 jlist 2>/dev/null | node -e '
    const app = JSON.parse(require("fs").readFileSync(0)).find((a) => a.name === process.argv[1]);
    console.log(app ? app.pm2_env.status : "no such app");' "$1"; }
stays() { # NAME: "STATE STARTS" 3 s after it was killed
    kill -KILL "$(tail -n 1 "$1")"
    until_ grep -q "App \[$1:.*exited" said
    sleep 3
    echo "$(state "$1") $(wc -l <"$1")"
}
for app in plain web auto delay; do until_ test -s $app; done
until_ eval '[ "$(state delay)" = online ]'
see "state of web, and of blue" "no such app, online" "$(state web), $(state blue)"
pm2 stop web >/dev/null 2>&1
see "status of pm2 stop web" 1 $?
kill -KILL "$(tail -n 1 plain)"
until_ eval '[ "$(wc -l <plain)" = 2 ] && [ "$(state plain)" = online ]'
see "killed, other=x: state, starts" "online 2" "$(state plain) $(wc -l <plain)"
see "killed, autorestart=false: state, starts" "stopped 1" "$(stays auto)"
see "killed, restart_delay=600000: state, starts" "waiting restart 1" "$(stays delay)"
autorestart=false pm2 start more.json >/dev/null 2>&1
until_ test -s shell
until_ eval '[ "$(state shell)" = online ]'
see "killed, autorestart=false in the calling shell: state, starts" "stopped 1" "$(stays shell)"
exit $bad
