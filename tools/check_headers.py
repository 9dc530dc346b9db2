#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compiles each header alone with gcc and clang: check_headers.py FLAG... with the build's flags.

Headers for host tests get the host's C library, all others what the freestanding build gives.
"""
import concurrent.futures
import os
import subprocess
import sys

import check_layers
import csource

COMPILERS = ("gcc", "clang")
HOST_FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-I.", "-Itests/fake", "-DATOLL_HOST_TEST",
              "-DFAKE_LOCAL="]
EFI_FLAGS = ["-fshort-wchar", "-DGNU_EFI_USE_MS_ABI", "-isystem", "/usr/include/efi",
             "-isystem", "/usr/include/efi/x86_64"]


def compile_alone(compiler, path, flags):
    """What the compiler complains about, or nothing."""
    chosen = HOST_FLAGS if check_layers.is_test(path) else [*flags, *EFI_FLAGS]
    # An include of the header twice shows a missing guard as well.
    text = f'#include "{path}"\n#include "{path}"\n'
    done = subprocess.run([compiler, *chosen, "-fsyntax-only", "-x", "c", "-"], input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return f"{path} alone, {compiler}:\n{done.stdout}" if done.returncode else ""


def main():
    headers = [path for path in csource.find() if path.endswith(".h")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(compile_alone, compiler, path, sys.argv[1:])
                for compiler in COMPILERS for path in headers]
        found = [job.result() for job in jobs if job.result()]
    print("".join(found), end="")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
