/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start by multiboot2: from GRUB's information to boot_info. Runs once on the boot CPU, with
 * the early page tables of boot/mb2_entry.asm (the first 4 GiB identity mapped); ends in
 * hypervisor_main or in a refusal on the screen and COM1.
 */
#include "boot/entry.h"

#include "boot/check.h"
#include "boot/clock.h"
#include "boot/mb2_parse.h"
#include "boot/memmap.h"
#include "boot/multiboot2.h"
#include "boot/plan.h"
#include "drivers/host/uart.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/insn.h"
#include "lib/string.h"
#include "lib/strutil.h"

/* The linker script's. */
extern const char image_start[];
extern const char image_end[];

#define LARGE_PAGE UINT64_C(0x200000)

/* PC/AT memory layout: the BIOS data area holds the real-mode segment of the extended BIOS data
 * area, which lies at the end of conventional memory. */
#define BDA_EBDA_SEGMENT UINT64_C(0x40e)
#define EBDA_LOWEST      UINT64_C(0x80000)
#define CONVENTIONAL_END UINT64_C(0x9f000)

/* VGA text mode: 80 x 25 characters of two bytes. */
#define VGA_TEXT       UINT64_C(0xb8000)
#define VGA_CHARACTERS (80u * 25u)
#define VGA_WHITE      0x0f00u

static struct boot_info info;
static struct mb2_boot boot;
static struct plan plan;
static struct plan_source source;
static struct refusal refusal;

static void *identity(uint64_t paddr)
{
    return (void *)(uintptr_t)paddr;
}

static void show_refusal(void)
{
    char text[REFUSAL_MAX + sizeof(REFUSAL_PREFIX) + 1];
    volatile uint16_t *screen = identity(VGA_TEXT);
    struct uart uart;
    size_t length = format_str(text, sizeof(text), REFUSAL_PREFIX "%s\n", refusal.sentence);

    for (size_t i = 0; i < VGA_CHARACTERS; i++) {
        char c = i + 1 < length && i + 1 < sizeof(text) ? text[i] : ' ';

        screen[i] = (uint16_t)(VGA_WHITE | (unsigned char)c);
    }
    if (uart_init(&uart, UART_COM1, UART_BAUD) == 0) {
        uart_write(&uart, text, strlen(text));
    }
}

static const struct boot_module *find_module(const char *name)
{
    for (uint32_t i = 0; i < boot.module_count; i++) {
        if (strcmp(boot.module[i].name, name) == 0) {
            return &boot.module[i];
        }
    }
    return NULL;
}

static int read_module(void *modules, const char *name, char *buf, size_t size, size_t *length)
{
    const struct boot_module *module = find_module(name);

    if (module == NULL || modules != boot.module) {
        return -ENOENT;
    }
    if (module->size > size) {
        return -ENOSPC;
    }
    memcpy(buf, identity(module->paddr), module->size);
    *length = module->size;
    return 0;
}

/* boot_info's modules in the plan's order, then those that only the menu entry names. */
static int take_modules(void)
{
    for (uint32_t i = 0; i < plan.file_count; i++) {
        const struct boot_module *module = find_module(plan.file[i].name);

        if (module == NULL) {
            return plan_refuse_missing(&source, plan.file[i].name, plan.file[i].named_by, &refusal);
        }
        info.module[info.module_count++] = *module;
    }
    for (uint32_t i = 0; i < boot.module_count; i++) {
        bool is_known = false;

        for (uint32_t j = 0; j < info.module_count; j++) {
            is_known |= strcmp(info.module[j].name, boot.module[i].name) == 0;
        }
        if (!is_known) {
            info.module[info.module_count++] = boot.module[i];
        }
    }
    str_copy(info.module[0].cmdline, sizeof(info.module[0].cmdline), plan.control_options);
    return 0;
}

static int carve(uint64_t base, uint64_t size, enum boot_mem_type type)
{
    int rc = memmap_add(&info, base, size, type);

    return rc == 0 ? 0
                   : refuse(&refusal, rc,
                            "the memory map has more than %u ranges: update the firmware.",
                            BOOT_MEM_MAX);
}

/* A page for starting the other CPUs, below the extended BIOS data area. */
static int take_trampoline(void)
{
    uint16_t segment;
    uint64_t limit = CONVENTIONAL_END;
    uint64_t ebda;

    memcpy(&segment, identity(BDA_EBDA_SEGMENT), sizeof(segment));
    ebda = (uint64_t)segment << 4;
    if (ebda >= EBDA_LOWEST && ebda < limit) {
        limit = ebda;
    }
    info.trampoline_paddr = memmap_find_page_below(&info, limit);
    if (info.trampoline_paddr == 0) {
        return refuse(&refusal, -ENOMEM,
                      "no page below 1 MiB is free for starting the other CPUs: use UEFI.");
    }
    return carve(info.trampoline_paddr, BOOT_PAGE_SIZE, BOOT_MEM_IMAGE);
}

static int take_memory(void)
{
    int rc = carve(info.image_paddr, info.image_size, BOOT_MEM_IMAGE);

    for (uint32_t i = 0; rc == 0 && i < info.module_count; i++) {
        rc = carve(info.module[i].paddr, info.module[i].size, BOOT_MEM_MODULE);
    }
    if (rc == 0) {
        rc = take_trampoline();
    }
    if (rc == 0) {
        rc = plan_check_memory(&plan, memmap_total(&info, BOOT_MEM_FREE), &refusal);
    }
    return rc;
}

/* The hypervisor's options: the configuration's, then the menu entry's, of which the last count. */
static int take_options(void)
{
    size_t length =
        format_str(info.options, sizeof(info.options), "%s%s%s", plan.options,
                   plan.options[0] != '\0' && boot.cmdline[0] != '\0' ? " " : "", boot.cmdline);

    if (length >= sizeof(info.options)) {
        return refuse(&refusal, -ENOSPC,
                      "the hypervisor's options have more than %u characters: shorten them in "
                      "atoll.cfg or the GRUB menu entry.",
                      BOOT_OPTIONS_MAX - 1);
    }
    return 0;
}

static int check_machine(void)
{
    struct check_cpu cpu;

    check_gather_cpu(&cpu);
    return check_cpu(&cpu, &refusal);
}

static int check_control(void)
{
    const struct boot_module *control = &info.module[0];
    struct check_elf elf;

    return check_elf(control->name, identity(control->paddr), control->size, &elf, &refusal);
}

/* Fills in `info`, or says in `refusal` why not. */
static int prepare(uint32_t magic, uint64_t mbi_paddr, uint64_t image_paddr)
{
    uint64_t image_size = (uint64_t)(image_end - image_start);
    uint32_t mbi_size;
    int rc;

    if (magic != MB2_LOADER_MAGIC) {
        return refuse(&refusal, -EINVAL,
                      "it was not started by multiboot2: start it with GRUB's multiboot2 command.");
    }
    info.magic = BOOT_INFO_MAGIC;
    info.version = BOOT_INFO_VERSION;
    info.size = sizeof(info);
    info.firmware = BOOT_FIRMWARE_BIOS;
    info.image_paddr = image_paddr;
    info.image_size = (image_size + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    source.read = read_module;
    source.files = boot.module;
    source.advice = "add a line 'module2 FILE NAME' for it to the GRUB menu entry.";
    memcpy(&mbi_size, identity(mbi_paddr), sizeof(mbi_size));

    if ((rc = check_machine()) != 0 ||
        (rc = mb2_parse(identity(mbi_paddr), mbi_size, &info, &boot, &refusal)) != 0 ||
        (rc = plan_make(&plan, &source, &refusal)) != 0 || (rc = take_options()) != 0 ||
        (rc = take_modules()) != 0 || (rc = check_control()) != 0 || (rc = take_memory()) != 0) {
        return rc;
    }
    info.control_memory = plan.control_memory;
    if (boot.rsdp_size != 0) {
        info.rsdp_paddr = image_paddr + (uint64_t)((const char *)boot.rsdp - image_start);
    }
    info.wall_seconds = clock_read_cmos();
    info.wall_tsc = rdtsc();
    return 0;
}

void mb2_main(uint32_t magic, uint64_t mbi_paddr, uint64_t image_paddr)
{
    if (prepare(magic, mbi_paddr, image_paddr) == 0) {
        hypervisor_main(identity(image_paddr + (uint64_t)((const char *)&info - image_start)));
    }
    show_refusal();
    for (;;) {
        irq_disable();
        cpu_halt();
    }
}
