#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""reports/journal.md tells every kind of event, every key of each and of the objects inside, as harness/report/event_table.h
has them, and none that is not there."""
import pathlib
import re
import sys

TOKEN = re.compile(r"`([a-z_]+)`")


def table(text, name):
    """constant -> (its other arguments, as words)"""
    macro = re.search(rf"#define {name}\(X\)(.*?)\n\n", text, re.S).group(1).replace("\\\n", " ")
    rows = [[word.strip(' "') for word in row.split(",")] for row in re.findall(r"X\(([^)]*)\)", macro)]
    return {row[0]: row[1:] for row in rows}


def groups(text):
    """(name, inside) of each `name` [{...}] or `name` {...}, also of those inside others"""
    for found in re.finditer(r"`([a-z_]+)`\?? ?\[?\{", text):
        depth, end = 1, found.end()
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        yield found.group(1), text[found.end():end - 1]


def without_groups(text):
    while True:
        shorter = re.sub(r"\{[^{}]*\}", "", text)
        if shorter == text:
            return text
        text = shorter


def main():
    folder = pathlib.Path(sys.argv[1])
    header = (folder / "harness/report/event_table.h").read_text()
    page = (folder / "reports/journal.md").read_text()
    keys = table(header, "RIG_EVENT_KEYS")
    kinds = table(header, "RIG_EVENT_KINDS")
    objects = table(header, "RIG_EVENT_OBJECTS")
    words = [row[0] for row in keys.values()]
    wrong = []

    def words_of(constants):
        return {keys[constant.removeprefix("RIG_KEY_")][0] for constant in constants if constant != "RIG_KEY_UNKNOWN"}

    def compare(what, told, there):
        wrong.extend(f"{what}: '{word}' is not told" for word in sorted(there - told))
        wrong.extend(f"{what}: '{word}' does not exist" for word in sorted(told - there))

    if words != sorted(words):
        wrong.append("the keys are not in the order of their words, by which they are found")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*?) \|(?: .*)?\|$", page, re.M))
    compare("kinds of events", set(rows), {row[0] for row in kinds.values()})
    for kind, *its in kinds.values():
        if kind in rows:
            compare(kind, set(TOKEN.findall(without_groups(rows[kind]))), words_of(its))
    told = {}
    for name, inside in groups(page):
        told.setdefault(name, set()).update(TOKEN.findall(without_groups(inside)))
    for constant, its in objects.items():
        if its != ["RIG_KEY_UNKNOWN"]:
            compare(f"objects of '{keys[constant][0]}'", told.get(keys[constant][0], set()), words_of(its))
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(kinds)} kinds of events, {len(keys)} keys")


main()
