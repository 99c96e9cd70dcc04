#!/bin/bash
# A process of lxc-attach is not called lxc-attach: pgrep, pkill, killall and ps -C by that name find nothing.
#
# Packages: Debian 12 lxc and liblxc1 1:5.0.2-1+deb12u4, and the libraries that they need
# Guess:    the kernel's name of a process is the file name of its program, as it is of lxc-start, so that "pgrep -x lxc-attach"
#           finds every shell in a container that was entered that way.
# Seen:     the name is "memfd:lxc-attac" on Linux 6.18, and a number on an older kernel; "pgrep -f" still finds it, and
#           lxc-info beside it has its own name.
# Why:      lxc-attach executes a sealed copy of itself in memory, so that nothing in a container can write to the program on
#           the host (lxc_rexec in src/lxc/rexec.c). Since Linux 6.14 a program that is executed by a descriptor is named after
#           its file, which is here the memory's; before, after the descriptor's number.

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

deb lxc=1:5.0.2-1+deb12u4 liblxc1=1:5.0.2-1+deb12u4 libapparmor1=3.0.8-3 libseccomp2=2.5.4-1+deb12u1
LD_LIBRARY_PATH=$(dirname "$(find "$PWD/root" -name 'liblxc.so.1')")
export LD_LIBRARY_PATH

# A full pipe holds up a program that prints its help, so that it can be looked at.
mkfifo full
exec 9<>full
head -c 65536 /dev/zero >&9
run() { # PROGRAM: start it and print how it is found
    root/usr/bin/"$1" --help >&9 2>&1 &
    sleep 1
    by_name=$(pgrep -x "$1") by_line=$(pgrep -f "^root/usr/bin/$1 --help")
    echo "$1: the kernel's name is $(cat "/proc/$!/comm")" >&2
    echo "${by_name:+by name }${by_line:+by command line}"
    kill -KILL "$!"
}
see "lxc-info is found" "by name by command line" "$(run lxc-info)"
see "lxc-attach is found" "by command line" "$(run lxc-attach)"
exit $bad
