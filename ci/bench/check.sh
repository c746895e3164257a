#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Reading and checking 1,000 scenario files of the usual size.
# Usage: ci/bench/check.sh [BOOTRIG]
set -eu
. "$(dirname "$0")/common.sh"

mkdir many
i=0
while [ $i -lt 1000 ]; do
    cat > "many/$i.yaml" <<END
scenario: scenario-$i
about: Lost, doubled and late chunks never end in a wrong image.
tags: [link, generated]
matrix:
  fault:
    - {drop: {chunk: 0}}
    - {drop: {chunk: middle}}
    - {duplicate: {chunk: 7}}
    - {delay: {chunk: 7, by: 3s}}
  as: [test, permanent]
images:
  old: {version: 1.0.0, size: 8KiB}
  new: {version: 2.0.$i, size: 8KiB}
setup:
  - board: {slot0: old, swap: scratch}
  - connect: {mtu: 247}
steps:
  - with-faults: [\$fault]
    do:
      - upload: {image: new, retry: resume, within: 10min}
  - expect-slot: {slot: 1, image: new}
  - mark: {image: new, as: \$as}
  - reset:
  - expect-boot: {image: new, within: 20s}
cleanup:
  - note: done with $i
END
    i=$((i + 1))
done
yardsticks
stopwatch 5 "$bootrig" check many
echo "check of 1000 files (8000 cases), best of 5: $best_us us (median $median_us), target below 1000000: $(verdict "$best_us" 1000000)"
echo "  largest resident set: $rss_kib KiB"
echo "  yardstick: $(ratio "$best_us" "$python_us") x 'python3 -c pass' ($python_us us)"
stopwatch 5 sh -c 'cat many/*.yaml'
echo "  yardstick: reading the same files by 'cat' takes $best_us us"
