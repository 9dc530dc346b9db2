# SPDX-License-Identifier: BSD-2-Clause
# The ABI comparison: pv-abi against Xen's public headers (Debian's libxen-dev), 64 and 32 bit.

.PHONY: abi-test abi-compare-test
abi-test:
	@$(PYTHON) tests/abi/abi_compare.py

# Shows that the comparison finds a spoilt header.
abi-compare-test:
	@$(PYTHON) -m pytest -q tests/abi

CHECKS += abi-compare-test
