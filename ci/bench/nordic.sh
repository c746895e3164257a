#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# All Nordic scenarios in process on one core, all reports written; a package of 512 KiB made and signed.
# Usage: ci/bench/nordic.sh [BOOTRIG]     (over BlueZ: ble-dfu.sh)
set -eu
. "$(dirname "$0")/common.sh"

yardsticks
stopwatch 5 taskset -c 0 "$bootrig" run -q "$root/scenarios/nordic"
n_cases=$("$bootrig" list "$root/scenarios/nordic" | wc -l)
echo "$n_cases Nordic cases on one core, best of 5: $best_us us (median $median_us), target below 3000000: $(verdict "$best_us" 3000000)"
echo "  largest resident set: $rss_kib KiB"
echo "  yardstick: $(ratio "$best_us" "$python_us") x 'python3 -c pass' ($python_us us)"

head -c 524288 /dev/urandom >"$work/application.bin"
stopwatch 10 "$bootrig" package make --application "$work/application.bin" --application-version 1 --sd-req 0x100 \
    --key test:ecdsa-p256 -o "$work/application.zip"
echo "a package of 512 KiB made and signed (whole process, best of 10): $best_us us, target below 50000: $(verdict "$best_us" 50000)"
