/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the setup header and boot_params. Every number from the file is checked before its use. */
#include "guest-kernel/control/bzimage.h"

#include "lib/errno.h"
#include "lib/string.h"

/* Offsets in boot_params and, from 0x1f1 on, in the file (boot.rst, zero-page.rst). */
#define ACPI_RSDP_ADDR      0x070u /* 8 bytes */
#define E820_ENTRIES        0x1e8u /* 1 */
#define SENTINEL            0x1efu /* 1: 0 says that the fields before it are valid */
#define HEADER              0x1f1u
#define SETUP_SECTS         0x1f1u /* 1 */
#define BOOT_FLAG           0x1feu /* 2: 0xaa55 */
#define JUMP_OFFSET         0x201u /* 1: the header ends this far behind 0x202 */
#define MAGIC               0x202u /* 4: "HdrS" */
#define VERSION             0x206u /* 2 */
#define TYPE_OF_LOADER      0x210u /* 1 */
#define LOADFLAGS           0x211u /* 1 */
#define CODE32_START        0x214u /* 4 */
#define RAMDISK_IMAGE       0x218u /* 4 */
#define RAMDISK_SIZE        0x21cu /* 4 */
#define CMD_LINE_PTR        0x228u /* 4 */
#define INITRD_ADDR_MAX     0x22cu /* 4 */
#define CMDLINE_SIZE        0x238u /* 4 */
#define PREF_ADDRESS        0x258u /* 8 */
#define INIT_SIZE           0x260u /* 4 */
#define HEADER_END          0x268u /* of protocol 2.12 */
#define HEADER_LIMIT        0x290u /* boot_params has other fields from here on */
#define E820_TABLE          0x2d0u
#define E820_ENTRY_SIZE     20u
#define E820_MAX            128u
#define BOOT_FLAG_VALUE     0xaa55u
#define MAGIC_VALUE         0x53726448u /* "HdrS" */
#define VERSION_MIN         0x020cu
#define LOADED_HIGH         0x01u
#define LOADER_UNREGISTERED 0x90u /* Xen's domain builder, boot.rst's table of loaders */
#define SECTOR_SIZE         512u
#define SETUP_SECTS_DEFAULT 4u
#define LOW_LOAD_LIMIT      0x100000u

/* GDT entries (APM Vol. 2, 4.8): base 0, limit 4 GiB, 32 bits. */
#define GDT_CODE32 UINT64_C(0x00cf9b000000ffff)
#define GDT_DATA32 UINT64_C(0x00cf93000000ffff)

static uint64_t get(const uint8_t *from, size_t at, size_t size)
{
    uint64_t value = 0;

    memcpy(&value, from + at, size);
    return value;
}

static void put(void *params, size_t at, uint64_t value, size_t size)
{
    memcpy((uint8_t *)params + at, &value, size);
}

bool bzimage_is(const uint8_t *file, uint64_t size)
{
    return size >= HEADER_END && get(file, BOOT_FLAG, 2) == BOOT_FLAG_VALUE &&
           get(file, MAGIC, 4) == MAGIC_VALUE;
}

static const char *read_header(const uint8_t *file, uint64_t size, struct bzimage *image)
{
    uint64_t sectors = get(file, SETUP_SECTS, 1);
    uint64_t header_end = MAGIC + get(file, JUMP_OFFSET, 1);

    if (get(file, VERSION, 2) < VERSION_MIN)
        return "its boot protocol is older than 2.12 (Linux 3.8)";
    if (!(get(file, LOADFLAGS, 1) & LOADED_HIGH))
        return "it is a zImage, which loads below 1 MiB: build a bzImage";
    if (header_end < HEADER_END || header_end > HEADER_LIMIT)
        return "its setup header has an impossible length";
    image->header = file + HEADER;
    image->header_size = header_end - HEADER;
    image->code_offset = (1 + (sectors != 0 ? sectors : SETUP_SECTS_DEFAULT)) * SECTOR_SIZE;
    if (image->code_offset >= size)
        return "the file is cut short: its 32-bit code is missing";
    image->code_size = size - image->code_offset;
    image->load_address = get(file, PREF_ADDRESS, 8);
    image->init_size = get(file, INIT_SIZE, 4);
    image->cmdline_max = (uint32_t)get(file, CMDLINE_SIZE, 4);
    image->ramdisk_limit = get(file, INITRD_ADDR_MAX, 4);
    if (image->load_address < LOW_LOAD_LIMIT || image->load_address > UINT32_MAX ||
        image->init_size > UINT32_MAX - image->load_address)
        return "it does not want to be loaded between 1 MiB and 4 GiB";
    if (image->code_size > image->init_size)
        return "it is larger than the memory that it asks for";
    return NULL;
}

int bzimage_read(const uint8_t *file, uint64_t size, struct bzimage *image, const char **why)
{
    memset(image, 0, sizeof(*image));
    *why = bzimage_is(file, size) ? read_header(file, size, image) : "it is no bzImage";
    return *why == NULL ? 0 : -ENOEXEC;
}

void bzimage_params(const struct bzimage *image, const struct bzimage_start *start, void *params)
{
    memset(params, 0, BZIMAGE_PARAMS_SIZE);
    memcpy((uint8_t *)params + HEADER, image->header, image->header_size);
    put(params, SENTINEL, 0, 1);
    put(params, TYPE_OF_LOADER, LOADER_UNREGISTERED, 1);
    put(params, LOADFLAGS, LOADED_HIGH, 1);
    put(params, CODE32_START, image->load_address, 4);
    put(params, CMD_LINE_PTR, start->cmdline, 4);
    if (start->ramdisk_size != 0) {
        put(params, RAMDISK_IMAGE, start->ramdisk, 4);
        put(params, RAMDISK_SIZE, start->ramdisk_size, 4);
    }
    put(params, ACPI_RSDP_ADDR, start->rsdp, 8);
}

void bzimage_add_memory(void *params, uint64_t start, uint64_t size, uint32_t type)
{
    size_t count = get(params, E820_ENTRIES, 1);
    size_t at = E820_TABLE + count * E820_ENTRY_SIZE;

    if (count == E820_MAX)
        return;
    put(params, at, start, 8);
    put(params, at + 8, size, 8);
    put(params, at + 16, type, 4);
    put(params, E820_ENTRIES, count + 1, 1);
}

void bzimage_gdt(void *gdt)
{
    memset(gdt, 0, BZIMAGE_GDT_SIZE);
    put(gdt, BZIMAGE_CODE_SELECTOR, GDT_CODE32, 8);
    put(gdt, BZIMAGE_DATA_SELECTOR, GDT_DATA32, 8);
}
