# SPDX-License-Identifier: BSD-2-Clause
# CPUs that run at once: core on the fake architecture, a thread for each CPU. ThreadSanitizer sees the data races, which
# an emulator that runs its CPUs in turns never shows.

PARALLEL_C := $(filter-out %_test.c,$(wildcard core/*.c)) arch/x86/pt.c arch/x86/lock.c $(patsubst %,lib/%.c,$(LIB_SRCS)) \
	$(filter-out tests/fake/fake_caller.c,$(wildcard tests/fake/*.c)) $(wildcard tests/parallel/*.c)
PARALLEL_OBJS := $(PARALLEL_C:%.c=$(BUILD)/parallel/%.o)
# A load or store by READ_ONCE or WRITE_ONCE is meant to meet others': it is told apart, and the test ignores it.
PARALLEL_CFLAGS := $(WARN) -g -O1 -fsanitize=thread --param tsan-distinguish-volatile=1 -I. -Itests/fake -DDEBUG=1 \
	-DATOLL_HOST_TEST -DFAKE_LOCAL=_Thread_local -Dsched_yield=core_sched_yield -Wno-tsan
# What tests/parallel/delays.c is in front of.
PARALLEL_WRAPPED := lock_take lock_drop heap_free arch_get_hvm_record

$(BUILD)/parallel/%.o: %.c
	@mkdir -p $(@D)
	gcc $(PARALLEL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/parallel: $(PARALLEL_OBJS)
	@mkdir -p $(@D)
	gcc $(PARALLEL_CFLAGS) $(PARALLEL_WRAPPED:%=-Wl,--wrap=%) -o $@ $^ -lcmocka -lpthread

.PHONY: test-parallel
test-parallel: $(BUILD)/tests/parallel
	setarch -R $<

-include $(PARALLEL_OBJS:.o=.d)
