#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same scenarios over the in-process link and over BlueZ in the virtual machine come to the same verdicts, and scenarios/LINKS.md tells
them; faults of the host are errors of the rig or are overcome; boards of a bench file are reached over the air: links_test.py BOOTRIG SOURCE_DIR
scenarios|nordic|faults|bench PROGRAM. PROGRAM: bluez_characteristics. Exit code 77: skipped.
`nordic` plays the scenarios of Nordic's bootloaders, `scenarios` the others. With BOOTRIG_UPDATE=1 `scenarios` plays all and writes the table."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

# What is played: few cases, each for something that only the real stack has.
PLAYED = [
    ("update, trial, confirmation", "mcuboot/upload-test-confirm", ["upload-test-confirm[swap=move]"]),
    ("a lost chunk, a lost answer", "link/chunk-drop",
     ["chunk-drop[mtu=247,window=3,middle-chunk-lost]", "chunk-drop[mtu=247,window=3,answer-3-lost]"]),
    ("a lost write, a lost notification", "link/packet-drop",
     ["packet-drop[window=3,middle-write-lost]", "packet-drop[window=3,middle-notification-lost]"]),
    ("a write lost in the middle of a message", "link/packet-in-a-message", ["packet-in-a-message[mtu=23,window=1,middle-lost]"]),
    ("a notification lost in the middle of an answer", "link/answer-in-pieces", ["answer-in-pieces[middle-lost]"]),
    ("the board hangs up in an upload", "link/packet-ends-link", ["packet-ends-link[window=3,247-hangs-up-at-a-notification]"]),
    ("the radio is lost in an upload, and in a message", "link/packet-ends-link",
     ["packet-ends-link[window=3,247-radio-silent-at-a-write]", "packet-ends-link[window=1,23-radio-silent-in-a-message]"]),
    ("an image without a signature", "rejection/refused-after-upload", ["refused-after-upload[as=test,unsigned]"]),
    ("power lost during an upload", "power/power-loss-in-upload", ["power-loss-in-upload"]),
    ("power lost in the middle of a swap", "power/power-loss-at-a-moment", ["power-loss-at-a-moment[swap=move,well-into-the-swap]"]),
    ("F1: the host keeps its keys", "bonding/bond-then-redfu",
     ["bond-then-redfu[keys-kept-repairing-refused]", "bond-then-redfu[keys-kept-repairing-allowed]"]),
    ("F1: the host loses its keys", "bonding/bond-then-redfu",
     ["bond-then-redfu[keys-lost-repairing-refused]", "bond-then-redfu[keys-lost-repairing-allowed]"]),
    ("F1, F3: the board loses its keys", "bonding/bond-lost", ["bond-lost[repairing=refused,board-lost-it]"]),
    ("F1: both lose them", "bonding/bond-lost", ["bond-lost[repairing=refused,both-lost-it]"]),
    ("the board refuses to bond", "bonding/board-does-not-bond",
     ["board-does-not-bond[update-needs=nothing]", "board-does-not-bond[update-needs=encryption]"]),
    ("a passkey, typed on the host", "bonding/passkey",
     ["passkey[pairing=legacy,host-types-it]", "passkey[pairing=secure,host-types-it]", "passkey[pairing=legacy,host-mistypes-it]",
      "passkey[pairing=secure,host-mistypes-it]"]),
    ("a passkey, typed on the board", "bonding/passkey",
     ["passkey[pairing=legacy,board-types-it]", "passkey[pairing=secure,board-types-it]", "passkey[pairing=secure,board-mistypes-it]",
      "passkey[pairing=secure,board-refuses]"]),
    ("the passkey at the second try", "bonding/passkey-second-try", ["passkey-second-try[mistyped]", "passkey-second-try[refused]"]),
    ("numeric comparison", "bonding/numeric-comparison",
     ["numeric-comparison[both-say-yes]", "numeric-comparison[host-says-no]", "numeric-comparison[board-says-no]"]),
    ("a bond that is too weak", "bonding/just-works-is-not-enough",
     ["just-works-is-not-enough[bond-too-weak]", "just-works-is-not-enough[pairing-refused]"]),
    ("F4: refused outside of the maintenance mode", "maintenance/refused-outside",
     ["refused-outside-maintenance[service-absent]", "refused-outside-maintenance[refuses]"]),
    ("F4: entry, update, closed again", "maintenance/enter-and-update",
     ["maintenance-update[service-absent-by-att-write]", "maintenance-update[service-absent-by-button]",
      "maintenance-update[refuses-by-att-write]", "maintenance-update[refuses-by-smp-group]", "maintenance-update[refuses-by-button]"]),
    ("F4: a service registered while connected, Service Changed honoured", "maintenance/registered-while-connected",
     ["registered-while-connected[told]"]),
    ("F4: a bonded host comes back", "maintenance/bonded", ["maintenance-and-bonds[told]", "maintenance-and-bonds[not-told]"]),
    ("F4: half an entry", "maintenance/half-an-entry",
     ["half-an-entry[radio-lost-at-it]", "half-an-entry[entry-lost]", "half-an-entry[another-value]", "half-an-entry[value-of-no-length]",
      "half-an-entry[value-too-long]"]),
    ("F4: an entry that needs encryption", "maintenance/entry-needs-encryption",
     ["entry-needs-encryption[service-absent]", "entry-needs-encryption[refuses]"]),
    ("F4: power lost in the mode", "maintenance/power-lost-in-maintenance",
     ["power-lost-in-maintenance[maintenance=service-absent,stage=half-an-upload]",
      "power-lost-in-maintenance[maintenance=refuses,stage=marked]"]),
    ("F4: how the mode ends", "maintenance/leaving",
     ["maintenance-ends[maintenance=service-absent,by=command]", "maintenance-ends[maintenance=service-absent,by=update]",
      "maintenance-ends[maintenance=refuses,by=button]"]),
    ("F4: what is no way in", "maintenance/no-way-in", ["no-way-in[att-write]", "no-way-in[smp-group]"]),
    ("F4: an updater beside the mode", "maintenance/updater-beside-it", ["updater-beside-maintenance[service-absent]"]),
    ("F4: over any link", "maintenance/over-any-link", ["maintenance-over-any-link"]),
    ("F4: one update for each entry", "maintenance/one-update-for-each-entry",
     ["one-update-for-each-entry[service-absent]", "one-update-for-each-entry[refuses]"]),
    ("F3: an updater that does not know the bond", "bonding/updater-without-the-bond",
     ["updater-without-the-bond[host-forgets-repairing-allowed]", "updater-without-the-bond[host-forgets-repairing-refused]"]),
    ("F3: an updater at address + 1", "bonding/updater-without-the-bond", ["updater-without-the-bond[next-address]"]),
    ("F3: the bond handed over", "bonding/updater-without-the-bond", ["updater-without-the-bond[bond-handed-over]"]),
    ("hostile notifications and answers", "link/hostile-notifications",
     ["hostile-notifications[before-the-subscription]", "hostile-notifications[ahead-of-each-answer]"]),
    ("hostile notifications and answers", "link/hostile-answers", ["hostile-answers"]),
    ("hostile ATT, pairing, signalling, advertising", "link/hostile-radio",
     ["hostile-radio[unknown-att]", "hostile-radio[unasked-pairing]", "hostile-radio[broken-signalling]", "hostile-radio[broken-advertising]"]),
    ("hostile ATT, pairing, signalling, advertising", "link/hostile-stack",
     ["hostile-stack[answers-cut-short]", "hostile-stack[answers-unasked]", "hostile-stack[pairing-response-cut]"]),
    ("the link ends in an upload", "link/link-lost-in-upload",
     ["link-lost-in-upload[mtu=247,window=3,before-the-first-byte]", "link-lost-in-upload[mtu=247,window=3,in-the-second-third]",
      "link-lost-in-upload[mtu=247,window=3,before-the-last-byte]"]),
    ("the link ends in each phase of an upload", "link/link-lost-in-each-phase", ["link-lost-in-each-phase"]),
    ("ATT_MTU 23", "link/small-mtu", ["small-mtu[23-joined]", "small-mtu[23-not-joined]"]),
    ("ATT_MTU 517", "link/largest-mtu", ["largest-mtu[window=3]"]),
    ("a second upload after the first", "link/second-upload", ["second-upload[between=nothing,other-image]"]),
    ("another GATT table after the update", "link/gatt-table-moves", ["gatt-table-moves"]),
    ("Nordic, secure: a bootloader at address + 1", "nordic/update", ["nordic-update[banks=dual,open]", "nordic-update[banks=dual,experimental]"]),
    ("Nordic, secure: of an address that ends in FF", "nordic/address-wraps", ["nordic-address-wraps"]),
    ("Nordic, secure: the same address, the bond handed over, Service Changed", "nordic/update", ["nordic-update[banks=dual,bonded]"]),
    ("Nordic, secure: update after update", "nordic/updates-in-a-row", ["nordic-updates-in-a-row[banks=dual]"]),
    ("Nordic, secure: a lost packet, a lost answer", "nordic/message-faults",
     ["nordic-message-faults[prn=0,packet-lost]", "nordic-message-faults[prn=5,packet-lost]"]),
    ("Nordic, secure: power lost in a transfer", "nordic/stopped", ["nordic-stopped[leaves=loses-power,dual]"]),
    ("Nordic, secure: abort", "nordic/leaves", ["nordic-leaves[abort]"]),
    ("F1, Nordic: the host keeps its keys", "nordic/bond-then-redfu",
     ["nordic-bond-then-redfu[keys-kept-repairing-refused]", "nordic-bond-then-redfu[keys-kept-power-lost-between]"]),
    ("F1, Nordic: the host loses its keys", "nordic/bond-then-redfu",
     ["nordic-bond-then-redfu[keys-lost-repairing-refused]", "nordic-bond-then-redfu[keys-lost-repairing-allowed]"]),
    ("F1, Nordic: the hand-over is used", "nordic/bond-success-lost", ["nordic-bond-success-lost[between=nothing]"]),
    ("F1, Nordic: power lost in the transfer", "nordic/bond-transfer-cut", ["nordic-bond-transfer-cut[cut=power]"]),
    ("F3, Nordic: a bootloader that does not know the bond", "nordic/bond-unknown-to-bootloader", ["nordic-bond-unknown-to-bootloader"]),
    ("F3, Nordic legacy: forget on the host", "nordic/legacy-bond", ["legacy-bond[unknown-at-the-same-address]"]),
    ("F3, Nordic legacy: the bootloader at address + 1", "nordic/legacy-bond", ["legacy-bond[next-address-and-kept]"]),
    ("F3, Nordic legacy: the bond handed over through RAM", "nordic/legacy-bond", ["legacy-bond[handed-over-and-kept]"]),
    ("Nordic, legacy: update", "nordic/legacy-update", ["legacy-update[sdk=11,banks=dual]"]),
    ("Nordic, legacy: receipts", "nordic/legacy-prn", ["legacy-prn[every-8]"]),
]
# What every run of the tests plays; the others are played where there is time (BOOTRIG_ALL_LINKS=1) and when the table is made.
QUICK = {
    "upload-test-confirm[swap=move]", "packet-drop[window=3,middle-write-lost]", "refused-after-upload[as=test,unsigned]", "power-loss-in-upload",
    "power-loss-at-a-moment[swap=move,well-into-the-swap]", "bond-then-redfu[keys-kept-repairing-refused]", "bond-then-redfu[keys-kept-repairing-allowed]",
    "bond-then-redfu[keys-lost-repairing-refused]", "bond-then-redfu[keys-lost-repairing-allowed]", "bond-lost[repairing=refused,board-lost-it]",
    "bond-lost[repairing=refused,both-lost-it]", "board-does-not-bond[update-needs=encryption]", "passkey[pairing=secure,host-types-it]",
    "just-works-is-not-enough[bond-too-weak]", "updater-without-the-bond[next-address]", "hostile-stack[answers-unasked]", "link-lost-in-each-phase",
    "small-mtu[23-joined]", "largest-mtu[window=3]", "second-upload[between=nothing,other-image]", "gatt-table-moves",
    "registered-while-connected[told]", "refused-outside-maintenance[service-absent]", "half-an-entry[another-value]",
    "nordic-update[banks=dual,open]", "nordic-update[banks=dual,bonded]", "nordic-message-faults[prn=0,packet-lost]",
    "nordic-stopped[leaves=loses-power,dual]", "nordic-bond-then-redfu[keys-kept-repairing-refused]",
    "nordic-bond-then-redfu[keys-lost-repairing-refused]", "nordic-bond-success-lost[between=nothing]",
    "nordic-bond-unknown-to-bootloader", "legacy-bond[unknown-at-the-same-address]", "legacy-bond[next-address-and-kept]",
    "legacy-bond[handed-over-and-kept]", "legacy-update[sdk=11,banks=dual]",
}

HEAD = """# Scenarios over links

The same files on the in-process link and over BlueZ (Linux, bluetoothd and virtual controllers in the machine of
`ci/vm/`): made by `harness/tests/links_test.py` from the summaries of both runs. F1, F3 and F4 are
[failures from the field](README.md#failures-from-the-field).

| what it is about | case | in process | over BlueZ |
|---|---|---|---|
"""
TAIL = """
Skipped in process: what needs `bluetooth-stack`, ATT, L2CAP and pairing messages on the air, which the in-process
link has not.

Not over BlueZ: what needs `rewind` (sweeps of power cuts, explorations), and what needs `raw-security` or
`chosen-mtu`, since Linux decides by itself when it pairs, hangs up over a refused pairing, forgets the old bond
before it pairs anew, and always asks for the largest ATT_MTU. Nor what needs `raw-gatt` or `second-host`: Linux heeds
Service Changed, and bootrig is one host.
"""


def run(command, top, **more):
    return subprocess.run(command, cwd=top, capture_output=True, text=True, **more)


def play(bootrig, top, output, cases, machine=()):
    files = sorted({f"scenarios/{path}.yaml" for _, path, names in PLAYED for name in names if name in cases})
    words = [*machine, *(["--"] if machine else []), bootrig, "run", "--quiet", "--no-html", "--output", str(output), "--timeout-scale", "3" if machine else "1"]
    words += ["--link", "bluez"] if machine else []
    for name in cases:
        words += ["--case", name]
    done = run(words + files, top, timeout=1500)
    try:
        summary = json.loads((output / "summary.json").read_text())
    except (OSError, ValueError):
        sys.exit(f"no summary: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return {case["name"]: case["verdict"] for case in summary["cases"]}, done


def table(here, there):
    rows = []
    for about, path, names in PLAYED:
        for name in names:
            if name in here:
                rows.append(f"| {about} | [{name}]({path}.yaml) | {here[name]} | {there.get(name, 'not run')} |")
    return HEAD + "\n".join(rows) + "\n" + TAIL


def compare(bootrig, top, scratch, machine, nordic=False):
    update = bool(os.environ.get("BOOTRIG_UPDATE")) and not nordic
    everything = [name for _, path, names in PLAYED for name in names if update or path.startswith("nordic/") == nordic]
    cases = everything if update or os.environ.get("BOOTRIG_ALL_LINKS") else [name for name in everything if name in QUICK]
    here, _ = play(bootrig, top, scratch / "here", cases)
    there, done = play(bootrig, top, scratch / "there", cases, [*machine, "--out", str(scratch / "there"), "--logs", str(scratch / "logs")])
    wrong = [f"{name}: {here.get(name)} in process, {there.get(name)} over BlueZ" for name in cases
             if here.get(name) not in ("pass", "skip") or there.get(name) != "pass"]
    document = top / "scenarios" / "LINKS.md"
    if update and not wrong:
        document.write_text(table(here, there))
    elif not wrong:
        told = set(document.read_text().splitlines())
        wrong = [f"scenarios/LINKS.md lacks: {row}" for row in table(here, there).splitlines() if row not in told]
    if wrong:
        print("\n".join(wrong), done.stdout[-6000:], done.stderr[-2000:], sep="\n")
    return not wrong


def compare_nordic(*where):
    return compare(*where, nordic=True)


def in_guest(script, bootrig, top, scratch, machine):
    done = run([*machine, "--out", str(scratch / "seen"), "--logs", str(scratch / "logs"), "--", "bash", str(top / "harness/tests" / script), bootrig,
                str(scratch / "seen")], top, timeout=1500)
    if done.returncode != 0:
        print(f"{script}: exit code {done.returncode}", done.stdout[-6000:], done.stderr[-2000:], sep="\n")
    return done.returncode == 0


def host_faults(*where):
    return in_guest("links_faults.sh", *where)


def benches(*where):
    return in_guest("links_bench.sh", *where)


def main():
    bootrig, top = sys.argv[1], pathlib.Path(sys.argv[2])
    lacks = [name for name in ("qemu-system-x86_64", "btvirt", "openocd") if not shutil.which(name)]
    if lacks:
        if os.environ.get("BOOTRIG_VM_REQUIRED"):
            sys.exit(f"failed: {', '.join(lacks)} missing")
        print(f"skipped: {', '.join(lacks)} missing; ci/setup --tests installs them")
        sys.exit(77)
    what = sys.argv[3]
    with tempfile.TemporaryDirectory(prefix="bootrig-links.") as folder:
        scratch = pathlib.Path(folder)
        # A program that is built anew while the guest runs it would change under its feet.
        shutil.copy(bootrig, scratch / "bootrig")
        shutil.copy(sys.argv[4], scratch / "characteristics")
        machine = [str(top / "ci/vm/run"), "--timeout", "1200", "--quiet-bluetoothd"]
        ok = {"scenarios": compare, "nordic": compare_nordic, "faults": host_faults, "bench": benches}[what](str(scratch / "bootrig"), top, scratch, machine)
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
