# SPDX-License-Identifier: BSD-2-Clause
# Test guests: build/bench.elf measures, build/tests/NAME.elf are the conformance tests. A test is
# one file, NAME.c, with what TEST_GUEST_SHARED has.

TEST_GUESTS := xen_version event_channel vcpu_op memory_op physmap hvm_op grant_table sched_op \
	other_calls registers cpu exceptions lapic smp hostile pair xenstore disk net \
	protected_mode
TEST_GUEST_SHARED := $(addprefix $(GUEST_OUT)/tests/guest/,check.o modes.o modes_entry.o pointers.o \
	regfile.o regfile_run.o fault_insns.o lapic_page.o \
	protected_mode_code.o disk_ring.o net_wrong.o net_ring.o net_feature.o) \
	$(addprefix $(GUEST_OUT)/drivers/pv/,xenbus.o blkfront.o netfront.o netfront_connect.o front_ring.o)

$(foreach name,$(TEST_GUESTS),$(eval $(call guest_program,$(BUILD)/tests/$(name).elf,\
	$(GUEST_OUT)/tests/guest/$(name).o $(TEST_GUEST_SHARED))))
DEFAULT_TARGETS += $(TEST_GUESTS:%=$(BUILD)/tests/%.elf)

BENCH_GUEST_OBJS := $(addprefix $(GUEST_OUT)/tests/guest/,bench.o bench_ops.o bench_ping.o bench_disk.o bench_grant.o) \
	$(addprefix $(GUEST_OUT)/drivers/pv/,xenbus.o blkfront.o)
$(BUILD)/bench.elf: GUEST_LDFLAGS := -Wl,--defsym=guest_load_paddr=0x200000
$(eval $(call guest_program,$(BUILD)/bench.elf,$(BENCH_GUEST_OBJS)))
DEFAULT_TARGETS += $(BUILD)/bench.elf

$(eval $(call guest_program,$(BUILD)/tiny.elf,$(GUEST_OUT)/tests/guest/tiny.o))
DEFAULT_TARGETS += $(BUILD)/tiny.elf
