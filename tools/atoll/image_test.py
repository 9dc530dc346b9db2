# SPDX-License-Identifier: BSD-2-Clause
"""Tests of what goes into an image."""
import os
import subprocess

import pytest

from atoll import image, xlcfg


@pytest.fixture(name="bundle")
def bundle_fixture(tmp_path):
    for name in ("BOOTX64.EFI", "atoll.elf", "control.elf"):
        (tmp_path / name).write_text(name)
    return image.from_build(str(tmp_path))


def guest(tmp_path, folder, text):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "kernel").write_text(folder)
    path = tmp_path / folder / "guest.cfg"
    path.write_text(text)
    return str(path)


def test_host_paths_become_names_in_the_image(bundle, tmp_path):
    bundle.add_domain(guest(tmp_path, "one", "name='a'\nkernel='kernel'\nmemory=16\n"))
    bundle.add_domain(guest(tmp_path, "two", f"kernel='{tmp_path}/two/kernel'\n"))
    assert bundle.domains == ["guest.cfg", "2-guest.cfg"]
    first = xlcfg.Config("f", bundle.files["guest.cfg"].decode())
    second = xlcfg.Config("f", bundle.files["2-guest.cfg"].decode())
    assert (first.get("kernel"), second.get("kernel")) == ("kernel", "2-kernel")
    assert bundle.files["2-kernel"] == f"{tmp_path}/two/kernel"
    assert bundle.guest_memory == 16 + image.DEFAULT_GUEST_MEMORY


def test_a_file_that_two_guests_share_is_carried_once(bundle, tmp_path):
    path = guest(tmp_path, "one", "kernel='kernel'\nramdisk='kernel'\n")
    bundle.add_domain(path)
    assert sorted(bundle.files) == ["guest.cfg", "kernel"]


@pytest.mark.parametrize("text, reason", [
    ("name='a'\n", "kernel= is missing"),
    ("kernel='nowhere'\n", "no such file: nowhere"),
])
def test_a_guest_that_cannot_be_carried_is_refused(bundle, tmp_path, text, reason):
    with pytest.raises(image.ImageError, match=reason):
        bundle.add_domain(guest(tmp_path, "one", text))


def test_a_missing_build_says_what_to_run(tmp_path):
    with pytest.raises(image.ImageError, match="run `make` first"):
        image.from_build(str(tmp_path))


def test_atoll_cfg_names_the_domains(bundle, tmp_path):
    bundle.options = "console=com1"
    bundle.add_domain(guest(tmp_path, "one", "kernel='kernel'\n"))
    config = xlcfg.Config("atoll.cfg", bundle.config())
    assert config.get("domains") == ["guest.cfg"]
    assert config.get("options") == "console=com1"


def test_the_uefi_volume_holds_every_file(bundle, tmp_path):
    bundle.add_domain(guest(tmp_path, "one", "kernel='kernel'\n"))
    volume = image.make_esp(bundle, str(tmp_path))
    listed = subprocess.run(["mdir", "-i", volume, "-/", "-b", "::"], stdout=subprocess.PIPE,
                            text=True, check=True).stdout.split()
    files = {"EFI/BOOT/BOOTX64.EFI"}
    files |= {"EFI/atoll/" + name for name in ("atoll.cfg", "atoll.elf", "control.elf",
                                               "guest.cfg", "kernel")}
    assert {f"::/{name}" for name in files} <= set(listed)


def test_the_grub_image_loads_every_file_under_its_name(bundle, tmp_path):
    bundle.add_domain(guest(tmp_path, "one", "kernel='kernel'\n"))
    iso = image.make_iso(bundle, str(tmp_path))
    copy = tmp_path / "copy"
    subprocess.run(["xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/boot", str(copy)],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    assert (copy / "atoll/kernel").read_text() == "one"
    commands = (copy / "grub/grub.cfg").read_text()
    assert "multiboot2 /boot/atoll/atoll.elf\n" in commands
    for name in ("atoll.cfg", "control.elf", "guest.cfg", "kernel"):
        assert f"module2 /boot/atoll/{name} {name}\n" in commands


def test_images_on_the_host_become_disks(bundle, tmp_path):
    (tmp_path / "first.img").write_bytes(bytes(512))
    bundle.disk_name(str(tmp_path / "first.img"))
    path = guest(tmp_path, "one", "kernel='kernel'\ndisk=['phy:own.img,xvda,w', "
                                  "'vdev=xvdb, target=../first.img, access=r', 'phy:null,xvdc,w']\n")
    (tmp_path / "one" / "own.img").write_bytes(bytes(512))
    bundle.add_domain(path)
    written = xlcfg.Config("f", bundle.files["guest.cfg"].decode())
    assert written.get("disk") == ["phy:vdb,xvda,w", "vdev=xvdb,target=vda, access=r",
                                   "phy:null,xvdc,w"]
    assert bundle.disks == [f"{tmp_path}/first.img", f"{tmp_path}/one/own.img"]


def test_a_disk_that_is_not_there_is_refused(bundle, tmp_path):
    path = guest(tmp_path, "one", "kernel='kernel'\ndisk='phy:/nowhere/x.img,xvda,w'\n")
    with pytest.raises(image.ImageError, match="no such file: /nowhere/x.img"):
        bundle.add_domain(path)


def test_images_on_the_host_become_partitions_of_one_disk(bundle, tmp_path):
    bundle.partitions = {}
    path = guest(tmp_path, "one", "kernel='kernel'\ndisk=['own.img,xvda,w', 'kernel.img,xvdb,r', "
                                  "'../own.img,xvdc,r', 'vdb.img,xvdd,r', 'own.img,xvde,r']\n")
    for name in ("one/own.img", "own.img", "one/kernel.img", "one/vdb.img"):
        (tmp_path / name).write_bytes(bytes(512))
    bundle.add_domain(path)
    written = xlcfg.Config("f", bundle.files["guest.cfg"].decode())
    assert written.get("disk") == ["phy:own,xvda,w", "phy:2-kernel,xvdb,r", "phy:2-own,xvdc,r",
                                   "phy:2-vdb,xvdd,r", "phy:own,xvde,r"]
    assert bundle.partitions[f"{tmp_path}/own.img"] == "2-own"
    assert bundle.disks == []


def test_a_name_that_is_too_long_is_refused(bundle, tmp_path):
    path = guest(tmp_path, "one", "kernel='kernel'\n")
    longer = tmp_path / ("g" * 60 + ".cfg")
    os.rename(path, longer)
    (tmp_path / "kernel").write_text("kernel")
    with pytest.raises(image.ImageError, match="at most 63 characters"):
        bundle.add_domain(str(longer))
