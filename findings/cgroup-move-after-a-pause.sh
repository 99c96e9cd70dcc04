#!/bin/bash
# Moving a process into a control group takes milliseconds after a pause, and a fraction of that right after another move.
#
# Package: Debian 12 cgroup-tools 2.0.2-2, on Linux 6.18
# Guess:   a move is a write of a few microseconds into cgroup.procs, whenever it comes; what is slow in the restart of a
#          service that has a group of its own is the supervisor.
# Seen:    cgclassify takes longer when no process has been moved for half a second than right after a move. After the pause the
#          write itself takes 6 to 8 ms on an idle host and a millisecond on a busy one. Within 10 ms of another move, by any
#          program, it takes 0.2 ms.
# Why:     the kernel lets all forks pass without a lock until somebody moves a process, and then waits for a grace period of
#          RCU first (cgroup_threadgroup_rwsem). Some milliseconds later it goes back. The mount option favordynmods of cgroup v2
#          (Linux 6.0) keeps it from that, for all hierarchies: 0.3 ms always. On a host that has it, this script says CHANGED.

set -u
if [ -z "${FINDING-}" ]; then # the outer half: a folder, a group and a PID namespace of its own, all gone at the end
    FINDING=$(mktemp -d) || exit 3
    export FINDING
    trap 'kill -KILL "$ns" 2>/dev/null; wait; rmdir "$(cat "$FINDING/group" 2>/dev/null)" 2>/dev/null; rm -rf "$FINDING"' EXIT
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

deb cgroup-tools=2.0.2-2 libcgroup2=2.0.2-2
library=$(dirname "$(find "$PWD/root" -name 'libcgroup.so.2*' | head -n 1)")
# The group of this process in the first hierarchy that cgclassify can use: pids of v1, or v2.
mounted=$(awk '$3 == "cgroup" && $4 ~ /(^|,)pids(,|$)/ || $3 == "cgroup2" {print $3, $2}' /proc/mounts | sort | head -n 1)
case $mounted in
cgroup\ *) own=$(awk -F: '$2 == "pids" {print $3}' /proc/self/cgroup) ;;
cgroup2\ *) own=$(awk -F: '$1 == 0 {print $3}' /proc/self/cgroup) ;;
*) echo "NOT AVAILABLE: control groups"; exit 3 ;;
esac
name=${own%/}/finding-$$
group=${mounted#* }$name
mkdir "$group" 2>/dev/null || { echo "NOT AVAILABLE: a control group of one's own below $own"; exit 3; }
echo "$group" >group

move() { # move the sleeper; print how many microseconds that took
    sleep 100 &
    sleeper=$!
    sleep "$1"
    begin=$EPOCHREALTIME
    LD_LIBRARY_PATH=$library root/usr/bin/cgclassify -g "pids:$name" $sleeper || echo "FAILED" >&2
    end=$EPOCHREALTIME
    echo $((${end/[.,]/} - ${begin/[.,]/}))
    kill $sleeper
    { wait $sleeper; } 2>/dev/null
}
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
for _ in $(seq 25); do
    move 0.5 >>after-a-pause
    move 0 >>at-once
done
slow=$(median <after-a-pause) fast=$(median <at-once)
echo "cgclassify, medians of 25: $slow us after a pause, $fast us right after another move"
see "after a pause it takes 0.3 ms longer at least" yes "$([ $((slow - fast)) -gt 300 ] && echo yes || echo no)"
exit $bad
