#!/bin/bash
# A line of sysvinit's inittab runs under busybox's init only if /dev has a file of its id's name.
#
# Packages: Debian 12 sysvinit-core 3.06-4, busybox-static 1:1.35.0-4+deb12u1+b1
# Guess:    both read inittab(5); busybox ignores ids and levels, or refuses levels that it does not know.
# Seen:     of si::sysinit, w2:2:wait, on:2:once and null:2:once sysvinit in level 2 runs all, busybox the last one only: there is a
#           /dev/null. It runs a line of level 5, too, if the id is empty. It complains of initdefault, bootwait and off, not of
#           the lines that it passes over.
# Why:      to busybox the id is the terminal that the line's program gets, below /dev. If it cannot be opened, the program is not
#           started. Levels are ignored.

set -u
if [ -z "${FINDING-}" ]; then # the outer half: a folder and a PID namespace of its own, both gone at the end
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

deb sysvinit-core=3.06-4 busybox-static=1:1.35.0-4+deb12u1+b1
mkdir -p guest/etc guest/proc guest/dev guest/run guest/tmp guest/out guest/init
for folder in usr bin lib lib64 sbin; do
    if [ -L /$folder ]; then ln -s "$(readlink /$folder)" guest/$folder; elif [ -d /$folder ]; then
        mkdir guest/$folder && mount --bind -o ro /$folder guest/$folder; fi
done
mknod guest/dev/null c 1 3
mknod guest/dev/console c 1 3
cp root/sbin/init guest/init/sysvinit
cp root/bin/busybox guest/init/busybox
ln -s busybox guest/init/init
cat >guest/etc/inittab <<'EOF'
id:2:initdefault:
si::sysinit:/usr/bin/touch /out/sysinit
bo:2:bootwait:/usr/bin/touch /out/bootwait
w2:2:wait:/usr/bin/touch /out/wait2
:5:wait:/usr/bin/touch /out/wait5
of:2:off:/usr/bin/touch /out/off
on:2:once:/usr/bin/touch /out/once
null:2:once:/usr/bin/touch /out/null
EOF
boot() { # PROGRAM: what runs under it as PID 1 of the guest
    rm -f guest/out/*
    unshare --pid --fork --kill-child chroot guest "$1" >said 2>&1 &
    pid=$!
    until_ test -e guest/out/null # the last line
    sleep 1
    (cd guest/out && echo *)
    kill -KILL $pid
    wait $pid 2>/dev/null
}
see "sysvinit runs" "bootwait null once sysinit wait2" "$(boot /init/sysvinit)"
see "busybox init runs" "null wait5" "$(boot /init/init)"
see "lines that busybox complains of" "1 3 6" "$(grep -o 'inittab entry at line [0-9]*' said | grep -o '[0-9]*$' | xargs)"
exit $bad
