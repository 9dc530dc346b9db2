# SPDX-License-Identifier: BSD-2-Clause
# The hypervisor: arch/x86, core and drivers/host, linked with lib and the boot entry into one image.

HV_DIRS := arch/x86 core drivers/host
HV_C := $(filter-out %_test.c,$(wildcard $(addsuffix /*.c,$(HV_DIRS))))
HV_ASM := $(wildcard arch/x86/*.asm)
HV_OBJS := $(HV_C:%.c=$(BUILD)/hv/%.o) $(HV_ASM:%.asm=$(BUILD)/hv/%.asm.o)

# Dumps need no frame pointers, and no code is padded. GCC compiles the hypervisor as one (clang knows these options
# not, or needs another linker for them).
HV_GCC := $(if $(findstring clang,$(CC)),,yes)
HV_FLAGS := -fomit-frame-pointer -mcmodel=kernel $(if $(HV_GCC),-fno-align-functions -fno-align-jumps -fno-align-loops)
HV_LTO := $(if $(HV_GCC),-flto -flto-partition=one)

# What runs at boot or on the control domain's requests is compiled for size.
HV_COLD := arch/x86/apic arch/x86/cpu arch/x86/cpuid arch/x86/cr arch/x86/host_% arch/x86/hvm_record arch/x86/irq \
	arch/x86/lapic_page arch/x86/machine arch/x86/main arch/x86/msi arch/x86/msr arch/x86/options arch/x86/panic \
	arch/x86/smp arch/x86/svm_state arch/x86/vlapic arch/x86/vlapic_ipi arch/x86/vlapic_timer arch/x86/xstate \
	arch/x86/trap core/atoll_op core/builder core/console core/domain core/domain_% core/domctl% \
	core/frame_boot core/grant core/hvm_op core/log \
	core/hypercall_table core/physdev_op core/physmap_op core/sched_place core/sysctl core/version drivers/host/%
$(filter $(HV_COLD:%=$(BUILD)/hv/%.o),$(HV_OBJS)): HV_CFLAGS := -Os

$(BUILD)/hv/%.o: %.c arch/x86/build.mk
	@mkdir -p $(@D)
	$(CC) $(FREESTANDING) $(HV_FLAGS) $(HV_LTO) $(HV_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/hv/%.asm.o: %.asm
	@mkdir -p $(@D)
	$(NASM) -f elf64 -I./ -MD $(@:.o=.d) -o $@ $<

# The symbol table for dumps comes from a first link (tools/symbols.py) and goes into the second, whose table must be
# the same.
HV_LINK = $(CC) $(FREESTANDING) $(HV_FLAGS) $(HV_LTO) -nostdlib -static -z noexecstack \
	-z max-page-size=4096 -Wl,--gc-sections,--build-id=none -T arch/x86/atoll.lds $(HV_OBJS) $(BOOT_OBJS) $(LIB_OBJS)

$(BUILD)/atoll.elf: $(HV_OBJS) arch/x86/atoll.lds $(BOOT_OBJS) $(LIB_OBJS) tools/symbols.py
	$(HV_LINK) -o $(BUILD)/hv/first.elf
	$(PYTHON) tools/symbols.py $(BUILD)/hv/first.elf $(BUILD)/hv/symbols.asm
	$(NASM) -f elf64 -o $(BUILD)/hv/symbols.o $(BUILD)/hv/symbols.asm
	$(HV_LINK) $(BUILD)/hv/symbols.o -o $@
	$(PYTHON) tools/symbols.py $@ $(BUILD)/hv/symbols.last
	cmp $(BUILD)/hv/symbols.asm $(BUILD)/hv/symbols.last

DEFAULT_TARGETS += $(BUILD)/atoll.elf
-include $(HV_OBJS:.o=.d)
