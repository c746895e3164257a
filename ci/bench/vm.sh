#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# How long the virtual machine takes: from the start of ci/vm/run to the first line of the command, five times, with TCG and, where it works, KVM.
# Usage: ci/bench/vm.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
run=$here/../vm/run

command -v qemu-system-x86_64 >/dev/null || { echo "vm.sh needs QEMU: ci/setup --tests" >&2; exit 2; }

ms() { date +%s%3N; }

# measure NAME OPTION...: best and median of five.
measure() {
    name=$1
    shift
    times=$(for _ in 1 2 3 4 5; do
        begin=$(ms)
        "$run" "$@" -- echo here | { read -r _; echo $(($(ms) - begin)); cat >/dev/null; }
    done | sort -n | tr '\n' ' ')
    # shellcheck disable=SC2086
    set -- $times
    echo "$name: best $1 ms, median $3 ms to the command"
    best=$1
}

"$here/../vm/build" >/dev/null
measure "boot alone, TCG" --accel tcg --no-bluetooth
measure "boot with bluetoothd, TCG" --accel tcg
echo "  target below 10000 ms: $([ "$best" -lt 10000 ] && echo met || echo MISSED)"
measure "boot with bluetoothd, adapters powered, TCG" --accel tcg --powered
if [ -w /dev/kvm ] && timeout 60 "$run" --accel kvm --timeout 10 --no-bluetooth -- true 2>/dev/null; then
    measure "boot with bluetoothd, KVM" --accel kvm
else
    echo "KVM: no guest boots with it here"
fi
