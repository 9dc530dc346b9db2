# SPDX-License-Identifier: BSD-2-Clause
"""The command line of atoll-image, and the disk that it makes."""
import argparse
import contextlib
import os
import stat
import sys
import tempfile

from . import cli, gpt, image, xlcfg

EPILOG = """\
The image has a GPT, an EFI system partition with the system and the files that the guests'
configurations name, and a partition for each disk image that they name as a disk. It goes to a
server's disk as it is: `dd if=DISK.img of=/dev/sdX bs=1M conv=fsync`.

kernel=, ramdisk= and the targets of disk= are paths on this machine, counted from the
configuration's folder; a disk's target may also be the name of a volume.
The system is taken from build/, or from the folder that ATOLL_BUILD names.
"""


def parser():
    made = argparse.ArgumentParser(prog="atoll-image", allow_abbrev=False, epilog=EPILOG,
                                   description="Makes a disk image that boots Atoll by UEFI.",
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("-o", "--output", required=True, metavar="DISK.img",
                      help="the image; an old one is replaced")
    made.add_argument("--domain", action="append", default=[], metavar="FILE.cfg",
                      help="a guest to start at boot; may be given again")
    made.add_argument("--options", default="console=com1", metavar="'WORD WORD'",
                      help="the hypervisor's options (console=com1)")
    return made


def make_bundle(options):
    bundle = image.from_build(os.environ.get("ATOLL_BUILD", os.path.join(cli.TOP, "build")))
    bundle.options = options.options
    bundle.partitions = {}
    for path in options.domain:
        bundle.add_domain(path)
    return bundle


def partition(name, path):
    """A partition that holds the file `path`."""
    size = os.stat(path).st_size
    if size < gpt.SECTOR:
        raise image.ImageError(f"{path}: a disk has {gpt.SECTOR} bytes at least")
    return gpt.Partition(name, -(-size // gpt.SECTOR))


def make(bundle, output):
    """Leaves the disk image at `output`, in one step."""
    if os.path.exists(output) and not stat.S_ISREG(os.stat(output).st_mode):
        raise image.ImageError(f"{output} is no file: make a file, and copy it there")
    part = output + ".part"
    try:
        # Whether it can be written is known before the work.
        with open(part, "wb"):
            pass
    except OSError as error:
        raise image.ImageError(f"{output}: {error.strerror}") from error
    try:
        with tempfile.TemporaryDirectory(prefix="atoll-") as folder:
            esp = image.make_esp(bundle, folder, hidden_sectors=gpt.ALIGNMENT)
            contents = {esp: partition(image.ESP_NAME, esp)}
            contents[esp].kind = gpt.EFI_SYSTEM
            contents.update((path, partition(name, path))
                            for path, name in bundle.partitions.items())
            gpt.make(part, contents)
        os.replace(part, output)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(part)


def main(arguments):
    """Runs the command line; gives the exit status. argparse itself exits 2 on wrong usage."""
    options = parser().parse_args(arguments)
    try:
        make(make_bundle(options), options.output)
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}")
        return 2
    except (image.ImageError, xlcfg.ConfigError, gpt.GptError) as error:
        complain(error)
        return 2
    return 0


def complain(text):
    print(f"atoll-image: {text}", file=sys.stderr)
