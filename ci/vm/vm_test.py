#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machine boots, runs a command, and tells a crash from a failure: vm_test.py CI_VM_DIR. Exit code 77: skipped."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

IN_THE_GUEST = r"""
echo "to stdout: $WORD in $PWD"; echo "to stderr" >&2
echo kept > "$KEPT/inner file"; echo lost > "$LOST/lost"
gdbus introspect --system --dest org.bluez --object-path /org/bluez/hci0 --only-properties | grep -q 'readwrite b Powered = true' || exit 3
gdbus introspect --system --dest org.bluez --object-path /org/bluez/hci1 --only-properties | grep -q 'Address' || exit 4
exit 7
"""


class Machine:
    def __init__(self, folder, top):
        self.run_path, self.top = str(folder / "run"), top

    def command(self, *words):
        return [self.run_path, "--timeout", "500", *words]

    def __call__(self, *words, **more):
        return subprocess.run(self.command(*words), capture_output=True, text=True, timeout=560, cwd=self.top, **more)


def skip_or_fail(why):
    if os.environ.get("BOOTRIG_VM_REQUIRED"):
        sys.exit(f"failed: {why}")
    print(f"skipped: {why}")
    sys.exit(77)


def a_command_sees_bluez_and_its_exit_code_output_and_folders_come_back(machine):
    kept, lost, logs = machine.top / "kept, with a comma", machine.top / "lost", machine.top / "logs"
    lost.mkdir()
    done = machine("--powered", "--capture", "--mtu", "64", "--config", "General.JustWorksRepairing=always", "--out", str(kept), "--logs", str(logs),
                   "--env", f"KEPT={kept}", "--env", f"LOST={lost}", "--env", "WORD=it's $5", "--", "bash", "-c", IN_THE_GUEST)
    told = f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
    assert done.returncode == 7, told
    assert done.stdout == f"to stdout: it's $5 in {machine.top}\n", told
    assert "to stderr\n" in done.stderr, told
    assert (kept / "inner file").read_text() == "kept\n"
    assert not (lost / "lost").exists(), "a folder that was not given by --out was written"
    assert "bluetoothd" in (logs / "bluetoothd.log").read_text().lower()
    assert "Linux version" in (logs / "kernel.log").read_text()
    assert (logs / "btmon.btsnoop").read_bytes().startswith(b"btsnoop\0")


def success_is_silent(machine):
    done = machine("--no-bluetooth", "--", "true")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done


def a_crash_of_the_guest_is_told_from_a_failing_command(machine):
    done = machine("--no-bluetooth", "--", "sh", "-c", "echo before; echo c >/proc/sysrq-trigger")
    assert done.returncode == 125, done
    assert done.stdout == "before\n" and "Kernel panic" in done.stderr, done


def a_time_limit_ends_the_guest(machine):
    done = subprocess.run([machine.run_path, "--no-bluetooth", "--timeout", "3", "--", "sleep", "1000"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 124 and "killed after 3 s" in done.stderr, done


def an_interrupted_run_takes_the_guest_with_it(machine):
    child = subprocess.Popen(machine.command("--no-bluetooth", "--", "sh", "-c", "echo here; sleep 1000"), stdout=subprocess.PIPE, text=True,
                             cwd=machine.top)
    assert child.stdout.readline() == "here\n", "output does not come as it is written"
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=30) == 143
    left = [line for line in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
            if line.startswith("qemu-system") and str(machine.top) in line]
    assert not left, left


def bad_usage_is_told_before_a_guest_is_started(machine):
    for words in (["--mtu", "5", "--", "true"], ["--config", "nonsense", "--", "true"], ["--surprise", "--", "true"], ["--"], ["--timeout"]):
        done = machine(*words)
        assert done.returncode == 2 and "ci/vm/run --help" in done.stderr, (words, done)


def machine_or_skip(folder, top):
    if subprocess.run(["sh", "-c", "command -v qemu-system-x86_64 && command -v btvirt && test -x /usr/libexec/bluetooth/bluetoothd"],
                      capture_output=True, check=False).returncode != 0:
        skip_or_fail("qemu, bluez or bluez-test-tools is missing; run ci/setup --tests")
    built = subprocess.run([str(folder / "build")], capture_output=True, text=True, check=False)
    if built.returncode != 0:
        skip_or_fail(built.stderr.strip())
    return Machine(folder, top)


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    for test in (bad_usage_is_told_before_a_guest_is_started, success_is_silent,
                 a_command_sees_bluez_and_its_exit_code_output_and_folders_come_back, a_crash_of_the_guest_is_told_from_a_failing_command,
                 a_time_limit_ends_the_guest, an_interrupted_run_takes_the_guest_with_it):
        with tempfile.TemporaryDirectory() as name:
            test(machine_or_skip(folder, pathlib.Path(name).resolve()))
        print(f"ok  {test.__name__.replace('_', ' ')}", flush=True)


if __name__ == "__main__":
    main()
