#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`bootrig run --bench` on the simulated bench: shipped scenarios pass, and whatever is pulled out in the middle is an error of the rig that
names the thing, with the board made safe and the reports written. bench_run_test.py BOOTRIG SOURCE_DIR PART..."""
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time
import tty

BOOTRIG, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
BENCH = SOURCE / "fixtures/benches/sim.yaml"
PATIENCE_S = 60


def run(folder, *words, bench=BENCH, board="hasty"):
    done = subprocess.run([BOOTRIG, "run", "--bench", str(bench), "--board", board, "--output", str(folder / "out"), *map(str, words)],
                          cwd=SOURCE, capture_output=True, text=True, timeout=600)
    summary = folder / "out/summary.json"
    return done, json.loads(summary.read_text()) if summary.exists() else None


def verdicts(summary, name):
    return [case["verdict"] for case in summary["cases"] if case["name"].startswith(name)]


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


class Relay(threading.Thread):
    """An LCUS relay on a pseudo-terminal of our own, that passes on what it is told to the relays of simulated boards (channel: function), and
    can be unplugged."""

    def __init__(self, forward):
        super().__init__(daemon=True)
        self.forward, self.frames, self.channels, self.gone = forward, [], [], False
        self.on = dict.fromkeys(forward, False)
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave, termios.TCSANOW)
        self.path = os.ttyname(self.slave)
        self.start()

    def run(self):
        pending = b""
        while not self.gone:
            if not select.select([self.master], [], [], 0.05)[0]:
                continue
            try:
                pending += os.read(self.master, 64)
            except OSError:
                return
            while pending:
                if pending[0] == 0xFF:
                    for channel, on in self.on.items():
                        os.write(self.master, f"CH{channel}: {'ON ' if on else 'OFF'}\r\n".encode())
                    pending = pending[1:]
                elif len(pending) < 4:
                    break
                else:
                    channel, on = pending[1], pending[2] == 1
                    self.on[channel] = on
                    self.frames.append(on)
                    self.channels.append(channel)
                    self.forward[channel](bytes([0xA0, 1, on, 0xA1 + on]))
                    pending = pending[4:]

    def unplug(self):
        self.gone = True
        self.join()
        os.close(self.master)
        os.close(self.slave)


class Stand:
    """A board whose parts are started here, so that each can be pulled out: bench file, relay, console, simulated board."""

    def __init__(self, folder, wired=True, relay=None, channel=1):
        self.folder = folder
        self.sim = subprocess.Popen([BOOTRIG, "sim", "--target", "sim-nrf52840-mcuboot", "--until-eof", "--console", "pty", "--relay",
                                     "--speed", "5", *(["--off"] if wired else [])], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.words = {}
        for line in self.sim.stdout:
            if line.strip() == "ready":
                break
            name, _, value = line.strip().partition(" ")
            self.words[name] = value
        self.inner = os.open(self.words["relay"], os.O_RDWR | os.O_NOCTTY)
        if relay:
            relay.forward[channel], relay.on[channel] = self.forward, False
        self.relay = relay or Relay({1: self.forward if wired else lambda frame: None})
        self.console_source = os.open(self.words["pty"], os.O_RDONLY | os.O_NOCTTY)
        self.console, self.console_slave = pty.openpty()
        tty.setraw(self.console_slave, termios.TCSANOW)
        self.lines = threading.Thread(target=self.copy_console, daemon=True)
        self.ends = False
        self.lines.start()
        self.bench = folder / "bench.yaml"
        self.bench.write_text(f"""bench: pulled
boards:
  - board: stand
    target: board-sim-nrf52840
    power: {{lcus: {{tty: {self.relay.path}, channel: {channel}, status: true}}}}
    probe: {{config: [{SOURCE}/targets/sim-openocd.cfg], commands: [st-link backend tcp {self.words['debug-port']}]}}
    link: {{udp: "127.0.0.1:{self.words['smp-port']}"}}
    console: {os.ttyname(self.console_slave)}
""")

    def forward(self, frame):
        try:
            os.write(self.inner, frame)
        except OSError:
            pass  # the board is gone; its relay is not

    def copy_console(self):
        while not self.ends:
            if select.select([self.console_source], [], [], 0.05)[0]:
                try:
                    os.write(self.console, os.read(self.console_source, 4096))
                except OSError:
                    return

    def hang_up_console(self):
        self.ends = True
        self.lines.join()
        os.close(self.console)
        os.close(self.console_slave)

    def close(self):
        self.ends = True
        self.sim.kill()
        self.sim.wait()


SCENARIO = """scenario: long
images: {old: {version: 1.0.0, size: 10KiB}}
setup: [board: {slot0: old}]
steps:
  - note: in the middle
  - wait: 30s
  - power-cycle:
"""
SECOND = """scenario: next
images: {old: {version: 1.0.0, size: 10KiB}}
setup: [board: {slot0: old}]
steps: [expect-boot: old]
"""


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        expect(time.monotonic() < deadline, f"in vain: {what}")
        time.sleep(0.01)


def pull(act, folder, *, steps=SCENARIO, bench=None):
    """Starts two cases, does `act` in the middle of the first one, and returns (process, its output, summary, stand)."""
    stand = Stand(folder)
    (folder / "a.yaml").write_text(steps)
    (folder / "b.yaml").write_text(SECOND)
    journal = folder / "out/journal.jsonl"
    process = subprocess.Popen([BOOTRIG, "run", "--bench", str(stand.bench), "--output", str(folder / "out"), str(folder / "a.yaml"),
                                str(folder / "b.yaml")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_for(lambda: journal.exists() and "in the middle" in journal.read_text(), "the middle of the case")
        act(stand, process)
        output, _ = process.communicate(timeout=PATIENCE_S * 2)
        summary = json.loads((folder / "out/summary.json").read_text()) if (folder / "out/summary.json").exists() else None
        return process.returncode, output, summary, stand
    finally:
        stand.close()


def openocd_of(process):
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "stat").read_text().rsplit(")", 1)
            if words[0].endswith("(openocd") and int(words[1].split()[1]) == process.pid:
                return int(path.name)
        except (OSError, ValueError):
            continue
    return None


def test_scenarios(folder):
    done, summary = run(folder, "scenarios/rejection/wrong-image-never-runs.yaml", "scenarios/mcuboot/update-on-the-desk.yaml",
                        "--name", "as=test", "--name", "update-on")
    expect(done.returncode == 0, done.stdout + done.stderr)
    expect(verdicts(summary, "wrong-image-never-runs") == ["pass"] * 4, summary)
    expect(verdicts(summary, "update-on-the-desk") == ["pass"] * 2, summary)


def test_power(folder):
    done, summary = run(folder, "scenarios/power/power-loss-at-a-moment.yaml", "--name", "swap=move", board="sim")
    expect(done.returncode == 0, done.stdout + done.stderr)
    expect(verdicts(summary, "power-loss-at-a-moment") == ["pass"] * 6, summary)
    cuts = [json.loads(line) for line in (folder / "out/journal.jsonl").read_text().splitlines() if '"what":"cut"' in line]
    expect(len(cuts) == 6 and all(cut["proof"] and cut["measured_us"] >= cut["aimed_us"] for cut in cuts), cuts)


def test_sweep(folder):
    text = (SOURCE / "scenarios/power/power-loss-over-time.yaml").read_text()
    (folder / "few.yaml").write_text(text.replace("0ms..2s, step: 125ms", "400ms..1600ms, step: 400ms"))
    done, summary = run(folder, folder / "few.yaml", board="sim")
    expect(done.returncode == 0, done.stdout + done.stderr)
    events = [json.loads(line) for line in (folder / "out/journal.jsonl").read_text().splitlines()]
    cuts = [event for event in events if event["ev"] == "cut"]
    account = [event for event in events if "n_places" in event]
    expect([cut["after_us"] for cut in cuts] == [400000, 800000, 1200000, 1600000], cuts)
    expect(all(cut["proof"] and cut["measured_us"] >= cut["aimed_us"] for cut in cuts), cuts)
    expect(len(account) == 1 and account[0]["n_places"] == 12 and account[0]["n_places_hit"] >= 2, account)


def test_memory(folder):
    # The first word of slot 0's swap status (swap using move): it changes when the first sector has been moved.
    (folder / "word.yaml").write_text("""scenario: word
images: {old: {version: 1.0.0, size: 10KiB}, new: {version: 2.0.0, size: 14KiB}}
setup:
  - board: {slot0: old}
  - program: {slot: 1, image: new, as: test}
steps:
  - cut-power: {memory: 0x2b9d0}
    do: [{reset: }]
  - expect-boot: {image: [new, old]}
""")
    done, summary = run(folder, folder / "word.yaml", board="sim")
    expect(done.returncode == 0, done.stdout + done.stderr)
    cut = [json.loads(line) for line in (folder / "out/journal.jsonl").read_text().splitlines() if '"what":"cut"' in line]
    expect(len(cut) == 1 and cut[0]["proof"], cut)


def test_options_of_others_are_skipped(folder):
    (folder / "a.yaml").write_text(SECOND.replace("slot0: old", "slot0: old, swap: scratch"))
    done, summary = run(folder, folder / "a.yaml")
    expect(done.returncode == 4, done)
    expect("the scenario wants 'swap: scratch'" in (folder / "out/journal.jsonl").read_text(), summary)


def test_wrong_chip(folder):
    target = (SOURCE / "targets/board-sim-nrf52840.yaml").read_text().replace("chip: nrf52840", "chip: nrf52833")
    (folder / "board-sim-nrf52840.yaml").write_text(target)
    (folder / "bench.yaml").write_text(BENCH.read_text().replace("target: board-sim", "target: ./board-sim").replace(
        "./board-sim-nrf52840", "./board-sim-nrf52840.yaml"))
    (folder / "a.yaml").write_text(SECOND)
    done, summary = run(folder, folder / "a.yaml", bench=folder / "bench.yaml")
    expect(done.returncode == 2 and "not an nrf52833" in done.stdout, done.stdout + done.stderr)


def test_relay_gone(folder):
    code, output, summary, stand = pull(lambda stand, _: stand.relay.unplug(), folder, steps=SCENARIO.replace("30s", "1s"))
    expect(code == 2 and [case["verdict"] for case in summary["cases"]] == ["error", "error"], output)
    expect(stand.relay.path in output, output)


def test_dead_relay(folder):
    """Its commands end well and switch nothing, and there is no status to ask for: the probe knows."""
    head, _, boards = BENCH.read_text().partition("  - board: ")
    hasty = next(board for board in boards.split("  - board: ") if board.startswith("hasty"))
    hasty = hasty.replace("--off, ", "").replace(", --relay", "").replace(
        "{lcus: {tty: $relay, channel: 1, status: true}}", '{command: {on: ["true"], off: ["true"]}}')
    (folder / "bench.yaml").write_text(head + "  - board: " + hasty)
    (folder / "a.yaml").write_text(SECOND)
    done, summary = run(folder, folder / "a.yaml", bench=folder / "bench.yaml")
    expect(done.returncode == 2 and verdicts(summary, "next") == ["error"], done.stdout + done.stderr)
    expect("switched off, and the probe still reads the target: the relay does not switch" in done.stdout, done.stdout)


def test_ap_lock(folder):
    """The debug port is closed after each power-on: until the application opens it, or for good. What is not read is not told as erased."""
    text = (SOURCE / "scenarios/power/power-loss-over-time.yaml").read_text()
    (folder / "few.yaml").write_text(text.replace("0ms..2s, step: 125ms", "600ms..1200ms, step: 600ms"))
    (folder / "next.yaml").write_text(SECOND)
    bench = folder / "bench.yaml"
    bench.write_text(BENCH.read_text().replace("--relay", "--relay, --approtect, firmware-opens"))
    done, summary = run(folder, folder / "few.yaml", bench=bench)
    cuts = [json.loads(line) for line in (folder / "out/journal.jsonl").read_text().splitlines() if '"ev":"cut"' in line]
    expect(done.returncode == 0 and [cut["place"] for cut in cuts] == ["the trailer cannot be read"] * 2, (done.stdout, cuts))
    bench.write_text(BENCH.read_text().replace("--relay", "--relay, --approtect, stays"))
    done, summary = run(folder, folder / "next.yaml", bench=bench)
    expect(done.returncode == 2 and verdicts(summary, "next") == ["error"], done.stdout + done.stderr)
    expect("AP lock" in done.stdout and "MEM-AP" in done.stdout and "no image" not in done.stdout, done.stdout)
    expect('"trailers":["slot 0: not read","slot 1: not read"]' in (folder / "out/journal.jsonl").read_text(), done.stdout)


def test_console_gone(folder):
    code, output, summary, stand = pull(lambda stand, _: stand.hang_up_console(), folder)
    expect(code == 2 and summary["cases"][0]["verdict"] == "error", output)
    expect("serial port /dev/pts/" in output and "unplugged" in output, output)
    expect(stand.relay.frames[-1] is False, "the board was not left without power")


def test_openocd_gone(folder):
    def act(_, process):
        os.kill(openocd_of(process), signal.SIGKILL)
    code, output, summary, stand = pull(act, folder, steps=SCENARIO.replace("30s", "1s"))
    # A new one takes its place: an adapter that is still there is no reason to stop.
    expect(code == 0 and [case["verdict"] for case in summary["cases"]] == ["pass", "pass"], output)


def test_board_gone(folder):
    code, output, summary, stand = pull(lambda stand, _: stand.sim.kill(), folder, steps=SCENARIO.replace("30s", "1s"))
    expect(code == 2 and {case["verdict"] for case in summary["cases"]} == {"error"}, output)
    expect("openocd" in output, output)


def test_interrupt(folder):
    code, output, summary, stand = pull(lambda _, process: process.send_signal(signal.SIGINT), folder)
    expect(code == 3 and summary is not None, output)
    expect(stand.relay.frames[-1] is False, "the board was not left without power")


def test_killed(folder):
    """A killed run leaves no lock: the next one gets the board at once."""
    code, output, summary, stand = pull(lambda _, process: process.kill(), folder)
    expect(code == -signal.SIGKILL, code)
    environment = subprocess.run([BOOTRIG, "power", "status", "stand", "--bench", str(stand.bench)], capture_output=True, text=True)
    expect("in use" not in environment.stderr, environment.stderr)


def test_locks(folder):
    (folder / "a.yaml").write_text(SCENARIO)
    words = [BOOTRIG, "run", "--bench", str(BENCH), str(folder / "a.yaml")]
    first = subprocess.Popen([*words, "--board", "hasty", "--output", str(folder / "first")], stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: (folder / "first/journal.jsonl").exists(), "the first run")
        second = subprocess.run([*words, "--board", "hasty", "--output", str(folder / "second")], capture_output=True, text=True)
        expect(second.returncode == 2 and f"pid {first.pid}" in second.stderr, second.stderr)
        (folder / "b.yaml").write_text(SECOND)
        third = subprocess.run([BOOTRIG, "run", "--bench", str(BENCH), str(folder / "b.yaml"), "--tag-board", "simulated", "--output",
                                str(folder / "third")], capture_output=True, text=True)
        expect(third.returncode == 0 and "--board sim" in (folder / "third/journal.jsonl").read_text(), third.stdout + third.stderr)
    finally:
        first.send_signal(signal.SIGINT)
        first.wait()


CYCLES = """scenario: cycles
images: {old: {version: 1.0.0, size: 10KiB}}
setup: [board: {slot0: old}]
steps:
  - power-cycle:
  - note: in the middle
  - wait: 2s
  - power-cycle:
  - power-cycle:
  - expect-boot: old
"""


def test_two_channels(folder):
    """Two boards on one relay, each in a run of its own, at the same time."""
    relay, folders = Relay({}), [folder / "one", folder / "two"]
    for each in folders:
        each.mkdir()
    stands = [Stand(each, relay=relay, channel=number) for number, each in enumerate(folders, 1)]
    (folder / "a.yaml").write_text(CYCLES)
    runs = [subprocess.Popen([BOOTRIG, "run", "--bench", str(stand.bench), "--output", str(stand.folder / "out"), str(folder / "a.yaml")],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for stand in stands]
    try:
        journals = [each / "out/journal.jsonl" for each in folders]
        wait_for(lambda: all(journal.exists() and "in the middle" in journal.read_text() for journal in journals), "both in the middle")
        expect(all(process.poll() is None for process in runs), "they did not run at the same time")
        # The relay is opened for an operation, not for a run: anybody may use it meanwhile.
        for process in runs:
            output, _ = process.communicate(timeout=PATIENCE_S * 2)
            expect(process.returncode == 0, output)
        expect(all(relay.channels.count(number) >= 7 for number in (1, 2)), relay.channels)
    finally:
        for stand in stands:
            stand.close()


def test_same_channel(folder):
    """One channel by two names of its port: the second run names the first one, or waits for its end."""
    stand = Stand(folder)
    (folder / "by-id").symlink_to(stand.relay.path)
    other = folder / "other.yaml"
    other.write_text(stand.bench.read_text().replace(stand.relay.path, str(folder / "by-id")))
    (folder / "a.yaml").write_text(CYCLES)
    words = [str(folder / "a.yaml"), "--output"]
    first = subprocess.Popen([BOOTRIG, "run", "--bench", str(stand.bench), *words, str(folder / "first")], stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: (folder / "first/journal.jsonl").exists(), "the first run")
        second = subprocess.run([BOOTRIG, "run", "--bench", str(other), *words, str(folder / "second")], capture_output=True, text=True)
        expect(second.returncode == 2 and f"pid {first.pid}" in second.stderr and stand.relay.path in second.stderr, second.stderr)
        third = subprocess.run([BOOTRIG, "run", "--bench", str(other), "--lock-wait", "60", *words, str(folder / "third")], capture_output=True,
                               text=True)
        expect(first.wait() == 0 and third.returncode == 0 and "waiting" in third.stderr, third.stdout + third.stderr)
    finally:
        first.kill()
        stand.close()


def test_check(folder):
    done = subprocess.run([BOOTRIG, "bench", "check", "--bench", str(BENCH), "hasty"], capture_output=True, text=True)
    expect(done.returncode == 0, done.stdout + done.stderr)
    for path in ("power", "probe", "console", "link"):
        expect(re.search(rf"^hasty +{path} +ok", done.stdout, re.M), done.stdout)
    expect("proof of death" in done.stdout, done.stdout)


def test_check_tells_what_does_not_work(folder):
    stand = Stand(folder, wired=False)
    try:
        done = subprocess.run([BOOTRIG, "bench", "check", "--bench", str(stand.bench)], capture_output=True, text=True)
        expect(done.returncode == 2 and "fed from elsewhere" in done.stdout, done.stdout + done.stderr)
    finally:
        stand.close()
    target = (SOURCE / "targets/board-sim-nrf52840.yaml").read_text().replace("chip: nrf52840", "chip: nrf52833")
    (folder / "other.yaml").write_text(target.replace("target: board-sim-nrf52840", "target: other"))
    (folder / "bench.yaml").write_text(BENCH.read_text().replace("target: board-sim-nrf52840", "target: ./other.yaml"))
    done = subprocess.run([BOOTRIG, "bench", "check", "--bench", str(folder / "bench.yaml"), "hasty"], capture_output=True, text=True)
    expect(done.returncode == 2 and re.search("^hasty +probe +error.*not an nrf52833", done.stdout, re.M), done.stdout + done.stderr)


def test_check_interrupted(folder):
    stand = Stand(folder, wired=False)
    try:
        process = subprocess.Popen([BOOTRIG, "bench", "check", "--bench", str(stand.bench)], stdout=subprocess.PIPE, text=True)
        wait_for(lambda: True in stand.relay.frames, "power on")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
        expect(process.returncode != 0 and stand.relay.frames[-1] is False, stand.relay.frames)
    finally:
        stand.close()


def main():
    for part in sys.argv[3:]:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            os.environ["BOOTRIG_LOCK_DIR"] = str(folder / "locks")
            globals()["test_" + part](folder)
            print("ok", part, flush=True)


main()
