# SPDX-License-Identifier: BSD-2-Clause
"""tools/atoll-image as its user sees it: a disk that firmware boots, and what is refused."""
import os
import subprocess

import pytest

import guests
import machines
from atoll import qemu, session

TOOL = os.path.join(guests.TOP, "tools/atoll-image")
SECONDS = machines.PATIENCE
SEED = b"what the guest finds on its disk\n"


@pytest.fixture(name="tool")
def tool_fixture(tmp_path):
    def run(*arguments):
        return subprocess.run([TOOL, *arguments], stdin=subprocess.DEVNULL, cwd=tmp_path,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
    return run


def test_firmware_boots_the_disk_and_the_guests_on_it(tool, tmp_path):
    (tmp_path / "content.img").write_bytes(SEED.ljust(1 << 20, b"\0"))
    (tmp_path / "demo.cfg").write_text(machines.own("demo", cmdline="hold"))
    (tmp_path / "debian.cfg").write_text(machines.debian(memory=192) +
                                         'disk = ["content.img,xvda,w"]\n')
    done = tool("-o", "disk.img", "--domain", "demo.cfg", "--domain", "debian.cfg",
                "--options", f"console=com1 debug-exit={qemu.DEBUG_EXIT_PORT:#x}")
    assert (done.returncode, done.stdout) == (0, "")
    machine = qemu.Machine(image=str(tmp_path / "disk.img"), smp=2)
    with session.Session(None, machine) as running:
        running.expect("atoll", "^atoll> ", SECONDS)
        running.type_com1("list\r")
        running.expect("atoll", r"^demo +\d+ +\d+ +1 ", SECONDS)
        running.expect("atoll", r"^debian +\d+ +192 ", SECONDS)
        running.type_com1("volumes\r")
        # What the machine boots from is not to be written.
        running.expect("atoll", r"^vda +- +\d+ +disk +r +0 -$", SECONDS)
        running.expect("atoll", r"^vda1 +atoll +\d+ +disk +r +0 -$", SECONDS)
        running.expect("atoll", r"^vda2 +content +1024 +disk +w +0 debian", SECONDS)
        running.type_com1("console debian\r")
        running.expect("atoll", "^debian# ", SECONDS)
        running.type_com1("head -n 1 /dev/xvda\r")
        running.expect("atoll", "^" + SEED.decode().strip(), SECONDS)


@pytest.mark.parametrize("config, reason", [
    ("name = 'x'\nkernel = 'nowhere'\n", "guest.cfg:2:10: no such file: nowhere"),
    ("kernel = 'kernel'\ndisk = ['none/x.img,xvda,w']\n",
     "guest.cfg:2:8: no such file: none/x.img"),
    ("kernel = 'kernel'\ndisk = [5]\n", "guest.cfg:2:8: a disk is a string in quotes"),
    ("kernel = 'kernel'\ndisk = 5\n", "guest.cfg:2:8: a disk is a string in quotes"),
    ("kernel = 'kernel'\ndisk = ['empty.img,xvda,w']\n", "empty.img: a disk has 512 bytes"),
    ("kernel = '" + "k" * 64 + "'\n", "guest.cfg:1:10: " + "k" * 64 + ": a file's name has at most"),
    ("name = 'x'\n", "guest.cfg: kernel= is missing"),
    ("kernel kernel\n", "guest.cfg:1:8"),
])
def test_what_cannot_be_carried_is_refused(tool, tmp_path, config, reason):
    for name in ("kernel", "k" * 64, "empty.img"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "guest.cfg").write_text(config)
    done = tool("-o", "disk.img", "--domain", "guest.cfg")
    assert done.returncode == 2
    assert reason in done.stdout
    assert not [name for name in os.listdir(tmp_path) if name.startswith("disk.img")]


@pytest.mark.parametrize("output, reason", [
    ("nowhere/disk.img", "nowhere/disk.img: No such file or directory"),
    ("/dev/null", "/dev/null is no file"),
])
def test_an_output_that_cannot_be_written_is_refused(tool, output, reason):
    done = tool("-o", output)
    assert done.returncode == 2
    assert reason in done.stdout


def test_a_missing_configuration_is_refused(tool):
    done = tool("-o", "disk.img", "--domain", "nowhere.cfg")
    assert done.returncode == 2
    assert "nowhere.cfg: cannot be read" in done.stdout


def test_an_old_image_is_replaced(tool, tmp_path):
    (tmp_path / "disk.img").write_text("old")
    assert tool("-o", "disk.img").returncode == 0
    assert os.path.getsize(tmp_path / "disk.img") > 1 << 20
    assert os.listdir(tmp_path) == ["disk.img"]
