#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""No number of a scenario, target or bench file, and no time, is narrowed by a cast: a field's bound must fit the member
that it is bound to, and a cast asks for nothing. (The compiler refuses to narrow without a cast.)"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NARROW = r"\((?:guint32|guint16|guint8|guint|gint32|gint|int|unsigned|unsigned int|uint32_t|uint16_t|uint8_t|int32_t)\)\s*"
NUMBER = r"[(\s]*(?:rig_record_count\(|optional_count\(|MIN\([^,]*->count\b|[\w.>()-]*->(?:count|until|integer)\b)"
TIME = r"[\w.>-]*_us\b(?!\s*[%/&>])"
LINES = re.compile(NARROW + "(?:" + NUMBER + "|" + TIME + ")")
# The helpers themselves.
ALLOWED = {"harness/scenario/binding.c"}


def findings(text):
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if LINES.search(line)]


def main():
    for bad in ("x = (guint32)value->count;", "y = (guint8)rig_record_count(a, b)", "z = (uint32_t)plan->self_test_us,",
                "w = (int)slot->count : -1", "(guint32)((rig_record_count(where, \"by\") + 9) / 10)"):
        assert findings(bad), f"'{bad}' would not be found"
    for good in ("(int)(elapsed_us % 1000)", "(gint64)value->count", "(guint64)now_us"):
        assert not findings(good), f"'{good}' is no narrowing"
    n_files = n_found = 0
    for folder in ("harness", "targets"):
        for path in sorted((ROOT / folder).rglob("*.c")):
            name = str(path.relative_to(ROOT))
            n_files += 1
            if name in ALLOWED or name.endswith("_test.c"):
                continue
            for number, line in findings(path.read_text()):
                print(f"{name}:{number}: narrowed by a cast: bind the field to a member of that width, or take a wider type\n    {line}")
                n_found += 1
    print(f"{n_files} files, {n_found} findings")
    return 1 if n_found or n_files < 200 else 0


sys.exit(main())
