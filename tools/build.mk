# SPDX-License-Identifier: BSD-2-Clause
# Running the system, the whole test, the static checks and the report.

PYTEST := $(PYTHON) -u -m pytest -q -rs
RUN_SMP := 2
# Parts of `make test`, the fast ones first. Each is a target of its own.
TEST_PARTS := unit $(if $(wildcard tests/abi/build.mk),abi-test) test-tools check \
	fuzz $(if $(wildcard tests/models/build.mk),models) test-parallel test-xen test-system

.PHONY: deps run test test-tools test-system fetch report
deps:
	@tools/deps

fetch:
	@tools/debian-fetch

# Tools may be missing before `tools/deps`, so what needs them runs in a second make.
run:
	@tools/deps run
	@$(MAKE) --no-print-directory -s -j$$(nproc) all fetch
	@mkdir -p $(BUILD)/run
	@[ -e $(BUILD)/run/root.img ] || cp --sparse=always $(BUILD)/debian/root.img $(BUILD)/run/
	@tools/atoll-qemu --interactive --smp $(RUN_SMP) --net user \
		--domain tools/guests/demo.cfg --domain tools/guests/debian.cfg

test:
	@tools/deps
	@$(MAKE) --no-print-directory -s -j$$(nproc) all fetch
	@$(PYTHON) tools/run_parts.py $(MAKE) $(TEST_PARTS)

test-tools:
	$(PYTEST) tools tests/xen/lab_test.py

# The same sources by another compiler and with assertions, for the smoke test.
VARIANT_clang := CC=clang
VARIANT_debug := DEBUG=1
.PHONY: build-clang build-debug
build-clang build-debug: build-%:
	@$(MAKE) --no-print-directory -s $(VARIANT_$*) BUILD=$(BUILD)/$* all

test-system: all fetch build-clang build-debug
	$(PYTEST) tests/system

report: all
	@$(PYTHON) tools/report.py $(BUILD); sizes=$$?; \
		$(PYTHON) tests/figures.py && exit $$sizes

# Static checks. Each prints what it finds and fails.
CHECK_TREES := boot lib arch core drivers pv-abi guest-kernel tests
CHECK_C := $(shell find $(CHECK_TREES) -name '*.[ch]' 2>/dev/null)
CHECKS += check-format check-layers check-style check-cppcheck check-headers check-tidy

.PHONY: check-format check-layers check-style check-cppcheck check-headers check-tidy
check-format:
	clang-format --dry-run -Werror $(CHECK_C)

check-layers:
	$(PYTHON) tools/check_layers.py

check-style:
	$(PYTHON) tools/check_style.py

check-headers:
	$(PYTHON) tools/check_headers.py $(FREESTANDING)

SHIPPED_C := $(filter-out tests/% %_test.c,$(filter %.c,$(CHECK_C)))
# Addresses of linker symbols are subtracted, which cppcheck takes for different objects.
check-cppcheck:
	@mkdir -p $(BUILD)/cppcheck
	cppcheck --quiet --std=c11 --platform=unix64 --enable=warning,performance,portability \
		--error-exitcode=1 --cppcheck-build-dir=$(BUILD)/cppcheck -j$$(nproc) -I. \
		--suppress=missingIncludeSystem --suppress=comparePointers $(SHIPPED_C)

# clang-tidy takes its checks from .clang-tidy. boot/ is compiled against gnu-efi.
check-tidy:
	@printf '%s\n' $(SHIPPED_C) | xargs -P$$(nproc) -n4 sh -c 'clang-tidy --quiet "$$@" -- \
		$(FREESTANDING) -isystem /usr/include/efi -isystem /usr/include/efi/x86_64 2>/dev/null' tidy

.PHONY: bench
bench: all
	$(PYTHON) tests/bench.py atoll
