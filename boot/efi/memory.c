/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory from the firmware, its memory map, and the way out of boot services. */
#include "boot/efi/loader.h"

#include "boot/check.h"
#include "boot/memmap.h"
#include "lib/errno.h"

/* Room for descriptors that appear between asking for the size and asking for the map. */
#define MAP_SLACK_PAGES 4u

/* ExitBootServices fails when the map has changed since it was read; a firmware's timer may do that
 * once or twice. */
#define EXIT_TRIES 8u

/* A firmware may forbid to execute what is not of a code type. */
static const struct {
    uint64_t highest; /* address of the last byte, at most */
    uint64_t align;
    EFI_MEMORY_TYPE type;
} uses[] = {
    [MEMORY_FOR_FILE] = {0xffffffff, BOOT_PAGE_SIZE, EfiLoaderData},
    [MEMORY_FOR_IMAGE] = {0xffffffff, CHECK_IMAGE_ALIGN, EfiLoaderCode},
    [MEMORY_FOR_TRAMPOLINE] = {0x9ffff, BOOT_PAGE_SIZE, EfiLoaderData},
};

int memory_take(struct loader *loader, enum memory_use use, uint64_t page_count,
                struct loader_block *block)
{
    EFI_BOOT_SERVICES *services = loader->system->BootServices;
    EFI_PHYSICAL_ADDRESS base = uses[use].highest;
    uint64_t align = uses[use].align;
    uint64_t slack = align / BOOT_PAGE_SIZE - 1;
    uint64_t aligned;
    uint64_t before;

    if (loader->block_count == LOADER_BLOCK_MAX || page_count > base / BOOT_PAGE_SIZE ||
        EFI_ERROR(services->AllocatePages(AllocateMaxAddress, uses[use].type, page_count + slack,
                                          &base))) {
        return -ENOMEM;
    }
    aligned = (base + align - 1) & ~(align - 1);
    before = (aligned - base) / BOOT_PAGE_SIZE;
    if (before != 0) {
        services->FreePages(base, before);
    }
    if (slack != before) {
        services->FreePages(aligned + page_count * BOOT_PAGE_SIZE, slack - before);
    }
    *block = (struct loader_block){.paddr = aligned, .page_count = page_count};
    loader->block[loader->block_count++] = *block;
    return 0;
}

void memory_give_back(struct loader *loader, const struct loader_block *block)
{
    for (uint32_t i = 0; i < loader->block_count; i++) {
        if (loader->block[i].paddr == block->paddr) {
            loader->system->BootServices->FreePages(block->paddr, block->page_count);
            loader->block[i] = loader->block[--loader->block_count];
            return;
        }
    }
}

void memory_give_back_all(struct loader *loader)
{
    while (loader->block_count != 0) {
        struct loader_block last = loader->block[loader->block_count - 1];

        memory_give_back(loader, &last);
    }
}

/* UEFI 2.10, section 7.2, table "Memory Type Usage after ExitBootServices". */
static enum boot_mem_type type_of(const EFI_MEMORY_DESCRIPTOR *descriptor)
{
    if ((descriptor->Attribute & EFI_MEMORY_RUNTIME) != 0) {
        return BOOT_MEM_RESERVED;
    }
    switch (descriptor->Type) {
    case EfiLoaderCode:
    case EfiLoaderData:
    case EfiBootServicesCode:
    case EfiBootServicesData:
    case EfiConventionalMemory:
        return BOOT_MEM_FREE;
    case EfiACPIReclaimMemory:
        return BOOT_MEM_ACPI;
    default:
        return BOOT_MEM_RESERVED;
    }
}

/* The firmware's map in a block of its own. */
struct firmware_map {
    struct loader_block block;
    UINTN size;
    UINTN key;
    UINTN descriptor_size;
};

static EFI_STATUS read_map(struct loader *loader, struct firmware_map *map)
{
    UINT32 version;

    map->size = map->block.page_count * BOOT_PAGE_SIZE;
    return loader->system->BootServices->GetMemoryMap(
        &map->size, (EFI_MEMORY_DESCRIPTOR *)(uintptr_t)map->block.paddr, &map->key,
        &map->descriptor_size, &version);
}

static int take_map(struct loader *loader, struct firmware_map *map)
{
    UINTN size = 0;
    EFI_STATUS status;
    UINT32 version;
    int rc;

    status = loader->system->BootServices->GetMemoryMap(&size, NULL, &map->key,
                                                        &map->descriptor_size, &version);
    if (status != EFI_BUFFER_TOO_SMALL) {
        return refuse(&loader->refusal, -EIO,
                      "the firmware gives no memory map: update the firmware.");
    }
    rc = memory_take(loader, MEMORY_FOR_FILE, size / BOOT_PAGE_SIZE + MAP_SLACK_PAGES, &map->block);
    if (rc == 0 && EFI_ERROR(read_map(loader, map))) {
        memory_give_back(loader, &map->block);
        rc = -EIO;
    }
    if (rc != 0) {
        return refuse(&loader->refusal, rc,
                      "the firmware's memory map does not fit into memory: add memory.");
    }
    return 0;
}

/* Turns the firmware's map into boot_info's, with what the hypervisor is given carved out. */
static int convert_map(struct loader *loader, const struct firmware_map *map)
{
    struct boot_info *info = loader->info;
    int rc = 0;

    info->mem_count = 0;
    for (UINTN at = 0; rc == 0 && map->size - at >= map->descriptor_size;
         at += map->descriptor_size) {
        const EFI_MEMORY_DESCRIPTOR *descriptor =
            (const EFI_MEMORY_DESCRIPTOR *)(uintptr_t)(map->block.paddr + at);

        rc = memmap_add(info, descriptor->PhysicalStart, descriptor->NumberOfPages * BOOT_PAGE_SIZE,
                        type_of(descriptor));
    }
    if (rc == 0) {
        rc = memmap_add(info, info->image_paddr, info->image_size, BOOT_MEM_IMAGE);
    }
    if (rc == 0) {
        rc = memmap_add(info, info->trampoline_paddr, BOOT_PAGE_SIZE, BOOT_MEM_IMAGE);
    }
    if (rc == 0) {
        rc = memmap_add(info, (uintptr_t)info, sizeof(*info), BOOT_MEM_BOOT);
    }
    for (uint32_t i = 0; rc == 0 && i < info->module_count; i++) {
        rc = memmap_add(info, info->module[i].paddr, info->module[i].size, BOOT_MEM_MODULE);
    }
    return rc;
}

static int refuse_map(struct loader *loader)
{
    return refuse(&loader->refusal, -ENOSPC,
                  "the memory map has more than %u ranges: update the firmware.", BOOT_MEM_MAX);
}

int memory_fill_map(struct loader *loader)
{
    struct firmware_map map = {.size = 0};
    int rc = take_map(loader, &map);

    if (rc != 0) {
        return rc;
    }
    rc = convert_map(loader, &map);
    memory_give_back(loader, &map.block);
    if (rc != 0) {
        return refuse_map(loader);
    }
    return plan_check_memory(&loader->plan, memmap_total(loader->info, BOOT_MEM_FREE),
                             &loader->refusal);
}

int memory_exit_boot_services(struct loader *loader)
{
    struct firmware_map map = {.size = 0};
    EFI_STATUS status = EFI_SUCCESS;
    int rc = take_map(loader, &map);

    if (rc != 0) {
        return rc;
    }
    for (unsigned int i = 0; i < EXIT_TRIES; i++) {
        status = loader->system->BootServices->ExitBootServices(loader->handle, map.key);
        loader->stage = EFI_ERROR(status) ? LOADER_LEAVING : LOADER_LEFT;
        if (!EFI_ERROR(status) || EFI_ERROR(read_map(loader, &map))) {
            break;
        }
    }
    if (EFI_ERROR(status)) {
        return refuse(&loader->refusal, -EIO,
                      "the firmware does not let go of the machine: update the firmware.");
    }
    return convert_map(loader, &map) == 0 ? 0 : refuse_map(loader);
}
