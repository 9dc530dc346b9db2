# SPDX-License-Identifier: BSD-2-Clause
"""Collects what a machine boots, and makes it a UEFI volume or a GRUB ISO.

A bundle is the set of files beside atoll.cfg, each under the name by which a configuration calls
it. Names are short, lower case on a case-insensitive volume, and carry no folder.
"""
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field

from . import xlcfg

# boot_info.h: BOOT_NAME_MAX with its NUL, BOOT_MODULE_MAX.
NAME_MAX = 63
MODULE_MAX = 64
# volumes.c: DISKS_MAX.
DISKS_MAX = 16
MIB = 1 << 20
GRUB_MODULES = "multiboot2 normal iso9660 biosdisk part_msdos serial terminal"
GRUB_PLATFORM = "/usr/lib/grub/i386-pc"
DEFAULT_GUEST_MEMORY = 128
ESP_NAME = "atoll"


class ImageError(Exception):
    """A file is missing or a tool failed; the message is for the user."""


@dataclass
class Bundle:
    """Files by their name in the image: host paths (str) or content (bytes)."""
    loader: str
    hypervisor: str
    control: str
    options: str = ""
    control_options: str = ""
    control_memory: int = 64
    files: dict = field(default_factory=dict)
    domains: list = field(default_factory=list)
    guest_memory: int = 0
    carried: dict = field(default_factory=dict)
    disks: list = field(default_factory=list)
    # Guests' disks are partitions of the one disk that is made, by these names.
    partitions: dict = None
    config_text: str = None

    def carry(self, path):
        """The name under which the host file `path` goes into the image."""
        real = os.path.realpath(path)
        if not os.path.isfile(real):
            raise ImageError(f"no such file: {path}")
        if real not in self.carried:
            self.carried[real] = self._unused_name(os.path.basename(path))
            self.files[self.carried[real]] = real
        return self.carried[real]

    def _unused_name(self, wish):
        base = re.sub(r"[^A-Za-z0-9._-]", "_", wish)
        taken = {name.lower() for name in self.files}
        taken |= {"atoll.cfg", "atoll.elf", "control.elf", "bootx64.efi"}
        name, number = base, 1
        while name.lower() in taken:
            number += 1
            name = f"{number}-{base}"
        if len(name) > NAME_MAX:
            raise ImageError(f"{name}: a file's name has at most {NAME_MAX} characters")
        return name

    def add_domain(self, path):
        """Adds the guest that the configuration file `path` describes, and its files."""
        try:
            config = xlcfg.read(path)
        except (OSError, UnicodeDecodeError) as error:
            raise ImageError(f"{path}: cannot be read: {error}") from error
        return self._add(config)

    def add_guest(self, filename, text):
        """Adds the guest that `text` describes, as if it stood in a file."""
        return self._add(xlcfg.Config(filename, text))

    def _add(self, config):
        path = config.filename
        if not config.string("kernel"):
            raise ImageError(f"{path}: kernel= is missing; it names the kernel's file")
        names = {}
        for key in ("kernel", "ramdisk"):
            if config.string(key):
                names[key] = _at(config, key, self.carry, host_path(path, config.string(key)))
        disks = config.get("disk", [])
        if disks:
            names["disk"] = [_at(config, "disk", self._disk, path, disk)
                             for disk in (disks if isinstance(disks, list) else [disks])]
        name = self._unused_name(os.path.basename(path))
        self.files[name] = config.replace(names).encode()
        self.domains.append(name)
        memory = config.get("memory", DEFAULT_GUEST_MEMORY)
        self.guest_memory += memory if isinstance(memory, int) else DEFAULT_GUEST_MEMORY
        return config.string("name") or name

    def _disk(self, config_path, text):
        """A disk of a configuration; an image on the host becomes one of the machine's disks."""
        if not isinstance(text, str):
            raise ImageError("a disk is a string in quotes")
        words = text.split(",")
        for number, word in enumerate(words):
            found = re.fullmatch(r"\s*(target=|phy:|file:|)(.*?)\s*", word)
            key, target = found.groups()
            if "=" in target:
                continue
            path = host_path(config_path, target)
            if "/" not in target and not os.path.isfile(path):
                return text
            key = "target=" if key == "target=" else "phy:"
            words[number] = key + self.disk_name(path)
            return ",".join(words)
        return text

    def disk_name(self, path):
        """The volume that the host's image `path` is: vda for the first disk, and so on, or a
        partition."""
        real = os.path.realpath(path)
        if not os.path.isfile(real):
            raise ImageError(f"no such file: {path}")
        if self.partitions is not None:
            return self._partition_name(real)
        if real not in self.disks:
            if len(self.disks) == DISKS_MAX:
                raise ImageError(f"more than {DISKS_MAX} disks")
            self.disks.append(real)
        return "vd" + chr(ord("a") + self.disks.index(real))

    def _partition_name(self, path):
        if path not in self.partitions:
            base = re.sub(r"[^A-Za-z0-9._-]", "_", os.path.splitext(os.path.basename(path))[0])
            # A volume's own name goes before a partition's: those of disks, files and nothing.
            taken = {*self.partitions.values(), *self.files, "null", ESP_NAME}
            name, number = base, 1
            while name in taken or re.fullmatch("vd[a-z][0-9]*", name):
                number += 1
                name = f"{number}-{base}"
            self.partitions[path] = name
        return self.partitions[path]

    def config(self):
        """The text of atoll.cfg."""
        if self.config_text is not None:
            return self.config_text
        return xlcfg.write({
            "hypervisor": "atoll.elf", "control": "control.elf",
            "control_memory": self.control_memory, "control_options": self.control_options,
            "options": self.options, "domains": self.domains})

    def all_files(self):
        """Every file beside atoll.cfg and itself, in the order in which GRUB loads them."""
        if len(self.files) + 2 > MODULE_MAX:
            raise ImageError(f"more than {MODULE_MAX} files")
        return {"atoll.cfg": self.config().encode(), "control.elf": self.control, **self.files}


def _at(config, key, do, *arguments):
    """What do(*arguments) gives; what it complains of stands at `key`."""
    try:
        return do(*arguments)
    except ImageError as error:
        raise ImageError(f"{config.place(key)}: {error}") from error


def host_path(config_path, path):
    """A path in a configuration counts from its folder, or else from the working directory."""
    beside = os.path.join(os.path.dirname(config_path), path)
    return beside if os.path.exists(beside) else path


def from_build(build):
    """A bundle of the system in the folder `build`."""
    bundle = Bundle(*(os.path.join(build, name)
                      for name in ("BOOTX64.EFI", "atoll.elf", "control.elf")))
    for path in (bundle.loader, bundle.hypervisor, bundle.control):
        if not os.path.isfile(path):
            raise ImageError(f"{path} is missing: run `make` first")
    return bundle


def stage(bundle, folder):
    """Writes the files of `bundle` into `folder`, atoll.elf among them."""
    os.makedirs(folder)
    for name, content in {"atoll.elf": bundle.hypervisor, **bundle.all_files()}.items():
        target = os.path.join(folder, name)
        if isinstance(content, bytes):
            with open(target, "wb") as output:
                output.write(content)
        else:
            os.symlink(os.path.abspath(content), target)


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode != 0:
        raise ImageError(f"{command[0]} failed: {done.stdout.strip()}")


def make_esp(bundle, folder, hidden_sectors=0):
    """Makes a FAT image that UEFI firmware boots, in `folder`; gives its path. As a partition it
    has `hidden_sectors` before it."""
    staged = os.path.join(folder, "esp")
    stage(bundle, staged)
    names = sorted(os.listdir(staged))
    size = sum(os.stat(os.path.join(staged, name)).st_size for name in names)
    image = os.path.join(folder, "esp.img")
    # FAT's own tables take less than an eighth; a small volume would be FAT12.
    sectors = (size + size // 8 + 16 * MIB) // 512
    run(["mformat", "-i", image, "-C", "-T", str(sectors), "-h", "64", "-s", "32", "-H",
         str(hidden_sectors), "-v", "ATOLL", "::"])
    run(["mmd", "-i", image, "::/EFI", "::/EFI/BOOT", "::/EFI/atoll"])
    run(["mcopy", "-i", image, bundle.loader, "::/EFI/BOOT/BOOTX64.EFI"])
    run(["mcopy", "-i", image, *(os.path.join(staged, name) for name in names), "::/EFI/atoll/"])
    return image


def grub_config(names):
    """GRUB's commands: the hypervisor, then every file of `names` under that name."""
    lines = ["serial --unit=0 --speed=115200", "terminal_output serial", "set pager=0",
             "multiboot2 /boot/atoll/atoll.elf"]
    lines += [f"module2 /boot/atoll/{name} {name}" for name in names]
    return "\n".join([*lines, "boot", ""])


def make_iso(bundle, folder):
    """Makes an ISO that GRUB boots by BIOS, in `folder`; gives its path."""
    root = os.path.join(folder, "iso")
    stage(bundle, os.path.join(root, "boot/atoll"))
    os.makedirs(os.path.join(root, "boot/grub"))
    with open(os.path.join(root, "boot/grub/grub.cfg"), "w", encoding="ascii") as output:
        output.write(grub_config(bundle.all_files()))
    if not os.path.isdir(GRUB_PLATFORM) or not shutil.which("grub-mkrescue"):
        raise ImageError("GRUB is missing: run `tools/deps`")
    image = os.path.join(folder, "atoll.iso")
    run(["grub-mkrescue", "-d", GRUB_PLATFORM, f"--install-modules={GRUB_MODULES}", "--themes=",
         "--fonts=", "--locales=", "-o", image, "-f", root])
    return image
