# SPDX-License-Identifier: BSD-2-Clause
"""Makes a disk image with one partition, `root`, that holds a folder's files as ext4."""
import os
import shutil
import subprocess

from . import gpt

ROOT_MIB = 160


class RootfsError(Exception):
    """mke2fs failed; the message is for the user."""


def make(folder, path):
    """Leaves the image at `path`, in one step. Files belong to root whoever runs this."""
    part, filesystem = path + ".part", path + ".ext4"
    mke2fs = shutil.which("mke2fs", path=os.environ.get("PATH", "") + ":/sbin:/usr/sbin")
    if mke2fs is None:
        raise RootfsError("mke2fs is missing: run tools/deps")
    with open(filesystem, "wb") as output:
        output.truncate(ROOT_MIB << 20)
    done = subprocess.run([mke2fs, "-q", "-F", "-t", "ext4", "-E", "root_owner=0:0", "-L", "root",
                           "-d", folder, filesystem], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise RootfsError(f"mke2fs: {done.stdout.strip()}")
    gpt.make(part, {filesystem: gpt.Partition("root", ROOT_MIB << 11)})
    os.remove(filesystem)
    os.rename(part, path)
