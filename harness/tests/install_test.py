#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An installation works from any folder, and after it was moved: install_test.py CMAKE BUILD_DIR."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

EXPECTED = ["bin/bootrig", "share/man/man1/bootrig.1", "share/bash-completion/completions/bootrig", "share/bootrig/scenarios/STEPS.md",
            "share/bootrig/scenarios/scenario.schema.json", "share/bootrig/targets/sim-nrf52840-mcuboot.yaml", "share/doc/bootrig/README.md",
            "share/bootrig/targets/sim/firmware/mcuboot/bootloader_abi.h", "share/bootrig/targets/sim/firmware/mcuboot/mcuboot_port/port.c"]


def call(*words, folder):
    environment = {name: value for name, value in os.environ.items() if name != "BOOTRIG_DATA_DIR"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, f"{words}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def run_one_case(prefix, folder):
    bootrig = str(prefix / "bin/bootrig")
    shipped = call(bootrig, "check", folder=folder)
    assert ", 0 files with errors" in shipped and not shipped.startswith("0 files"), shipped
    listed = call(bootrig, "list", "--json", folder=folder)
    assert str(prefix) in listed, "the installed scenarios are not the ones that are found"
    output = call(bootrig, "run", "--name", "power-loss-mid-swap*swap=move*", folder=folder)
    assert f"pass  {prefix}/share/bootrig/scenarios/" in output, output
    assert (folder / "reports/out/junit.xml").is_file()


def compile_line(guide):
    """of the worked example, as it is written"""
    lines = [line.strip() for line in guide.read_text(encoding="utf-8").splitlines() if line.startswith("    cc ") and "ledger.c" in line]
    assert len(lines) == 1, f"{guide} has {len(lines)} compile lines of the example"
    return lines[0]


def play_the_guide(prefix, folder):
    guests = prefix / "share/bootrig/targets/sim/firmware/mcuboot"
    example = folder / "example"
    shutil.copytree(guests / "example_port", example)
    call("sh", "-c", f"B='{guests}'; {compile_line(guests / 'PORTING.md')}", folder=example)
    output = call(str(prefix / "bin/bootrig"), "run", "--target", "target.yaml", "starts.yaml", "life.yaml", folder=example)
    assert "2 passed, 0 failed" in output, output


def main():
    cmake, build = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        top = pathlib.Path(name).resolve()
        first, moved, folder = top / "first", top / "moved", top / "anywhere"
        folder.mkdir()
        call(cmake, "--install", build, "--prefix", str(first), folder=folder)
        missing = [path for path in EXPECTED if not (first / path).is_file()]
        assert not missing, f"not installed: {missing}"
        run_one_case(first, folder)
        play_the_guide(first, folder)
        first.rename(moved)
        run_one_case(moved, folder)
    print("installed, moved, played")


if __name__ == "__main__":
    main()
