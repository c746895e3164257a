#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What SMP over BlueZ moves, beside AcquireWrite alone in the same run, and what the driver costs: in the guest of ci/vm/run.
# Usage: ci/bench/ble.sh [BOOTRIG]     (a build with tests)
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
bootrig=$(realpath "${1:-$root/build/harness/cli/bootrig}")
measure=$(dirname "$bootrig")/../drivers/bluez_bench
[ -x "$measure" ] || { echo "ble.sh needs a build with tests" >&2; exit 2; }
cd "$root"
"$root/ci/vm/run" --quiet-bluetoothd --timeout 900 -- "$measure" "$bootrig" "$root/ci/bench/ble-board.yaml" "$root/targets/sim-openocd.cfg"
