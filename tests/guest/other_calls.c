/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small hypercalls (vm_assist, console_io, multicall, physdev_op), the ones that only a control
 * domain may make, and numbers that nothing answers.
 */
#include "guest-kernel/hypercall.h"
#include "lib/compiler.h"
#include "lib/format.h"
#include "lib/insn.h"
#include "pv-abi/domctl.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/memory.h"
#include "pv-abi/physdev.h"
#include "pv-abi/sysctl.h"
#include "pv-abi/version.h"
#include "tests/guest/check.h"
#include "tests/guest/modes.h"
#include "tests/guest/pointers.h"

#define UNKNOWN     99
#define VERSION     0x00040011
#define CALLS       3
#define NAME_MAX    64
#define NUMBERS_END 64
#define CONTROL_END 90

static void assist(void)
{
    check("vm_assist/enable",
          hypercall_vm_assist(VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag), 0);
    check("vm_assist/disable",
          hypercall_vm_assist(VMASST_CMD_disable, VMASST_TYPE_runstate_update_flag), 0);
    check("vm_assist/a type of another kind of domain",
          hypercall_vm_assist(VMASST_CMD_enable, VMASST_TYPE_4gb_segments), -XEN_EINVAL);
    check("vm_assist/a type past the end", hypercall_vm_assist(VMASST_CMD_enable, UNKNOWN),
          -XEN_EINVAL);
    check("vm_assist/unknown", hypercall_vm_assist(UNKNOWN, VMASST_TYPE_runstate_update_flag),
          -XEN_ENOSYS);
    check("vm_assist/32-bit",
          hypercall_compat(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
                           VMASST_TYPE_runstate_update_flag, 0, 0, 0),
          0);
    check("vm_assist/privilege-3",
          hypercall_user(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
                         VMASST_TYPE_runstate_update_flag, 0),
          -XEN_EPERM);
}

/* Xen's release builds refuse output of a guest; a hypervisor may as well take it. */
static void console(void)
{
    char text[] = "console_io\n";

    check_either("console_io/write", hypercall_console_io(CONSOLEIO_write, sizeof(text) - 1, text),
                 -XEN_EPERM, 0);
    check("console_io/read", hypercall_console_io(CONSOLEIO_read, sizeof(text), text), -XEN_EPERM);
}

static struct multicall_entry entry(uint64_t number, uint64_t a1, const void *a2)
{
    return (struct multicall_entry){.op = number, .args = {a1, (uintptr_t)a2}};
}

static void multicall(void)
{
    static struct xen_memory_domain domain = {.domid = 0};
    struct multicall_entry calls[CALLS] = {
        entry(__HYPERVISOR_xen_version, XENVER_version, NULL),
        entry(__HYPERVISOR_memory_op, XENMEM_current_reservation, &domain),
        entry(__HYPERVISOR_xen_version, XENVER_pagesize, NULL),
    };
    struct multicall_entry nested = entry(__HYPERVISOR_multicall, 0, NULL);
    struct multicall_entry *crossing = crossing_buffer(sizeof(calls));

    check("multicall", hypercall_multicall(calls, CALLS), 0);
    check("multicall/the first result", (int64_t)calls[0].result, VERSION);
    check("multicall/a call that fails", (int64_t)calls[1].result, -XEN_EPERM);
    check("multicall/the call after it", (int64_t)calls[2].result, 4096);
    check("multicall/empty", hypercall_multicall(calls, 0), 0);
    crossing[0] = crossing[1] = crossing[2] = entry(__HYPERVISOR_xen_version, XENVER_version, NULL);
    check("multicall/crossing", hypercall_multicall(crossing, CALLS), 0);
    check("multicall/crossing result", (int64_t)crossing[1].result, VERSION);
    nested = entry(UNKNOWN, 0, NULL);
    check("multicall/of an unknown number", hypercall_multicall(&nested, 1), 0);
    check("multicall/of an unknown number, its result", (int64_t)nested.result, -XEN_ENOSYS);
    check("multicall/unmapped", hypercall5(__HYPERVISOR_multicall, UNMAPPED_ADDRESS, 1, 0, 0, 0),
          -XEN_EFAULT);
    check("multicall/privilege-3",
          hypercall_user(__HYPERVISOR_multicall, (uintptr_t)crossing, 1, 0), -XEN_EPERM);
}

static void multicall_32(void)
{
    struct compat_multicall_entry *calls = crossing_buffer(2 * sizeof(*calls));

    calls[0] =
        (struct compat_multicall_entry){.op = __HYPERVISOR_xen_version, .args = {XENVER_version}};
    calls[1] = (struct compat_multicall_entry){.op = __HYPERVISOR_xen_version, .args = {UNKNOWN}};
    check("multicall/32-bit",
          hypercall_compat(__HYPERVISOR_multicall, low_address(calls), 2, 0, 0, 0), 0);
    check("multicall/32-bit result", (int32_t)calls[0].result, VERSION);
    check("multicall/32-bit error", (int32_t)calls[1].result, -XEN_ENOSYS);
}

/* Without XENFEAT_hvm_pirqs there is no such hypercall, or none for this caller. */
static void interrupts(void)
{
    struct physdev_map_pirq map = {.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .pirq = -1};
    struct physdev_eoi eoi = {.irq = 0};

    check_either("physdev_op/map_pirq", hypercall_physdev_op(PHYSDEVOP_map_pirq, &map), -XEN_ENOSYS,
                 -XEN_EPERM);
    check_either("physdev_op/eoi", hypercall_physdev_op(PHYSDEVOP_eoi, &eoi), -XEN_ENOSYS,
                 -XEN_EPERM);
    check("physdev_op/unknown", hypercall_physdev_op(UNKNOWN, &eoi), -XEN_ENOSYS);
}

static const void *control_copy(const struct xen_domctl *domctl)
{
    struct xen_domctl *copy = low_alloc(sizeof(*copy));

    *copy = *domctl;
    return copy;
}

/* Every operation of the control interfaces that anybody has, by number. */
static void privileged(void)
{
    static struct xen_domctl domctl = {.interface_version = XEN_DOMCTL_INTERFACE_VERSION};
    static struct xen_sysctl sysctl = {.interface_version = XEN_SYSCTL_INTERFACE_VERSION};
    unsigned int allowed = 0;

    domctl.domain = (domid_t)hypervisor_info.domid;
    for (domctl.cmd = 1; domctl.cmd < CONTROL_END; domctl.cmd++)
        allowed += hypercall_domctl(&domctl) >= 0;
    check("domctl/none is for the caller", allowed, 0);
    for (sysctl.cmd = 1; sysctl.cmd < CONTROL_END; sysctl.cmd++)
        allowed += hypercall_sysctl(&sysctl) >= 0;
    check("sysctl/none is for the caller", allowed, 0);
    domctl.cmd = XEN_DOMCTL_getdomaininfo;
    check("domctl/getdomaininfo of the caller", hypercall_domctl(&domctl), -XEN_EPERM);
    domctl.domain = 0;
    check("domctl/getdomaininfo of domain 0", hypercall_domctl(&domctl), -XEN_EPERM);
    domctl.cmd = XEN_DOMCTL_createdomain;
    check("domctl/createdomain", hypercall_domctl(&domctl), -XEN_EPERM);
    domctl.cmd = XEN_DOMCTL_destroydomain;
    check("domctl/destroydomain of domain 0", hypercall_domctl(&domctl), -XEN_EPERM);
    sysctl.cmd = XEN_SYSCTL_physinfo;
    check("sysctl/physinfo", hypercall_sysctl(&sysctl), -XEN_EPERM);
    sysctl.cmd = XEN_SYSCTL_readconsole;
    check("sysctl/readconsole", hypercall_sysctl(&sysctl), -XEN_EPERM);
    check("domctl/privilege-3", hypercall_user(__HYPERVISOR_domctl, (uintptr_t)&domctl, 0, 0),
          -XEN_EPERM);
    check("domctl/32-bit",
          hypercall_compat(__HYPERVISOR_domctl, low_address(control_copy(&domctl)), 0, 0, 0, 0),
          -XEN_EPERM);
}

/* Every number that Xen gives to no hypercall a PVH guest can make. */
static void unknown_numbers(void)
{
    static const unsigned int numbers[] = {
        __HYPERVISOR_set_trap_table,
        __HYPERVISOR_mmu_update,
        __HYPERVISOR_set_gdt,
        __HYPERVISOR_stack_switch,
        __HYPERVISOR_set_callbacks,
        __HYPERVISOR_fpu_taskswitch,
        __HYPERVISOR_set_debugreg,
        __HYPERVISOR_get_debugreg,
        __HYPERVISOR_update_descriptor,
        __HYPERVISOR_update_va_mapping,
        __HYPERVISOR_set_segment_base,
        __HYPERVISOR_nmi_op,
        __HYPERVISOR_callback_op,
        __HYPERVISOR_tmem_op,
        43,
        NUMBERS_END - 1,
        NUMBERS_END,
        1000,
        0x7fffffffu,
        0xffffffffu,
    };
    char name[NAME_MAX];

    for (unsigned int i = 0; i < ARRAY_COUNT(numbers); i++) {
        format_str(name, sizeof(name), "number %x", numbers[i]);
        check(name, hypercall_insn5(numbers[i], 0, 0, 0, 0, 0), -XEN_ENOSYS);
        format_str(name, sizeof(name), "number %x/32-bit", numbers[i]);
        check(name, hypercall_compat(numbers[i], 0, 0, 0, 0, 0), -XEN_ENOSYS);
    }
    check("number 0/privilege-3", hypercall_user(0, 0, 0, 0), -XEN_EPERM);
}

void test_cases(void)
{
    assist();
    console();
    multicall();
    multicall_32();
    interrupts();
    privileged();
    unknown_numbers();
}
