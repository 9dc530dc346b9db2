# SPDX-License-Identifier: BSD-2-Clause
# BOOT_OBJS: what the image needs to be started, linked into it by arch/x86/build.mk. BOOTX64.EFI: the
# UEFI loader.

# Shared by both ways to start, and tested on the host.
BOOT_COMMON := refusal memmap check plan clock mb2_parse
# What they use of lib/.
BOOT_LIB := strutil format cfg cfg_parse
BOOT_OBJS := $(patsubst %,$(BUILD)/boot/%.o,mb2_entry mb2 cmos cpu $(BOOT_COMMON))

$(filter-out %/mb2_entry.o,$(BOOT_OBJS)): $(BUILD)/boot/%.o: boot/%.c
	@mkdir -p $(@D)
	$(CC) $(FREESTANDING) $(HV_FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/boot/mb2_entry.o: boot/mb2_entry.asm
	@mkdir -p $(@D)
	$(NASM) -f elf64 -MD $(@:.o=.d) -o $@ $<

-include $(BOOT_OBJS:.o=.d)

# The loader is a PE file made of a shared object. Its calls to the firmware follow Microsoft's
# convention (GNU_EFI_USE_MS_ABI); gnu-efi gives the entry code and the relocation of itself.
# Its linker script knows no .bss of single objects, hence no -fdata-sections.
EFI_CFLAGS := $(filter-out -fno-pic -fno-pie -fdata-sections,$(FREESTANDING)) -fpic -fshort-wchar \
	-fvisibility=hidden -DGNU_EFI_USE_MS_ABI -isystem /usr/include/efi -isystem /usr/include/efi/x86_64
EFI_OBJS := $(patsubst %,$(BUILD)/efi/%.o,$(addprefix boot/efi/,main files memory image partition) \
	$(addprefix boot/,cpu refusal memmap check plan clock) drivers/host/uart \
	$(addprefix lib/,string $(BOOT_LIB)))
EFI_SECTIONS := $(addprefix -j ,.text .sdata .data .dynamic .dynsym .rel .rela .rel.* .rela.* .reloc)

$(BUILD)/efi/lib/string.o: EFI_LIB_CFLAGS = $(LIB_NO_LOOP_CALLS)
$(EFI_OBJS): $(BUILD)/efi/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(EFI_CFLAGS) $(EFI_LIB_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/efi/loader.so: $(EFI_OBJS)
	$(LD) -nostdlib -shared -Bsymbolic -znocombreloc -zdefs -znoexecstack --no-undefined \
		-T /usr/lib/elf_x86_64_efi.lds -o $@ /usr/lib/crt0-efi-x86_64.o $(EFI_OBJS) /usr/lib/libgnuefi.a

$(BUILD)/BOOTX64.EFI: $(BUILD)/efi/loader.so
	objcopy $(EFI_SECTIONS) --target efi-app-x86_64 --subsystem=10 $< $@

DEFAULT_TARGETS += $(BUILD)/BOOTX64.EFI

-include $(EFI_OBJS:.o=.d)

BOOT_TESTS := memmap_test check_test plan_test clock_test mb2_parse_test
BOOT_HOST_OBJS := $(patsubst %,$(BUILD)/unit/boot/%.o,$(BOOT_COMMON))
BOOT_TEST_OBJS := $(patsubst %,$(BUILD)/unit/boot/%.o,$(BOOT_TESTS))
BOOT_LIB_OBJS := $(patsubst %,$(BUILD)/unit/lib/%.o,$(BOOT_LIB))

$(BOOT_HOST_OBJS) $(BOOT_TEST_OBJS): $(BUILD)/unit/boot/%.o: boot/%.c
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -MMD -MP -c -o $@ $<

$(patsubst %,$(BUILD)/unit/%,$(BOOT_TESTS)): $(BUILD)/unit/%: $(BUILD)/unit/boot/%.o \
		$(BOOT_HOST_OBJS) $(BOOT_LIB_OBJS)
	$(CC) $(HOST_CFLAGS) -o $@ $^ -lcmocka

UNIT_TESTS += $(patsubst %,$(BUILD)/unit/%,$(BOOT_TESTS))

-include $(BOOT_HOST_OBJS:.o=.d) $(BOOT_TEST_OBJS:.o=.d)
