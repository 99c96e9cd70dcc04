#!/bin/bash
# A supervisor that hears of every end may act on it seconds later, for no other reason than the version of Python below it.
#
# Package: PyPI zdaemon 4.0.1 and 4.2.0, ZConfig 4.3, on Python 3.5 or newer
# Guess:   zdaemon has a handler for SIGCHLD, so that it starts a killed program again within milliseconds, in any version.
# Seen:    4.0.1 does so after up to backoff-limit seconds, 10 by default: 8 s after a kill 12 s after the start. 4.2.0 does so at
#          once. Its list of changes says no more than "Add support for Python 3.5".
# Why:     the loop waits in select(). Up to Python 3.4 a signal ended that wait; since 3.5 (PEP 475) Python runs the handler and waits
#          on. 4.2.0 has signal.set_wakeup_fd(), whose pipe is one of those that select() looks at (zdrun.py, runforever()).

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
install() { # VERSION: install that zdaemon into a virtual environment of its name
    python3 -m venv "$1" && "$1/bin/pip" -q --disable-pip-version-check install --no-cache-dir \
        "setuptools<70" wheel >/dev/null 2>&1 && "$1/bin/pip" -q --disable-pip-version-check install --no-cache-dir \
        --no-build-isolation "zdaemon==$1" ZConfig==4.3 >/dev/null 2>&1 ||
        { echo "NOT AVAILABLE: zdaemon $1 (python3-venv installed?)"; exit 3; }
}
bad=0
see() { # WHAT EXPECTED SEEN
    if [ "$2" = "$3" ]; then echo "$1: $3"; else echo "CHANGED: $1: '$3', it was '$2'"; bad=1; fi
}

for version in 4.0.1 4.2.0; do
    install $version
    cat >$version.conf <<END
<runner>
program /bin/sleep 1000
directory $PWD
socket-name $PWD/$version.sock
</runner>
END
    $version/bin/zdaemon -C "$PWD/$version.conf" start >/dev/null 2>&1
    for _ in $(seq 100); do pid=$(pgrep -x sleep) && break; sleep 0.1; done
    sleep 12 # long enough for a life that is no quick end
    kill -KILL "$pid"
    sleep 2
    [ "$version" = 4.0.1 ] && expected=no || expected=yes
    see "zdaemon $version has started it again 2 s after the kill" $expected "$(pgrep -x sleep >/dev/null && echo yes || echo no)"
    sleep 10
    see "zdaemon $version has started it again 12 s after the kill" yes "$(pgrep -x sleep >/dev/null && echo yes || echo no)"
    $version/bin/zdaemon -C "$PWD/$version.conf" stop >/dev/null 2>&1
    for _ in $(seq 100); do pgrep -x sleep >/dev/null || break; sleep 0.1; done
done
exit $bad
