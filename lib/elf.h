/* SPDX-License-Identifier: BSD-2-Clause */
/* The ELF structures that loaders and builders read: System V ABI, chapters 4 and 5, with its
 * Intel386 and AMD64 supplements. */
#pragma once

#include <stdint.h>

#define ELF_MAGIC      0x464c457fu /* "\x7f" "ELF", little endian */
#define ELF_CLASS_32   1
#define ELF_CLASS_64   2
#define ELF_DATA_LSB   1
#define ELF_TYPE_EXEC  2
#define ELF_TYPE_DYN   3
#define ELF_MACHINE_32 3  /* EM_386 */
#define ELF_MACHINE_64 62 /* EM_X86_64 */
#define ELF_PT_LOAD    1
#define ELF_PT_NOTE    4
#define ELF_PF_X       1

struct elf_header {
    uint32_t magic;
    uint8_t class;
    uint8_t data;
    uint8_t ident[10];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t phoff;
    uint64_t shoff;
    uint32_t flags;
    uint16_t ehsize;
    uint16_t phentsize;
    uint16_t phnum;
    uint16_t shentsize;
    uint16_t shnum;
    uint16_t shstrndx;
};

struct elf_segment {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t vaddr;
    uint64_t paddr;
    uint64_t filesz;
    uint64_t memsz;
    uint64_t align;
};

struct elf32_header {
    uint32_t magic;
    uint8_t class;
    uint8_t data;
    uint8_t ident[10];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint32_t entry;
    uint32_t phoff;
    uint32_t shoff;
    uint32_t flags;
    uint16_t ehsize;
    uint16_t phentsize;
    uint16_t phnum;
    uint16_t shentsize;
    uint16_t shnum;
    uint16_t shstrndx;
};

struct elf32_segment {
    uint32_t type;
    uint32_t offset;
    uint32_t vaddr;
    uint32_t paddr;
    uint32_t filesz;
    uint32_t memsz;
    uint32_t flags;
    uint32_t align;
};

/* Followed by the name and the description, each padded to 4 bytes. */
struct elf_note {
    uint32_t namesz;
    uint32_t descsz;
    uint32_t type;
};

_Static_assert(sizeof(struct elf_header) == 64, "Elf64_Ehdr");
_Static_assert(sizeof(struct elf_segment) == 56, "Elf64_Phdr");
_Static_assert(sizeof(struct elf32_header) == 52, "Elf32_Ehdr");
_Static_assert(sizeof(struct elf32_segment) == 32, "Elf32_Phdr");
