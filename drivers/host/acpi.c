/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the reading of ACPI tables. Offsets are those of ACPI 6.4, sections 5.2.5 to 5.2.12, and of
 * the HPET and PCI firmware specifications. Every length is checked before what it covers is read.
 */
#include "drivers/host/acpi.h"

#include "lib/errno.h"
#include "lib/string.h"

struct acpi_info acpi;

#define HEADER_SIZE    36u
#define TABLE_SIZE_MAX (1u << 20)
#define RSDP_SIZE      20u
#define RSDP_REVISION  15u
#define RSDP_RSDT      16u
#define RSDP_XSDT      24u

#define MADT_ENTRIES     44u
#define MADT_CPU         0u
#define MADT_IOAPIC      1u
#define MADT_OVERRIDE    2u
#define MADT_CPU_ENABLED 1u

#define FADT_DSDT         40u
#define FADT_PM1A_CONTROL 64u
#define FADT_PM1B_CONTROL 68u
#define FADT_PM_TIMER     76u
#define FADT_FLAGS        112u
#define FADT_RESET_REG    116u /* generic address: space, width, offset, access, 64-bit address */
#define FADT_RESET_VALUE  128u
#define FADT_X_DSDT       140u
#define FADT_FLAG_RESET   (1u << 10)
#define ADDRESS_SPACE_IO  1u

#define AML_BYTE_PREFIX 0x0au
#define HPET_ADDRESS    44u
#define MCFG_ENTRIES    44u
#define MCFG_ENTRY_SIZE 16u

static const void *(*map_paddr)(uint64_t paddr, size_t size);

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static bool sums_to_zero(const uint8_t *p, size_t size)
{
    uint8_t sum = 0;

    while (size-- > 0)
        sum = (uint8_t)(sum + *p++);
    return sum == 0;
}

/* The whole table at PADDR; NULL when its length or checksum is wrong. */
static const uint8_t *map_table(uint64_t paddr, uint32_t *size)
{
    const uint8_t *table = map_paddr(paddr, HEADER_SIZE);

    *size = get32(table + 4);
    if (*size < HEADER_SIZE || *size > TABLE_SIZE_MAX)
        return NULL;
    table = map_paddr(paddr, *size);
    return sums_to_zero(table, *size) ? table : NULL;
}

static void read_madt_entry(const uint8_t *e, uint8_t size)
{
    if (e[0] == MADT_CPU && size >= 8 && (get32(e + 4) & MADT_CPU_ENABLED)) {
        if (acpi.cpu_count < ACPI_CPU_MAX)
            acpi.cpu_apic_id[acpi.cpu_count++] = e[3];
    } else if (e[0] == MADT_IOAPIC && size >= 12 && acpi.ioapic_count < ACPI_IOAPIC_MAX) {
        acpi.ioapic[acpi.ioapic_count++] = (struct acpi_ioapic){get32(e + 4), get32(e + 8)};
    } else if (e[0] == MADT_OVERRIDE && size >= 10 && acpi.override_count < ACPI_OVERRIDE_MAX) {
        acpi.override[acpi.override_count++] =
            (struct acpi_override){e[3], get32(e + 4), get16(e + 8)};
    }
}

static void read_madt(const uint8_t *t, uint32_t size)
{
    uint32_t at = MADT_ENTRIES;

    while (at < size && size - at >= 2) {
        uint8_t entry_size = t[at + 1];

        if (entry_size < 2 || entry_size > size - at)
            return;
        read_madt_entry(t + at, entry_size);
        at += entry_size;
    }
}

/* An integer of a \_S5 package, ZeroOp, OneOp or BytePrefix and a byte (ACPI 6.4 20.2.3); *P moves
 * behind it. */
static uint8_t read_aml_byte(const uint8_t **p)
{
    if (**p == AML_BYTE_PREFIX)
        (*p)++;
    return *(*p)++;
}

/* Finds `Name (_S5, Package () {a, b, ...})` in the byte code: NameOp "_S5_" PackageOp length count
 * elements. */
static void read_dsdt(uint64_t paddr)
{
    uint32_t size;
    const uint8_t *t = map_table(paddr, &size);

    for (uint32_t at = HEADER_SIZE; t != NULL && at + 16 <= size; at++) {
        const uint8_t *p = t + at;

        if (memcmp(p, "_S5_\x12", 5) != 0)
            continue;
        p += 5;
        p += (*p >> 6) + 1; /* the package's length */
        p++;                /* its element count */
        acpi.s5_type_a = read_aml_byte(&p);
        acpi.s5_type_b = read_aml_byte(&p);
        acpi.has_s5 = true;
        return;
    }
}

static void read_fadt(const uint8_t *t, uint32_t size)
{
    if (size < FADT_FLAGS + 4)
        return;
    acpi.pm_timer_port = get16(t + FADT_PM_TIMER);
    acpi.pm1a_control_port = get16(t + FADT_PM1A_CONTROL);
    acpi.pm1b_control_port = get16(t + FADT_PM1B_CONTROL);
    if (size > FADT_RESET_VALUE && (get32(t + FADT_FLAGS) & FADT_FLAG_RESET) &&
        t[FADT_RESET_REG] == ADDRESS_SPACE_IO) {
        acpi.has_reset = true;
        acpi.reset_port = get16(t + FADT_RESET_REG + 4);
        acpi.reset_value = t[FADT_RESET_VALUE];
    }
    if (size >= FADT_X_DSDT + 8 && get64(t + FADT_X_DSDT) != 0)
        read_dsdt(get64(t + FADT_X_DSDT));
    else
        read_dsdt(get32(t + FADT_DSDT));
}

static void read_mcfg(const uint8_t *t, uint32_t size)
{
    for (uint32_t at = MCFG_ENTRIES; at < size && size - at >= MCFG_ENTRY_SIZE;
         at += MCFG_ENTRY_SIZE) {
        if (get16(t + at + 8) == 0) { /* segment 0 */
            acpi.ecam_paddr = get64(t + at);
            acpi.ecam_bus_first = t[at + 10];
            acpi.ecam_bus_last = t[at + 11];
        }
    }
}

static void read_table(uint64_t paddr)
{
    uint32_t size;
    const uint8_t *t = map_table(paddr, &size);

    if (t == NULL)
        return;
    if (memcmp(t, "APIC", 4) == 0)
        read_madt(t, size);
    else if (memcmp(t, "FACP", 4) == 0)
        read_fadt(t, size);
    else if (memcmp(t, "HPET", 4) == 0 && size >= HPET_ADDRESS + 8)
        acpi.hpet_paddr = get64(t + HPET_ADDRESS);
    else if (memcmp(t, "MCFG", 4) == 0)
        read_mcfg(t, size);
}

int acpi_read(uint64_t rsdp_paddr, const void *(*map)(uint64_t paddr, size_t size))
{
    const uint8_t *rsdp, *root;
    uint32_t size, width;

    if (rsdp_paddr == 0)
        return -ENOENT;
    map_paddr = map;
    rsdp = map(rsdp_paddr, HEADER_SIZE);
    if (memcmp(rsdp, "RSD PTR ", 8) != 0 || !sums_to_zero(rsdp, RSDP_SIZE))
        return -ENOENT;
    width = rsdp[RSDP_REVISION] >= 2 && get64(rsdp + RSDP_XSDT) != 0 ? 8 : 4;
    root = map_table(width == 8 ? get64(rsdp + RSDP_XSDT) : get32(rsdp + RSDP_RSDT), &size);
    if (root == NULL)
        return -EBADMSG;
    for (uint32_t at = HEADER_SIZE; at < size && size - at >= width; at += width)
        read_table(width == 8 ? get64(root + at) : get32(root + at));
    return 0;
}
