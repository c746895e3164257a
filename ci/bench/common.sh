# SPDX-License-Identifier: GPL-3.0-or-later
# For the scripts beside it (sourced): binary, scratch folder, stopwatch, yardstick. $1: the binary to measure.
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bootrig=$(realpath "${1:-$root/build/harness/cli/bootrig}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
${CC:-cc} -O2 -o "$work/stopwatch" "$here/stopwatch.c"
cd "$work"

# stopwatch N COMMAND...: sets best_us, median_us, rss_kib.
stopwatch() {
    line=$("$work/stopwatch" "$@") || exit 1
    read -r best_us median_us rss_kib <<END
$line
END
}

# The same two programs everywhere, in the same minute: the machine's own speed. Best times count, because the machine may be busy.
yardsticks() {
    stopwatch 50 true
    true_us=$best_us
    stopwatch 20 python3 -c pass
    python_us=$best_us
}

# verdict VALUE LIMIT
verdict() { [ "$1" -lt "$2" ] && echo met || echo MISSED; }
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }
