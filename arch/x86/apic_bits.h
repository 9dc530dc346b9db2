/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of a local APIC, a guest's and the host's, numbered as in x2APIC mode (page offset /
 * 16): SDM Vol. 3A table 11-6.
 */
#pragma once

#define APIC_REG_ID           0x02u
#define APIC_REG_VERSION      0x03u
#define APIC_REG_TPR          0x08u
#define APIC_REG_PPR          0x0au
#define APIC_REG_EOI          0x0bu
#define APIC_REG_LDR          0x0du
#define APIC_REG_DFR          0x0eu
#define APIC_REG_SVR          0x0fu
#define APIC_REG_ISR          0x10u
#define APIC_REG_IRR          0x20u
#define APIC_REG_ESR          0x28u
#define APIC_REG_ICR          0x30u
#define APIC_REG_ICR_HIGH     0x31u
#define APIC_REG_LVT          0x32u /* timer, thermal, performance, LINT0, LINT1, error */
#define APIC_LVT_COUNT        6u
#define APIC_REG_LVT_LINT0    0x35u
#define APIC_REG_LVT_LINT1    0x36u
#define APIC_REG_LVT_ERROR    0x37u
#define APIC_REG_TIMER_INIT   0x38u
#define APIC_REG_TIMER_NOW    0x39u
#define APIC_REG_TIMER_DIVIDE 0x3eu
#define APIC_REG_SELF_IPI     0x3fu

#define APIC_VERSION_VALUE     0x00050014u /* version 14h, highest LVT entry 5 */
#define APIC_SVR_ENABLE        (1u << 8)
#define APIC_SVR_RESET         0xffu
#define APIC_SVR_MASK          0x3ffu
#define APIC_LVT_MASKED        (1u << 16)
#define APIC_LVT_TIMER_MODE    (3u << 17)
#define APIC_TIMER_PERIODIC    (1u << 17)
#define APIC_TIMER_DEADLINE    (2u << 17)
#define APIC_ESR_SEND_VECTOR   (1u << 5)
#define APIC_DFR_MODEL         0xf0000000u /* all ones: flat; the other bits read as ones */
#define APIC_VECTOR_MIN        16u
#define APIC_TIMER_DIVIDE_MASK 0xbu
#define APIC_TIMER_DIVIDE_BY_1 0xbu
#define APIC_PAGE_ID_SHIFT     24 /* of IDs in page form */

/* ICR, SDM Vol. 3A 11.6.1 */
#define ICR_VECTOR_MASK     0xffu
#define ICR_MODE_SHIFT      8
#define ICR_MODE_MASK       7u
#define ICR_MODE_FIXED      0u
#define ICR_MODE_LOWEST     1u
#define ICR_MODE_NMI        4u
#define ICR_MODE_INIT       5u
#define ICR_MODE_STARTUP    6u
#define ICR_LOGICAL         (1u << 11)
#define ICR_BUSY            (1u << 12)
#define ICR_ASSERT          (1u << 14)
#define ICR_LEVEL           (1u << 15)
#define ICR_SHORTHAND_SHIFT 18
#define ICR_SHORTHAND_MASK  3u
#define ICR_TO_SELF         1u
#define ICR_TO_ALL          2u
#define ICR_TO_OTHERS       3u
#define ICR_KNOWN           0x000ccfffu
