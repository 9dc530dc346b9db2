# SPDX-License-Identifier: BSD-2-Clause
"""Downloads and unpacks Debian packages with apt-get and dpkg-deb, without root.

The system's package lists serve where they know the package. Where they do not (a fresh
machine has none), a private copy of the lists is made below the build folder.
"""
import glob
import os
import re
import subprocess


class PackageError(Exception):
    """A package cannot be found, downloaded or unpacked."""


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-5:])
        raise PackageError(f"{' '.join(command)}: exit status {done.returncode}\n{tail}")
    return done.stdout


class Repository:
    """Debian's packages as apt sees them; `state` is the folder for private lists."""

    def __init__(self, state):
        self.state = os.path.abspath(state)
        self.options = []

    def knows(self, package):
        shown = subprocess.run(["apt-cache", *self.options, "show", package],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return bool(shown.stdout.strip())

    def ensure_lists(self, packages):
        """Makes private lists when the system's lack one of `packages`."""
        if all(self.knows(package) for package in packages):
            return
        for folder in ("lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(self.state, folder), exist_ok=True)
        self.options = ["-o", f"Dir::State::lists={self.state}/lists",
                        "-o", f"Dir::Cache={self.state}/cache",
                        "-o", "APT::Sandbox::User="]
        run(["apt-get", *self.options, "update"])
        for package in packages:
            if not self.knows(package):
                raise PackageError(f"no package {package} in Debian's lists")

    def first_dependency(self, package):
        """The first package that the meta-package `package` depends on."""
        shown = run(["apt-cache", *self.options, "depends", package])
        found = re.search(r"^\s*Depends: ([a-z0-9.+-]+)$", shown, re.MULTILINE)
        if not found:
            raise PackageError(f"{package} depends on nothing")
        return found.group(1)

    def download(self, packages, folder):
        """Downloads `packages` into `folder` and gives the .deb files by package name."""
        os.makedirs(folder, exist_ok=True)
        missing = [package for package in packages if not find_deb(folder, package)]
        if missing:
            self.ensure_lists(missing)
            run(["apt-get", *self.options, "-o", "APT::Sandbox::User=", "-q", "download",
                 *missing], cwd=folder)
        return {package: find_deb(folder, package) for package in packages}


def find_deb(folder, package):
    for name in sorted(os.listdir(folder)):
        if name.startswith(package + "_") and name.endswith(".deb"):
            return os.path.join(folder, name)
    return None


def unpack(deb, folder):
    """Unpacks the files of `deb` below `folder`."""
    os.makedirs(folder, exist_ok=True)
    run(["dpkg-deb", "-x", deb, folder])


def needed(path):
    """The names of the shared libraries that an ELF file names."""
    return re.findall(r"\(NEEDED\).*\[(.+)\]", run(["readelf", "-d", path]))


def libraries_of(folder, path):
    """The libraries that the program or library `path` names, by their paths below `folder`, where
    their packages are unpacked."""
    found = []
    for name in needed(os.path.join(folder, path)):
        places = glob.glob(os.path.join(folder, "**/lib/x86_64-linux-gnu", glob.escape(name)),
                           recursive=True)
        if not places:
            raise PackageError(f"{path} needs {name}, which is in none of the packages")
        found.append(os.path.relpath(places[0], folder))
    return found
