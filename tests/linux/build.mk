# SPDX-License-Identifier: BSD-2-Clause
# Programs for Linux guests, without shared libraries: what measures them (tests/bench_linux.py).

LINUX_PROGRAMS := $(addprefix $(BUILD)/linux/,blkread netbench)

$(BUILD)/linux/%: tests/linux/%.c tests/linux/samples.c tests/linux/samples.h
	@mkdir -p $(@D)
	$(CC) $(WARN) -Os -static -s -I. -o $@ $< tests/linux/samples.c

.PHONY: bench-linux bench-linux-xen
bench-linux: all fetch $(LINUX_PROGRAMS)
	$(PYTHON) tests/bench_linux.py atoll

bench-linux-xen: fetch $(LINUX_PROGRAMS)
	$(PYTHON) tests/bench_linux.py xen
