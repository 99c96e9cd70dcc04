#!/bin/bash
# A Python program that catches Ctrl-C and exits with a status of its own may still die of SIGINT, if it was started with -m.
#
# Packages: Debian 12 python3.11 3.11.2-6+deb12u9
# Guess:    a caught KeyboardInterrupt is over: sys.exit(3) ends with 3, however the program was started.
# Seen:     where SIGINT came while the program was in exec() of a string, as collections.namedtuple is, `python3 -m` ends by
#           SIGINT (130 in a shell, killed by 2 for its parent) after all of its work; `python3 FILE` ends with 3. Without sys.exit
#           FILE ends by SIGINT, too. An exec("") after it mends both.
# Why:      exec of a string notes an interrupt that leaves it, in a flag of the interpreter. A later exec clears it, an except
#           does not. At its end, -m looks at the flag whatever the status, FILE only where no SystemExit ends it.

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
mkdir deb root
(cd deb && apt-get -qq -o APT::Sandbox::User=root download {python3.11-minimal,libpython3.11-minimal}=3.11.2-6+deb12u9 >/dev/null 2>&1) ||
    { echo "NOT AVAILABLE: python3.11-minimal=3.11.2-6+deb12u9 (apt-get update first?)"; exit 3; }
for d in deb/*.deb; do dpkg-deb -x "$d" root || exit 3; done
python="env PYTHONHOME=$PWD/root/usr PYTHONDONTWRITEBYTECODE=1 $PWD/root/usr/bin/python3.11 -S"
bad=0
see() { # WHAT EXPECTED SEEN
    if [ "$2" = "$3" ]; then echo "$1: $3"; else echo "CHANGED: $1: '$3', it was '$2'"; bad=1; fi
}

program() { # NAME CODE...: a program that is interrupted in exec() of a string, catches that, and goes on with CODE
    cat >"$1.py" <<PROGRAM
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    exec("os.kill(os.getpid(), signal.SIGINT)\nwhile True: pass")
except KeyboardInterrupt:
    pass
print("work done", flush=True)
$2
PROGRAM
}
program exits 'sys.exit(3)'
program ends ''
program mended 'exec(""); sys.exit(3)'
status() { # COMMAND...: its status as its parent sees it: killed by N, or N
    "$@" >out 2>err
    code=$?
    grep -qx "work done" out || { echo "no work: $(tail -1 err)"; return; }
    [ "$code" = 130 ] && echo "killed by 2" || echo "$code"
}
see "python3 -m, sys.exit(3)" "killed by 2" "$(status $python -m exits)"
see "python3 FILE, sys.exit(3)" 3 "$(status $python exits.py)"
see "python3 FILE, no sys.exit" "killed by 2" "$(status $python ends.py)"
see "python3 -m, exec('') and sys.exit(3)" 3 "$(status $python -m mended)"
exit "$bad"
