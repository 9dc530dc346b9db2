# SPDX-License-Identifier: BSD-2-Clause
# GUEST_KERNEL_OBJS: what a program on guest-kernel links, lib/ included. A program is
#   $(call guest_program,TARGET,OBJECTS)
# which links TARGET from OBJECTS and the library, with the target's GUEST_LDFLAGS if it has any.
# Objects below GUEST_OUT are compiled with GUEST_CFLAGS by the rules here.

# The image is linked at the top 2 GiB of the address space: -mcmodel=kernel.
GUEST_CFLAGS := $(FREESTANDING) -mcmodel=kernel
GUEST_OUT := $(BUILD)/guest

GUEST_KERNEL_ASM := $(patsubst %,guest-kernel/%.asm,entry trap_entry hypercall_page trampoline)
GUEST_KERNEL_SRCS := $(patsubst %,guest-kernel/%.c,start traps hypercall console memory pagetable \
	events time grants apic smp xenstore xenstore_error)
GUEST_LIB_SRCS := lib/string.c lib/format.c lib/strutil.c lib/cfg.c lib/cfg_parse.c
GUEST_KERNEL_OBJS := $(GUEST_KERNEL_ASM:%.asm=$(GUEST_OUT)/%.o) \
	$(GUEST_KERNEL_SRCS:%.c=$(GUEST_OUT)/%.o) $(GUEST_LIB_SRCS:%.c=$(GUEST_OUT)/%.o)

# As in lib/build.mk: no calls of memset in memset.
$(GUEST_OUT)/lib/string.o: LIB_CFLAGS := $(LIB_NO_LOOP_CALLS)

$(GUEST_OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(GUEST_CFLAGS) $(LIB_CFLAGS) -MMD -MP -c -o $@ $<

$(GUEST_OUT)/%.o: %.asm guest-kernel/entry.inc
	@mkdir -p $(@D)
	$(NASM) -f elf64 -g -F dwarf -I./ -o $@ $<

define guest_program
$(1): $(2) $(GUEST_KERNEL_OBJS) guest-kernel/guest.lds
	@mkdir -p $$(@D)
	$$(CC) -nostdlib -static -Wl,--gc-sections -Wl,-z,noexecstack -Wl,--build-id=none \
		$$(GUEST_LDFLAGS) -Wl,-T,guest-kernel/guest.lds -o $$@ $(2) $$(GUEST_KERNEL_OBJS)
-include $(2:.o=.d)
endef

-include $(GUEST_KERNEL_OBJS:.o=.d)
