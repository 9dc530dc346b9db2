# SPDX-License-Identifier: BSD-2-Clause
# build/demo.elf: the reference guest.

DEMO_OBJS := $(addprefix $(GUEST_OUT)/guest-kernel/demo/,demo.o endings.o)
$(eval $(call guest_program,$(BUILD)/demo.elf,$(DEMO_OBJS)))
DEFAULT_TARGETS += $(BUILD)/demo.elf
