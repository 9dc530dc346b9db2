# SPDX-License-Identifier: BSD-2-Clause
"""The host side of Atoll: images, QEMU, the report protocol and Debian's packages."""
