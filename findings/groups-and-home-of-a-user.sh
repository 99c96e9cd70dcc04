#!/bin/bash
# Which groups and which HOME a program has that is started as another user: three answers from seven tools.
#
# Packages: Debian 12 daemontools 1:0.76-8.1, runit 2.1.2-54, s6 2.11.3.2-1, dpkg 1.21.23, busybox-static 1:1.35.0-4+deb12u1+b1,
#           daemon 0.8-1+b1, daemonize 1.7.8-3
# Guess:    all give it every group that the user is a member of, as login does, and leave the environment alone.
# Seen:     setuidgid of daemontools and chpst -u of runit give it the user's own group and no other: a program that reads a key
#           or a socket by a second group works under the other five, and fails under these two. dpkg's start-stop-daemon sets
#           HOME to the user's, if that folder exists, daemonize HOME, USER and LOGNAME; under the other five a program of that
#           user has the HOME of root.
# Why:      setuidgid clears the list of groups, chpst sets it to what its command line names (user:group:group); the others
#           call initgroups(3) or the like. Only two of them look at the user's folder.

set -u
if [ -z "${FINDING-}" ]; then # the outer half: a folder, a PID and a mount namespace of its own, all gone at the end
    FINDING=$(mktemp -d) || exit 3
    export FINDING
    trap 'kill -KILL "$ns" 2>/dev/null; wait; rm -rf "$FINDING"' EXIT
    trap 'exit 143' HUP INT TERM
    unshare --mount --pid --fork --mount-proc --kill-child bash -c 'bash "$0"; exit' "$0" <&0 &
    ns=$!
    wait "$ns"
    status=$? ns=
    exit "$status"
fi
cd "$FINDING" || exit 3
chmod 755 .
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

deb daemontools=1:0.76-8.1 runit=2.1.2-54 s6=2.11.3.2-1 libs6-2.11=2.11.3.2-1 libskarnet2.13=2.13.1.1-1 libexecline2.9=2.9.3.0-1 \
    busybox-static=1:1.35.0-4+deb12u1+b1 daemon=0.8-1+b1 daemonize=1.7.8-3 dpkg=1.21.23
export LD_LIBRARY_PATH=$PWD/root/usr/lib/x86_64-linux-gnu
export PATH=$PWD/root/usr/bin:$PWD/root/usr/sbin:$PWD/root/sbin:$PWD/root/bin:$PATH
# A user with a second group, in this mount namespace alone.
(cat /etc/passwd; echo "worker:x:4711:4711::/srv:/bin/sh") >passwd
(cat /etc/group; echo worker:x:4711:; echo extra:x:4712:worker) >group
mount --bind passwd /etc/passwd && mount --bind group /etc/group || exit 3
mkdir -m 777 out
cat >who <<'END'
#!/bin/sh
echo "$(id -Gn), HOME=$HOME USER=${USER-}" >out/"$1"
END
chmod 755 who
export HOME=/root
unset USER LOGNAME
of() { # NAME COMMAND...: what the program saw that the command started
    "${@:2}" >/dev/null 2>&1
    for _ in $(seq 100); do [ -s "out/$1" ] && break; sleep 0.05; done
    cat "out/$1"
}
see "setuidgid" "worker, HOME=/root USER=" "$(of 1 setuidgid worker ./who 1)"
see "chpst -u" "worker, HOME=/root USER=" "$(of 2 chpst -u worker ./who 2)"
see "s6-applyuidgid" "worker extra, HOME=/root USER=" "$(of 3 s6-envuidgid worker s6-applyuidgid -Uz ./who 3)"
see "start-stop-daemon" "worker extra, HOME=/srv USER=" \
    "$(of 4 start-stop-daemon -S -c worker -d "$PWD" -x "$PWD/who" -- 4)"
see "busybox start-stop-daemon" "worker extra, HOME=/root USER=" \
    "$(of 5 busybox start-stop-daemon -S -c worker -x "$PWD/who" -- 5)"
see "daemon -u" "worker extra, HOME=/root USER=" "$(of 6 daemon -u worker -D "$PWD" -- ./who 6)"
see "daemonize -u" "worker extra, HOME=/srv USER=worker" "$(of 7 daemonize -u worker -c "$PWD" "$PWD/who" 7)"
exit $bad
