#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In the guest of ci/vm/run: faults of the host itself in the middle of an upload, and bonds as files. links_faults.sh BOOTRIG FOLDER
set -uo pipefail
bootrig=$1 folder=$2
adapter() { gdbus call --system --dest org.bluez --object-path /org/bluez/hci0 --method org.freedesktop.DBus.Properties.Set org.bluez.Adapter1 Powered "<$1>" >/dev/null; }

# scenario NAME ARGUMENTS-OF-UPLOAD
scenario() {
    cat >"$folder/$1.yaml" <<END
scenario: $1
images:
  old: {version: 1.0.0, size: 4KiB}
  new: {version: 2.0.0, size: 40KiB}
setup:
  - board: {slot0: old, progressive-erase: true}
  - connect: {pair: true}
steps:
  - upload: {image: new$2}
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
# expect WHAT CODE NAME TEXT: the run ended so and said that.
expect() {
    if [ "$code" = "$2" ] && grep -q "$4" "$folder/$3.txt"; then
        echo "ok: $1"
    else
        echo "not ok: $1: exit code $code instead of $2, or no '$4' in:"
        head -n 30 "$folder/$3.txt"
        failed=1
    fi
}

scenario resumed ', retry: resume'
in_the_middle resumed restart_daemon
expect "bluetoothd killed and started again in an upload that may resume" 0 resumed "1 passed"

in_the_middle resumed adapter false
expect "the adapter powered off in an upload that may resume" 0 resumed "1 passed"

scenario single ''
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
exit $failed
