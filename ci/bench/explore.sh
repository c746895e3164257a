#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# How fast exploration is: ci/bench/explore.sh [BUILD-DIR]; the build directory must be configured with tests.
set -eu
build=${1:-build}
ninja -C "$build" explore_bench example_bootloader >/dev/null
exec "$build/harness/explore/explore_bench" "$(realpath "$build")/targets/sim/boot/example/example_bootloader.so"
