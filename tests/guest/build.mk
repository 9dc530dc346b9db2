# SPDX-License-Identifier: BSD-2-Clause
# Test guests: build/bench.elf measures, build/tests/NAME.elf are the conformance tests.

BENCH_GUEST_OBJS := $(addprefix $(GUEST_OUT)/tests/guest/,bench.o bench_ops.o)
$(BUILD)/bench.elf: GUEST_LDFLAGS := -Wl,--defsym=guest_load_paddr=0x200000
$(eval $(call guest_program,$(BUILD)/bench.elf,$(BENCH_GUEST_OBJS)))
DEFAULT_TARGETS += $(BUILD)/bench.elf
