#!/bin/bash
# One TAI64N label is two different times: s6 and daemontools disagree by 27 seconds.
#
# Packages: Debian 12 s6 2.11.3.2-1 (libs6-2.11, libskarnet2.13, libexecline2.9), daemontools 1:0.76-8.1, runit 2.1.2-54
# Guess:    TAI64N is one format, so s6-tai64nlocal reads a log that multilog or svlogd wrote, and logs of both sort
#           together by their labels.
# Seen:     for the same label s6-tai64nlocal prints a time 27 s before that of tai64nlocal. A label that s6-tai64n writes
#           is 27 s ahead of one that tai64n or svlogd -t writes at the same moment.
# Why:      daemontools and runit always add the 10 s by which TAI led UTC in 1970. skalibs, below s6, has a table of the 27 leap
#           seconds since.

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
export LD_LIBRARY_PATH=$PWD/root/usr/lib/x86_64-linux-gnu PATH=$PWD/root/usr/bin:$PATH TZ=UTC

label=@400000006500000000000000
see "tai64nlocal reads $label as" "2023-09-12 06:06:46.000000000" "$(echo $label | tai64nlocal)"
see "s6-tai64nlocal reads $label as" "2023-09-12 06:06:19.000000000" "$(echo $label | s6-tai64nlocal)"

seconds() { label=$(cut -c10-17); echo $((16#$label)); } # the low 32 bits of a label's seconds
mkdir log
before=$(echo | tai64n | seconds)
s6=$(echo | s6-tai64n | seconds)
echo | svlogd -t log
runit=$(seconds <log/current)
after=$(echo | tai64n | seconds)
# A second may pass between two of them: what counts is the order.
see "svlogd -t writes between two labels of tai64n" yes "$([ "$before" -le "$runit" ] && [ "$runit" -le "$after" ] && echo yes)"
see "s6-tai64n, less 27, is between two labels of tai64n" yes \
    "$([ "$before" -le $((s6 - 27)) ] && [ $((s6 - 27)) -le "$after" ] && echo yes)"
exit $bad
