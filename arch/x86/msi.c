/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the writing of MSI-X capabilities and tables (PCI Local Bus Specification 3.0, 6.8.2): the
 * only PCI code of the hypervisor. Needs LOCK_IRQ. */
#include "arch/x86/irq.h"

#include "arch/x86/pt.h"
#include "core/frame.h"
#include "lib/errno.h"
#include "lib/insn.h"

#define CONFIG_ADDRESS 0xcf8u /* PCI 3.0, 3.2.2.3.2 */
#define CONFIG_DATA    0xcfcu
#define CONFIG_ENABLE  (1u << 31)

#define REG_BAR          0x10u /* 6.1 and 6.2.5.1 */
#define BAR_64           (2u << 1)
#define BAR_ADDRESS      0xfffffff0u
#define REG_CAPABILITIES 0x34u
#define CAPABILITIES_MAX 48u
#define CAP_MSIX         0x11u
#define MSIX_TABLE       4u /* 6.8.2: BAR in bits 2 to 0 */
#define MSIX_ENABLE      (1u << 31)
#define MSIX_MASK_ALL    (1u << 30)
#define MSIX_SIZE(word)  (((word) >> 16 & 0x7ff) + 1)
#define ENTRY_SIZE       16u
#define MSI_ADDRESS      0xfee00000u /* APM Vol. 2 16.11.2: APIC ID in bits 19 to 12 */

static uint32_t config_read(uint32_t bdf, uint32_t offset)
{
    out32(CONFIG_ADDRESS, CONFIG_ENABLE | bdf << 8 | (offset & 0xfc));
    return in32(CONFIG_DATA);
}

/* The offset of the MSI-X capability, or 0. */
static uint32_t find_msix(uint32_t bdf)
{
    uint32_t offset = config_read(bdf, REG_CAPABILITIES) & 0xfc;

    for (unsigned i = 0; offset != 0 && i < CAPABILITIES_MAX; i++) {
        uint32_t head = config_read(bdf, offset);

        if ((head & 0xff) == CAP_MSIX)
            return offset;
        offset = head >> 8 & 0xfc;
    }
    return 0;
}

/* Where the function's table has this entry; 0: nowhere. */
static uint64_t find_entry(uint32_t bdf, uint32_t cap, uint32_t entry)
{
    uint32_t table = config_read(bdf, cap + MSIX_TABLE), bar = REG_BAR + 4 * (table & 7);
    uint32_t low = config_read(bdf, bar);
    uint64_t base = low & BAR_ADDRESS;

    if (entry >= MSIX_SIZE(config_read(bdf, cap)))
        return 0;
    if ((low & ~BAR_ADDRESS & BAR_64) != 0)
        base |= (uint64_t)config_read(bdf, bar + 4) << 32;
    return base == 0 ? 0 : base + (table & ~7u) + (uint64_t)entry * ENTRY_SIZE;
}

int msix_route(uint16_t bdf, uint32_t entry, uint8_t vector, uint32_t apic_id)
{
    uint32_t selected = in32(CONFIG_ADDRESS), cap = find_msix(bdf);
    paddr_t at = {cap == 0 ? 0 : find_entry(bdf, cap, entry)};
    int error = at.v == 0 || frame_is_ram(mfn_of(at)) ? -EINVAL : 0;

    if (!error) {
        char *page = window_map(WINDOW_DATA0, mfn_of(at));
        volatile uint32_t *words = (volatile uint32_t *)(void *)(page + at.v % PAGE_SIZE);

        words[0] = MSI_ADDRESS | apic_id << 12;
        words[1] = 0;
        words[2] = vector;
        words[3] = 0; /* not masked */
        window_unmap(WINDOW_DATA0);
        out32(CONFIG_DATA, (config_read(bdf, cap) & ~MSIX_MASK_ALL) | MSIX_ENABLE);
    }
    out32(CONFIG_ADDRESS, selected);
    return error;
}
