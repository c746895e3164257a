#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In the guest of ci/vm/run: what doctor says of this host, and boards of a bench file that are reached over the air: links_bench.sh BOOTRIG FOLDER
set -uo pipefail
bootrig=$1 folder=$2
bench=fixtures/benches/sim-ble.yaml
locked=C0:FF:EE:52:84:A0
failed=0

# tell WHAT CODE WANTED-CODE FILE LINE...: the exit code was that, and each extended regular expression is in a line of the file.
tell() {
    local what=$1 code=$2 wanted=$3 file=$4 line
    shift 4
    for line in "$@"; do
        grep -Eq "$line" "$file" || code="$code, no '$line'"
    done
    if [ "$code" = "$wanted" ]; then
        echo "ok: $what"
    else
        echo "not ok: $what: exit code $code, wanted $wanted:"
        head -n 40 "$file"
        failed=1
    fi
}

# doctor WHAT WANTED-CODE LINE...
doctor() {
    local what=$1 wanted=$2
    shift 2
    "$bootrig" doctor "${words[@]}" >"$folder/doctor.txt" 2>&1
    tell "doctor: $what" $? "$wanted" "$folder/doctor.txt" "$@"
}

words=(--bench "$bench")
doctor "a host that has it all" 0 '^bluetooth +ok +bluetoothd [0-9.]+ answers' '^adapter +ok +hci0, 00:AA:01:00:00:00, Bluetooth LE, (powered|without power)' \
    '^captures +ok' '^settings +ok'
sed 's/hci0/hci7/' "$bench" >"$folder/other.yaml"
words=(--bench "$folder/other.yaml")
doctor "an adapter that is not there" 2 "^adapter +missing +there is no 'hci7', which board 'by-address'"
block() {
    for each in /sys/class/rfkill/*; do
        [ "$(cat "$each/name")" = hci0 ] && echo "$1" >"$each/soft"
    done
}
block 1
words=(--bench "$bench")
doctor "an adapter that is blocked" 2 '^adapter +missing +hci0, .* rfkill unblock bluetooth'
words=()
doctor "a blocked adapter that nobody asked for" 0 '^adapter +note +hci0, .* rfkill unblock bluetooth'
block 0
setpriv --reuid 65534 --regid 65534 --clear-groups "$bootrig" doctor --bench "$bench" >"$folder/doctor.txt" 2>&1
tell "doctor: a user without rights" 2 2 "$folder/doctor.txt" '^captures +note .*setcap cap_net_raw'

# check BOARD WANTED-CODE LINE...
check() {
    local board=$1 wanted=$2
    shift 2
    "$bootrig" bench check --bench "$bench" "$board" >"$folder/check.txt" 2>&1
    tell "bench check $board" $? "$wanted" "$folder/check.txt" "$@"
}
check by-address 0 '^by-address +link +ok +bluez through hci0: ok' '^by-address +power +ok .*proof of death'

# play BOARD NAME WORDS...: one case of a shipped file, or a file.
play() {
    local board=$1 name=$2
    shift 2
    "$bootrig" run --bench "$bench" --board "$board" --timeout-scale 3 --no-html --output "$folder/$board" --case "$name" "$@" >"$folder/$board.txt" 2>&1
    tell "$name on $board" $? 0 "$folder/$board.txt" '^1 passed'
}
cat >"$folder/refreshed.yaml" <<'END'
scenario: refreshed
needs: [bonding]
images: {old: {version: 1.0.0, size: 4KiB}}
setup: [board: {slot0: old}]
steps:
  - connect: {pair: true}
  - expect-link: {encrypted: true, bonded: true}
  - disconnect:
  - connect:
  - expect-link: {encrypted: false, bonded: false}
END
play next-address 'update-on-the-desk[confirmed=true]' scenarios/mcuboot/update-on-the-desk.yaml
play by-name refreshed "$folder/refreshed.yaml"
play by-address 'power-loss-at-a-moment[swap=move,well-into-the-swap]' scenarios/power/power-loss-at-a-moment.yaml
play locked 'bond-then-redfu[keys-lost-repairing-allowed]' scenarios/bonding/bond-then-redfu.yaml
# The board of the next run is a new one, without the bond: the host has still its half.
check locked 2 '^locked +link +error .*key-missing .*bootrig bond forget ADDRESS'
"$bootrig" bond forget $locked >"$folder/forget.txt" 2>&1
check locked 0 '^locked +link +ok .*not-encrypted .*connect: \{pair: true\}'

# Several characteristics, of a board whose firmware is not MCUboot.
"${bootrig%/*}/characteristics" /tmp/bt-server-le >"$folder/characteristics.txt" 2>&1
tell "named characteristics" $? 0 "$folder/characteristics.txt" '^ok: is answered by the other' '^ok: with the board.s own code .*0x80' \
    '^ok: it has not the other characteristic .no-characteristic'

# The board's controller is a whole adapter, taken over beside bluetoothd.
"$bootrig" run --link bluez --hci hci1 --adapter hci0 --timeout-scale 3 --no-html --output "$folder/whole" \
    --case 'upload-test-confirm[swap=move]' scenarios/mcuboot/upload-test-confirm.yaml >"$folder/whole.txt" 2>&1
tell "an adapter that is the board's" $? 0 "$folder/whole.txt" '^1 passed'
exit $failed
