#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual page is sound and tells every command and every option: man_page_test.py BOOTRIG SOURCE_DIR."""
import os
import re
import shutil
import subprocess
import sys


def help_of(bootrig, words):
    return subprocess.run([bootrig, *words, "--help"], check=True, capture_output=True, text=True, timeout=30).stdout


def commands_of(bootrig):
    listed = re.findall(r"^  ([a-z]+) ", help_of(bootrig, []).split("Commands:")[1], re.M)
    assert {"run", "image", "package"} <= set(listed), listed
    commands = [[name] for name in listed if name not in ("image", "package")]
    for name in ("image", "package"):
        inner = re.findall(r"^  ([a-z]+) ", help_of(bootrig, [name]), re.M)
        assert "make" in inner, inner
        commands += [[name, one] for one in inner]
    return commands


def section_of(page, name):
    parts = page.split(f"\n.Ss bootrig {name}\n")
    return re.split(r"^\.S[hs] ", parts[1], flags=re.M)[0] if len(parts) == 2 else None


def options_in(text):
    """Long options at the begin of a line of --help."""
    return set(re.findall(r"^  (?:-\w, )?--([a-z-]+)", text, re.M)) - {"help"}


def options_told(section):
    return set(re.findall(r"(?:Fl |, )-([a-z][a-z-]+)", section))


def problems_of(bootrig, page):
    for words in commands_of(bootrig):
        name = " ".join(words)
        section = section_of(page, name)
        if section is None:
            yield f"there is no section on 'bootrig {name}'"
            continue
        wanted, told = options_in(help_of(bootrig, words)), options_told(section)
        yield from (f"bootrig {name}: the page does not tell --{option}" for option in sorted(wanted - told))
        # Words in running text may name another command's option.
        listed = set(re.findall(r"^\.It .*?Fl (?:\w , )?-([a-z-]+)", section, re.M))
        yield from (f"bootrig {name}: there is no --{option}" for option in sorted(listed - wanted))


def main():
    bootrig, source = sys.argv[1:3]
    path = os.path.join(source, "harness/cli/bootrig.1")
    problems = list(problems_of(bootrig, open(path, encoding="utf-8").read()))
    mandoc = shutil.which("mandoc")
    if not mandoc:
        problems.append("mandoc is not installed: ci/setup --tests installs it")
    else:
        lint = subprocess.run([mandoc, "-Tlint", "-Wwarning", path], capture_output=True, text=True, timeout=30)
        problems += (lint.stdout + lint.stderr).splitlines()
    print("\n".join(problems) or "nothing wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
