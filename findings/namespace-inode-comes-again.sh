#!/bin/bash
# The inode that names a pid namespace is given to a later namespace as soon as the first one is gone.
#
# Package: Debian 12 util-linux 2.38.1-5+deb12u3, on Linux 6.18
# Guess:   two processes whose /proc/PID/ns/pid show the same inode are in the same namespace, so that a record of inodes
#          tells containers apart, as boot IDs tell boots apart.
# Seen:    of 40 containers made one after the other, several have the same inode. Only what lives at the same time has
#          inodes of its own.
# Why:     the kernel takes the lowest number that is free for each new namespace, as it does for file descriptors.
#          A log of inodes needs times beside them.

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

deb util-linux=2.38.1-5+deb12u3
unshare=$PWD/root/usr/bin/unshare

for _ in $(seq 40); do
    "$unshare" --fork --pid --mount-proc readlink /proc/self/ns/pid
done >one-after-another
see "an inode came again among 40 namespaces one after another" "yes" \
    "$([ "$(sort -u one-after-another | wc -l)" -lt 40 ] && echo yes || echo no)"

mkfifo end
for _ in $(seq 40); do
    "$unshare" --fork --pid --mount-proc sh -c 'readlink /proc/self/ns/pid; exec 3<end; read -r _ <&3' >>together &
done
exec 4>end
for _ in $(seq 200); do [ "$(wc -l <together)" -ge 40 ] && break; sleep 0.1; done
see "different inodes of 40 namespaces at the same time" "40" "$(sort -u together | wc -l)"
exec 4>&-
exit $bad
