#!/bin/bash
# What monit starts ignores SIGHUP, as if started by nohup.
#
# Package: Debian 12 monit 1:5.33.0-1
# Guess:   a start program begins with the default signals, so kill -HUP ends what does not handle it.
# Seen:    SIGHUP is ignored in a start program, in the daemon that it leaves, and in the program of "check program". The daemon
#          lives through kill -HUP, and ends by it when it is started by hand. A shell cannot even set a trap for it.
# Why:     an ignored signal stays ignored over exec, and POSIX has a shell leave such a signal as it is. monit itself ignores
#          SIGHUP while it starts a program.

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
cat >start <<'EOF'
#!/bin/sh
trap 'exit 0' HUP
while :; do sleep 0.1; done &
echo $! >"$1"
EOF
cat >check <<'EOF'
#!/bin/sh
awk '/^SigIgn/ { print $2 }' /proc/self/status >check.tmp
mv check.tmp check.out
EOF
chmod +x start check
cat >monitrc <<EOF
set daemon 1
set pidfile $PWD/monit.pid
set statefile $PWD/monit.state
set idfile $PWD/monit.id
set logfile $PWD/monit.log
check process daemon with pidfile $PWD/daemon.pid
    start program = "$PWD/start $PWD/daemon.pid"
check program probe with path "/bin/sh -c 'cd $PWD && ./check'"
    if status != 0 then alert
EOF
chmod 600 monitrc
ignores() { # PID: whether it ignores SIGHUP
    case $(awk '/^SigIgn/ { print $2 }' "/proc/$1/status") in *[13579bdf]) echo yes ;; *) echo no ;; esac
}
root/usr/bin/monit -I -c monitrc >/dev/null 2>&1 &
until_ test -s daemon.pid -a -s check.out
see "the program of check program ignores SIGHUP" 1 "$(cut -c16 check.out)"
see "monit's daemon ignores SIGHUP" yes "$(ignores "$(cat daemon.pid)")"
bash ./start by-hand.pid
see "the same by hand ignores it" no "$(ignores "$(cat by-hand.pid)")"
kill -HUP "$(cat daemon.pid)" "$(cat by-hand.pid)"
until_ eval '! [ -d "/proc/$(cat by-hand.pid)" ]'
see "SIGHUP ended the one by hand, monit's lives" yes "$([ -d "/proc/$(cat daemon.pid)" ] && echo yes)"
exit $bad
