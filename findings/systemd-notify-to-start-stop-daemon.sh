#!/bin/bash
# "systemd-notify --ready" in a daemon under start-stop-daemon --notify-await fails by chance, though it was heard.
#
# Packages: Debian 12 systemd 252.39-1~deb12u2 (libsystemd-shared), dpkg 1.21.23
# Guess:    --notify-await takes the messages of sd_notify(3), so systemd-notify in a daemon's script succeeds, always.
# Seen:     start-stop-daemon ends with 0 every time. systemd-notify ends now with 0, now with 1 and "Failed to invoke barrier": under
#           set -e the daemon's script dies just after it has been reported as started.
# Why:      after READY=1 systemd-notify sends a barrier and waits for it to be read. start-stop-daemon closes the socket as soon as it
#           has READY=1. Which of the two is faster decides.

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

deb systemd=252.39-1~deb12u2 libsystemd-shared=252.39-1~deb12u2 dpkg=1.21.23
export LD_LIBRARY_PATH=$PWD/root/usr/lib/x86_64-linux-gnu/systemd:$PWD/root/lib/x86_64-linux-gnu/systemd
root/bin/systemd-notify --version >/dev/null 2>&1 || { echo "NOT AVAILABLE: the libraries of systemd-notify"; exit 3; }
cat >daemon <<EOF
#!/bin/sh
$PWD/root/bin/systemd-notify --ready 2>>$PWD/said
echo \$? >>$PWD/statuses
EOF
chmod +x daemon
touch statuses
heard=0
for n in $(seq 400); do # until it has failed, 400 times at most
    LD_LIBRARY_PATH='' root/sbin/start-stop-daemon --start --background --pidfile "$PWD/none" --notify-await --notify-timeout 20 \
        --startas /usr/bin/env -- LD_LIBRARY_PATH="$LD_LIBRARY_PATH" "$PWD/daemon" && heard=$((heard + 1))
    until_ eval '[ "$(wc -l <statuses)" = "$n" ]'
    [ "$n" -ge 20 ] && grep -q 1 statuses && break
done
see "starts that start-stop-daemon called well" "$n of $n" "$heard of $n"
see "systemd-notify failed at times" yes "$(grep -q 1 statuses && echo yes)"
see "its words" "Failed to invoke barrier" "$(grep -o 'Failed to invoke barrier' said | sort -u)"
echo "(statuses of systemd-notify: $(sort statuses | uniq -c | awk '{ print $1 " times " $2 }' | xargs))"
exit $bad
