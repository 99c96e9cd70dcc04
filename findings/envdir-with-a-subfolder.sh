#!/bin/bash
# A subfolder in a service's env folder: envdir and s6-envdir refuse to start the service, chpst -e passes it over.
#
# Packages: Debian 12 daemontools 1:0.76-8.1, runit 2.1.2-54, s6 2.11.3.2-1 (libs6-2.11, libskarnet2.13, libexecline2.9)
# Guess:    the three read an env folder alike: only files count.
# Seen:     with a subfolder envdir and s6-envdir start nothing and end with 111; chpst -e starts the program. A file whose name has
#           "=" becomes a variable under envdir and chpst, not under s6-envdir. A carriage return at the end of a value
#           stays under envdir and chpst; s6-envdir strips it.
# Why:      chpst skips a folder silently. At the end of a value envdir and chpst strip blanks and tabs, s6-envdir all white space.

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

deb s6=2.11.3.2-1 libs6-2.11=2.11.3.2-1 libskarnet2.13=2.13.1.1-1 libexecline2.9=2.9.3.0-1 \
    daemontools=1:0.76-8.1 runit=2.1.2-54
export LD_LIBRARY_PATH=$PWD/root/usr/lib/x86_64-linux-gnu PATH=$PWD/root/usr/bin:$PATH

mkdir -p flat deep/notes
printf 'x\n' | tee deep/V >flat/V
printf 'x\n' >flat/A=B
printf 'x\r\n' >flat/CR
for tool in envdir "chpst -e" s6-envdir; do
    $tool deep printenv V >out 2>/dev/null
    echo "$? $(cat out)"
done | xargs >deep.out
see "with a subfolder: status and V under envdir, chpst, s6-envdir" "111 0 x 111" "$(cat deep.out)"
for tool in envdir "chpst -e" s6-envdir; do
    see "a carriage return, 'A=B' under $tool" "$(case $tool in s6*) echo x no ;; *) echo 'x\r' yes ;; esac)" \
        "$($tool flat printenv CR | sed 's/\r/\\r/') $($tool flat env | grep -q '^A=B=x' && echo yes || echo no)"
done
exit $bad
