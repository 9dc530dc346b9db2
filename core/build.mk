# SPDX-License-Identifier: BSD-2-Clause
# Unit tests of the hypervisor's neutral part: core and the page-table walker, compiled for the host, run on the fake
# architecture of tests/fake.

HOST_CORE_C := $(filter-out %_test.c,$(wildcard core/*.c)) arch/x86/pt.c arch/x86/lock.c \
	$(wildcard tests/fake/*.c)
HOST_CORE_OBJS := $(HOST_CORE_C:%.c=$(BUILD)/unit/%.o)
CORE_TEST_C := $(wildcard core/*_test.c arch/x86/*_test.c drivers/host/*_test.c)
CORE_TESTS := $(CORE_TEST_C:%.c=$(BUILD)/unit/%)

# The host's C library has a sched_yield() of its own, which the leak check calls.
$(BUILD)/unit/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -DATOLL_HOST_TEST -DFAKE_LOCAL= -Itests/fake -Dsched_yield=core_sched_yield -MMD -MP -c -o $@ $<

$(BUILD)/unit/libcore.a: $(HOST_CORE_OBJS)
	rm -f $@ && $(AR) rcs $@ $^

# A test file in arch/x86 or drivers/host names further sources that it needs in a line `/* needs: arch/x86/foo.c */`.
test_needs = $(patsubst %.c,$(BUILD)/unit/%.o,$(shell sed -n 's/^.*needs: \(.*\) \*\/.*/\1/p' $(1).c))
.SECONDEXPANSION:
$(CORE_TESTS): $(BUILD)/unit/%: $(BUILD)/unit/%.o $$(call test_needs,$$*) $(BUILD)/unit/libcore.a $(LIB_HOST_OBJS)
	$(CC) $(HOST_CFLAGS) -o $@ $^ -lcmocka
.PRECIOUS: $(BUILD)/unit/%.o

UNIT_TESTS += $(CORE_TESTS)
-include $(HOST_CORE_OBJS:.o=.d) $(CORE_TEST_C:%.c=$(BUILD)/unit/%.d) $(wildcard $(BUILD)/unit/arch/x86/*.d $(BUILD)/unit/drivers/host/*.d)

# The manual follows the table.
.PHONY: check-hypercalls hypercalls
check-hypercalls:
	$(PYTHON) tools/gen_hypercalls.py --check
hypercalls:
	$(PYTHON) tools/gen_hypercalls.py
CHECKS += check-hypercalls
