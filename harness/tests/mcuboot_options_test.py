#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds targets/MCUBOOT.md and the table of options in targets/README.md against the fields of targets: mcuboot_options_test.py SOURCE_DIR

The second column of MCUBOOT.md names only options, values and target fields that there are. Every option of the rows `bootloader`, `serial
recovery` and `update server` of the README is in it, with every value of those that have choices, and the README has every option. What plays
a row is there (or it says `no case: `), and a scenario among it, or its target, says each of the row's words."""
import pathlib
import re
import sys

FIELD = re.compile(r'RIG_(?:STRUCT_)?FIELD\([\s\\]*"([a-z0-9-]+)",\s*[A-Z]+,(?:(?!RIG_(?:STRUCT_)?FIELD\().)*?(?=RIG_(?:STRUCT_)?FIELD\(|\Z)', re.S)
LISTED = re.compile(r'\*const (?:rig_choices_)?(\w+)\[\] = \{([^}]*)\}')
ABOUT_MCUBOOT = ("bootloader", "serial recovery", "update server")
OF_THE_TARGET = ("erase", "torn")


def fields_of(text, lists):
    """name -> its choices, [] for a field without"""
    found = {}
    for match in FIELD.finditer(text):
        choices = re.search(r"\.choices\s*=\s*(?:rig_choices_)?(\w+)", match.group(0))
        found[match.group(1)] = lists[choices.group(1)] if choices else []
    return found


def rows_of(page):
    for number, line in enumerate(page.split("\n"), 1):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 3 and cells[1] != "here":
            yield number, cells


def says(text, word):
    """a scenario sets the option (to the value); values may come from a matrix"""
    name, _, value = word.partition(": ")
    return re.search(rf"\b{re.escape(name)}:", text) and (not value or re.search(rf"[\s\[:]{re.escape(value)}[,\]\}}\s]", text))


def row_problems(top, words, played, options, of_target):
    for word, star in words:
        name, _, value = word.partition(": ")
        fields = of_target if star else options
        if name not in fields:
            yield f"there is no {'field' if star else 'option'} '{name}'"
        elif value and value not in fields[name]:
            yield f"'{name}' has no value '{value}'"
    for path in played:
        file = top / path
        if not file.is_file():
            yield f"there is no file {path}"
        elif file.suffix == ".yaml":
            text = file.read_text(encoding="utf-8")
            target = top / f"targets/{''.join(re.findall(r'^target: ([a-z0-9-]+)$', text, re.M))}.yaml"
            text += target.read_text(encoding="utf-8") if target.is_file() else ""
            yield from (f"{path} does not say '{word}'" for word, star in words if not star and not says(text, word))


def missing(named, readme, options, of_target):
    about = {line.split("|")[1].strip(): re.findall(r"`([^`]+)`", line.split("|")[2])
             for line in readme.split("## Options", 1)[1].split("\n## ", 1)[0].split("\n") if line.startswith("| ")}
    told = {name for names in about.values() for name in names}
    yield from (f"README.md: option '{name}' is not in the table" for name in sorted(options.keys() - told))
    yield from (f"README.md: there is no option '{name}'" for name in sorted(told - options.keys()))
    for name in sorted({name for row in ABOUT_MCUBOOT for name in about[row]} | set(OF_THE_TARGET)):
        values = options.get(name) or of_target.get(name) or [""]
        wanted = [f"{name}: {value}" if value else name for value in values]
        yield from (f"MCUBOOT.md: no row for '{word}'" for word in wanted if word not in named)


def main():
    top = pathlib.Path(sys.argv[1])
    read = lambda path: (top / path).read_text(encoding="utf-8")
    shape = read("harness/bench/target_shape.c")
    lists = {name: re.findall(r'"([^"]+)"', values) for name, values in LISTED.findall(re.sub(r"/\*.*?\*/", "", shape, flags=re.S))}
    lists["rig_softdevice_choices"] = []
    options, of_target = fields_of(read("harness/bench/option_fields.h"), lists), fields_of(shape, lists)
    problems, named = [], set()
    for number, (_, ours, played) in rows_of(read("targets/MCUBOOT.md")):
        words = re.findall(r"`([^`]+)`(\*?)", ours)
        named |= {word for word, _ in words}
        if words and not re.match("`|no case: ", played):
            problems.append(f"MCUBOOT.md:{number}: neither what plays it nor 'no case: ' and why")
        problems += [f"MCUBOOT.md:{number}: {problem}"
                     for problem in row_problems(top, words, re.findall(r"`([^`]+)`", played), options, of_target)]
    problems += missing(named, read("targets/README.md"), options, of_target)
    assert len(named) > 60 and len(options) > 50, (len(named), len(options))
    print("\n".join(problems) or f"{len(named)} words of MCUBOOT.md, {len(options)} options")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
