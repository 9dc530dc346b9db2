# SPDX-License-Identifier: BSD-2-Clause
# LIB_OBJS: lib/ for code without an operating system. LIB_HOST_OBJS: the same for unit tests and
# host programs, which have memcpy and its family from their own C library.

LIB_SRCS := strutil format cfg cfg_parse pvh
LIB_OBJS := $(patsubst %,$(BUILD)/lib/%.o,string $(LIB_SRCS))
LIB_HOST_OBJS := $(patsubst %,$(BUILD)/unit/lib/%.o,$(LIB_SRCS))
LIB_TESTS := string_test strutil_test format_test cfg_test pvh_test
LIB_TEST_OBJS := $(patsubst %,$(BUILD)/unit/lib/%.o,$(LIB_TESTS))

# GCC would turn the loops of memcpy and memset into calls of themselves; clang does not under
# -ffreestanding.
LIB_NO_LOOP_CALLS := $(if $(findstring clang,$(CC)),,-fno-tree-loop-distribute-patterns)
$(BUILD)/lib/string.o: LIB_CFLAGS := $(LIB_NO_LOOP_CALLS)

# They are part of the hypervisor too (HV_FLAGS): the kernel code model suits both the lowest and the highest
# 2 GiB of the address space.
$(LIB_OBJS): $(BUILD)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(FREESTANDING) $(HV_FLAGS) $(LIB_CFLAGS) -MMD -MP -c -o $@ $<

# lib/string.c goes into its test under other names, beside the host's own functions.
LIB_STRING_NAMES := memcpy memmove memset memcmp strlen strcmp strncmp strchr
$(BUILD)/unit/lib/string.o: LIB_HOST_CFLAGS := -fno-builtin $(LIB_NO_LOOP_CALLS) \
	$(foreach name,$(LIB_STRING_NAMES),-D$(name)=lib_$(name))

$(BUILD)/unit/lib/string.o $(LIB_HOST_OBJS) $(LIB_TEST_OBJS): $(BUILD)/unit/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) $(LIB_HOST_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/unit/string_test: $(BUILD)/unit/lib/string.o
$(patsubst %,$(BUILD)/unit/%,$(LIB_TESTS)): $(BUILD)/unit/%: $(BUILD)/unit/lib/%.o $(LIB_HOST_OBJS)
	$(CC) $(HOST_CFLAGS) -o $@ $^ -lcmocka

UNIT_TESTS += $(patsubst %,$(BUILD)/unit/%,$(LIB_TESTS))

-include $(wildcard $(BUILD)/lib/*.d $(BUILD)/unit/lib/*.d)
