/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the reading of PVH kernels. Every offset and size from the file is checked before it is
 * used. */
#include "lib/pvh.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/elfnote.h"
#include "pv-abi/hvm_save.h"

#define NOTE_MAX          4096u /* bytes of one note segment that are looked at */
#define NOTE_PHYS32_RELOC 19u   /* elfnote.h of Xen 4.20: XEN_ELFNOTE_PHYS32_RELOC */

/* Segment attributes, APM Vol. 2 4.8: present, type, and for 32-bit ones D/B and G. */
#define ATTR_CODE32 0xc9bu
#define ATTR_DATA32 0xc93u
#define ATTR_TSS32  0x08bu
#define TSS_LIMIT   0x67u
#define CR0_PE_ET   0x11u
#define RFLAGS_ONE  0x2u
#define DR6_RESET   0xffff0ff0u
#define DR7_RESET   0x400u

static bool within(const struct pvh_file *file, uint64_t offset, uint64_t size)
{
    return size <= file->size && offset <= file->size - size;
}

static uint32_t round4(uint32_t size)
{
    return (size + 3) & ~3u;
}

/* Looks through one note segment, BUF of SIZE bytes, for the two notes of owner "Xen". */
static void read_notes(const uint8_t *buf, uint32_t size, struct pvh_kernel *kernel,
                       bool *has_entry)
{
    uint32_t at = 0;

    while (size - at >= sizeof(struct elf_note)) {
        struct elf_note note;
        uint32_t name, desc;

        memcpy(&note, buf + at, sizeof(note));
        name = at + (uint32_t)sizeof(note);
        if (note.namesz > size - name || round4(note.namesz) > size - name)
            return;
        desc = name + round4(note.namesz);
        if (note.descsz > size - desc)
            return;
        if (note.namesz == 4 && memcmp(buf + name, "Xen", 4) == 0) {
            if (note.type == XEN_ELFNOTE_PHYS32_ENTRY && note.descsz >= 4) {
                kernel->entry = 0;
                memcpy(&kernel->entry, buf + desc, note.descsz < 8 ? note.descsz : 8);
                *has_entry = true;
            } else if (note.type == NOTE_PHYS32_RELOC) {
                kernel->can_move = true;
            }
        }
        if (round4(note.descsz) > size - desc)
            return;
        at = desc + round4(note.descsz);
    }
}

static const char *add_segment(const struct pvh_file *file, const struct elf_segment *s,
                               struct pvh_kernel *kernel)
{
    if (s->filesz > s->memsz || !within(file, s->offset, s->filesz))
        return "the file is cut short: a segment lies past its end";
    if (s->memsz > UINT32_MAX || s->paddr > UINT32_MAX - s->memsz)
        return "a segment does not lie below 4 GiB";
    for (uint32_t i = 0; i < kernel->segment_count; i++) {
        const struct elf_segment *other = &kernel->segment[i];

        if (s->paddr < other->paddr + other->memsz && other->paddr < s->paddr + s->memsz)
            return "two of its segments overlap";
    }
    if (kernel->segment_count == PVH_SEGMENT_MAX)
        return "it has more than 16 segments";
    if (s->paddr < kernel->paddr_start)
        kernel->paddr_start = s->paddr;
    if (s->paddr + s->memsz > kernel->paddr_end)
        kernel->paddr_end = s->paddr + s->memsz;
    kernel->segment[kernel->segment_count++] = *s;
    return NULL;
}

/* Where the program headers are. */
struct headers {
    uint64_t offset;
    uint32_t count;
    uint32_t size; /* of one: that of struct elf_segment or of struct elf32_segment */
};

static void read_segment(const struct pvh_file *file, const struct headers *headers, uint32_t index,
                         struct elf_segment *s)
{
    uint64_t offset = headers->offset + (uint64_t)index * headers->size;
    struct elf32_segment small;

    if (headers->size == sizeof(*s)) {
        file->read(file->context, offset, s, sizeof(*s));
        return;
    }
    file->read(file->context, offset, &small, sizeof(small));
    *s = (struct elf_segment){small.type,  small.flags,  small.offset, small.vaddr,
                              small.paddr, small.filesz, small.memsz,  small.align};
}

static const char *read_segments(const struct pvh_file *file, const struct headers *headers,
                                 struct pvh_kernel *kernel, bool *has_entry)
{
    for (uint32_t i = 0; i < headers->count; i++) {
        struct elf_segment s;
        const char *why = NULL;

        read_segment(file, headers, i, &s);
        if (s.type == ELF_PT_LOAD && s.memsz != 0) {
            why = add_segment(file, &s, kernel);
        } else if (s.type == ELF_PT_NOTE) {
            uint8_t buf[NOTE_MAX];
            uint32_t size = s.filesz < NOTE_MAX ? (uint32_t)s.filesz : NOTE_MAX;

            if (!within(file, s.offset, size))
                return "the file is cut short: its notes lie past its end";
            file->read(file->context, s.offset, buf, size);
            read_notes(buf, size, kernel, has_entry);
        }
        if (why != NULL)
            return why;
    }
    return NULL;
}

/* Program headers of a 64-bit or a 32-bit kernel: both start in 32-bit mode. */
static const char *find_headers(const struct pvh_file *file, struct headers *headers)
{
    union {
        struct elf_header wide;
        struct elf32_header narrow;
    } header;
    uint32_t entry_size;

    if (file->size < sizeof(header))
        return "it is not an ELF file: too short";
    file->read(file->context, 0, &header, sizeof(header));
    if (header.wide.magic != ELF_MAGIC)
        return "it is not an ELF file";
    if (header.wide.class == ELF_CLASS_64 && header.wide.machine == ELF_MACHINE_64) {
        *headers =
            (struct headers){header.wide.phoff, header.wide.phnum, sizeof(struct elf_segment)};
        entry_size = header.wide.phentsize;
    } else if (header.wide.class == ELF_CLASS_32 && header.wide.machine == ELF_MACHINE_32) {
        *headers = (struct headers){header.narrow.phoff, header.narrow.phnum,
                                    sizeof(struct elf32_segment)};
        entry_size = header.narrow.phentsize;
    } else {
        return "it is not for x86";
    }
    if (entry_size != headers->size ||
        !within(file, headers->offset, (uint64_t)headers->count * headers->size))
        return "the file is cut short: its program headers lie past its end";
    return NULL;
}

static const char *read_kernel(const struct pvh_file *file, struct pvh_kernel *kernel)
{
    struct headers headers;
    bool has_entry = false;
    const char *why = find_headers(file, &headers);

    if (why != NULL)
        return why;
    why = read_segments(file, &headers, kernel, &has_entry);
    if (why != NULL)
        return why;
    if (!has_entry)
        return "it has no PHYS32_ENTRY note: not a PVH kernel";
    if (kernel->entry < kernel->paddr_start || kernel->entry >= kernel->paddr_end)
        return "its PVH entry lies outside its segments";
    return NULL;
}

int pvh_read_kernel(const struct pvh_file *file, struct pvh_kernel *kernel, const char **why)
{
    memset(kernel, 0, sizeof(*kernel));
    kernel->paddr_start = UINT64_MAX;
    *why = read_kernel(file, kernel);
    return *why == NULL ? 0 : -ENOEXEC;
}

void pvh_start_state(struct hvm_hw_cpu *cpu, uint64_t entry, uint64_t start_info)
{
    memset(cpu, 0, sizeof(*cpu));
    cpu->rip = entry;
    cpu->rbx = start_info;
    cpu->rflags = RFLAGS_ONE;
    cpu->cr0 = CR0_PE_ET;
    cpu->dr6 = DR6_RESET;
    cpu->dr7 = DR7_RESET;
    cpu->cs_limit = cpu->ds_limit = cpu->es_limit = UINT32_MAX;
    cpu->ss_limit = cpu->fs_limit = cpu->gs_limit = UINT32_MAX;
    cpu->cs_arbytes = ATTR_CODE32;
    cpu->ds_arbytes = cpu->es_arbytes = cpu->ss_arbytes = ATTR_DATA32;
    cpu->fs_arbytes = cpu->gs_arbytes = ATTR_DATA32;
    cpu->tr_arbytes = ATTR_TSS32;
    cpu->tr_limit = TSS_LIMIT;
}
