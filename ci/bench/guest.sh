#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What running a bootloader as a guest costs: the example bootloader through the runner, and the same object called directly.
# Usage: ci/bench/guest.sh [BOOTRIG], whose build folder has to be configured; or GUEST=my.so ci/bench/guest.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$(dirname "${1:-$here/../../build/harness/cli/bootrig}")/../.." && pwd)
cmake --build "$build" --target guest_bench ledger_boot > /dev/null
"$build/targets/sim/firmware/mcuboot/example_port/guest_bench" "${GUEST:-$build/guests/ledger_boot.so}"
