#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# How fast the debug path is: the unmodified openocd against `bootrig sim`. From its start to its first answer (target below 100 ms), and a
# dump of 1 MiB as the probe driver does it (target below 500 ms). Best and median of ten, because the machine may be busy.
# Usage: ci/bench/openocd.sh [BOOTRIG]     (default: build/harness/cli/bootrig)
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
bootrig=${1:-$root/build/harness/cli/bootrig}
command -v openocd >/dev/null || { echo "the benchmark needs openocd: ci/setup --tests" >&2; exit 2; }
work=$(mktemp -d)
sim=
trap '[ -z "$sim" ] || kill "$sim" 2>/dev/null; rm -rf "$work"' EXIT
now_us() { echo $(($(date +%s%N) / 1000)); }
tell() { sort -n "$1" | awk -v what="$2" '{v[NR]=$1} END {printf "%s: best %d us, median %d us\n", what, v[1], v[int((NR+1)/2)]}'; }

"$bootrig" sim --console none >"$work/ports" & sim=$!
until grep -qx ready "$work/ports"; do sleep 0.02; done
port_of() { sed -n "s/^$1 //p" "$work/ports"; }

# start NAME OPTION...: from the start of openocd to its first answer.
start() {
    local name=$1 begin
    shift
    rm -f "$work/start"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        begin=$(now_us)
        { printf 'read_memory 0x10000100 32 1\032'; sleep 0.5; } | openocd "$@" -c "tcl_port pipe" 2>/dev/null | {
            IFS= read -r -d $'\032' answer
            end=$(now_us)
            [ "$answer" = 0x52840 ] || { echo "openocd answered '$answer'" >&2; exit 1; }
            echo $((end - begin)) >>"$work/start"
        }
    done
    tell "$work/start" "start of openocd to its first answer, $name"
}

# dump NAME BYTES OPTION...
dump() {
    local name=$1 bytes=$2
    shift 2
    rm -f "$work/dump_us"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        openocd "$@" -c "tcl_port disabled; init; set from [clock microseconds]; dump_image $work/dump 0 $bytes; echo \"took [expr {[clock microseconds] - \$from}]\"; shutdown" \
            </dev/null 2>&1 | sed -n 's/^took //p' >>"$work/dump_us"
        [ "$(stat -c %s "$work/dump")" -eq "$bytes" ] || { echo "the dump is not whole" >&2; exit 1; }
        rm "$work/dump"
    done
    tell "$work/dump_us" "dump of $((bytes / 1024)) KiB, $name"
}

stlink=(-f "$root/targets/sim-openocd.cfg" -c "st-link backend tcp $(port_of debug-port)")
start "st-link over TCP" "${stlink[@]}"
dump "st-link over TCP" 1048576 "${stlink[@]}"
