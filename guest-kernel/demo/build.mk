# SPDX-License-Identifier: BSD-2-Clause
# build/demo.elf: the reference guest.

DEMO_OBJS := $(addprefix $(GUEST_OUT)/guest-kernel/demo/,demo.o store.o disks.o endings.o) \
	$(addprefix $(GUEST_OUT)/drivers/pv/,xenbus.o blkfront.o)
$(eval $(call guest_program,$(BUILD)/demo.elf,$(DEMO_OBJS)))
DEFAULT_TARGETS += $(BUILD)/demo.elf
