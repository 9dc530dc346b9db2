# SPDX-License-Identifier: BSD-2-Clause
# Guests of ours on Debian's real Xen: the conformance tests, and the bench whose figures there are known.

.PHONY: test-xen bench-xen
test-xen: all fetch
	$(PYTEST) tests/xen

bench-xen: all fetch
	$(PYTHON) tests/xen/bench.py
