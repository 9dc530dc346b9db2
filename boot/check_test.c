/* SPDX-License-Identifier: BSD-2-Clause */
/* Each refusal of the machine and of an ELF file, with its sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot/check.h"
#include "lib/elf.h"
#include "lib/errno.h"

/* What QEMU's -cpu max,+svm shows. */
static const struct check_cpu good_cpu = {
    .max_extended_leaf = 0x8000001f,
    .extended_ecx = 1u << 2,
    .extended_edx = 1u << 29 | 1u << 20,
    .svm_edx = 1,
};

static void test_good_cpu(void **state)
{
    struct refusal refusal;

    assert_int_equal(check_cpu(&good_cpu, &refusal), 0);
    assert_null(*state);
}

static void no_extended_leaves(struct check_cpu *cpu)
{
    cpu->max_extended_leaf = 0x80000000;
}

static void no_long_mode(struct check_cpu *cpu)
{
    cpu->extended_edx = 1u << 20;
}

static void no_svm(struct check_cpu *cpu)
{
    cpu->extended_ecx = 0;
}

static void no_svm_leaf(struct check_cpu *cpu)
{
    cpu->max_extended_leaf = 0x80000008;
}

static void no_nested_paging(struct check_cpu *cpu)
{
    cpu->svm_edx = 0;
}

static void svm_disabled(struct check_cpu *cpu)
{
    cpu->vm_cr = 1u << 4;
}

static void no_nx(struct check_cpu *cpu)
{
    cpu->extended_edx = 1u << 29;
}

static void test_bad_cpus(void **state)
{
    static const char long_mode[] = "the CPU has no 64-bit mode: use an x86-64 CPU with AMD-V.";
    static const char svm[] = "the CPU has no AMD-V (SVM): use an AMD CPU that has it, in QEMU "
                              "-cpu max,+svm.";
    static const struct {
        void (*spoil)(struct check_cpu *cpu);
        const char *sentence;
    } rows[] = {
        {no_extended_leaves, long_mode},
        {no_long_mode, long_mode},
        {no_svm, svm},
        {no_svm_leaf, svm},
        {svm_disabled, "the firmware has disabled AMD-V: enable SVM (virtualization) in the "
                       "firmware's setup."},
        {no_nested_paging, "the CPU has AMD-V without nested paging: use an AMD CPU that has it, "
                           "in QEMU -cpu max,+npt."},
        {no_nx, "the CPU has no NX bit, or the firmware has disabled it: enable NX (execute "
                "disable) in the firmware's setup."},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct check_cpu cpu = good_cpu;
        struct refusal refusal;

        rows[i].spoil(&cpu);
        assert_int_equal(check_cpu(&cpu, &refusal), -ENODEV);
        assert_string_equal(refusal.sentence, rows[i].sentence);
    }
    assert_null(*state);
}

/* A program of two segments: code at 2 MiB and data behind it. */
struct program {
    struct elf_header header;
    struct elf_segment segment[3];
    char code[64];
    char data[32];
};

static struct program program;

static int setup(void **state)
{
    memset(&program, 0, sizeof(program));
    program.header = (struct elf_header){.magic = ELF_MAGIC,
                                         .class = ELF_CLASS_64,
                                         .data = ELF_DATA_LSB,
                                         .type = ELF_TYPE_EXEC,
                                         .machine = ELF_MACHINE_64,
                                         .entry = 0xffffffff80000010,
                                         .phoff = offsetof(struct program, segment),
                                         .phentsize = sizeof(struct elf_segment),
                                         .phnum = 3};
    program.segment[0] = (struct elf_segment){.type = 4}; /* a note is skipped */
    program.segment[1] = (struct elf_segment){.type = ELF_PT_LOAD,
                                              .flags = ELF_PF_X | 4,
                                              .offset = offsetof(struct program, code),
                                              .vaddr = 0xffffffff80000000,
                                              .paddr = 0x200000,
                                              .filesz = 64,
                                              .memsz = 64};
    program.segment[2] = (struct elf_segment){.type = ELF_PT_LOAD,
                                              .flags = 6,
                                              .offset = offsetof(struct program, data),
                                              .vaddr = 0xffffffff80001000,
                                              .paddr = 0x201000,
                                              .filesz = 32,
                                              .memsz = 0x2000};
    return *state != NULL;
}

/* Checks a copy in a heap block of exactly `size` bytes, so that ASan sees a read past its end. */
static int check_copy(size_t size, struct check_elf *elf, struct refusal *refusal)
{
    char *copy = malloc(size + (size == 0));
    int rc;

    assert_non_null(copy);
    memcpy(copy, &program, size);
    rc = check_elf("control.elf", copy, size, elf, refusal);
    free(copy);
    return rc;
}

static void test_good_program(void **state)
{
    struct check_elf elf;
    struct refusal refusal;

    assert_int_equal(check_copy(sizeof(program), &elf, &refusal), 0);
    assert_int_equal(elf.paddr, 0x200000);
    assert_int_equal(elf.size, 0x3000);
    assert_int_equal(elf.entry_paddr, 0x200010);
    assert_null(*state);
}

static void test_entry_may_be_a_physical_address(void **state)
{
    struct check_elf elf;
    struct refusal refusal;

    program.header.entry = 0x200020;
    assert_int_equal(check_copy(sizeof(program), &elf, &refusal), 0);
    assert_int_equal(elf.entry_paddr, 0x200020);
    assert_null(*state);
}

static void test_every_truncation_is_refused(void **state)
{
    for (size_t size = 0; size < sizeof(program); size++) {
        struct check_elf elf;
        struct refusal refusal;

        assert_int_equal(check_copy(size, &elf, &refusal), -ENOEXEC);
        if (size >= 4) {
            char expected[128];

            snprintf(expected, sizeof(expected),
                     "control.elf is truncated at %zu bytes: copy the whole file again.", size);
            assert_string_equal(refusal.sentence, expected);
        } else {
            assert_string_equal(refusal.sentence,
                                "control.elf is no ELF file: build it or copy it again.");
        }
    }
    assert_null(*state);
}

static void bad_magic(void)
{
    program.header.magic++;
}

static void bad_class(void)
{
    program.header.class = 1;
}

static void bad_machine(void)
{
    program.header.machine = 3;
}

static void relocatable_object(void)
{
    program.header.type = 1;
}

static void no_headers(void)
{
    program.header.phnum = 0;
}

static void far_headers(void)
{
    program.header.phoff = UINT64_MAX - 8;
}

static void far_section_headers(void)
{
    program.header.shnum = 3;
    program.header.shentsize = 64;
    program.header.shoff = sizeof(program) - 64;
}

static void far_segment(void)
{
    program.segment[1].offset = UINT64_MAX - 8;
}

static void file_larger_than_memory(void)
{
    program.segment[1].memsz = 63;
}

static void segment_wraps(void)
{
    program.segment[2].paddr = UINT64_MAX - 0x1000;
}

static void segments_overlap(void)
{
    program.segment[2].paddr = 0x20003f;
}

static void no_entry(void)
{
    program.header.entry = 0;
}

static void entry_in_data(void)
{
    program.header.entry = program.segment[2].vaddr;
}

static void test_bad_programs(void **state)
{
    static const char not_a_program[] =
        "control.elf is no x86-64 ELF program: use the file that Atoll's build made.";
    static const char truncated[] =
        "control.elf is truncated at 328 bytes: copy the whole file again.";
    static const char impossible[] =
        "control.elf has a segment of impossible size: use the file that Atoll's build made.";
    static const char entry[] =
        "control.elf has no entry point in its code: use the file that Atoll's build made.";
    static const struct {
        void (*spoil)(void);
        const char *sentence;
    } rows[] = {
        {bad_magic, "control.elf is no ELF file: build it or copy it again."},
        {bad_class, not_a_program},
        {bad_machine, not_a_program},
        {relocatable_object, not_a_program},
        {no_headers, "control.elf has no program headers of the known form: use the file that "
                     "Atoll's build made."},
        {far_headers, truncated},
        {far_section_headers, truncated},
        {far_segment, truncated},
        {file_larger_than_memory, impossible},
        {segment_wraps, impossible},
        {segments_overlap, "control.elf has overlapping segments 1 and 2: use the file that "
                           "Atoll's build made."},
        {no_entry, entry},
        {entry_in_data, entry},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct check_elf elf;
        struct refusal refusal;

        setup(state);
        rows[i].spoil();
        assert_int_equal(check_copy(sizeof(program), &elf, &refusal), -ENOEXEC);
        assert_string_equal(refusal.sentence, rows[i].sentence);
    }
    assert_null(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_cpu),
        cmocka_unit_test(test_bad_cpus),
        cmocka_unit_test_setup(test_good_program, setup),
        cmocka_unit_test_setup(test_entry_may_be_a_physical_address, setup),
        cmocka_unit_test_setup(test_every_truncation_is_refused, setup),
        cmocka_unit_test(test_bad_programs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
