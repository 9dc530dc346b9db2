# SPDX-License-Identifier: BSD-2-Clause
# build/demo.elf: the reference guest.

DEMO_OBJS := $(addprefix $(GUEST_OUT)/guest-kernel/demo/,demo.o store.o disks.o nets.o endings.o) \
	$(addprefix $(GUEST_OUT)/drivers/pv/,xenbus.o blkfront.o netfront.o netfront_connect.o \
	front_ring.o inet.o)
$(eval $(call guest_program,$(BUILD)/demo.elf,$(DEMO_OBJS)))
DEFAULT_TARGETS += $(BUILD)/demo.elf
