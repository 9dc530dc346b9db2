/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the start of kernels with a PHYS32_ENTRY note: segments where the file says, then the
 * ramdisk, then the start info with what it points to. */
#include "guest-kernel/control/build_state.h"
#include "guest-kernel/memory.h"
#include "lib/errno.h"
#include "lib/pvh.h"
#include "lib/string.h"
#include "pv-abi/hvm_start_info.h"

/* All that the kernel is told, in one piece of guest memory. */
struct start_block {
    struct hvm_start_info info;
    struct hvm_modlist_entry ramdisk;
    struct hvm_memmap_table_entry map[BUILD_MAP_MAX];
    char cmdline[GUEST_CMDLINE_MAX];
};

static void read_bytes(void *arg, uint64_t offset, void *to, size_t size)
{
    const struct build *build = arg;

    memcpy(to, build->kernel.bytes + offset, size);
}

static int load_segments(struct build *build, const struct pvh_kernel *kernel)
{
    for (uint32_t i = 0; i < kernel->segment_count; i++) {
        const struct elf_segment *segment = &kernel->segment[i];
        int err;

        if (segment->paddr > build->low_end || segment->memsz > build->low_end - segment->paddr)
            return build_refuse(build, -EINVAL,
                                "its kernel does not fit: it ends at %llu MiB, and memory is %u "
                                "MiB",
                                (unsigned long long)((kernel->paddr_end + 0xfffff) >> 20),
                                build->config->memory_mib);
        if (segment->filesz == 0)
            continue;
        err = build_copy(build, segment->paddr, build->kernel.bytes + segment->offset,
                         segment->filesz, "its kernel");
        if (err != 0)
            return err;
    }
    return 0;
}

static int write_start_info(struct build *build, uint64_t gpa, uint64_t ramdisk)
{
    static struct start_block block;

    memset(&block, 0, sizeof(block));
    block.info.magic = XEN_HVM_START_MAGIC_VALUE;
    block.info.version = 1;
    block.info.cmdline_paddr = gpa + offsetof(struct start_block, cmdline);
    block.info.rsdp_paddr = build->acpi_gpa;
    block.info.memmap_paddr = gpa + offsetof(struct start_block, map);
    block.info.memmap_entries = build->map_count;
    if (build->ramdisk.size != 0) {
        block.info.nr_modules = 1;
        block.info.modlist_paddr = gpa + offsetof(struct start_block, ramdisk);
        block.ramdisk.paddr = ramdisk;
        block.ramdisk.size = build->ramdisk.size;
    }
    for (uint32_t i = 0; i < build->map_count; i++) {
        block.map[i].addr = build->map[i].addr;
        block.map[i].size = build->map[i].size;
        block.map[i].type = build->map[i].type;
    }
    memcpy(block.cmdline, build->config->cmdline, sizeof(block.cmdline));
    return build_copy(build, gpa, &block, sizeof(block), "its start information");
}

int build_start_pvh(struct build *build)
{
    struct pvh_file file = {read_bytes, build, build->kernel.size};
    struct pvh_kernel kernel;
    const char *why;
    uint64_t gpa, ramdisk;
    int err = pvh_read_kernel(&file, &kernel, &why);

    if (err != 0)
        return build_refuse(build, -EINVAL, "%s cannot be started: %s", build->config->kernel, why);
    err = load_segments(build, &kernel);
    if (err != 0)
        return err;
    gpa = kernel.paddr_end;
    err = build_ramdisk(build, &gpa, &ramdisk);
    if (err == 0)
        err = write_start_info(build, gpa, ramdisk);
    if (err == 0)
        pvh_start_state(&build->cpu, kernel.entry, gpa);
    return err;
}
