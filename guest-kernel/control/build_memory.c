/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns a guest's memory layout: RAM from 0 to 0xf0000000 (with the reserved range below 1 MiB) and
 * from 4 GiB on; ACPI tables and the ring pages in reserved ranges where Xen has them too; ones in
 * the page below 4 GiB.
 */
#include "guest-kernel/control/guest_acpi.h"
#include "guest-kernel/control/build_layout.h"
#include "guest-kernel/control/build_state.h"
#include "guest-kernel/control/foreign.h"
#include "guest-kernel/control/hv.h"
#include "guest-kernel/memory.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/hvm_start_info.h"

#define LARGE_ORDER  9u
#define LARGE_FRAMES (1u << LARGE_ORDER)
#define BATCH        512u
#define STEP_FRAMES  4096u /* 16 MiB, which the hypervisor may have to clear first */
#define MIB          (UINT64_C(1) << 20)

static uint64_t acpi_frames(const struct build *build)
{
    return (acpi_size(build->config->vcpus) + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

uint64_t build_reserved_frames(const struct build *build)
{
    return acpi_frames(build) + BUILD_RING_FRAMES + BUILD_FIRMWARE_FRAMES;
}

/* Populates `count` pieces of 2^order frames from `gfn` on; returns how many there was memory for,
 * or a negative errno. */
static int64_t populate_pieces(domid_t domid, uint64_t gfn, uint64_t count, unsigned int order)
{
    static uint64_t gfns[BATCH];
    size_t batch = STEP_FRAMES >> order < BATCH ? STEP_FRAMES >> order : BATCH;
    uint64_t done = 0;

    while (done < count) {
        size_t part = count - done < batch ? (size_t)(count - done) : batch;
        int64_t got;

        for (size_t i = 0; i < part; i++)
            gfns[i] = gfn + ((done + i) << order);
        build_meanwhile();
        got = hv_populate(domid, gfns, part, order);
        if (got < 0)
            return done == 0 ? got : (int64_t)done;
        done += (uint64_t)got;
        if ((size_t)got < part)
            break;
    }
    return (int64_t)done;
}

static int populate_small(domid_t domid, uint64_t start, uint64_t end)
{
    int64_t got = populate_pieces(domid, start, end - start, 0);

    if (got < 0)
        return (int)got;
    return (uint64_t)got == end - start ? 0 : -ENOMEM;
}

/* Frames `start` to `end`, by 2 MiB where they are aligned and while there is such memory. */
static int populate(domid_t domid, uint64_t start, uint64_t end)
{
    uint64_t first = (start + LARGE_FRAMES - 1) & ~(uint64_t)(LARGE_FRAMES - 1);
    uint64_t pieces = first < end ? (end - first) >> LARGE_ORDER : 0;
    int64_t got = 0;
    int err;

    if (pieces == 0)
        return populate_small(domid, start, end);
    err = populate_small(domid, start, first);
    if (err != 0)
        return err;
    got = populate_pieces(domid, first, pieces, LARGE_ORDER);
    if (got < 0 && got != -ENOMEM)
        return (int)got;
    if (got > 0)
        first += (uint64_t)got << LARGE_ORDER;
    return populate_small(domid, first, end);
}

static void add_range(struct build *build, uint64_t start, uint64_t end, uint32_t type)
{
    if (start < end)
        build->map[build->map_count++] =
            (struct e820entry){.addr = start, .size = end - start, .type = type};
}

static void lay_out(struct build *build)
{
    uint64_t size = build->config->memory_mib * MIB;

    build->low_end = size < BUILD_LOW_LIMIT ? size : BUILD_LOW_LIMIT;
    build->high_end = BUILD_4_GIB + size - build->low_end;
    build->acpi_gpa = BUILD_ACPI_GPA;
    add_range(build, 0, BUILD_VGA_START, XEN_HVM_MEMMAP_TYPE_RAM);
    add_range(build, BUILD_VGA_START, BUILD_VGA_END, XEN_HVM_MEMMAP_TYPE_RESERVED);
    add_range(build, BUILD_VGA_END, build->low_end, XEN_HVM_MEMMAP_TYPE_RAM);
    add_range(build, BUILD_ACPI_GPA, BUILD_ACPI_GPA + (acpi_frames(build) << PAGE_SHIFT),
              XEN_HVM_MEMMAP_TYPE_ACPI);
    add_range(build, BUILD_RING_START, BUILD_RING_END, XEN_HVM_MEMMAP_TYPE_RESERVED);
    add_range(build, BUILD_FIRMWARE_GFN << PAGE_SHIFT, BUILD_4_GIB, XEN_HVM_MEMMAP_TYPE_RESERVED);
    add_range(build, BUILD_4_GIB, build->high_end, XEN_HVM_MEMMAP_TYPE_RAM);
}

/* The range from 0xa0000 to 1 MiB has memory too, though the map reserves it: Linux looks for
 * option ROMs there, and finds none in cleared pages. */
static int populate_all(const struct build *build)
{
    uint64_t acpi = BUILD_ACPI_GPA >> PAGE_SHIFT;
    int err = populate(build->domid, 0, build->low_end >> PAGE_SHIFT);

    if (err == 0)
        err = populate(build->domid, BUILD_4_GIB >> PAGE_SHIFT, build->high_end >> PAGE_SHIFT);
    if (err == 0)
        err = populate_small(build->domid, acpi, acpi + acpi_frames(build));
    if (err == 0)
        err = populate_small(build->domid, BUILD_STORE_GFN, BUILD_STORE_GFN + BUILD_RING_FRAMES);
    if (err == 0)
        err = populate_small(build->domid, BUILD_FIRMWARE_GFN,
                             BUILD_FIRMWARE_GFN + BUILD_FIRMWARE_FRAMES);
    return err;
}

static int write_acpi(const struct build *build)
{
    static uint8_t tables[PAGE_SIZE];

    _Static_assert(ACPI_VCPUS_MAX >= GUEST_VCPUS_MAX, "a local APIC entry for each vcpu");
    if (acpi_size(build->config->vcpus) > sizeof(tables))
        return -E2BIG;
    acpi_build(tables, build->acpi_gpa, build->config->vcpus);
    return foreign_write(build->domid, build->acpi_gpa, tables, acpi_size(build->config->vcpus));
}

static int write_firmware_page(const struct build *build)
{
    static uint8_t ones[PAGE_SIZE];

    memset(ones, 0xff, sizeof(ones));
    return foreign_write(build->domid, BUILD_FIRMWARE_GFN << PAGE_SHIFT, ones, sizeof(ones));
}

int build_memory(struct build *build)
{
    struct xen_sysctl_physinfo machine;
    int err = hv_get_machine(&machine);

    if (err != 0)
        return build_refuse(build, err, "the hypervisor does not tell how much memory is free");
    lay_out(build);
    err = populate_all(build);
    if (err == -ENOMEM)
        return build_refuse(build, err, "it needs %u MiB of memory, and %llu MiB are free",
                            build->config->memory_mib,
                            (unsigned long long)(machine.free_pages * PAGE_SIZE / MIB));
    if (err != 0)
        return build_refuse(build, err, "the hypervisor refuses it memory");
    err = hv_set_memory_map(build->domid, build->map, build->map_count);
    if (err != 0)
        return build_refuse(build, err, "its memory map cannot be set");
    err = write_acpi(build);
    if (err != 0)
        return build_refuse(build, err, "its ACPI tables cannot be written");
    err = write_firmware_page(build);
    if (err != 0)
        return build_refuse(build, err, "the page below 4 GiB cannot be written");
    return 0;
}

int build_copy(struct build *build, uint64_t gpa, const void *bytes, uint64_t size,
               const char *what)
{
    const uint8_t *from = bytes;
    int err = 0;

    if (gpa < BUILD_VGA_END)
        return build_refuse(build, -EINVAL, "%s wants to lie below 1 MiB, where no room is for it",
                            what);
    if (size > build->low_end || gpa > build->low_end - size)
        return build_refuse(
            build, -EINVAL, "%s does not fit: it would end at %llu MiB, and memory is %u MiB", what,
            (unsigned long long)((gpa + size + MIB - 1) / MIB), build->config->memory_mib);
    while (size > 0 && err == 0) {
        size_t part = size < STEP_FRAMES * PAGE_SIZE ? (size_t)size : STEP_FRAMES * PAGE_SIZE;

        build_meanwhile();
        err = foreign_write(build->domid, gpa, from, part);
        gpa += part;
        from += part;
        size -= part;
    }
    return err == 0 ? 0 : build_refuse(build, err, "%s cannot be copied", what);
}

int build_ramdisk(struct build *build, uint64_t *gpa, uint64_t *start)
{
    *gpa = (*gpa + PAGE_SIZE - 1) & PAGE_MASK;
    *start = *gpa;
    if (build->ramdisk.size == 0)
        return 0;
    *gpa += (build->ramdisk.size + PAGE_SIZE - 1) & PAGE_MASK;
    return build_copy(build, *start, build->ramdisk.bytes, build->ramdisk.size, "its ramdisk");
}
