#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# How long a relay takes from the call to its verified state, through the real libusb with umockdev as the kernel: all but the device's
# own time. With a bench file and a board, the same on the real thing.
# Usage: ci/bench/power.sh [BUILD DIR [BENCH FILE BOARD]]
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$root/build}
umockdev-wrapper "$build/harness/drivers/power_bench"
if [ $# -ge 3 ]; then
    i=0
    while [ $i -lt 10 ]; do
        "$build/harness/cli/bootrig" power off "$3" --bench "$2" --times
        "$build/harness/cli/bootrig" power on "$3" --bench "$2" --times
        i=$((i + 1))
    done
fi
