# SPDX-License-Identifier: BSD-2-Clause
"""What cannot start says why, in one sentence, and never hangs without a word."""
import re

import pytest

import machines
from atoll import outcome, qemu, session


def truncated(path, size, tmp_path):
    """A copy of the first `size` bytes of a file."""
    copy = tmp_path / "truncated"
    with open(path, "rb") as source:
        copy.write_bytes(source.read(size))
    return str(copy)


def no_change(*_):
    pass


def cut_hypervisor(bundle, tmp_path):
    bundle.hypervisor = truncated(bundle.hypervisor, 20000, tmp_path)


def cut_control(bundle, tmp_path):
    bundle.control = truncated(bundle.control, 5000, tmp_path)


def text_as_control(bundle, tmp_path):
    (tmp_path / "text").write_text("This is no program.\n" * 10)
    bundle.control = str(tmp_path / "text")


def missing_domain(bundle, _):
    bundle.domains.append("nowhere.cfg")


def missing_kernel(bundle, _):
    bundle.files["guest.cfg"] = b'name = "guest"\nkernel = "nowhere.elf"\n'
    bundle.domains.append("guest.cfg")


def wrong_syntax(bundle, _):
    bundle.config_text = bundle.config() + "control_memory = = 3\n"


def wrong_guest_syntax(bundle, _):
    bundle.files["guest.cfg"] = b'name = "guest"\nkernel = "atoll.cfg\n'
    bundle.domains.append("guest.cfg")


def test_options_that_are_not_understood_are_named():
    bundle = machines.bundle()
    bundle.options += " maxcpus=0 frobnicate"
    bundle.control_options += " persistent-grant boot-partition=none"
    with session.Session(bundle, qemu.Machine(boot="grub")) as running:
        machines.prompt(running)
        text = running.text("atoll")
    assert "not understood among the options: maxcpus=0 frobnicate" in text
    assert "control: persistent-grant among control_options is not understood" in text
    assert text.count("not understood") == 2


def wrong_key(bundle, _):
    bundle.config_text = 'hypervisor = "atoll.elf"\n  colour = "blue"\n'


def large_guest(bundle, _):
    bundle.add_guest("large.cfg", machines.own("demo", memory=4096))


# Name, CPU, change of what is booted, and the sentence.
TABLE = [
    ("no-svm", "max,-svm,-la57", no_change,
     r"the CPU has no AMD-V \(SVM\): use an AMD CPU that has it"),
    ("no-npt", "max,+svm,-npt,-la57", no_change, r"the CPU has AMD-V without nested paging"),
    ("cut-control", qemu.TCG_CPU, cut_control, r"control\.elf is truncated at 5000 bytes"),
    ("no-elf", qemu.TCG_CPU, text_as_control, r"control\.elf is no ELF file"),
    ("missing-domain", qemu.TCG_CPU, missing_domain,
     r"the file nowhere\.cfg, which atoll\.cfg names, is missing"),
    ("missing-kernel", qemu.TCG_CPU, missing_kernel,
     r"the file nowhere\.elf, which guest\.cfg names, is missing"),
    ("wrong-syntax", qemu.TCG_CPU, wrong_syntax, r"atoll\.cfg:7:18: this is no value"),
    ("wrong-guest-syntax", qemu.TCG_CPU, wrong_guest_syntax,
     r"guest\.cfg:2:\d+: the text is not closed"),
    ("wrong-key", qemu.TCG_CPU, wrong_key,
     r"atoll\.cfg:2:\d+: 'colour' is not known"),
    ("memory", qemu.TCG_CPU, large_guest,
     r"the configured domains need 4\d\d\d MiB .* the machine has \d+ MiB free"),
]
# GRUB loads the hypervisor itself and would show its own error.
UEFI_TABLE = [
    ("cut-hypervisor", qemu.TCG_CPU, cut_hypervisor, r"atoll\.elf is truncated at 20000 bytes"),
]
ROWS = [(boot, *row) for boot in ("uefi", "grub") for row in TABLE] + \
    [("uefi", *row) for row in UEFI_TABLE]


@pytest.mark.parametrize("boot, cpu, change, sentence", [
    pytest.param(boot, cpu, change, sentence, id=f"{boot}-{name}")
    for boot, name, cpu, change, sentence in ROWS])
def test_a_refusal_says_what_is_wrong(boot, cpu, change, sentence, tmp_path):
    bundle = machines.bundle()
    change(bundle, tmp_path)
    machine = qemu.Machine(boot=boot, cpu=cpu, mem=512)
    with session.Session(bundle, machine) as running:
        running.wait(lambda: running.outcome.refusal, machines.PATIENCE, "a refusal")
        # The firmware's console may break the line; the one on COM1 stands in one piece.
        pattern = re.compile("Atoll cannot start: .*" + sentence)
        running.wait(lambda: pattern.search(running.text("atoll")), machines.PATIENCE, sentence)
        assert running.outcome.verdict() == outcome.USAGE
