#!/bin/bash
# A Procfile line of two commands: "honcho start" runs both, its export for runit runs the first one again and again.
#
# Packages: PyPI honcho 2.0.0, jinja2 3.1.6; Debian 12 runit 2.1.2-54
# Guess:    honcho export writes a run script that does what honcho start does.
# Seen:     "web: ./prepare; exec ./serve" exported for runit: prepare runs once a second, serve never.
# Why:      the template puts "exec chpst ..." before the line, and the exec takes only the first command of it. For supervisord
#           and systemd honcho wraps the line in sh -c.

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
deb() { # NAME=VERSION...: unpack these Debian packages into ./root
    mkdir -p deb root
    (cd deb && apt-get -qq -o APT::Sandbox::User=root download "$@" >/dev/null 2>&1) ||
        { echo "NOT AVAILABLE: $* (apt-get update first?)"; exit 3; }
    for d in deb/*.deb; do dpkg-deb -x "$d" root || exit 3; done
}
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

pip honcho==2.0.0 jinja2==3.1.6
deb runit=2.1.2-54
export PATH=$PWD/venv/bin:$PWD/root/usr/bin:$PATH
printf '#!/bin/sh\necho prepare >>ran\n' >prepare
printf '#!/bin/sh\necho serve >>ran\nexec sleep 60\n' >serve
chmod +x prepare serve
echo 'web: ./prepare; exec ./serve' >Procfile
honcho start >/dev/null 2>&1 &
pid=$!
until_ grep serve ran
kill $pid
wait $pid 2>/dev/null
see "honcho start ran" "prepare serve" "$(xargs <ran)"
rm ran
honcho export -u root -a app -l "$PWD/log" runit exported 2>/dev/null
rm -r exported/app-web-1/log
runsv exported/app-web-1 >/dev/null 2>&1 &
until_ eval '[ "$(wc -l <ran)" -ge 3 ]'
see "runit ran" "prepare prepare prepare" "$(head -3 ran | xargs)"
exit $bad
