/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the making of the control domain. Runs once, on the boot CPU, before any vCPU does. */
#include "core/builder.h"

#include "boot/boot_info.h"
#include "core/domain.h"
#include "core/guest_mem.h"
#include "core/log.h"
#include "lib/pvh.h"
#include "lib/string.h"
#include "pv-abi/domctl.h"
#include "pv-abi/hvm_save.h"
#include "pv-abi/hvm_start_info.h"

#define MIB             (UINT64_C(1) << 20)
#define GRANT_FRAMES    64
#define MAPTRACK_FRAMES 1024
#define EVENT_PORT_MAX  4095

/* What is being built. */
struct build {
    struct domain *d;
    const struct boot_info *bi;
    struct pvh_kernel kernel;
    uint64_t ram_base; /* guest-physical */
    uint64_t ram_size;
    uint64_t move;   /* what is added to the kernel's addresses */
    uint64_t cursor; /* guest-physical: where the next piece of start information goes */
};

static void read_module(void *context, uint64_t offset, void *to, size_t size)
{
    const struct boot_module *module = context;
    uint8_t *out = to;

    while (size > 0) {
        paddr_t at = {module->paddr + offset};
        size_t in_page = at.v % PAGE_SIZE, part = PAGE_SIZE - in_page;
        const uint8_t *page = window_map(WINDOW_DATA0, mfn_of(at));

        if (part > size)
            part = size;
        memcpy(out, page + in_page, part);
        out += part;
        offset += part;
        size -= part;
    }
}

static void must(int err, const char *what)
{
    if (err != 0)
        panic("control domain: %s (error %d)", what, -err);
}

static void map(struct domain *d, mfn_t mfn, unsigned order)
{
    const gfn_t gfn = {mfn.v};

    must(p2m_prepare(d, gfn, order, P2M_BIT(P2M_NONE)), "no memory for its page tables");
    p2m_set(d, gfn, order, mfn, P2M_RAM);
}

static void give_ram(struct build *b)
{
    uint64_t chunks = b->ram_size >> CHUNK_SHIFT;
    mfn_t first;

    must(frame_alloc_contiguous(b->d, chunks, &first),
         "no contiguous memory below 4 GiB for control_memory");
    for (uint64_t i = 0; i < chunks; i++)
        map(b->d, mfn_add(first, i * CHUNK_FRAMES), CHUNK_SHIFT - PAGE_SHIFT);
    b->ram_base = paddr_of(first).v;
}

static void give_modules(const struct build *b)
{
    for (uint32_t i = 0; i < b->bi->module_count; i++) {
        const struct boot_module *module = &b->bi->module[i];
        mfn_t first = mfn_of((paddr_t){module->paddr});
        uint64_t count = pages_of(module->size);

        frame_assign_boot(b->d, first, count);
        for (uint64_t page = 0; page < count; page++) {
            if (i == 0)
                frame_release(b->d, mfn_add(first, page), 0); /* the kernel has been loaded */
            else
                map(b->d, mfn_add(first, page), 0);
        }
    }
}

static void load_kernel(const struct build *b)
{
    const struct boot_module *module = &b->bi->module[0];
    uint8_t buf[512];

    for (uint32_t i = 0; i < b->kernel.segment_count; i++) {
        const struct elf_segment *s = &b->kernel.segment[i];

        for (uint64_t done = 0; done < s->filesz;) {
            size_t part = s->filesz - done < sizeof(buf) ? (size_t)(s->filesz - done) : sizeof(buf);

            read_module((void *)(uintptr_t)module, s->offset + done, buf, part);
            must(guest_phys_write(b->d, (gpa_t){s->paddr + b->move + done}, buf, part),
                 "its kernel does not fit in control_memory");
            done += part;
        }
    }
}

/* Appends SIZE bytes to the start information and returns where they lie. */
static uint64_t put(struct build *b, const void *from, size_t size)
{
    uint64_t at = b->cursor;

    must(guest_phys_write(b->d, (gpa_t){at}, from, size),
         "its start information does not fit in control_memory");
    b->cursor = (at + size + 7) & ~UINT64_C(7);
    return at;
}

static void put_memory_map(struct build *b, struct hvm_start_info *info)
{
    struct hvm_memmap_table_entry map_entries[BOOT_MODULE_MAX] = {
        {b->ram_base, b->ram_size, XEN_HVM_MEMMAP_TYPE_RAM, 0}};
    uint32_t count = 1;

    for (uint32_t i = 1; i < b->bi->module_count; i++) {
        map_entries[count++] = (struct hvm_memmap_table_entry){
            b->bi->module[i].paddr, gpa_of((gfn_t){pages_of(b->bi->module[i].size)}).v,
            XEN_HVM_MEMMAP_TYPE_RESERVED, 0};
    }
    info->memmap_paddr = put(b, map_entries, count * sizeof(map_entries[0]));
    info->memmap_entries = count;
}

/* A module's command line in the start info is its name. */
static void put_modules(struct build *b, struct hvm_start_info *info)
{
    struct hvm_modlist_entry list[BOOT_MODULE_MAX];
    uint32_t count = 0;

    for (uint32_t i = 1; i < b->bi->module_count; i++) {
        const struct boot_module *module = &b->bi->module[i];

        list[count++] = (struct hvm_modlist_entry){
            module->paddr, module->size, put(b, module->name, strlen(module->name) + 1), 0};
    }
    info->modlist_paddr = count == 0 ? 0 : put(b, list, count * sizeof(list[0]));
    info->nr_modules = count;
}

static uint64_t put_start_info(struct build *b)
{
    const char *cmdline = b->bi->module[0].cmdline;
    struct hvm_start_info info = {.magic = XEN_HVM_START_MAGIC_VALUE, .version = 1};

    b->cursor = (b->kernel.paddr_end + b->move + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    info.cmdline_paddr = put(b, cmdline, strlen(cmdline) + 1);
    put_memory_map(b, &info);
    put_modules(b, &info);
    return put(b, &info, sizeof(info));
}

static void create(struct build *b)
{
    struct xen_domctl_createdomain config = {
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = 1,
        .max_evtchn_port = EVENT_PORT_MAX,
        .max_grant_frames = GRANT_FRAMES,
        .max_maptrack_frames = MAPTRACK_FRAMES,
        .arch.emulation_flags = XEN_X86_EMU_LAPIC,
    };
    uint16_t domid = DOMAIN_CONTROL;

    must(domain_create(&domid, &config, &b->d), "it cannot be created");
    b->d->is_privileged = true;
    b->d->is_direct_mapped = true;
    b->d->max_pages = b->ram_size >> PAGE_SHIFT;
    for (uint32_t i = 0; i < b->bi->module_count; i++)
        b->d->max_pages += pages_of(b->bi->module[i].size);
    must(domain_set_max_vcpus(b->d, config.max_vcpus), "no memory for its vCPU");
}

void builder_make_control(const struct boot_info *bi)
{
    struct build b = {.bi = bi, .ram_size = (uint64_t)bi->control_memory * MIB};
    struct pvh_file file = {read_module, (void *)(uintptr_t)&bi->module[0], bi->module[0].size};
    struct hvm_hw_cpu cpu;
    const char *why;
    uint64_t start_info;

    if (pvh_read_kernel(&file, &b.kernel, &why) != 0)
        panic("control domain: %s: %s", bi->module[0].name, why);
    if (!b.kernel.can_move)
        panic("control domain: %s: it cannot run where its memory is, it has no PHYS32_RELOC note",
              bi->module[0].name);
    b.ram_size &= ~(CHUNK_SIZE - 1);
    create(&b);
    give_ram(&b);
    b.move = b.ram_base - (b.kernel.paddr_start & ~(CHUNK_SIZE - 1));
    load_kernel(&b);
    give_modules(&b);
    start_info = put_start_info(&b);

    pvh_start_state(&cpu, b.kernel.entry + b.move, start_info);
    must(arch_set_hvm_record(b.d->vcpu[0], HVM_SAVE_CODE_CPU, &cpu, sizeof(cpu)),
         "its first vCPU cannot be set up");
    b.d->vcpu[0]->is_initialised = true;
    vcpu_go(b.d->vcpu[0], VCPU_DOWN);
    log_line(LOG_NOTICE, "control domain: %s, %u MiB direct-mapped, %u modules", bi->module[0].name,
             bi->control_memory, bi->module_count - 1);
    must(domain_unpause(b.d), "it cannot be started");
}
