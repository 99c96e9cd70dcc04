#!/bin/bash
# "npm install NAME" in a new, empty folder installs into another project, if there is one in a folder above.
#
# Packages: npm npm 11.4.0, ms 2.1.3
# Guess:    it makes node_modules in the folder where it is typed.
# Seen:     without a package.json there, it goes up to the first folder with a package.json or a node_modules, installs there, and
#           adds the package to that project's dependencies, with status 0. With --prefix . or a package.json, or
#           where nothing is above, it stays in the folder.
# Why:      npm takes the nearest such folder for the root of the project that one is in ("npm help npm-prefix").

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
npm_() { # NAME@VERSION...: install these Node packages into ./node_modules
    npm install --silent --cache ./cache --no-audit --no-fund --ignore-scripts --prefix . "$@" >/dev/null 2>&1 ||
        { echo "NOT AVAILABLE: $* (node and npm installed?)"; exit 3; }
}
bad=0
see() { # WHAT EXPECTED SEEN
    if [ "$2" = "$3" ]; then echo "$1: $3"; else echo "CHANGED: $1: '$3', it was '$2'"; bad=1; fi
}

npm_ npm@11.4.0
npm=$PWD/node_modules/.bin/npm
mkdir -p project/new project/own
echo '{"name": "project", "private": true}' >project/package.json
echo '{"name": "own", "private": true}' >project/own/package.json
install() { # OPTION...: as typed by a person
    "$npm" install --silent --cache "$FINDING/cache" --no-audit --no-fund "$@" ms@2.1.3 >/dev/null 2>&1
    echo "$? $([ -e node_modules/ms ] && echo here || echo elsewhere)"
}
see "in an empty folder below a project" "0 elsewhere" "$(cd project/new && install)"
see "then the project has it" yes "$([ -e project/node_modules/ms ] && echo yes || echo no)"
see "and depends on it" yes "$(grep -q '"ms"' project/package.json && echo yes || echo no)"
see "with --prefix ." "0 here" "$(cd project/new && install --prefix .)"
see "in a folder with a package.json" "0 here" "$(cd project/own && install)"
exit $bad
