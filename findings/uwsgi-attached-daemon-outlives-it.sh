#!/bin/bash
# A daemon attached to uWSGI outlives a killed master, and a stop where it ignores SIGTERM.
#
# Package: Debian 12 uwsgi-core 2.0.21-5.1 (libpcre3, libyajl2)
# Guess:   by the manual, "when the master dies or is reloaded these processes are destroyed"; a stop sends SIGTERM and then SIGKILL.
# Seen:    after SIGKILL to the master, and after a stop, the daemon runs on as an orphan. With "exec" before its command line, or
#          with --binsh=/bin/bash, both are as the manual says.
# Why:     uWSGI forks, asks for SIGKILL at the end of its parent (PR_SET_PDEATHSIG), and executes "/bin/sh -c COMMAND". Debian's
#          sh, dash, starts the command as a child, which does not inherit that request. At a stop SIGTERM goes to the process group;
#          the shell ends by it, and its end is taken for the daemon's, so that no SIGKILL follows.

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
bad=0
see() { # WHAT EXPECTED SEEN
    if [ "$2" = "$3" ]; then echo "$1: $3"; else echo "CHANGED: $1: '$3', it was '$2'"; bad=1; fi
}
until_() { # COMMAND...: wait until it succeeds, 20 s at most
    for _ in $(seq 200); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
    echo "CHANGED: this never came: $*"; exit 1
}

deb uwsgi-core=2.0.21-5.1 libpcre3=2:8.39-15 libyajl2=2.1.0-3+deb12u2
export LD_LIBRARY_PATH=$PWD/root/usr/lib/x86_64-linux-gnu:$PWD/root/lib/x86_64-linux-gnu
printf '#!/bin/bash\ntrap "" TERM\necho $$ >pid\nwhile :; do sleep 0.2; done\n' >stubborn
chmod +x stubborn

fate() { # SIGNAL ARGUMENT...: what becomes of the daemon when its master has got that signal and ended
    local signal=$1 master
    shift
    rm -f pid
    root/usr/bin/uwsgi-core --master "$@" >>log 2>&1 </dev/null &
    master=$!
    until_ test -s pid
    kill "-$signal" "$master"
    wait "$master" 2>/dev/null
    sleep 0.5
    if kill -KILL "$(cat pid)" 2>/dev/null; then echo "runs on"; else echo gone; fi
}
see "master killed" "runs on" "$(fate KILL --attach-daemon ./stubborn)"
see "master killed, with exec" "gone" "$(fate KILL --attach-daemon "exec ./stubborn")"
see "master killed, with bash" "gone" "$(fate KILL --binsh /bin/bash --attach-daemon ./stubborn)"
see "stopped by SIGINT" "runs on" "$(fate INT --attach-daemon ./stubborn)"
see "stopped by SIGINT, with exec" "gone" "$(fate INT --attach-daemon "exec ./stubborn")"
see "stopped by SIGINT, with bash" "gone" "$(fate INT --binsh /bin/bash --attach-daemon ./stubborn)"
exit $bad
