#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A yardstick, not a tool: makes the same kind of signed MCUboot image in Python, one per process, for ci/bench/image.sh.

Usage: image_yardstick.py PAYLOAD KEY.pem OUTPUT   (ECDSA P-256, 32-byte header, version 1.0.0, no protected TLVs)
"""
import hashlib
import struct
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed


def entry(kind, payload):
    return struct.pack("<HH", kind, len(payload)) + payload


def main():
    payload_path, key_path, output_path = sys.argv[1:]
    with open(payload_path, "rb") as file:
        payload = file.read()
    with open(key_path, "rb") as file:
        key = serialization.load_pem_private_key(file.read(), None)
    body = struct.pack("<IIHHIIBBHII", 0x96F3B83D, 0, 32, 0, len(payload), 0, 1, 0, 0, 0, 0) + payload
    digest = hashlib.sha256(body).digest()
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    entries = entry(0x10, digest) + entry(0x01, hashlib.sha256(public).digest())
    entries += entry(0x22, key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256()))))
    with open(output_path, "wb") as file:
        file.write(body + struct.pack("<HH", 0x6907, 4 + len(entries)) + entries)


main()
