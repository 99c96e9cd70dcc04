#!/bin/sh
# Only the supervisor under test runs: no package starts a service of its own.
exit 101
