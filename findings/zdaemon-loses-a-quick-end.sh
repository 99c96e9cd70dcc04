#!/bin/bash
# zdaemon may take a program that could not be executed for one that runs, and never try again.
#
# Package: PyPI zdaemon 5.2.1
# Guess:   with "forever on", a program that is missing for a while is tried once a second until it is there.
# Seen:    an end that comes before fork() has returned in zdaemon is lost: "zdaemon status" names the pid of a process that does not
#          exist, nothing is tried any more, and "zdaemon start" says that it is already running. On a busy machine that
#          happens by chance, within a few tries; here a pause of 0.2 s after each fork() stands for it.
# Why:     spawn() in zdrun.py notes the pid once os.fork() has returned. The handler of SIGCHLD takes the end of a pid that is not
#          noted yet for that of another process.

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

pip zdaemon==5.2.1
mkdir slow
cat >slow/sitecustomize.py <<'END'
import os, time
os.register_at_fork(after_in_parent=lambda: time.sleep(0.2))
END
cat >conf <<END
<runner>
program $PWD/program
directory $PWD
socket-name $PWD/sock
forever on
backoff-limit 1
</runner>
END
zdaemon() { venv/bin/zdaemon -C conf "$@" 2>&1; }
known() { zdaemon status | sed -n 's/.*pid=\([0-9]*\).*/\1/p'; }
is_process() { [ -e "/proc/$1" ] && echo yes || echo no; }
until_() { # COMMAND...: wait until it succeeds, 20 s at most
    for _ in $(seq 200); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
    echo "CHANGED: this never came: $*"; exit 1
}
printf '#!/bin/sh\necho $$ >running\nexec sleep 60\n' >program
chmod +x program
PYTHONPATH=$PWD/slow zdaemon start >/dev/null
until_ test -s running
mv program away
kill -KILL "$(cat running)"
sleep 3
mv away program
pid=$(known)
sleep 5 # five of its hold-offs
see "status names a pid" yes "$([ -n "$pid" ] && echo yes || echo no)"
see "that is a process" no "$(is_process "${pid:-none}")"
see "it has tried again since the program is there" no "$([ "$(known)" = "$pid" ] && echo no || echo yes)"
see "what start says" "daemon process already running" "$(zdaemon start | sed 's/;.*//')"
exit $bad
