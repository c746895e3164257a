#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Decoding a Bluetooth capture of 1,000,000 packets (a made one, repeated), beside tshark where it is installed.
# Usage: ci/bench/capture.sh [BOOTRIG]
set -eu
. "$(dirname "$0")/common.sh"

python3 - "$root/fixtures/fuzz/capture/story-2001.btsnoop" many.btsnoop <<'END'
import struct
import sys

whole = open(sys.argv[1], "rb").read()
header, records = whole[:16], whole[16:]
n_packets, at = 0, 0
while at < len(records):
    at += 24 + struct.unpack_from(">II", records, at)[1]
    n_packets += 1
with open(sys.argv[2], "wb") as out:
    out.write(header)
    for _ in range(-(-1000000 // n_packets)):
        out.write(records)
END
n_bytes=$(wc -c <many.btsnoop)
stopwatch 3 sh -c "'$bootrig' capture show many.btsnoop >/dev/null"
echo "capture show of 1000000 packets ($((n_bytes / 1048576)) MiB), best of 3: $((best_us / 1000)) ms (median $((median_us / 1000)) ms)," \
    "largest resident set $rss_kib KiB"
stopwatch 3 sh -c "'$bootrig' capture show --explained --last 8 many.btsnoop >/dev/null"
echo "the last 8 of what is explained: $((best_us / 1000)) ms"
if command -v tshark >/dev/null; then
    head -c $((n_bytes / 20)) many.btsnoop >twentieth.btsnoop
    stopwatch 1 sh -c 'tshark -n -r twentieth.btsnoop >/dev/null 2>&1 || true'
    echo "  yardstick: tshark needs $((best_us / 1000)) ms for a twentieth of it"
fi
