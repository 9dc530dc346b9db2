# SPDX-License-Identifier: BSD-2-Clause
# Unit tests of the paravirtual devices' parts that need no hypervisor. The programs on guest-kernel compile what they
# use.

PV_TESTS := back_ring_test front_ring_test blk_request_test net_request_test inet_test net_offload_test
PV_HOST_OBJS := $(patsubst %,$(BUILD)/unit/drivers/pv/%.o,back_ring front_ring blk_request net_request inet \
	net_offload)

$(BUILD)/unit/drivers/pv/%.o: drivers/pv/%.c
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -MMD -MP -c -o $@ $<

$(PV_TESTS:%=$(BUILD)/unit/%): $(BUILD)/unit/%: $(BUILD)/unit/drivers/pv/%.o $(PV_HOST_OBJS) $(LIB_HOST_OBJS)
	$(CC) $(HOST_CFLAGS) -o $@ $^ -lcmocka

UNIT_TESTS += $(PV_TESTS:%=$(BUILD)/unit/%)
-include $(PV_HOST_OBJS:.o=.d) $(PV_TESTS:%=$(BUILD)/unit/drivers/pv/%.d)
