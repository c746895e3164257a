#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# SMP over a serial console: what framing costs beside base64 alone, and an upload over a pseudo-terminal beside one over UDP.
# Usage: ci/bench/serial.sh [BOOTRIG]     (a build with tests)
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
bootrig=$(realpath "${1:-$root/build/harness/cli/bootrig}")
measure=$(dirname "$bootrig")/../drivers/serial_bench
[ -x "$measure" ] || { echo "serial.sh needs a build with tests" >&2; exit 2; }
exec "$measure" "$bootrig"
