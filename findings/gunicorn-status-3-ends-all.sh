#!/bin/bash
# A gunicorn worker that exits with status 3 or 4 ends the whole server, however well it all ran.
#
# Package: PyPI gunicorn 27.0.1
# Guess:   the master replaces a worker that ends, whatever its status: that is what it is for.
# Seen:    5: replaced. 3 or 4: the master logs "Worker failed to boot" or "App failed to load",
#          ends the other worker and exits with the same status, though all had started well and
#          served. With threads (-k gthread) sys.exit(3) in a request handler is enough.
# Why:     3 and 4 are how a worker tells the master that it could not start. The master looks at
#          the status alone, and not at whether that worker had started.

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
pip() { # NAME==VERSION...: install these Python packages into ./venv
    python3 -m venv venv &&
        venv/bin/pip -q --disable-pip-version-check install --no-cache-dir "$@" >/dev/null 2>&1 ||
        { echo "NOT AVAILABLE: $* (python3-venv installed?)"; exit 3; }
}
bad=0
see() { # WHAT EXPECTED SEEN
    if [ "$2" = "$3" ]; then echo "$1: $3"; else echo "CHANGED: $1: '$3', it was '$2'"; bad=1; fi
}
until_() { # COMMAND...: wait until it succeeds, 40 s at most
    for _ in $(seq 400); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
    echo "CHANGED: this never came: $*"; exit 1
}

pip gunicorn==27.0.1
export HOME=$PWD
cat >app.py <<'END'
import os, sys

def app(environ, start_response):
    end, _, code = environ["PATH_INFO"].strip("/").partition(".")
    if end == "os":
        os._exit(int(code))
    if end == "sys":
        sys.exit(int(code))
    start_response("200 OK", [])
    return [b"served"]
END
cat >get <<'END'
import http.client, socket, sys

class Local(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect("socket")

connection = Local("localhost")
connection.request("GET", sys.argv[1])
print(connection.getresponse().read().decode())
END
get() { python3 get "$1" 2>/dev/null; }
begin() { # WORKER CLASS: a server with two workers that serves
    rm -f socket log
    venv/bin/gunicorn -k "$1" -w 2 -b unix:socket --log-file log app:app &
    master=$!
    until_ eval '[ "$(grep -c "Booting worker" log)" = 2 ] && [ "$(get /)" = served ]'
    sleep 1
    see "$1: an answer" served "$(get /)"
}
begin sync
get /os.5
until_ eval '[ "$(grep -c "Booting worker" log)" = 3 ]'
see "a worker exits with 5: an answer" served "$(get /)"
get /os.3
wait $master
see "a worker exits with 3: status of the server" 3 $?
see "its reason" "Worker failed to boot." "$(sed -n 's/.*Reason: //p' log)"
see "an answer" "" "$(get /)"
begin sync
get /os.4
wait $master
see "a worker exits with 4: status of the server" 4 $?
see "its reason" "App failed to load." "$(sed -n 's/.*Reason: //p' log)"
begin gthread
get /sys.5
until_ eval '[ "$(grep -c "Booting worker" log)" = 3 ]'
see "sys.exit(5) in a request: an answer" served "$(get /)"
get /sys.3
wait $master
see "sys.exit(3) in a request: status of the server" 3 $?
exit $bad
