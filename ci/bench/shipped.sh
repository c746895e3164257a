#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# All shipped scenarios on one core, all reports written.
# Usage: ci/bench/shipped.sh [BOOTRIG]
set -eu
. "$(dirname "$0")/common.sh"

yardsticks
stopwatch 5 taskset -c 0 "$bootrig" run -q
n_cases=$("$bootrig" list | wc -l)
echo "$n_cases shipped cases on one core, best of 5: $best_us us (median $median_us), target below 10000000: $(verdict "$best_us" 10000000)"
echo "  largest resident set: $rss_kib KiB"
echo "  yardstick: $(ratio "$best_us" "$python_us") x 'python3 -c pass' ($python_us us)"
