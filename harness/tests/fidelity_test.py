#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated SMP server against the records of real ones: fidelity_test.py PLAY BOOTRIG RECORDS FOLDER. Each request of fixtures/smp/
has to be answered to the byte as Zephyr's server answered it; images are ours, as long as those of the record."""
import os
import subprocess
import sys

PLAY, BOOTRIG, RECORDS, FOLDER = sys.argv[1:5]
IMAGE_BYTES = 49692
VERSIONS = {"old": "0.0.0", "new": "1.2.3+4", "newer": "2.0.0"}
TARGET = os.path.join(RECORDS, "microbit.yaml")
BOARD = f"{BOOTRIG} sim --target {TARGET} --slot 0={FOLDER}/old.bin --speed 2"
PLAYED = {  # record -> the server, and how it is played
    "os.txt": (f"udp:={BOARD}", []),
    "image.txt": (f"udp:={BOARD}", []),
    "update.txt": (f"udp:={BOARD}", ["--reset", "0.4"]),
    "udp.txt": (f"udp:={BOARD} --options {FOLDER}/udp.yaml", []),
    "recovery.txt": (f"serial:={BOARD} --console pty --options {FOLDER}/recovery.yaml", ["--pause", "0.5"]),
    "serial.txt": (f"serial:={BOARD} --console pty", []),
}


def make_image(name, version):
    path = os.path.join(FOLDER, name + ".bin")
    n_payload = IMAGE_BYTES
    for _ in range(2):  # how much header and TLVs take shows the first image
        subprocess.run([BOOTRIG, "image", "make", "--size", str(n_payload), "--version", version, "--output", path], check=True,
                       stdout=subprocess.DEVNULL)
        n_payload -= os.path.getsize(path) - IMAGE_BYTES
    assert os.path.getsize(path) == IMAGE_BYTES, os.path.getsize(path)
    return ["--image", f"{name}={path}"]


os.makedirs(FOLDER, exist_ok=True)
with open(os.path.join(FOLDER, "udp.yaml"), "w", encoding="utf-8") as options:
    options.write("buffer-size: 2KiB\nbuffers: 2\n")
with open(os.path.join(FOLDER, "recovery.yaml"), "w", encoding="utf-8") as options:
    options.write("serial-recovery: [boot-mode]\nrecovery-buffer: 1KiB\n")
images = [word for name, version in VERSIONS.items() for word in make_image(name, version)]
plays = {record: subprocess.Popen([sys.executable, PLAY, "--wait", "0.4", "--gap", "0.004", "--settle", "0.1", *images, *options, os.path.join(RECORDS, record),
                                   server], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
         for record, (server, options) in PLAYED.items()}
failed = 0
for record, play in plays.items():
    said = play.communicate()[0]
    print(f"{record}: {said.strip()}")
    failed += play.returncode != 0
sys.exit(failed != 0)
