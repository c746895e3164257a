#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The completion for bash offers what the tables hold: completion_test.sh BOOTRIG.
set -u
PATH=$(dirname "$1"):$PATH
source <(bootrig completion bash) || exit 1
wrong=0

# expect WORD... = PATTERN: completing the last word offers something that fits the pattern.
expect() {
    local pattern=${*: -1}
    set -- "${@:1:$#-2}"
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _bootrig
    [[ " ${COMPREPLY[*]} " == $pattern ]] || { echo "completing '$*' offers: ${COMPREPLY[*]}"; wrong=1; }
}

expect bootrig r = ' run replay report '
expect bootrig run --fail = ' --fail-fast '
expect bootrig run --defect never = ' never-reverts '
expect bootrig run --target sim-nrf52840-m = ' sim-nrf52840-mcuboot *'
expect bootrig run --tag swa = '* swap *'
expect bootrig run --case power-loss-mid-swap = '* power-loss-mid-swap*'
expect bootrig steps expect-b = ' expect-boot expect-board '
expect bootrig image d = ' damage '
expect bootrig image damage --k = ' --kind '
expect bootrig package v = ' verify '
expect bootrig package make --bootloader-v = ' --bootloader-version '
expect bootrig power s = ' status '
expect bootrig power on --w = ' --wait '
expect bootrig bench '' = ' list check '
expect bootrig completion '' = ' bash '
exit $wrong
