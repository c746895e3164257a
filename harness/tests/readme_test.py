#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays the code blocks of the documents named, in order, against the built binary: readme_test.py BOOTRIG SOURCE_DIR FILE...

A ``` block is one of
  yaml, after <!-- file: NAME -->    is written to NAME
  console                            '$ command' lines, run one after the other; what follows each is its output. Exit code 0, or the one of
                                     <!-- exit: N --> before the block. '...' alone on a line stands for any lines, '…' for any text.
  sh, after <!-- scripts -->         every line starts with a script of the repository that can be run (not run: they build and test)
  any, after <!-- shown: REASON -->  only shown
Anything else is an error, so that no example goes untried, and so is a link to a file that is not there. Times of the wall clock do not
count."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

MARK = re.compile(r"<!-- (\w+)(?:: (.*?))? -->$")
WALL_TIMES = [(re.compile(r"  \d+\.\d{3} s$", re.M), "  T"), (re.compile(r"( flaky in) \d+(\.\d)? m?s$", re.M), r"\1 T")]


def blocks_of(path):
    """(line number, marks, language, text) of each code block."""
    marks, language, text = {}, None, []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if language is None and line.startswith("```"):
            language, start = line[3:], number
        elif language is not None and line == "```":
            yield start, marks, language, "\n".join(text) + "\n"
            marks, language, text = {}, None, []
        elif language is not None:
            text.append(line)
        elif MARK.match(line):
            key, value = MARK.match(line).groups()
            marks[key] = value or ""
        elif line.strip():
            marks = {}
    if language is not None:
        raise SystemExit(f"{path}:{start}: the block does not end")


def commands_of(text):
    """[command, expected output] of a console block; a command goes on after a backslash."""
    commands = []
    for line in text.splitlines():
        if commands and commands[-1][0].endswith("\\"):
            commands[-1][0] += "\n" + line.removeprefix("> ")
        elif line.startswith("$ "):
            commands.append([line[2:], ""])
        else:
            commands[-1][1] += line + "\n"
    return commands


def settle(text):
    for pattern, word in WALL_TIMES:
        text = pattern.sub(word, text)
    return re.sub(r"[ \t]+$", "", text, flags=re.M).rstrip("\n")


def as_pattern(expected):
    lines = ["(?:.*\n)*?" if line == "..." else re.escape(line).replace("…", ".*") + "\n" for line in settle(expected).split("\n")]
    return re.compile("".join(lines))


def play(command, expected, code, folder, environment):
    """What is wrong with it, or None."""
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    output = settle(done.stdout.decode(errors="replace"))
    if done.returncode != code:
        return f"exit code {done.returncode}, the document says {code}; output:\n{output}"
    if expected.strip() and not as_pattern(expected).fullmatch(output + "\n"):
        return f"the output is another one:\n{output}"
    return None


def scripts_problem(text, source):
    for line in text.splitlines():
        script = line.removeprefix("sudo ").split()[0]
        if not os.access(source / script, os.X_OK):
            return f"there is no script {script}"
    return None


def try_block(marks, language, text, source, folder, environment):
    if "shown" in marks:
        return None if marks["shown"] else "no reason is given"
    if language == "yaml" and "file" in marks:
        (folder / marks["file"]).write_text(text, encoding="utf-8")
        return None
    if language == "sh" and "scripts" in marks:
        return scripts_problem(text, source)
    if language != "console":
        return f"a {language or 'nameless'} block that nothing tries"
    code = int(marks.get("exit", "0"))
    problems = (play(command, expected, code, folder, environment) for command, expected in commands_of(text))
    return next((problem for problem in problems if problem), None)


def broken_links(name, source):
    """Links to files of the repository that are not there."""
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (source / name).read_text(encoding="utf-8")):
        if not ((source / name).parent / target).exists():
            yield f"{name}: there is no {target}"


def main():
    bootrig, source = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    environment = {**os.environ, "PATH": f"{bootrig.parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "BOOTRIG_DATA_DIR": str(source)}
    environment.pop("G_DEBUG", None)
    n_blocks, n_wrong = 0, 0
    for name in sys.argv[3:]:
        for problem in broken_links(name, source):
            n_wrong += 1
            print(problem)
        with tempfile.TemporaryDirectory() as name_of_folder:
            folder = pathlib.Path(name_of_folder)
            for entry in ("scenarios", "targets", "fixtures"):
                (folder / entry).symlink_to(source / entry)
            for line, marks, language, text in blocks_of(source / name):
                n_blocks += 1
                problem = try_block(marks, language, text, source, folder, environment)
                if problem:
                    n_wrong += 1
                    print(f"{name}:{line}: {problem}\n")
    print(f"{n_blocks} blocks, {n_wrong} wrong")
    return 1 if n_wrong or not n_blocks else 0


if __name__ == "__main__":
    sys.exit(main())
