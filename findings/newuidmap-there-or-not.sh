#!/bin/bash
# With newuidmap installed root may map fewer users than without, by lxc-usernsexec; by unshare, root may map none without it.
#
# Packages: Debian 12 lxc and liblxc1 1:5.0.2-1+deb12u4, uidmap 1:4.13+dfsg1-1+deb12u2; util-linux 2.38 of the host
# Guess:    newuidmap is for plain users. Root, whom the kernel lets map any users, needs it nowhere, and it changes nothing.
# Seen:     lxc-usernsexec maps the users from 1100000000 as long as no newuidmap is on PATH, and fails once it is. `unshare
#           --map-users` fails the other way round: without newuidmap it maps nothing; with it, only root's own user.
# Why:      LXC wants root to reserve ranges in /etc/subuid, too, where shadow hands them out, and tells this by newuidmap
#           being there. unshare hands every map of several ids to newuidmap, for root too. newuidmap knows no root.

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

[ "$(id -u)" = 0 ] || { echo "NOT AVAILABLE: root is needed"; exit 3; }
case $(unshare --version) in *" 2.38"*) ;; *) echo "NOT AVAILABLE: util-linux 2.38"; exit 3 ;; esac
chmod 755 . # the mapped root is another user here
deb lxc=1:5.0.2-1+deb12u4 liblxc1=1:5.0.2-1+deb12u4 libseccomp2=2.5.4-1+deb12u1 uidmap=1:4.13+dfsg1-1+deb12u2
library=$PWD/root/usr/lib/x86_64-linux-gnu
# Two PATHs that differ in newuidmap and newgidmap alone, and subuid(5) of a host whose only person has a range.
mkdir -p without with
for program in id env; do ln -s "$(command -v "$program")" without; done
ln -s "$PWD/root/usr/bin/lxc-usernsexec" "$(command -v unshare)" without
cp -a without/. with
ln -s "$PWD"/root/usr/bin/new[ug]idmap with
echo person:100000:65536 >ranges
for file in /etc/subuid /etc/subgid; do [ ! -e $file ] || mount --bind ranges $file; done
try() { # PATH COMMAND...: the user that the command finds itself to be, or "refused"
    PATH=$PWD/$1 LD_LIBRARY_PATH=$library "${@:2}" id -u 2>/dev/null || echo refused
}
for path in without with; do
    case $path in without) lxc=0 own=refused ;; with) lxc=refused own=0 ;; esac
    see "$path newuidmap, lxc-usernsexec to 1100000000 and on" "$lxc" \
        "$(try $path lxc-usernsexec -m b:0:1100000000:65536 --)"
    see "$path newuidmap, unshare to 1100000000 and on" refused \
        "$(try $path unshare --map-users=1100000000,0,65536 --map-groups=1100000000,0,65536 --setuid=0)"
    see "$path newuidmap, unshare to root itself" "$own" "$(try $path unshare --map-users=0,0,1 --map-groups=0,0,1)"
done
exit $bad
