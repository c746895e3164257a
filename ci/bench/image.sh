#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# How fast `bootrig image make` is: one 1 MiB image, and 200 images against one Python process each (image_yardstick.py).
# Usage: ci/bench/image.sh [BOOTRIG]     (default: build/harness/cli/bootrig; PYTHON3 names the interpreter)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bootrig=${1:-$root/build/harness/cli/bootrig}
python=${PYTHON3:-python3}
key=$root/fixtures/keys/ecdsa-p256-0.pem
n_images=200
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

"$python" -c 'import cryptography' || { echo "the yardstick needs python3-cryptography" >&2; exit 2; }
now_us() { echo $(($(date +%s%N) / 1000)); }

# Best of ten, because the machine may be busy. Prints microseconds.
best_of_ten() {
    best_us=
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        start=$(now_us)
        "$bootrig" image make "$work/large.bin" -o "$work/large.signed.bin" --version 1.0.0 --key "$key" "$@"
        took=$(($(now_us) - start))
        if [ -z "$best_us" ] || [ "$took" -lt "$best_us" ]; then best_us=$took; fi
    done
    echo "$best_us"
}

head -c 1048576 /dev/urandom > "$work/large.bin"
echo "1 MiB image made and signed (whole process, best of 10): $(best_of_ten) us, target below 50000"
echo "the same, encrypted: $(best_of_ten --encrypt test:ecies-p256) us, target below 60000"
"$bootrig" image verify --quiet "$work/large.signed.bin" --key "$key" --encryption-key test:ecies-p256

mkdir "$work/in" "$work/python"
i=0
while [ $i -lt $n_images ]; do
    head -c 102400 /dev/urandom > "$work/in/$i.bin"
    i=$((i + 1))
done
start=$(now_us)
"$bootrig" image make "$work"/in/*.bin --output-dir "$work/ours" --version 1.0.0 --key "$key"
ours_us=$(($(now_us) - start))

start=$(now_us)
i=0
while [ $i -lt $n_images ]; do
    "$bootrig" image make "$work/in/$i.bin" -o "$work/ours/$i.bin" --version 1.0.0 --key "$key"
    i=$((i + 1))
done
single_us=$(($(now_us) - start))

start=$(now_us)
i=0
while [ $i -lt $n_images ]; do
    "$python" "$here/image_yardstick.py" "$work/in/$i.bin" "$key" "$work/python/$i.bin"
    i=$((i + 1))
done
python_us=$(($(now_us) - start))

# Both must have made good images, or the comparison is void.
i=0
while [ $i -lt $n_images ]; do
    "$bootrig" image verify --quiet "$work/ours/$i.signed.bin" --key "$key"
    "$bootrig" image verify --quiet "$work/python/$i.bin" --key "$key"
    i=$((i + 1))
done
echo "$n_images images of 100 KiB: one bootrig process $ours_us us, $n_images bootrig processes $single_us us," \
    "$n_images Python processes $python_us us"
echo "ratio: $((python_us / ours_us)) with one process (target at least 20), $((python_us / single_us)) process against process"
