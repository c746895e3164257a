#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootrig records the real Bluetooth stack in the virtual machine; what it decodes, tshark decodes: capture_test.py BOOTRIG CI_VM_DIR.
Exit code 77: skipped."""
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from vm_test import machine_or_skip, skip_or_fail  # noqa: E402

# hci1 advertises, hci0 connects twice: the first time makes the device known, the second discovers its services.
IN_THE_GUEST = r"""
set -e
call() { gdbus call --system --dest org.bluez --object-path "$@"; }
(echo "select 00:AA:01:01:00:01"; sleep 0.5; echo "advertise on"; sleep 1000) | bluetoothctl >/dev/null 2>&1 &
peer=/org/bluez/hci0/dev_00_AA_01_01_00_01
until call /org/bluez/hci1 --method org.freedesktop.DBus.Properties.Get org.bluez.LEAdvertisingManager1 ActiveInstances | grep -q 0x01; do
    sleep 0.2
done
call /org/bluez/hci0 --method org.bluez.Adapter1.ConnectDevice "{'Address': <'00:AA:01:01:00:01'>, 'AddressType': <'public'>}"
call $peer --method org.bluez.Device1.Disconnect
"$1" capture record "$2/all.btsnoop" -- sh -c "
    gdbus call --system --dest org.bluez --object-path $peer --method org.bluez.Device1.Connect &&
    until gdbus call --system --dest org.bluez --object-path $peer --method org.freedesktop.DBus.Properties.Get \
        org.bluez.Device1 ServicesResolved | grep -q true; do sleep 0.2; done
    gdbus call --system --dest org.bluez --object-path $peer --method org.bluez.Device1.Disconnect"
"$1" capture record "$2/one.btsnoop" --adapter hci1 -- gdbus wait --system --timeout 1 org.bluez
cd "$2"
# Whether a connection always comes about is another test's matter: this one wants the failure that comes after it.
for attempt in 1 2 3; do
    "$1" run --link bluez --output reports failing.yaml >failing.txt || echo $? >failing.code
    ! grep -q "encrypted: expected true" failing.txt || break
done
exit 0
"""

FAILING = """scenario: failing
images:
  old: {version: 1.0.0, size: 8KiB}
setup:
  - board: {slot0: old}
  - connect:
steps:
  - smp-echo: {text: over the air}
  - expect-link: {encrypted: true}
"""


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=100, check=True).stdout


def shown(bootrig, path, *options):
    """(number, adapter, layer, text) of each line."""
    lines = run(bootrig, "capture", "show", str(path), *options).splitlines()
    found = [re.match(r" *(\d+) +-?\d+\.\d+ (hci\d+)? +[<>=] (\S+) +(.*)", line) for line in lines]
    return [match.groups() for match in found if match]


def tshark(path, *words):
    return [line.split("\t") for line in run("tshark", "-n", "-r", str(path), "-T", "fields", *words).splitlines()]


def check(bootrig, folder):
    path = folder / "all.btsnoop"
    ours = shown(bootrig, path)
    texts = "\n".join(text for _, _, _, text in ours)
    for wanted in ("LE Create Connection 00:AA:01:01:00:01 (public)", "Exchange MTU Request: 517", "primary service",
                   "characteristic", "Disconnection Complete handle 42: remote user terminated (0x13)"):
        assert wanted in texts, f"'{wanted}' is not in what was recorded:\n{texts}"
    theirs = [int(frame[0]) for frame in tshark(path, "-Y", "btatt", "-e", "frame.number")]
    assert len(theirs) > 20, theirs
    assert [int(number) for number, _, layer, _ in ours if layer in ("att", "smp")] == theirs
    reasons = tshark(path, "-Y", "bthci_evt.code == 0x05", "-e", "frame.number", "-e", "bthci_evt.reason")
    assert reasons and all(reason == "0x13" for _, reason in reasons), reasons
    assert {number for number, _ in reasons} <= {number for number, *_ in ours}
    others = [line for line in shown(bootrig, folder / "one.btsnoop") if line[1] == "hci0" and not line[3].startswith("adapter")]
    assert not others, others


def check_the_run(bootrig, folder):
    told = (folder / "failing.txt").read_text()
    assert (folder / "failing.code").read_text() == "1\n", told
    packets = told.split("packets (last 8 of ")[1]
    assert re.search(r"hci0 < smp +Write Command 0x[0-9a-f]{4}, \d+ bytes: SMP write os echo", packets), told
    kept = folder / "reports/evidence/000-failing/air.btsnoop"
    lines = shown(bootrig, kept)
    marks = [text for _, _, layer, text in lines if layer == "mark"]
    assert "setup.1: connect:" in marks and any(mark.startswith("steps.0: smp-echo:") for mark in marks), marks
    theirs = tshark(kept, "-Y", "btatt.opcode == 0x52", "-e", "frame.number")
    ours = [number for number, _, _, text in lines if text.startswith("Write Command")]
    assert theirs and [frame[0] for frame in theirs] == ours, (theirs, ours)


def main():
    bootrig, folder = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    if subprocess.run(["sh", "-c", "command -v tshark"], capture_output=True, check=False).returncode != 0:
        skip_or_fail("tshark is missing; run ci/setup --tests")
    with tempfile.TemporaryDirectory() as name:
        top = pathlib.Path(name).resolve()
        out = top / "out"
        machine = machine_or_skip(folder, top)
        out.mkdir()
        (out / "failing.yaml").write_text(FAILING)
        done = machine("--powered", "--memory", "1024", "--out", str(out), "--", "bash", "-c", IN_THE_GUEST, "guest", bootrig, str(out))
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        check(bootrig, out)
        check_the_run(bootrig, out)
    print("recorded, decoded, compared")


if __name__ == "__main__":
    main()
