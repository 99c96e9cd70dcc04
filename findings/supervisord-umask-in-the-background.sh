#!/bin/bash
# supervisord heeds its option umask only where it goes to the background: in a container its programs have its caller's.
#
# Packages: PyPI supervisor 4.3.0, zdaemon 5.2.1, circus 0.19.0; Debian 12 daemon 0.8-1+b1
# Guess:    [supervisord] umask=022, the documented default, is what its programs get, and another number if it is given; or
#           supervisors leave the umask alone. One configuration means the same in the background and in the foreground.
# Seen:     started under umask 077, a program of supervisord has 0022 in the background, and 0077 with nodaemon=true, as
#           containers and systemd units have it, even with umask=002 in the same section. umask=002 of the [program:x] is heeded
#           always. zdaemon and daemon give 0022 whatever the caller's is, daemon also in the foreground; circusd leaves it alone.
# Why:      supervisord calls umask(2) in the function that daemonizes it, which nodaemon=true passes over.

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
deb() { # NAME=VERSION...: unpack these Debian packages into ./root
    mkdir -p deb root
    (cd deb && apt-get -qq -o APT::Sandbox::User=root download "$@" >/dev/null 2>&1) ||
        { echo "NOT AVAILABLE: $* (apt-get update first?)"; exit 3; }
    for d in deb/*.deb; do dpkg-deb -x "$d" root || exit 3; done
}

deb daemon=0.8-1+b1
pip supervisor==4.3.0 zdaemon==5.2.1 circus==0.19.0
umask 077
printf '#!/bin/sh\numask >%s/"$1"\nexec sleep 100\n' "$PWD" >program
chmod 755 program
of() { # NAME: the umask that the program of that name has written down
    for _ in $(seq 200); do [ -s "$1" ] && break; sleep 0.1; done
    cat "$1"
}
supervisord() { # NAME LINE-OF-SUPERVISORD LINE-OF-PROGRAM
    printf '[supervisord]\n%s\nlogfile=%s\npidfile=%s\n[program:x]\ncommand=%s %s\n%s\n' \
        "$2" "$PWD/$1.log" "$PWD/$1.pid" "$PWD/program" "$1" "$3" >"$1.conf"
    venv/bin/supervisord -s -c "$1.conf" >/dev/null 2>&1 &
    of "$1"
}
see "supervisord in the background" 0022 "$(supervisord background '' '')"
see "supervisord in the foreground" 0077 "$(supervisord foreground nodaemon=true '')"
see "the same with umask=002 in [supervisord]" 0077 "$(supervisord option $'nodaemon=true\numask=002' '')"
see "the same with umask=002 in [program:x]" 0002 "$(supervisord program-x nodaemon=true umask=002)"
printf '<runner>\nprogram %s zdaemon\ndirectory %s\nsocket-name %s\n</runner>\n' "$PWD/program" "$PWD" "$PWD/sock" >zdaemon.conf
venv/bin/zdaemon -C zdaemon.conf start >/dev/null 2>&1
see "zdaemon" 0022 "$(of zdaemon)"
printf '[circus]\nendpoint = ipc://%s\npubsub_endpoint = ipc://%s\n[watcher:x]\ncmd = %s circus\n' \
    "$PWD/endpoint" "$PWD/pubsub" "$PWD/program" >circus.ini
venv/bin/circusd circus.ini >/dev/null 2>&1 &
see "circusd" 0077 "$(of circus)"
root/usr/bin/daemon -f --unsafe -- "$PWD/program" daemon &
see "daemon in the foreground" 0022 "$(of daemon)"
exit $bad
