/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the ways to leave: power off and reset by ACPI (6.4, 4.8.3.2 and 4.8.3.6), and what a PC has
 * besides. */
#include "arch/x86/trap.h"
#include "arch/x86/virt.h"
#include "core/log.h"
#include "drivers/host/acpi.h"
#include "lib/insn.h"

#define SLEEP_TYPE_SHIFT 10u
#define SLEEP_ENABLE     (1u << 13)
#define RESET_CONTROL    0xcf9u /* PCI chip sets: 0x02, then 0x06, resets the machine */

void machine_power_off(void)
{
    log_line(LOG_NOTICE, "power off");
    if (debug_exit_port != 0)
        out32(debug_exit_port, DEBUG_EXIT_OFF);
    if (acpi.has_s5) {
        out16(acpi.pm1a_control_port,
              (uint16_t)((uint32_t)acpi.s5_type_a << SLEEP_TYPE_SHIFT | SLEEP_ENABLE));
        if (acpi.pm1b_control_port != 0)
            out16(acpi.pm1b_control_port,
                  (uint16_t)((uint32_t)acpi.s5_type_b << SLEEP_TYPE_SHIFT | SLEEP_ENABLE));
    }
    log_line(LOG_NOTICE, "the machine can be switched off");
    cpu_stop();
}

void machine_reset(void)
{
    struct table_pointer no_idt = {0, 0};

    log_line(LOG_NOTICE, "reset");
    if (acpi.has_reset)
        out8(acpi.reset_port, acpi.reset_value);
    out8(RESET_CONTROL, 0x02);
    out8(RESET_CONTROL, 0x06);
    lidt(&no_idt);
    __builtin_trap();
}
