#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# How fast exploration is: ci/bench/explore.sh [BUILD-DIR]; the build directory must be configured with tests.
set -eu
build=${1:-build}
ninja -C "$build" explore_bench ledger_boot >/dev/null
exec "$build/harness/explore/explore_bench" "$(realpath "$build")/guests/ledger_boot.so"
