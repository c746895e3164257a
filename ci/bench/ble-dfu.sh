#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What a transfer to Nordic's secure bootloader moves over BlueZ, beside bare writes in the same run: in the guest of ci/vm/run.
# Usage: ci/bench/ble-dfu.sh [BOOTRIG]     (a build with tests)
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
bootrig=$(realpath "${1:-$root/build/harness/cli/bootrig}")
measure=$(dirname "$bootrig")/../drivers/bluez_dfu_bench
[ -x "$measure" ] || { echo "ble-dfu.sh needs a build with tests" >&2; exit 2; }
cd "$root"
"$root/ci/vm/run" --quiet-bluetoothd --timeout 600 -- "$measure" "$bootrig" "$root/ci/bench/ble-dfu-board.yaml" "$root/targets/sim-openocd.cfg"
