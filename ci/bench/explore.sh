#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# How fast exploration is, on the built-in models (MCUboot, whole updates of Nordic's bootloaders) and on the example bootloader as a guest, with one
# worker and with two, and beside a naive sweep of
# single cuts over the whole life cycle. Usage: ci/bench/explore.sh [BOOTRIG], whose build folder has to be configured with tests; or GUEST=my.so ...
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$(dirname "${1:-$here/../../build/harness/cli/bootrig}")/../.." && pwd)
cmake --build "$build" --target help | grep -q explore_bench || { echo "explore.sh needs a build with tests" >&2; exit 2; }
cmake --build "$build" --target explore_bench ledger_boot > /dev/null
"$build/harness/explore/explore_bench" "${GUEST:-$build/guests/ledger_boot.so}"
