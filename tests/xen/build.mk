# SPDX-License-Identifier: BSD-2-Clause
# Guests of ours on Debian's real Xen: the conformance tests, and the bench whose figures there are known.

# What runs on Xen needs no hypervisor of ours.
GUEST_IMAGES := $(filter $(BUILD)/tests/%.elf $(BUILD)/demo.elf $(BUILD)/bench.elf,$(DEFAULT_TARGETS))

.PHONY: test-xen bench-xen
test-xen: $(GUEST_IMAGES) fetch
	$(PYTEST) tests/xen/test_xen.py

bench-xen: $(GUEST_IMAGES) fetch
	$(PYTHON) tests/bench.py xen
