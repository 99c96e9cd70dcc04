#!/bin/bash
# Socket activation passes catatonit and gets lost in tini and dumb-init.
#
# Packages: Debian 12 systemd 252.39-1~deb12u2 (libsystemd-shared), tini 0.19.0-1+b3, dumb-init 1.2.5-2, catatonit 0.1.7-1+b2,
#           daemontools 1:0.76-8.1, daemon 0.8-1+b1
# Guess:    all of the small inits hand the socket on, or none does, since LISTEN_PID must be the program's own pid.
# Seen:     under catatonit LISTEN_PID is the program's, under tini, dumb-init, daemon and fghack it is the wrapper's, so that
#           sd_listen_fds(3) finds no socket. setlock is no obstacle.
# Why:      catatonit sets LISTEN_PID anew if it was its own. setlock executes the program in its place, the rest fork.

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
until_() { # COMMAND...: wait until it succeeds, 20 s at most
    for _ in $(seq 200); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
    echo "CHANGED: this never came: $*"; exit 1
}

deb systemd=252.39-1~deb12u2 libsystemd-shared=252.39-1~deb12u2 tini=0.19.0-1+b3 dumb-init=1.2.5-2 catatonit=0.1.7-1+b2 \
    daemontools=1:0.76-8.1 daemon=0.8-1+b1
shared=$PWD/root/usr/lib/x86_64-linux-gnu/systemd:$PWD/root/lib/x86_64-linux-gnu/systemd
export PATH=$PWD/root/usr/bin:$PATH
LD_LIBRARY_PATH=$shared systemd-socket-activate --version >/dev/null 2>&1 ||
    { echo "NOT AVAILABLE: the libraries of systemd-socket-activate"; exit 3; }
cat >program <<'EOF'
#!/bin/sh
if [ "$LISTEN_FDS $LISTEN_PID" = "1 $$" ]; then echo mine; else echo "not mine"; fi >said.tmp
mv said.tmp said
EOF
chmod +x program
below() { # WRAPPER...: what a program below it finds
    rm -f said socket
    LD_LIBRARY_PATH=$shared systemd-socket-activate -l "$PWD/socket" "$@" ./program 2>/dev/null &
    until_ perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new("socket")'
    until_ test -e said
    cat said
}
see "without a wrapper" "mine" "$(below env)"
see "below catatonit" "mine" "$(below catatonit --)"
see "below tini" "not mine" "$(below tini -s --)"
see "below dumb-init" "not mine" "$(below dumb-init)"
see "below daemon" "not mine" "$(below daemon --noconfig --foreground --unsafe --)"
see "below fghack" "not mine" "$(below fghack)"
see "below setlock" "mine" "$(below setlock lock)"
exit $bad
