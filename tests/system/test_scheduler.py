# SPDX-License-Identifier: BSD-2-Clause
"""Busy guests share one CPU by their weights, counted in instructions."""
import machines

SECONDS = machines.PATIENCE
WEIGHTS = {"light": 128, "middle": 256, "heavy": 512}
# Virtual seconds of CPU time to look at: `list` shows tenths.
LOOKED_AT = 14
TOLERANCE = 0.02


def cpu_times(running):
    """{name: seconds} from the last column of `list`."""
    text, status = running.execute("list", SECONDS)
    assert status == 0, text
    rows = [line.split() for line in text.splitlines()[1:] if line.strip()]
    return {row[0]: float(row[-1]) for row in rows}


def test_busy_guests_share_by_weight():
    texts = [machines.own("demo", name=name, cmdline="spin", cpu_weight=weight)
             for name, weight in WEIGHTS.items()]
    with machines.start(*texts, boot="grub", smp=1, icount=True) as running:
        machines.prompt(running)
        for name in WEIGHTS:
            running.wait_record("running", SECONDS, name=name)
            running.expect(name, "demo: spinning", SECONDS)
        before, used = cpu_times(running), {}

        def has_run():
            running.poll(1)
            after = cpu_times(running)
            used.update({name: after[name] - before[name] for name in WEIGHTS})
            return sum(used.values()) >= LOOKED_AT

        running.wait(has_run, SECONDS, f"{LOOKED_AT} s of CPU time")
    whole = sum(WEIGHTS.values())
    for name, weight in WEIGHTS.items():
        share = used[name] / sum(used.values())
        assert abs(share - weight / whole) < TOLERANCE, used
