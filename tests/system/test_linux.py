# SPDX-License-Identifier: BSD-2-Clause
"""Debian's stock kernels, unmodified, reach a shell that answers.

Three kernels with one and two vcpus each, all six at once, on machines with one, two and four CPUs,
booted by UEFI and by GRUB.
"""
import re

import pytest

import machines

GUESTS = {f"{kernel}-{vcpus}": (kernel, vcpus) for kernel in machines.KERNELS for vcpus in (1, 2)}


@pytest.fixture(scope="module", name="running", params=[
    pytest.param((boot, smp), id=f"{boot}-{smp}") for boot in ("grub", "uefi") for smp in (1, 2, 4)])
def running_fixture(request):
    boot, smp = request.param
    texts = [machines.debian(kernel, name=name, vcpus=vcpus, memory=192)
             for name, (kernel, vcpus) in GUESTS.items()]
    with machines.start(*texts, boot=boot, smp=smp) as running:
        machines.prompt(running)
        yield running


@pytest.mark.parametrize("name", GUESTS)
def test_the_shell_answers(running, name):
    machines.booted(running, name)
    text, status = machines.typed(running, name, "nproc")
    assert (text.split(), status) == ([str(GUESTS[name][1])], 0)
    text, _ = machines.typed(running, name, "dmesg | grep Booting")
    assert re.search(r"Booting (paravirtualized )?kernel on Xen PVH", text), text
    running.type(name, "poweroff -f\n")
    ended = running.wait_record("ended", machines.PATIENCE, name=name)
    assert ended.reason == "poweroff"
