#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In the guest of ci/vm/run: faults of the host itself at the start and in the middle of an upload, and bonds as files: links_faults.sh BOOTRIG FOLDER
set -uo pipefail
bootrig=$1 folder=$2
adapter() { gdbus call --system --dest org.bluez --object-path /org/bluez/hci0 --method org.freedesktop.DBus.Properties.Set org.bluez.Adapter1 Powered "<$1>" >/dev/null; }

# scenario NAME SIZE ARGUMENTS-OF-UPLOAD
scenario() {
    cat >"$folder/$1.yaml" <<END
scenario: $1
images:
  old: {version: 1.0.0, size: 4KiB}
  new: {version: 2.0.0, size: $2}
setup:
  - board: {slot0: old, progressive-erase: true}
  - connect: {pair: true}
steps:
  - upload: {image: new$3}
  - expect-slot: {slot: 1, image: new}
END
}

# in_the_middle NAME COMMAND...: plays the scenario, and the command once the upload is on its way. Leaves the exit code in code.
in_the_middle() {
    local name=$1 journal=$folder/$1/journal.jsonl player i
    shift
    rm -rf "${folder:?}/$name"
    "$bootrig" run --link bluez --timeout-scale 3 --no-html --output "$folder/$name" "$folder/$name.yaml" >"$folder/$name.txt" 2>&1 &
    player=$!
    for i in $(seq 1 1200); do
        [ -f "$journal" ] && [ "$(grep -c 'image upload' "$journal")" -gt 50 ] && break
        kill -0 $player 2>/dev/null || break
        sleep 0.1
    done
    "$@"
    wait $player
    code=$?
}

daemon=$(pidof bluetoothd)
mapfile -d '' command </proc/"$daemon"/cmdline
start_daemon() {
    "${command[@]}" </dev/null >>"$folder/bluetoothd.log" 2>&1 &
    gdbus wait --system --timeout 30 org.bluez
}
kill_daemon() { kill -9 "$(pidof bluetoothd)"; }
restart_daemon() { kill_daemon; sleep 1; start_daemon; }

failed=0
# What was overcome took a new connection: it struck.
is_overcome() { grep -Eq ' [1-9][0-9]* reconnects' "$folder/$1/journal.jsonl"; }
# An error of the rig stands in the report as one, and the board's process is gone.
is_told() { grep -q '<error' "$folder/$1/junit.xml" && ! pidof "${bootrig##*/}" >/dev/null; }

# expect WHAT CODE NAME TEXT: the run ended so and said that.
expect() {
    local seen=is_told
    [ "$2" = 0 ] && seen=is_overcome
    if [ "$code" = "$2" ] && grep -q "$4" "$folder/$3.txt" && $seen "$3"; then
        echo "ok: $1"
    else
        echo "not ok: $1: exit code $code instead of $2, or no '$4', or no report of it, or no new connection, or a board that still runs:"
        head -n 30 "$folder/$3.txt"
        failed=1
    fi
}

scenario resumed 40KiB ', retry: resume'
in_the_middle resumed restart_daemon
expect "bluetoothd killed and started again in an upload that may resume" 0 resumed "1 passed"

in_the_middle resumed adapter false
expect "the adapter powered off in an upload that may resume" 0 resumed "1 passed"

# Large: whatever strikes must find it on its way.
scenario single 110KiB ''
in_the_middle single adapter false
expect "the adapter powered off in an upload that may not" 2 single "this host broke the link"

in_the_middle single kill_daemon
expect "bluetoothd killed in an upload that may not resume" 2 single "this host broke the link"

"$bootrig" run --link bluez --no-html --output "$folder/none" "$folder/single.yaml" >"$folder/none.txt" 2>&1
code=$?
expect "no bluetoothd at all" 2 none "systemctl status bluetooth"

# The bond of the run before is there; it outlives its files and a daemon.
board=$("$bootrig" bond list | cut -d' ' -f1)
"$bootrig" bond export "$board" "$folder/bond" && "$bootrig" bond forget "$board" && [ -z "$("$bootrig" bond list)" ] &&
    "$bootrig" bond import "$folder/bond" && start_daemon
if gdbus introspect --system --dest org.bluez --object-path "/org/bluez/hci0/dev_${board//:/_}" --only-properties | grep -q "Paired = true"; then
    echo "ok: an exported bond comes back"
else
    echo "not ok: an exported bond comes back"
    failed=1
fi

# at_once NAME WORDS...: plays the scenario `single` with these words.
at_once() {
    local name=$1
    shift
    rm -rf "${folder:?}/$name"
    "$bootrig" run --link bluez --no-html --output "$folder/$name" "$@" "$folder/single.yaml" >"$folder/$name.txt" 2>&1
    code=$?
}

block() {
    for each in /sys/class/rfkill/*; do
        [ "$(cat "$each/name")" = hci0 ] && echo "$1" >"$each/soft"
    done
}

at_once other --adapter hci7
expect "an adapter that is not there" 2 other "there are: hci0, hci1"

in_the_middle single block 1
expect "the adapter blocked in an upload" 2 single "this host broke the link"
at_once blocked
expect "an adapter that is blocked at the start" 2 blocked "rfkill unblock bluetooth"
block 0

# As a USB adapter that is pulled out and plugged in again; the board's own controller goes and comes with it.
mapfile -d '' air </proc/"$(pidof btvirt)"/cmdline
controllers() { compgen -G '/sys/class/bluetooth/hci[01]'; }
pull_out() {
    kill -9 "$(pidof btvirt)"
    while controllers >/dev/null; do sleep 0.1; done
}
all_set_up() { [ -e /sys/kernel/debug/bluetooth/hci0/conn_info_min_age ] && [ -e /sys/kernel/debug/bluetooth/hci1/conn_info_min_age ]; }
# As in ci/vm/guest: on a host with too much to do btvirt may be late with an answer of the setup, and the controllers are of no use then.
plug_in() {
    local attempt i
    for attempt in 1 2 3 4 5; do
        setsid "${air[@]}" </dev/null >>"$folder/btvirt.log" 2>&1 &
        for i in $(seq 1 100); do
            all_set_up && return
            sleep 0.1
        done
        echo "the controllers were not set up (attempt $attempt)"
        pull_out
    done
}
replug() { pull_out; plug_in; }
in_the_middle resumed replug
expect "the adapter pulled out and plugged in again in an upload that may resume" 0 resumed "1 passed"
in_the_middle single pull_out
# bluetoothd may tell of its power first.
expect "the adapter pulled out in an upload that may not resume" 2 single "this host broke the link, not the board: the Bluetooth adapter"
plug_in

# bluetoothd ends with its bus.
start_bus() {
    rm -f /run/dbus/pid
    dbus-daemon --system --fork --nopidfile
    start_daemon
}
kill_bus() { kill -9 "$(pidof dbus-daemon)"; }
restart_bus() { kill_bus; start_bus; }
in_the_middle resumed restart_bus
expect "the system bus killed and started again in an upload that may resume" 0 resumed "1 passed"
in_the_middle single kill_bus
expect "the system bus killed in an upload that may not resume" 2 single "the system D-Bus went away"
at_once none
expect "no system bus at all" 2 none "systemctl status dbus"
start_bus

in_the_middle single bluetoothctl disconnect "$board"
expect "another program hangs up in an upload" 2 single "another program on this host ended the connection"

# property PATH INTERFACE NAME: waits until it is true.
await_property() {
    local i
    for i in $(seq 1 100); do
        gdbus call --system --dest org.bluez --object-path "$1" --method org.freedesktop.DBus.Properties.Get "$2" "$3" 2>/dev/null |
            grep -q true && return
        sleep 0.1
    done
    echo "never: $1 $3"
}

# A board that is there before us, and bluetoothctl at its characteristic.
printf 'bench: bare\nboards:\n  - {board: bare, ble: {address: "%s"}}\n' "$board" >"$folder/bare.yaml"
"$bootrig" sim --hci /tmp/bt-server-le --console none </dev/null >/dev/null 2>&1 &
sim=$!
device=/org/bluez/hci0/dev_${board//:/_}
adapter true
bluetoothctl remove "$board" >/dev/null
words=$(mktemp -u) # the shared folder has no room for a fifo
mkfifo "$words"
bluetoothctl <"$words" >"$folder/other-program.txt" 2>&1 &
other=$!
exec 9>"$words"
echo "scan on" >&9
await_property /org/bluez/hci0 org.bluez.Adapter1 Discovering
for _ in $(seq 1 100); do bluetoothctl devices | grep -q "$board" && break; sleep 0.1; done
echo "connect $board" >&9
await_property "$device" org.bluez.Device1 ServicesResolved
printf 'menu gatt\nselect-attribute da2e7828-fbce-4e01-ae9e-261174997c48\nacquire-notify\n' >&9
characteristic=$(gdbus introspect --system --dest org.bluez --object-path "$device" --recurse --only-properties |
    awk '/^ *node .*char/ { path = $2 } /UUID = .da2e7828/ { print path }')
await_property "$characteristic" org.bluez.GattCharacteristic1 NotifyAcquired
"$bootrig" bench check --bench "$folder/bare.yaml" >"$folder/held.txt" 2>&1
code=$?
if [ "$code" = 2 ] && grep -q "another program on this host holds" "$folder/held.txt" && await_property "$device" org.bluez.Device1 Connected; then
    echo "ok: another program holds the characteristic, and keeps its connection"
else
    echo "not ok: another program holds the characteristic: exit code $code:"
    cat "$folder/held.txt" "$folder/other-program.txt"
    failed=1
fi
exec 9>&-
kill $other $sim
exit $failed
