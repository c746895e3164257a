#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the table of additions in harness/README.md with the tree: contributors_test.py SOURCE_DIR [--write]

For each row: the files of code that name one of the words in "is found by" and are not below "own files" must be just
those in "touches" and, for tests, in "tests". --write puts into these columns what is found."""
import pathlib
import re
import sys

CODE = {".c", ".h", ".py", ".sh", ".cmake"}
TEST = re.compile(r"(_test|_fuzz|_fake|_bench|_fixture)\.(c|py|sh)$|/tests/")
BEGIN = "<!-- additions -->\n"
COLUMNS = (("touches", False), ("tests", True))


def code_of(top):
    for folder in ("harness", "targets"):
        for path in sorted((top / folder).rglob("*")):
            if path.suffix in CODE or path.name == "CMakeLists.txt":
                yield str(path.relative_to(top)), path.read_text(encoding="utf-8", errors="replace")


def listed(cell):
    return re.findall(r"`([^`]*)`", cell)


def named_by(words, own, files):
    """all files that name one of the words; those of others, split into (product, tests)"""
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, words)) + r")\b")
    named = [path for path, text in files.items() if pattern.search(text)]
    others = [path for path in named if not path.startswith(tuple(own))]
    return named, others


def main():
    top, write = pathlib.Path(sys.argv[1]), sys.argv[2:] == ["--write"]
    page = top / "harness/README.md"
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    table, after = rest.split("\n\n", 1)
    lines = table.splitlines()
    heads = [head.strip() for head in lines[0].strip("|").split("|")]
    files = dict(code_of(top))
    problems = []
    for at, line in enumerate(lines[2:], 2):
        row = dict(zip(heads, line.strip("|").split("|")))
        name, own = row["a new"].strip(), listed(row["own files"])
        named, others = named_by(listed(row["is found by"]), own, files)
        if len(named) == len(others):
            problems.append(f"{name}: none of its own files names it: {', '.join(own)}")
        for column, is_test in COLUMNS:
            found = {path for path in others if bool(TEST.search(path)) == is_test}
            told = set(listed(row[column]))
            problems += [f"{name}: {path} names it, and is not in the column '{column}'" for path in sorted(found - told)]
            problems += [f"{name}: {path} is in the column '{column}', and does not name it" for path in sorted(told - found)]
            row[column] = " " + "".join(f"`{path}` " for path in sorted(found))
        lines[at] = "|" + "|".join(row.values()) + "|"
    if write:
        page.write_text(before + BEGIN + "\n".join(lines) + "\n\n" + after, encoding="utf-8")
        return
    print("\n".join(problems))
    print(f"{len(lines) - 2} rows, {len(problems)} problems")
    sys.exit(bool(problems) or len(lines) < 3)


main()
