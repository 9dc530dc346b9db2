/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the layout of the ACPI tables. Sections are those of the ACPI specification 6.2. */
#include "guest-kernel/control/guest_acpi.h"

#include "lib/string.h"

#define OEM_ID       "ATOLL "
#define OEM_TABLE_ID "ATOLLPVH"
#define CREATOR_ID   "ATOL"

/* 5.2.5.3 */
struct rsdp {
    char signature[8];
    uint8_t checksum; /* of the first 20 bytes */
    char oem_id[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
    uint8_t extended_checksum;
    uint8_t reserved[3];
} __attribute__((packed));
_Static_assert(sizeof(struct rsdp) == 36, "ACPI 5.2.5.3");

/* 5.2.6 */
struct header {
    char signature[4];
    uint32_t length;
    uint8_t revision;
    uint8_t checksum;
    char oem_id[6];
    char oem_table_id[8];
    uint32_t oem_revision;
    char creator_id[4];
    uint32_t creator_revision;
} __attribute__((packed));
_Static_assert(sizeof(struct header) == 36, "ACPI 5.2.6");

/* 5.2.8 */
struct xsdt {
    struct header header;
    uint64_t entry[2];
} __attribute__((packed));

/* 5.2.9, with the fields that a hardware-reduced machine leaves 0 as gaps. */
struct fadt {
    struct header header;
    uint32_t firmware_ctrl;
    uint32_t dsdt;
    uint8_t legacy[65];
    uint16_t iapc_boot_arch;
    uint8_t reserved;
    uint32_t flags;
    uint8_t reset[15];
    uint8_t minor_version;
    uint64_t x_firmware_ctrl;
    uint64_t x_dsdt;
    uint8_t x_blocks[120];
    char hypervisor_vendor[8];
} __attribute__((packed));
_Static_assert(sizeof(struct fadt) == 276, "ACPI 5.2.9");
_Static_assert(offsetof(struct fadt, iapc_boot_arch) == 109, "ACPI 5.2.9");
_Static_assert(offsetof(struct fadt, flags) == 112, "ACPI 5.2.9");
_Static_assert(offsetof(struct fadt, x_dsdt) == 140, "ACPI 5.2.9");

/* 5.2.9.3 (table 5-37) and 5.2.9 (table 5-35) */
#define BOOT_ARCH_NO_VGA      (1u << 2)
#define BOOT_ARCH_NO_CMOS_RTC (1u << 5)
#define FLAG_WBINVD           (1u << 0)
#define FLAG_PWR_BUTTON       (1u << 4) /* no fixed power button */
#define FLAG_SLP_BUTTON       (1u << 5) /* no fixed sleep button */
#define FLAG_HW_REDUCED       (1u << 20)

#define FADT_REVISION 6
#define FADT_MINOR    2
#define MADT_REVISION 4
#define XSDT_REVISION 1
#define DSDT_REVISION 2 /* 64-bit integers in AML */
#define RSDP_REVISION 2

/* 5.2.12 and 5.2.12.2 */
struct madt {
    struct header header;
    uint32_t lapic_address;
    uint32_t flags;
} __attribute__((packed));

struct madt_lapic {
    uint8_t type;
    uint8_t length;
    uint8_t uid;
    uint8_t apic_id;
    uint32_t flags;
} __attribute__((packed));
_Static_assert(sizeof(struct madt_lapic) == 8, "ACPI 5.2.12.2");

#define LAPIC_ADDRESS      0xfee00000u
#define MADT_LAPIC_ENABLED 1u

/* Every table begins at a multiple of 8. */
#define RSDP_AT 0u
#define XSDT_AT 40u
#define FADT_AT 96u
#define DSDT_AT 376u
#define MADT_AT 416u
_Static_assert(XSDT_AT + sizeof(struct xsdt) <= FADT_AT, "tables do not overlap");
_Static_assert(FADT_AT + sizeof(struct fadt) <= DSDT_AT, "tables do not overlap");
_Static_assert(DSDT_AT + sizeof(struct header) <= MADT_AT, "tables do not overlap");

static uint8_t checksum(const void *table, size_t size)
{
    const uint8_t *bytes = table;
    unsigned int sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += bytes[i];
    return (uint8_t)(0x100 - (sum & 0xff));
}

/* Fills the header of a table whose content is complete. */
static void finish(struct header *header, const char *signature, uint8_t revision, size_t length)
{
    memcpy(header->signature, signature, sizeof(header->signature));
    header->length = (uint32_t)length;
    header->revision = revision;
    memcpy(header->oem_id, OEM_ID, sizeof(header->oem_id));
    memcpy(header->oem_table_id, OEM_TABLE_ID, sizeof(header->oem_table_id));
    header->oem_revision = 1;
    memcpy(header->creator_id, CREATOR_ID, sizeof(header->creator_id));
    header->creator_revision = 1;
    header->checksum = 0;
    header->checksum = checksum(header, length);
}

static void build_rsdp(struct rsdp *rsdp, uint64_t paddr)
{
    memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
    memcpy(rsdp->oem_id, OEM_ID, sizeof(rsdp->oem_id));
    rsdp->revision = RSDP_REVISION;
    rsdp->length = sizeof(*rsdp);
    rsdp->xsdt = paddr + XSDT_AT;
    rsdp->checksum = checksum(rsdp, 20);
    rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
}

static void build_fadt(struct fadt *fadt, uint64_t paddr)
{
    fadt->dsdt = (uint32_t)(paddr + DSDT_AT);
    fadt->x_dsdt = paddr + DSDT_AT;
    fadt->iapc_boot_arch = BOOT_ARCH_NO_VGA | BOOT_ARCH_NO_CMOS_RTC;
    fadt->flags = FLAG_WBINVD | FLAG_PWR_BUTTON | FLAG_SLP_BUTTON | FLAG_HW_REDUCED;
    fadt->minor_version = FADT_MINOR;
    finish(&fadt->header, "FACP", FADT_REVISION, sizeof(*fadt));
}

static void build_madt(struct madt *madt, unsigned int vcpus)
{
    struct madt_lapic *lapic = (struct madt_lapic *)(madt + 1);

    madt->lapic_address = LAPIC_ADDRESS;
    for (unsigned int i = 0; i < vcpus; i++) {
        lapic[i].type = 0;
        lapic[i].length = sizeof(*lapic);
        lapic[i].uid = (uint8_t)i;
        lapic[i].apic_id = (uint8_t)(2 * i);
        lapic[i].flags = MADT_LAPIC_ENABLED;
    }
    finish(&madt->header, "APIC", MADT_REVISION, sizeof(*madt) + vcpus * sizeof(*lapic));
}

size_t acpi_size(unsigned int vcpus)
{
    return MADT_AT + sizeof(struct madt) + vcpus * sizeof(struct madt_lapic);
}

void acpi_build(void *to, uint64_t paddr, unsigned int vcpus)
{
    uint8_t *base = to;
    struct xsdt *xsdt = (struct xsdt *)(base + XSDT_AT);

    memset(base, 0, acpi_size(vcpus));
    build_rsdp((struct rsdp *)(base + RSDP_AT), paddr);
    xsdt->entry[0] = paddr + FADT_AT;
    xsdt->entry[1] = paddr + MADT_AT;
    finish(&xsdt->header, "XSDT", XSDT_REVISION, sizeof(*xsdt));
    build_fadt((struct fadt *)(base + FADT_AT), paddr);
    finish((struct header *)(base + DSDT_AT), "DSDT", DSDT_REVISION, sizeof(struct header));
    build_madt((struct madt *)(base + MADT_AT), vcpus);
}
