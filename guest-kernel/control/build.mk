# SPDX-License-Identifier: BSD-2-Clause
# build/control.elf: the control domain. The parts that need no hypervisor have tests on the host.

# The store; what of it needs no hypervisor is XS_SRCS.
XS_SRCS := xs_path xs_text xs_node xs_store xs_watch xs_transaction xs_ops xs_request xs_ring xs_connection
STORE_SRCS := $(XS_SRCS) heap store domain_store
NET_SRCS := guest_vif manage_net show_net net_switch net_adapt net_copy net_groups net_rx net_tx net_uplink vif vif_link
DISK_SRCS := volumes show_volumes partitions guest_disk backend ring_pages vbd vbd_ring blk_queue blk_grants blk_kept
CONTROL_SRCS := control modules hv foreign domains guest_console pvring guest_config guest_config_devices builder $(STORE_SRCS) \
	build_memory start_pvh start_linux bzimage guest_acpi manage manage_machine manage_disk manage_store measure shell shell_show shell_inside shell_store death line \
	terminal serial records report $(DISK_SRCS) $(NET_SRCS)
CONTROL_DRIVERS := $(addprefix drivers/pci/,mmio msix pci pci_config virtio virtqueue virtio_blk virtio_net) \
	$(addprefix drivers/pv/,back_ring blk_request net_request net_offload)
CONTROL_OBJS := $(CONTROL_SRCS:%=$(GUEST_OUT)/guest-kernel/control/%.o) $(GUEST_OUT)/lib/pvh.o \
	$(CONTROL_DRIVERS:%=$(GUEST_OUT)/%.o)
$(eval $(call guest_program,$(BUILD)/control.elf,$(CONTROL_OBJS)))
DEFAULT_TARGETS += $(BUILD)/control.elf

CONTROL_HOST_SRCS := guest_disk guest_vif partitions guest_config guest_config_devices guest_acpi bzimage line pvring records death
CONTROL_HOST_OBJS := $(CONTROL_HOST_SRCS:%=$(BUILD)/unit/guest-kernel/control/%.o)
CONTROL_TESTS := $(patsubst guest-kernel/control/%.c,%,$(wildcard guest-kernel/control/*_test.c))
CONTROL_TEST_OBJS := $(CONTROL_TESTS:%=$(BUILD)/unit/guest-kernel/control/%.o)

$(BUILD)/unit/guest-kernel/%.o: guest-kernel/%.c
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -MMD -MP -c -o $@ $<

# The builder and the table of domains run on the fake hypervisor of their test.
CONTROL_DOMAIN_OBJS := $(patsubst %,$(BUILD)/unit/guest-kernel/control/%.o,domains builder \
	build_memory start_pvh start_linux guest_console) \
	$(BUILD)/unit/tests/fake/control/fake_hv.o
$(BUILD)/unit/domains_test: $(CONTROL_DOMAIN_OBJS)
# The store's core runs on the fake heap of its tests.
XS_HOST_OBJS := $(XS_SRCS:%=$(BUILD)/unit/guest-kernel/control/%.o) \
	$(BUILD)/unit/guest-kernel/xenstore_error.o \
	$(BUILD)/unit/tests/fake/control/fake_heap.o $(BUILD)/unit/tests/fake/control/xs_ask.o
$(patsubst %,$(BUILD)/unit/%,$(filter xs_%,$(CONTROL_TESTS))): $(XS_HOST_OBJS)
STORE_HOST_OBJS := $(XS_HOST_OBJS) $(BUILD)/unit/guest-kernel/control/store.o $(BUILD)/unit/tests/fake/control/fake_rings.o
$(BUILD)/unit/store_test: $(STORE_HOST_OBJS)
EXPECT_NODE := $(BUILD)/unit/tests/fake/control/expect_node.o
$(BUILD)/unit/domain_store_test: $(STORE_HOST_OBJS) $(EXPECT_NODE) $(BUILD)/unit/guest-kernel/control/domain_store.o
$(BUILD)/unit/backend_test: $(STORE_HOST_OBJS) $(EXPECT_NODE) $(BUILD)/unit/guest-kernel/control/backend.o
NET_SWITCH_OBJS := $(BUILD)/unit/guest-kernel/control/net_switch.o $(BUILD)/unit/tests/fake/control/fake_heap.o
$(BUILD)/unit/net_switch_test: $(NET_SWITCH_OBJS)
NET_ADAPT_OBJS := $(BUILD)/unit/guest-kernel/control/net_adapt.o $(BUILD)/unit/drivers/pv/net_offload.o
$(BUILD)/unit/net_adapt_test: $(NET_ADAPT_OBJS)
NET_RINGS_OBJS := $(NET_SWITCH_OBJS) $(NET_ADAPT_OBJS) $(BUILD)/unit/tests/fake/control/fake_copy.o \
	$(patsubst %,$(BUILD)/unit/guest-kernel/control/%.o,net_rx net_tx net_groups) \
	$(patsubst %,$(BUILD)/unit/drivers/pv/%.o,back_ring net_request)
$(BUILD)/unit/net_rings_test: $(NET_RINGS_OBJS)
$(BUILD)/unit/net_uplink_test: $(NET_SWITCH_OBJS) $(NET_ADAPT_OBJS) $(BUILD)/unit/tests/fake/control/fake_copy.o \
	$(BUILD)/unit/guest-kernel/control/net_uplink.o \
	$(BUILD)/unit/drivers/pci/virtio_net.o $(BUILD)/unit/drivers/pci/virtqueue.o $(FAKE_VIRTIO)
$(BUILD)/unit/blk_kept_test: $(BUILD)/unit/guest-kernel/control/blk_kept.o
$(BUILD)/unit/terminal_test: $(BUILD)/unit/guest-kernel/control/terminal.o
# Its test has its own partitions.
$(BUILD)/unit/volumes_test: $(BUILD)/unit/guest-kernel/control/volumes.o
$(BUILD)/unit/volumes_test: REPLACED_OBJS := $(BUILD)/unit/guest-kernel/control/partitions.o
$(BUILD)/unit/heap_test: $(BUILD)/unit/guest-kernel/control/heap.o
# The shell talks to the fake management interface of its test.
$(BUILD)/unit/shell_test: $(BUILD)/unit/guest-kernel/control/shell.o

$(CONTROL_TESTS:%=$(BUILD)/unit/%): $(BUILD)/unit/%: $(BUILD)/unit/guest-kernel/control/%.o \
		$(CONTROL_HOST_OBJS) $(LIB_HOST_OBJS)
	$(CC) $(HOST_CFLAGS) -o $@ $(filter-out $(REPLACED_OBJS),$^) -lcmocka

UNIT_TESTS += $(CONTROL_TESTS:%=$(BUILD)/unit/%)
-include $(BUILD)/unit/guest-kernel/control/shell.d $(BUILD)/unit/guest-kernel/control/volumes.d $(BUILD)/unit/guest-kernel/control/terminal.d $(CONTROL_HOST_OBJS:.o=.d) $(CONTROL_DOMAIN_OBJS:.o=.d) \
	$(STORE_HOST_OBJS:.o=.d) $(EXPECT_NODE:.o=.d) $(BUILD)/unit/guest-kernel/control/domain_store.d \
	$(BUILD)/unit/guest-kernel/control/backend.d $(BUILD)/unit/guest-kernel/control/heap.d \
	$(NET_RINGS_OBJS:.o=.d) $(BUILD)/unit/guest-kernel/control/net_uplink.d $(CONTROL_TEST_OBJS:.o=.d)
