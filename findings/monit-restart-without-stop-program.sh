#!/bin/bash
# "monit restart" of a process without a stop program says "restart action done" and leaves the process alone.
#
# Package: Debian 12 monit 1:5.33.0-1
# Guess:   monit knows the pid: without a stop program it sends SIGTERM, or it refuses, or it starts a second one.
# Seen:    restart ends with 0 and the log has "restart action done", with the same process as before and no second start. "monit stop"
#          says "stop action done" and shows "Not monitored"; the process runs on.
# Why:     monit has no way of its own to end a process. A missing stop program counts as one that worked, and then the process that
#          is there is taken for the started one.

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

deb monit=1:5.33.0-1
cat >start <<EOF
#!/bin/sh
echo start >>$PWD/starts
sleep 60 >/dev/null 2>&1 &
echo \$! >$PWD/daemon.pid
EOF
chmod +x start
cat >monitrc <<EOF
set daemon 1
set pidfile $PWD/monit.pid
set statefile $PWD/monit.state
set idfile $PWD/monit.id
set logfile $PWD/monit.log
set httpd unixsocket $PWD/sock allow admin:monit
check process daemon with pidfile $PWD/daemon.pid
    start program = "$PWD/start"
EOF
chmod 600 monitrc
monit() { root/usr/bin/monit -c monitrc "$@" 2>/dev/null; }
monit -I >/dev/null &
until_ grep 'is running with pid' monit.log
pid=$(cat daemon.pid)
monit restart daemon
see "status of monit restart" 0 $?
until_ grep 'restart action done' monit.log
see "starts, process as before" "1 yes" "$(wc -l <starts) $([ "$(cat daemon.pid)" = "$pid" ] && kill -0 "$pid" && echo yes)"
until_ eval 'monit summary -B | grep "daemon *OK"'
monit stop daemon
see "status of monit stop" 0 $?
until_ grep 'stop action done' monit.log
until_ eval 'monit summary -B | grep "daemon *Not monitored"'
see "the process runs on" yes "$(kill -0 "$pid" && echo yes)"
exit $bad
