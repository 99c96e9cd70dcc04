#!/bin/bash
# "tini ls -l" prints a licence, not a listing.
#
# Packages: Debian 12 tini 0.19.0-1+b3, catatonit 0.1.7-1+b2, dumb-init 1.2.5-2
# Guess:    what follows the program's name is the program's.
# Seen:     tini and catatonit take options out of the whole command line: "tini ls -l" and "catatonit ls -L" print a licence with
#           status 0 and never run ls. "tini echo -g hi" prints "hi" without "-g". "dumb-init echo -g hi" prints "-g hi".
# Why:      they call getopt(3) without "+", and glibc's getopt looks past the first word that is no option. "tini -- ls -l"
#           is right.

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

deb tini=0.19.0-1+b3 catatonit=0.1.7-1+b2 dumb-init=1.2.5-2
PATH=$PWD/root/usr/bin:$PATH
export TINI_SUBREAPER=1

tini touch -l made >out
see "tini touch -l made: status, file, licence" "0 no yes" \
    "$? $([ -e made ] && echo yes || echo no) $(grep -q 'MIT License' out && echo yes)"
catatonit touch -L made >out
see "catatonit touch -L made: status, file, licence" "0 no yes" \
    "$? $([ -e made ] && echo yes || echo no) $(grep -qi 'license' out && echo yes)"
see "tini echo -g hi" "hi" "$(tini echo -g hi)"
see "tini -- echo -g hi" "-g hi" "$(tini -- echo -g hi)"
see "dumb-init echo -g hi" "-g hi" "$(dumb-init echo -g hi)"
exit $bad
