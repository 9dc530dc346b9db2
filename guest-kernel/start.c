/* SPDX-License-Identifier: BSD-2-Clause */
/* The order in which the modules start, the start info, and the end of the domain. */
#include "guest-kernel/guest.h"

#include "guest-kernel/console.h"
#include "guest-kernel/events.h"
#include "guest-kernel/grants.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "guest-kernel/traps.h"
#include "lib/insn.h"
#include "lib/string.h"
#include "pv-abi/sched.h"

void guest_main(uint64_t start_info_paddr, uint64_t image_paddr);

static const struct hvm_start_info *start_info;

const struct hvm_start_info *guest_start_info(void)
{
    return start_info;
}

static const char *string_at(uint64_t paddr)
{
    return paddr ? phys_to_virt(paddr) : "";
}

const char *guest_command_line(void)
{
    return string_at(start_info->cmdline_paddr);
}

bool guest_has_option(const char *word)
{
    const char *at = guest_command_line();
    size_t length = strlen(word);

    while (*at) {
        const char *end = strchr(at, ' ');
        size_t size = end ? (size_t)(end - at) : strlen(at);

        if (size == length && strncmp(at, word, length) == 0)
            return true;
        at += size;
        if (*at == ' ')
            at++;
    }
    return false;
}

bool guest_module(unsigned int index, struct guest_module *module)
{
    const struct hvm_modlist_entry *list = phys_to_virt(start_info->modlist_paddr);

    if (index >= start_info->nr_modules)
        return false;
    module->command_line = string_at(list[index].cmdline_paddr);
    module->paddr = list[index].paddr;
    module->bytes = phys_to_virt(list[index].paddr);
    module->size = list[index].size;
    return true;
}

bool guest_is_control(void)
{
    return (start_info->flags & SIF_INITDOMAIN) != 0;
}

void guest_shutdown(unsigned int reason)
{
    struct sched_shutdown arg = {.reason = reason};

    console_flush();
    irq_disable();
    hypercall_sched_op(SCHEDOP_shutdown, &arg);
    for (;;)
        cpu_halt();
}

void guest_panic(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    console_printf("guest: panic at %p: ", __builtin_return_address(0));
    console_vprintf(fmt, args);
    console_printf("\n");
    va_end(args);
    guest_shutdown(SHUTDOWN_crash);
}

/* Called by entry.asm on the first vcpu, with interrupts off. */
void guest_main(uint64_t start_info_paddr, uint64_t image_paddr)
{
    start_info = phys_to_virt(start_info_paddr);
    traps_init_cpu(0);
    memory_set_image(image_paddr);
    if (!hypercall_init() || start_info->magic != XEN_HVM_START_MAGIC_VALUE)
        guest_panic("not started by the PVH protocol on a hypervisor with Xen's interface");
    memory_init();
    events_init();
    console_init();
    time_init();
    int err = grants_init();
    if (err)
        console_printf("guest: no grant table: error %d\n", err);
    irq_enable();
    guest_shutdown(main_guest() == 0 ? SHUTDOWN_poweroff : SHUTDOWN_crash);
}
