/* SPDX-License-Identifier: BSD-2-Clause */
/* The checks before a start. Every offset comes from a file that may hold anything. */
#include "boot/check.h"

#include <stdbool.h>

#include "lib/elf.h"
#include "lib/errno.h"
#include "lib/string.h"

/* AMD64 APM Vol. 3, appendix E.4. */
#define EXTENDED_LEAF    0x80000001u
#define SVM_LEAF         0x8000000au
#define EXTENDED_ECX_SVM (1u << 2)
#define EXTENDED_EDX_NX  (1u << 20)
#define EXTENDED_EDX_LM  (1u << 29)
#define SVM_EDX_NP       (1u << 0)
/* AMD64 APM Vol. 2, section 15.30.1. */
#define VM_CR_SVMDIS (UINT64_C(1) << 4)

/* More program headers than any of our files has; it bounds the pairwise comparison. */
#define SEGMENT_MAX 64u

int check_cpu(const struct check_cpu *cpu, struct refusal *refusal)
{
    bool has_features = cpu->max_extended_leaf >= EXTENDED_LEAF;
    uint32_t ecx = has_features ? cpu->extended_ecx : 0;
    uint32_t edx = has_features ? cpu->extended_edx : 0;

    if ((edx & EXTENDED_EDX_LM) == 0) {
        return refuse(refusal, -ENODEV,
                      "the CPU has no 64-bit mode: use an x86-64 CPU with AMD-V.");
    }
    if ((ecx & EXTENDED_ECX_SVM) == 0 || cpu->max_extended_leaf < SVM_LEAF) {
        return refuse(refusal, -ENODEV,
                      "the CPU has no AMD-V (SVM): use an AMD CPU that has it, in QEMU -cpu "
                      "max,+svm.");
    }
    if ((cpu->vm_cr & VM_CR_SVMDIS) != 0) {
        return refuse(refusal, -ENODEV,
                      "the firmware has disabled AMD-V: enable SVM (virtualization) in the "
                      "firmware's setup.");
    }
    if ((cpu->svm_edx & SVM_EDX_NP) == 0) {
        return refuse(refusal, -ENODEV,
                      "the CPU has AMD-V without nested paging: use an AMD CPU that has it, in "
                      "QEMU -cpu max,+npt.");
    }
    if ((edx & EXTENDED_EDX_NX) == 0) {
        return refuse(refusal, -ENODEV,
                      "the CPU has no NX bit, or the firmware has disabled it: enable NX (execute "
                      "disable) in the firmware's setup.");
    }
    return 0;
}

/* The file's header and segments, copied out: the file may lie at any alignment. */
struct elf_file {
    const char *name;
    const unsigned char *bytes;
    size_t size;
    struct elf_header header;
};

static void read_segment(const struct elf_file *file, unsigned int index,
                         struct elf_segment *segment)
{
    memcpy(segment, file->bytes + file->header.phoff + (size_t)index * sizeof(*segment),
           sizeof(*segment));
}

static int refuse_truncated(const struct elf_file *file, struct refusal *refusal)
{
    return refuse(refusal, -ENOEXEC, "%s is truncated at %zu bytes: copy the whole file again.",
                  file->name, file->size);
}

static bool is_table_inside(const struct elf_file *file, uint64_t offset, uint64_t count,
                            uint64_t entry_size)
{
    return count == 0 || (offset <= file->size && count * entry_size <= file->size - offset);
}

static int check_header(struct elf_file *file, struct refusal *refusal)
{
    const struct elf_header *header = &file->header;
    uint32_t magic = 0;

    memcpy(&magic, file->bytes, file->size < sizeof(magic) ? file->size : sizeof(magic));
    if (magic != ELF_MAGIC) {
        return refuse(refusal, -ENOEXEC, "%s is no ELF file: build it or copy it again.",
                      file->name);
    }
    if (file->size < sizeof(*header)) {
        return refuse_truncated(file, refusal);
    }
    memcpy(&file->header, file->bytes, sizeof(*header));
    if (header->class != ELF_CLASS_64 || header->data != ELF_DATA_LSB ||
        header->machine != ELF_MACHINE_64 ||
        (header->type != ELF_TYPE_EXEC && header->type != ELF_TYPE_DYN)) {
        return refuse(refusal, -ENOEXEC,
                      "%s is no x86-64 ELF program: use the file that Atoll's build made.",
                      file->name);
    }
    if (header->phentsize != sizeof(struct elf_segment) || header->phnum == 0 ||
        header->phnum > SEGMENT_MAX) {
        return refuse(refusal, -ENOEXEC,
                      "%s has no program headers of the known form: use the file that Atoll's "
                      "build made.",
                      file->name);
    }
    /* The section headers are not used, but a linker puts them last: they show a cut file. */
    if (!is_table_inside(file, header->phoff, header->phnum, header->phentsize) ||
        !is_table_inside(file, header->shoff, header->shnum, header->shentsize)) {
        return refuse_truncated(file, refusal);
    }
    return 0;
}

/* True if the segment's ranges in the file and in memory are sound in themselves. */
static bool is_segment_sound(const struct elf_segment *segment)
{
    return segment->filesz <= segment->memsz && segment->memsz <= UINT64_MAX - segment->paddr &&
           segment->memsz <= UINT64_MAX - segment->vaddr;
}

static int check_segment(const struct elf_file *file, const struct elf_segment *segment,
                         struct refusal *refusal)
{
    if (segment->offset > file->size || segment->filesz > file->size - segment->offset) {
        return refuse_truncated(file, refusal);
    }
    if (!is_segment_sound(segment)) {
        return refuse(refusal, -ENOEXEC,
                      "%s has a segment of impossible size: use the file that Atoll's build made.",
                      file->name);
    }
    return 0;
}

static bool do_overlap(const struct elf_segment *a, const struct elf_segment *b)
{
    return a->paddr < b->paddr + b->memsz && b->paddr < a->paddr + a->memsz;
}

/* Compares segment `index` with those before it, which have been checked. */
static int check_overlap(const struct elf_file *file, unsigned int index,
                         const struct elf_segment *segment, struct refusal *refusal)
{
    for (unsigned int i = 0; i < index; i++) {
        struct elf_segment other;

        read_segment(file, i, &other);
        if (other.type == ELF_PT_LOAD && other.memsz != 0 && do_overlap(segment, &other)) {
            return refuse(refusal, -ENOEXEC,
                          "%s has overlapping segments %u and %u: use the file that Atoll's build "
                          "made.",
                          file->name, i, index);
        }
    }
    return 0;
}

/* Where `entry` lies in the segment, as a physical address. An entry may be given as either
 * address: a program that starts without paging has it in its physical addresses. False: nowhere.
 */
static bool find_entry(const struct elf_segment *segment, uint64_t entry, uint64_t *paddr)
{
    if ((segment->flags & ELF_PF_X) == 0) {
        return false;
    }
    if (entry >= segment->vaddr && entry - segment->vaddr < segment->filesz) {
        *paddr = segment->paddr + (entry - segment->vaddr);
        return true;
    }
    *paddr = entry;
    return entry >= segment->paddr && entry - segment->paddr < segment->filesz;
}

static void extend_over(struct check_elf *elf, const struct elf_segment *segment)
{
    uint64_t end = elf->paddr + elf->size;

    if (elf->size == 0 || segment->paddr + segment->memsz > end) {
        end = segment->paddr + segment->memsz;
    }
    if (segment->paddr < elf->paddr) {
        elf->paddr = segment->paddr;
    }
    elf->size = end - elf->paddr;
}

int check_elf(const char *name, const void *bytes, size_t size, struct check_elf *elf,
              struct refusal *refusal)
{
    struct elf_file file = {.name = name, .bytes = bytes, .size = size};
    bool has_entry = false;
    int rc = check_header(&file, refusal);

    if (rc != 0) {
        return rc;
    }
    *elf = (struct check_elf){.paddr = UINT64_MAX};
    for (unsigned int i = 0; i < file.header.phnum; i++) {
        struct elf_segment segment;

        read_segment(&file, i, &segment);
        if (segment.type != ELF_PT_LOAD || segment.memsz == 0) {
            continue;
        }
        rc = check_segment(&file, &segment, refusal);
        if (rc == 0) {
            rc = check_overlap(&file, i, &segment, refusal);
        }
        if (rc != 0) {
            return rc;
        }
        extend_over(elf, &segment);
        has_entry = has_entry || find_entry(&segment, file.header.entry, &elf->entry_paddr);
    }
    if (!has_entry) {
        return refuse(refusal, -ENOEXEC,
                      "%s has no entry point in its code: use the file that Atoll's build made.",
                      name);
    }
    return 0;
}
