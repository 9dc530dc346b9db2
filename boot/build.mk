# SPDX-License-Identifier: BSD-2-Clause
# BOOT_OBJS: what the image needs to be started, linked into it by arch/x86/build.mk. BOOTX64.EFI: the
# UEFI loader.

# Shared by both ways to start, and tested on the host.
BOOT_COMMON := refusal memmap check plan clock mb2_parse
BOOT_OBJS := $(patsubst %,$(BUILD)/boot/%.o,mb2_entry mb2 cmos cpu $(BOOT_COMMON))

$(filter-out %/mb2_entry.o,$(BOOT_OBJS)): $(BUILD)/boot/%.o: boot/%.c
	@mkdir -p $(@D)
	$(CC) $(FREESTANDING) -mcmodel=kernel -MMD -MP -c -o $@ $<

$(BUILD)/boot/mb2_entry.o: boot/mb2_entry.asm
	@mkdir -p $(@D)
	$(NASM) -f elf64 -MD $(@:.o=.d) -o $@ $<

-include $(BOOT_OBJS:.o=.d)
