#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# How long a relay takes from the call to its verified state, through the real libusb with umockdev as the kernel: all but the device's
# own time; and from a console line to the cut, on pseudo-terminals. With a bench file and a board, the same on the real thing.
# Usage: ci/bench/power.sh [BOOTRIG [BENCH FILE BOARD]]     (a build with tests)
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
bootrig=${1:-$root/build/harness/cli/bootrig}
measure=$(dirname "$bootrig")/../drivers/power_bench
[ -x "$measure" ] || { echo "power.sh needs a build with tests" >&2; exit 2; }
umockdev-wrapper "$measure"
"$measure" serial
"$measure" console
if [ $# -ge 3 ]; then
    i=0
    while [ $i -lt 10 ]; do
        "$bootrig" power off "$3" --bench "$2" --times
        "$bootrig" power on "$3" --bench "$2" --times
        i=$((i + 1))
    done
fi
