/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UEFI loader's course: check the machine, read the plan, load what it names, leave the
 * firmware, enter the image. A refusal is shown on the firmware's console and on COM1, and returns
 * to the firmware with everything given back.
 */
#include "boot/efi/loader.h"

#include "boot/check.h"
#include "boot/clock.h"
#include "boot/memmap.h"
#include "drivers/host/uart.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/insn.h"
#include "lib/string.h"
#include "lib/strutil.h"

/* UEFI 2.10, section 8.3: the firmware does not know its time zone. */
#define TIME_ZONE_UNKNOWN 2047

/* The image's 64-bit entry: boot_info goes into RDI. */
typedef void __attribute__((sysv_abi)) image_entry(const struct boot_info *info);

static struct loader the_loader;

static void show(struct loader *loader, const char *text)
{
    struct uart uart;

    for (const char *at = text; loader->stage == LOADER_IN_FIRMWARE && *at != '\0'; at++) {
        CHAR16 pair[] = {*at == '\n' ? L'\r' : (CHAR16)*at, *at == '\n' ? L'\n' : 0, 0};

        loader->system->ConOut->OutputString(loader->system->ConOut, pair);
    }
    if (uart_init(&uart, UART_COM1, UART_BAUD) == 0) {
        uart_write(&uart, text, strlen(text));
    }
}

static int check_machine(struct loader *loader)
{
    struct check_cpu cpu;

    check_gather_cpu(&cpu);
    return check_cpu(&cpu, &loader->refusal);
}

static int read_config(void *files, const char *name, char *buf, size_t size, size_t *length)
{
    return files_read(files, name, buf, size, length);
}

static int make_plan(struct loader *loader)
{
    loader->source.read = read_config;
    loader->source.files = loader;
    loader->source.advice = "copy it to the directory of atoll.cfg.";
    return plan_make(&loader->plan, &loader->source, &loader->refusal);
}

static int take_boot_info(struct loader *loader)
{
    struct loader_block info;
    struct loader_block trampoline;
    uint64_t page_count = (sizeof(struct boot_info) + BOOT_PAGE_SIZE - 1) / BOOT_PAGE_SIZE;

    if (memory_take(loader, MEMORY_FOR_FILE, page_count, &info) != 0) {
        return refuse(&loader->refusal, -ENOMEM, "there is no memory below 4 GiB: add memory.");
    }
    if (memory_take(loader, MEMORY_FOR_TRAMPOLINE, 1, &trampoline) != 0 || trampoline.paddr == 0) {
        return refuse(&loader->refusal, -ENOMEM,
                      "no page below 1 MiB is free for starting the other CPUs: update the "
                      "firmware.");
    }
    loader->info = (struct boot_info *)(uintptr_t)info.paddr;
    memset(loader->info, 0, sizeof(*loader->info));
    loader->info->magic = BOOT_INFO_MAGIC;
    loader->info->version = BOOT_INFO_VERSION;
    loader->info->size = sizeof(*loader->info);
    loader->info->firmware = BOOT_FIRMWARE_UEFI;
    loader->info->trampoline_paddr = trampoline.paddr;
    loader->info->control_memory = loader->plan.control_memory;
    memcpy(loader->info->options, loader->plan.options, sizeof(loader->info->options));
    return 0;
}

static int load_modules(struct loader *loader)
{
    struct boot_info *info = loader->info;
    struct boot_module *control = &info->module[0];
    struct check_elf elf;

    for (uint32_t i = 0; i < loader->plan.file_count; i++) {
        const struct plan_file *file = &loader->plan.file[i];
        struct boot_module *module = &info->module[i];
        struct loader_block block;
        int rc = files_load(loader, file->name, file->named_by, &block, &module->size);

        if (rc != 0) {
            return rc;
        }
        module->paddr = block.paddr;
        str_copy(module->name, sizeof(module->name), file->name);
        info->module_count++;
    }
    memcpy(control->cmdline, loader->plan.control_options, sizeof(control->cmdline));
    return check_elf(control->name, (const void *)(uintptr_t)control->paddr, control->size, &elf,
                     &loader->refusal);
}

static void find_rsdp(struct loader *loader)
{
    static const EFI_GUID guids[] = {ACPI_20_TABLE_GUID, ACPI_TABLE_GUID};
    const EFI_SYSTEM_TABLE *system = loader->system;

    for (size_t i = 0; i < ARRAY_COUNT(guids); i++) {
        for (UINTN j = 0; j < system->NumberOfTableEntries; j++) {
            const EFI_CONFIGURATION_TABLE *table = &system->ConfigurationTable[j];

            if (memcmp(&table->VendorGuid, &guids[i], sizeof(guids[i])) == 0) {
                loader->info->rsdp_paddr = (uintptr_t)table->VendorTable;
                return;
            }
        }
    }
}

static void read_clock(struct loader *loader)
{
    EFI_TIME time;
    struct clock_date date;
    int64_t zone;

    if (EFI_ERROR(loader->system->RuntimeServices->GetTime(&time, NULL))) {
        return;
    }
    date = (struct clock_date){.year = time.Year,
                               .month = time.Month,
                               .day = time.Day,
                               .hour = time.Hour,
                               .minute = time.Minute,
                               .second = time.Second};
    /* UTC is the firmware's time plus its zone, in minutes. */
    zone = time.TimeZone == TIME_ZONE_UNKNOWN ? 0 : time.TimeZone;
    loader->info->wall_seconds = clock_seconds(&date);
    if (loader->info->wall_seconds != 0) {
        loader->info->wall_seconds += (uint64_t)(zone * 60);
    }
    loader->info->wall_tsc = rdtsc();
}

static int prepare(struct loader *loader)
{
    int rc = 0;

    if ((rc = check_machine(loader)) != 0 || (rc = files_open_volume(loader)) != 0 ||
        (rc = make_plan(loader)) != 0 || (rc = partition_note(loader)) != 0 ||
        (rc = take_boot_info(loader)) != 0 || (rc = image_load(loader)) != 0 ||
        (rc = load_modules(loader)) != 0 || (rc = memory_fill_map(loader)) != 0) {
        return rc;
    }
    find_rsdp(loader);
    read_clock(loader);
    return memory_exit_boot_services(loader);
}

static void __attribute__((noreturn)) enter_image(const struct loader *loader)
{
    image_entry *enter = (image_entry *)(uintptr_t)loader->entry_paddr;

    irq_disable();
    enter(loader->info);
    for (;;) {
        cpu_halt();
    }
}

static EFI_STATUS status_of(int error)
{
    switch (error) {
    case -ENODEV:
        return EFI_UNSUPPORTED;
    case -ENOENT:
        return EFI_NOT_FOUND;
    case -ENOMEM:
        return EFI_OUT_OF_RESOURCES;
    default:
        return EFI_LOAD_ERROR;
    }
}

/* Gives everything back; halts if there is nobody to go back to. */
static void leave(struct loader *loader)
{
    while (loader->stage == LOADER_LEFT) {
        irq_disable();
        cpu_halt();
    }
    if (loader->stage == LOADER_IN_FIRMWARE && loader->volume != NULL) {
        loader->volume->Close(loader->volume);
    }
    memory_give_back_all(loader);
}

EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *system);

EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *system)
{
    struct loader *loader = &the_loader;
    char text[sizeof(REFUSAL_PREFIX) + REFUSAL_MAX + 1];
    int rc;

    loader->handle = handle;
    loader->system = system;
    rc = prepare(loader);
    if (rc == 0) {
        enter_image(loader);
    }
    format_str(text, sizeof(text), REFUSAL_PREFIX "%s\n", loader->refusal.sentence);
    show(loader, text);
    leave(loader);
    return status_of(rc);
}
