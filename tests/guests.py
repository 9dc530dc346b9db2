# SPDX-License-Identifier: BSD-2-Clause
"""The test guests: build/tests/NAME.elf, each with a configuration that suits Xen and Atoll alike.

A guest whose needs differ from the defaults says so in tests/guest/NAME.cfg, in xl's syntax,
without name and kernel. A guest prints `N passed, M failed` as its last line.
"""
import os
import re

from atoll import xlcfg

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))
BUILD = os.environ.get("ATOLL_BUILD", os.path.join(TOP, "build"))
SOURCES = os.path.join(TOP, "tests/guest")
# tsc_mode: QEMU's RDTSCP exits with the wrong code while RDTSC is intercepted.
DEFAULTS = {"type": "pvh", "memory": 32, "vcpus": 1, "tsc_mode": "native",
            "on_poweroff": "destroy", "on_reboot": "destroy", "on_crash": "destroy"}
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed\r?$", re.MULTILINE)


def names():
    """The names of all test guests that are built."""
    folder = os.path.join(BUILD, "tests")
    if not os.path.isdir(folder):
        return []
    return sorted(name[:-4] for name in os.listdir(folder) if name.endswith(".elf"))


def image(name):
    """The ELF file of a test guest, of `demo`, `bench` or `tiny`."""
    return os.path.join(BUILD, name + ".elf" if name in ("demo", "bench", "tiny") else
                        f"tests/{name}.elf")


def config(name, kernel, /, **settings):
    """The text of the configuration of guest `name`, its kernel at `kernel`."""
    merged = {"name": name, **DEFAULTS}
    own = os.path.join(SOURCES, name + ".cfg")
    if os.path.exists(own):
        merged.update({key: value.value for key, value in xlcfg.read(own).settings.items()})
    return xlcfg.write({**merged, "kernel": kernel, **settings})


def summary(text):
    """(passed, failed) of a guest's console, or None where it printed no summary."""
    found = SUMMARY.findall(text)
    return tuple(int(number) for number in found[-1]) if found else None
