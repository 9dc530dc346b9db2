# SPDX-License-Identifier: BSD-2-Clause
"""Tests of the QEMU command and of the choice between KVM and TCG."""
import os

import pytest

from atoll import image, qemu


@pytest.mark.parametrize("flags, nested, works", [
    ("fpu svm", "1", True),
    ("fpu svm", "Y", True),
    ("fpu svm", "0", False),
    ("fpu", "1", False),
    ("fpu svm", None, False),
])
def test_kvm_is_taken_only_where_nesting_works(tmp_path, flags, nested, works):
    (tmp_path / "kvm").write_text("")
    (tmp_path / "cpuinfo").write_text(f"vendor_id : x\nflags : {flags}\n")
    if nested:
        (tmp_path / "nested").write_text(nested + "\n")
    assert qemu.nested_kvm(str(tmp_path / "kvm"), str(tmp_path), str(tmp_path / "cpuinfo")) == works


def test_counting_instructions_takes_one_thread():
    options = qemu.accelerator(qemu.Machine(icount=True))
    assert "shift=0,sleep=off" in options
    assert "thread" not in " ".join(options)


def test_emulated_cpus_share_a_thread(monkeypatch):
    monkeypatch.setattr(qemu, "nested_kvm", lambda: False)
    assert "tcg,thread=single" in qemu.accelerator(qemu.Machine(smp=4))


@pytest.mark.parametrize("has_kvm", [True, False])
def test_an_emulator_has_one_cpu_of_the_host(monkeypatch, tmp_path, has_kvm):
    monkeypatch.setattr(qemu, "nested_kvm", lambda: has_kvm)
    words = qemu.command(qemu.Machine(), "image", str(tmp_path))
    before = words[:words.index("qemu-system-x86_64")]
    assert before == [] if has_kvm else before[:2] == ["taskset", "-c"] and \
        int(before[2]) in os.sched_getaffinity(0)


def test_the_firmwares_variables_are_a_private_copy(tmp_path):
    options = " ".join(qemu.command(qemu.Machine(), "image", str(tmp_path)))
    assert f"file={tmp_path}/vars.fd" in options
    assert qemu.OVMF_VARS not in options


def test_a_volume_that_is_made_is_read_only_and_a_disk_that_is_given_is_not(tmp_path):
    for machine, has in ((qemu.Machine(), True), (qemu.Machine(image="disk.img"), False)):
        options = qemu.boot_options(machine, "disk.img", str(tmp_path))
        drive = next(option for option in options if "id=boot" in option)
        assert ("readonly=on" in drive) == has


def test_an_interactive_machine_has_the_terminal_on_com1_and_the_report_on_com2(tmp_path):
    options = qemu.command(qemu.Machine(interactive=True, boot="grub"), "image", str(tmp_path))
    ports = [options[at + 1] for at, option in enumerate(options) if option == "-serial"]
    assert ports == ["chardev:com1", "chardev:report"]
    assert "stdio,id=com1,mux=on,signal=off" in options


def test_a_machine_has_a_network_card_only_if_it_is_asked_for():
    assert qemu.net_options(qemu.Machine()) == []
    options = qemu.net_options(qemu.Machine(net="user"))
    assert options[:2] == ["-netdev", "user,id=net0"]
    assert "disable-legacy=on" in options[3]
    assert len(options) == 4


def test_frames_are_dumped_where_a_test_wants_them():
    options = qemu.net_options(qemu.Machine(net="user", net_options="restrict=on",
                                            net_dump="a,b.pcap"))
    assert options[1] == "user,id=net0,restrict=on"
    assert options[5] == "filter-dump,id=dump0,netdev=net0,file=a,,b.pcap"


def test_disks_come_in_order_and_before_the_boot_disk():
    options = qemu.disk_options(["a.img", "b,c.img"])
    assert "file=a.img" in options[1]
    assert options[3].endswith("addr=0x4")
    assert "file=b,,c.img" in options[5]
    assert options[7].endswith("addr=0x5")
    assert qemu.FIRST_DISK_SLOT + image.DISKS_MAX <= qemu.NET_SLOT < qemu.BOOT_SLOT
