#!/bin/bash
# An overlay executes programs, opens devices and gives a set-user-id program its rights, of file systems that forbid all three.
#
# Packages: none; seen with Linux 6.18 and mount 2.38.1 of Debian 12
# Guess:    noexec, nodev and nosuid of a layer hold in the overlay over it: a container's files in such a folder do not run.
# Seen:     what is refused in the folder itself works in the overlay. Only noexec, nodev and nosuid of the overlay's own mount count.
# Why:      the kernel judges a program by the mount that it is reached by, and that is the overlay's. It reads the layer's file
#           by a private mount, from which it keeps read-only alone.

set -u
if [ -z "${FINDING-}" ]; then # the outer half: a folder and a PID namespace of its own, both gone at the end
    FINDING=$(mktemp -d) || exit 3
    export FINDING
    trap 'kill -KILL "$ns" 2>/dev/null; wait; rm -rf "$FINDING"' EXIT
    trap 'exit 143' HUP INT TERM
    unshare --pid --mount --fork --mount-proc --kill-child bash -c 'bash "$0"; exit' "$0" <&0 &
    ns=$!
    wait "$ns"
    status=$? ns=
    exit "$status"
fi
cd "$FINDING" || exit 3
bad=0
see() { # WHAT EXPECTED SEEN
    if [ "$2" = "$3" ]; then echo "$1: $3"; else echo "CHANGED: $1: '$3', it was '$2'"; bad=1; fi
}

[ "$(id -u)" = 0 ] || { echo "NOT AVAILABLE: root is needed"; exit 3; }
chmod 755 .
mkdir base && mount -t tmpfs -o mode=755 none base && cd base || exit 3
mkdir lower upper work merged
cp "$(command -v id)" lower/program && chmod 4755 lower/program
mknod lower/device c 1 3
mount -o remount,noexec,nodev,nosuid "$PWD" || exit 3
overlay() { # OPTIONS: mount the overlay anew
    umount merged 2>/dev/null
    mount -t overlay -o "$1,lowerdir=lower,upperdir=upper,workdir=work" none merged || { echo "NOT AVAILABLE: overlay"; exit 3; }
}
works() { if "$@" >/dev/null 2>&1; then echo works; else echo refused; fi; }
rights() { # the effective user of a plain user's process that executes it
    setpriv --reuid=65534 --regid=65534 --clear-groups "$1" -u 2>/dev/null || echo refused
}
see "in the folder: program, device" "refused refused" "$(works lower/program) $(works cat lower/device)"
overlay rw
see "in the overlay: program, device" "works works" "$(works merged/program) $(works cat merged/device)"
see "in the overlay: who a plain user is in it" 0 "$(rights merged/program)"
overlay noexec,nodev
see "in an overlay with noexec, nodev: program, device" "refused refused" "$(works merged/program) $(works cat merged/device)"
umount merged
exit $bad
