#!/bin/bash
# Of "first; second" in inittab only first runs, under sysvinit as under busybox.
#
# Packages: Debian 12 sysvinit-core 3.06-4, busybox-static 1:1.35.0-4+deb12u1+b1
# Guess:    a line with shell characters is given to a shell, so it means what it means there.
# Seen:     of "echo one >F; echo two >>F" and of "... && ..." only the first command runs. "cd /tmp && pwd >F" and
#           "A=b env >F" run nothing at all. "a | b" works.
# Why:      both give the shell "exec " and the line. exec takes the first command and the shell is gone; it knows neither cd nor
#           assignments.

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
mknod guest/dev/console c 1 3 # where the inits talk
cp root/sbin/init guest/init/sysvinit
cp root/bin/busybox guest/init/busybox
ln -s busybox guest/init/init
lines() { # LEVELS: the same commands as inittab lines
    cat <<EOF
1:$1:once:/bin/echo one >/out/semicolon; /bin/echo two >>/out/semicolon
2:$1:once:/bin/echo one >/out/and && /bin/echo two >>/out/and
3:$1:once:cd /tmp && pwd >/out/cd
4:$1:once:A=b /usr/bin/env >/out/assignment
5:$1:once:/bin/echo one | /usr/bin/tr o 0 >/out/pipe
EOF
}
boot() { # PROGRAM: run it as PID 1 of the guest until its lines have run
    rm -f guest/out/*
    unshare --pid --fork --kill-child chroot guest "$@" >/dev/null 2>&1 &
    pid=$!
    until_ grep 0ne guest/out/pipe
    until_ grep one guest/out/semicolon
    until_ grep one guest/out/and
    until_ test -e guest/out/last
    sleep 1
    for f in semicolon and cd assignment pipe; do echo "$f: $(cat guest/out/$f 2>/dev/null)"; done | xargs
    kill -KILL $pid
    wait $pid 2>/dev/null
}
{ echo id:2:initdefault:; lines 2; echo '6:2:once:/usr/bin/touch /out/last'; } >guest/etc/inittab
expected="semicolon: one and: one cd: assignment: pipe: 0ne"
see "sysvinit" "$expected" "$(boot /init/sysvinit)"
{ lines '' | sed 's/^[0-9]*//'; echo '::once:/usr/bin/touch /out/last'; } >guest/etc/inittab
see "busybox init" "$expected" "$(boot /init/init)"
exit $bad
