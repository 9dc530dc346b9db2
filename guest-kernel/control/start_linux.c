/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the start of a bzImage by Linux's 32-bit boot protocol: its code at its preferred address,
 * then the ramdisk, then boot_params, descriptor table and command line. */
#include "guest-kernel/control/build_state.h"
#include "guest-kernel/control/bzimage.h"
#include "lib/errno.h"
#include "lib/pvh.h"
#include "lib/string.h"
#include "pv-abi/hvm_save.h"

struct start_block {
    uint8_t params[BZIMAGE_PARAMS_SIZE];
    uint8_t gdt[BZIMAGE_GDT_SIZE];
    char cmdline[GUEST_CMDLINE_MAX];
};

static int write_params(struct build *build, const struct bzimage *image, uint64_t gpa,
                        uint64_t ramdisk)
{
    static struct start_block block;
    struct bzimage_start start = {.cmdline = gpa + offsetof(struct start_block, cmdline),
                                  .ramdisk = ramdisk,
                                  .ramdisk_size = build->ramdisk.size,
                                  .rsdp = build->acpi_gpa};

    memset(&block, 0, sizeof(block));
    bzimage_params(image, &start, block.params);
    for (uint32_t i = 0; i < build->map_count; i++)
        bzimage_add_memory(block.params, build->map[i].addr, build->map[i].size,
                           build->map[i].type);
    bzimage_gdt(block.gdt);
    memcpy(block.cmdline, build->config->cmdline, sizeof(block.cmdline));
    return build_copy(build, gpa, &block, sizeof(block), "its start information");
}

/* PVH's state is the protocol's, but for the selectors and registers (boot.rst, 32-bit boot
 * protocol). */
static void set_state(struct hvm_hw_cpu *cpu, uint64_t entry, uint64_t gpa)
{
    pvh_start_state(cpu, entry, 0);
    cpu->rsi = gpa + offsetof(struct start_block, params);
    cpu->cs_sel = BZIMAGE_CODE_SELECTOR;
    cpu->ds_sel = cpu->es_sel = cpu->ss_sel = BZIMAGE_DATA_SELECTOR;
    cpu->fs_sel = cpu->gs_sel = BZIMAGE_DATA_SELECTOR;
    cpu->gdtr_base = gpa + offsetof(struct start_block, gdt);
    cpu->gdtr_limit = BZIMAGE_GDT_SIZE - 1;
}

static int check(struct build *build, const struct bzimage *image)
{
    if (strlen(build->config->cmdline) > image->cmdline_max)
        return build_refuse(build, -EINVAL,
                            "its command line is longer than the %u bytes that the kernel takes",
                            image->cmdline_max);
    if (image->load_address + image->init_size > build->low_end)
        return build_refuse(
            build, -EINVAL,
            "its kernel does not fit: it needs room up to %llu MiB, and memory is "
            "%u MiB",
            (unsigned long long)(image->load_address + image->init_size + 0xfffff) >> 20,
            build->config->memory_mib);
    return 0;
}

int build_start_linux(struct build *build)
{
    struct bzimage image;
    const char *why;
    uint64_t gpa, ramdisk;
    int err = bzimage_read(build->kernel.bytes, build->kernel.size, &image, &why);

    if (err != 0)
        return build_refuse(build, -EINVAL, "%s cannot be started: %s", build->config->kernel, why);
    err = check(build, &image);
    if (err == 0)
        err = build_copy(build, image.load_address, build->kernel.bytes + image.code_offset,
                         image.code_size, "its kernel");
    gpa = image.load_address + image.init_size;
    if (err == 0)
        err = build_ramdisk(build, &gpa, &ramdisk);
    if (err == 0 && build->ramdisk.size != 0 &&
        ramdisk + build->ramdisk.size - 1 > image.ramdisk_limit)
        err = build_refuse(build, -EINVAL, "its ramdisk lies above the kernel's limit");
    if (err == 0)
        err = write_params(build, &image, gpa, ramdisk);
    if (err == 0)
        set_state(&build->cpu, image.load_address, gpa);
    return err;
}
