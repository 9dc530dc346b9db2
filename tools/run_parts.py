#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the parts of `make test` one after another and sums up: run_parts.py MAKE TARGET...

A part that fails does not stop the others; the exit status is 1 if any did. The counts come from
the lines by which cmocka, pytest and the guest tests end.
"""
import os
import re
import subprocess
import sys
import time

COUNTS = [
    # cmocka: "[  PASSED  ] 9 test(s)." and "[  FAILED  ] 1 test(s), listed below:".
    (re.compile(r"^\[\s+PASSED\s+\] (\d+) test"), 1, 0),
    (re.compile(r"^\[\s+FAILED\s+\] (\d+) test"), 0, 1),
    # pytest: "1 failed, 90 passed in 1.70s".
    (re.compile(r"^(?:=+ )?(?:\d+ \w+, )*?(\d+) passed\b.* in [\d.]+s"), 1, 0),
    (re.compile(r"^(?:=+ )?(\d+) failed\b.* in [\d.]+s"), 0, 1),
]


def count(line):
    """(passed, failed) tests that `line` reports."""
    passed = failed = 0
    for pattern, is_pass, is_fail in COUNTS:
        found = pattern.search(line)
        if found:
            passed += is_pass * int(found.group(1))
            failed += is_fail * int(found.group(1))
    return passed, failed


def run(make, target):
    """Runs one part; gives its exit status and its (passed, failed) tests."""
    passed = failed = 0
    command = [make, "--no-print-directory", "-s", "-k", f"-j{os.cpu_count()}", target]
    with subprocess.Popen(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace") as process:
        try:
            for line in process.stdout:
                sys.stdout.write(line)
                sys.stdout.flush()
                more_passed, more_failed = count(line)
                passed += more_passed
                failed += more_failed
        except KeyboardInterrupt:
            # The part has had the terminal's signal too, and ends what it has started.
            sys.stdout.write(process.communicate()[0])
            raise
    return process.returncode, passed, failed


def main():
    make, *targets = sys.argv[1:]
    results = []
    for target in targets:
        print(f"==== {target}", flush=True)
        start = time.monotonic()
        status, passed, failed = run(make, target)
        # A part without tests of its own counts as one.
        if passed + failed == 0 or (status != 0 and failed == 0):
            passed, failed = passed + (status == 0), failed + (status != 0)
        results.append((target, status, passed, failed, time.monotonic() - start))
    print("==== summary")
    for target, status, passed, failed, seconds in results:
        verdict = "ok" if status == 0 else "FAILED"
        print(f"{target:14} {verdict:6} {passed:5} passed {failed:4} failed {seconds:7.1f} s")
    print(f"{sum(row[2] for row in results)} passed, {sum(row[3] for row in results)} failed")
    return 1 if any(row[1] for row in results) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + 2)
