/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading the hypervisor's ELF file. */
#include "boot/efi/loader.h"

#include "boot/check.h"
#include "lib/elf.h"
#include "boot/memmap.h"
#include "lib/errno.h"
#include "lib/string.h"

/* The early page tables map no more (boot/mb2_entry.asm, IMAGE_PAGES). */
#define IMAGE_SIZE_MAX (4 * CHECK_IMAGE_ALIGN)

static void copy_segments(const char *file, const struct check_elf *elf, uint64_t image_paddr)
{
    struct elf_header header;

    memcpy(&header, file, sizeof(header));
    for (unsigned int i = 0; i < header.phnum; i++) {
        struct elf_segment segment;

        memcpy(&segment, file + header.phoff + i * sizeof(segment), sizeof(segment));
        if (segment.type == ELF_PT_LOAD) {
            memcpy((char *)(uintptr_t)(image_paddr + (segment.paddr - elf->paddr)),
                   file + segment.offset, segment.filesz);
        }
    }
}

static int place_image(struct loader *loader, const char *file, const struct check_elf *elf)
{
    struct boot_info *info = loader->info;
    struct loader_block block;
    uint64_t size = (elf->size + CHECK_IMAGE_ALIGN - 1) & ~(CHECK_IMAGE_ALIGN - 1);

    if (memory_take(loader, MEMORY_FOR_IMAGE, size / BOOT_PAGE_SIZE, &block) != 0) {
        return refuse(&loader->refusal, -ENOMEM,
                      "there is no memory below 4 GiB for the %lu KiB of the hypervisor: add "
                      "memory.",
                      size >> 10);
    }
    memset((char *)(uintptr_t)block.paddr, 0, size);
    copy_segments(file, elf, block.paddr);
    info->image_paddr = block.paddr;
    info->image_size = size;
    loader->entry_paddr = block.paddr + (elf->entry_paddr - elf->paddr);
    return 0;
}

int image_load(struct loader *loader)
{
    const char *name = loader->plan.hypervisor;
    struct loader_block block;
    struct check_elf elf;
    uint64_t size = 0;
    const char *file;
    int rc = files_load(loader, name, PLAN_CONFIG_NAME, &block, &size);

    if (rc != 0) {
        return rc;
    }
    file = (const char *)(uintptr_t)block.paddr;
    rc = check_elf(name, file, size, &elf, &loader->refusal);
    if (rc != 0) {
        return rc;
    }
    if (elf.paddr % CHECK_IMAGE_ALIGN != 0 || elf.size > IMAGE_SIZE_MAX) {
        return refuse(&loader->refusal, -ENOEXEC,
                      "%s is not the hypervisor: name Atoll's image as hypervisor in atoll.cfg.",
                      name);
    }
    rc = place_image(loader, file, &elf);
    memory_give_back(loader, &block);
    return rc;
}
