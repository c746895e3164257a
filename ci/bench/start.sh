#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Start to verdict of one small scenario (upload, mark, reset, boot; all reports written): wall time and memory of the whole process.
# Usage: ci/bench/start.sh [BOOTRIG]
set -eu
. "$(dirname "$0")/common.sh"

cat > small.yaml <<'END'
scenario: small
images:
  old: {version: 1.0.0, size: 8KiB}
  new: {version: 2.0.0, size: 8KiB}
setup:
  - board: {slot0: old}
  - connect:
steps:
  - upload: new
  - mark: new
  - reset:
  - expect-boot: new
END
yardsticks
stopwatch 100 "$bootrig" run small.yaml
echo "start to verdict, best of 100: $best_us us (median $median_us), target below 20000: $(verdict "$best_us" 20000)"
echo "  largest resident set: $rss_kib KiB, target below 32768: $(verdict "$rss_kib" 32768)"
echo "  yardstick: $(ratio "$best_us" "$true_us") x 'true' ($true_us us), $(ratio "$best_us" "$python_us") x 'python3 -c pass' ($python_us us)"
