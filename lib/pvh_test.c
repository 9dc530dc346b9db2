/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernels that start by the PVH protocol, and files that look like one. */
#include "lib/pvh.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "pv-abi/elfnote.h"
#include "pv-abi/hvm_save.h"

/* A file with two segments and one note segment. */
struct image {
    struct elf_header header;
    struct elf_segment segment[3];
    struct {
        struct elf_note head;
        char name[4];
        uint32_t desc;
    } note[2];
    uint8_t text[64];
};

static struct image image;

static void read_image(void *context, uint64_t offset, void *to, size_t size)
{
    memcpy(to, (const char *)context + offset, size);
}

static void fill(void)
{
    memset(&image, 0, sizeof(image));
    image.header = (struct elf_header){.magic = ELF_MAGIC,
                                       .class = ELF_CLASS_64,
                                       .machine = ELF_MACHINE_64,
                                       .phoff = offsetof(struct image, segment),
                                       .phentsize = sizeof(struct elf_segment),
                                       .phnum = 3};
    image.segment[0] = (struct elf_segment){.type = ELF_PT_LOAD,
                                            .offset = offsetof(struct image, text),
                                            .paddr = 0x100000,
                                            .filesz = 64,
                                            .memsz = 0x1000};
    image.segment[1] =
        (struct elf_segment){.type = ELF_PT_LOAD, .paddr = 0x101000, .filesz = 0, .memsz = 0x2000};
    image.segment[2] = (struct elf_segment){
        .type = ELF_PT_NOTE, .offset = offsetof(struct image, note), .filesz = sizeof(image.note)};
    image.note[0].head = (struct elf_note){4, 4, XEN_ELFNOTE_PHYS32_ENTRY};
    memcpy(image.note[0].name, "Xen", 4);
    image.note[0].desc = 0x100010;
    image.note[1].head = (struct elf_note){4, 4, 19};
    memcpy(image.note[1].name, "Xen", 4);
}

static int read_it(size_t size, struct pvh_kernel *kernel)
{
    struct pvh_file file = {read_image, &image, size};
    const char *why = NULL;
    int err = pvh_read_kernel(&file, kernel, &why);

    assert_int_equal(why == NULL, err == 0);
    return err;
}

static void test_whole_kernel(void **state)
{
    struct pvh_kernel kernel;

    assert_null(*state);
    fill();
    assert_int_equal(read_it(sizeof(image), &kernel), 0);
    assert_int_equal(kernel.segment_count, 2);
    assert_int_equal(kernel.entry, 0x100010);
    assert_int_equal(kernel.paddr_start, 0x100000);
    assert_int_equal(kernel.paddr_end, 0x103000);
    assert_true(kernel.can_move);
}

/* The same file as a 32-bit program has it: GRUB is one. */
static void make_narrow(void)
{
    struct elf32_header header = {.magic = ELF_MAGIC,
                                  .class = ELF_CLASS_32,
                                  .machine = ELF_MACHINE_32,
                                  .phoff = offsetof(struct image, segment),
                                  .phentsize = sizeof(struct elf32_segment),
                                  .phnum = 3};

    for (size_t i = 0; i < 3; i++) {
        const struct elf_segment *from = &image.segment[i];
        struct elf32_segment to = {.type = from->type,
                                   .offset = (uint32_t)from->offset,
                                   .paddr = (uint32_t)from->paddr,
                                   .filesz = (uint32_t)from->filesz,
                                   .memsz = (uint32_t)from->memsz};

        memcpy((char *)image.segment + i * sizeof(to), &to, sizeof(to));
    }
    memset(&image.header, 0, sizeof(image.header));
    memcpy(&image.header, &header, sizeof(header));
}

static void test_a_32_bit_kernel(void **state)
{
    struct pvh_kernel kernel;

    assert_null(*state);
    fill();
    make_narrow();
    assert_int_equal(read_it(sizeof(image), &kernel), 0);
    assert_int_equal(kernel.segment_count, 2);
    assert_int_equal(kernel.segment[0].filesz, 64);
    assert_int_equal(kernel.entry, 0x100010);
    assert_int_equal(kernel.paddr_end, 0x103000);
    for (size_t size = 0; size < sizeof(image); size++)
        assert_int_equal(read_it(size, &kernel), -ENOEXEC);
}

static void test_every_cut_is_refused(void **state)
{
    struct pvh_kernel kernel;

    assert_null(*state);
    fill();
    for (size_t size = 0; size < sizeof(image); size++)
        assert_int_equal(read_it(size, &kernel), -ENOEXEC);
}

static void test_overlap_is_refused(void **state)
{
    struct pvh_kernel kernel;

    assert_null(*state);
    fill();
    image.segment[1].paddr = 0x100fff;
    assert_int_equal(read_it(sizeof(image), &kernel), -ENOEXEC);
}

static void test_kernel_without_entry_is_refused(void **state)
{
    struct pvh_kernel kernel;

    assert_null(*state);
    fill();
    image.note[0].head.type = XEN_ELFNOTE_ENTRY;
    assert_int_equal(read_it(sizeof(image), &kernel), -ENOEXEC);
    fill();
    image.note[0].desc = 0x103000;
    assert_int_equal(read_it(sizeof(image), &kernel), -ENOEXEC);
}

static void test_hostile_numbers_are_refused(void **state)
{
    struct pvh_kernel kernel;

    assert_null(*state);
    fill();
    image.segment[0].offset = UINT64_MAX - 8;
    assert_int_equal(read_it(sizeof(image), &kernel), -ENOEXEC);
    fill();
    image.segment[0].memsz = UINT64_MAX;
    assert_int_equal(read_it(sizeof(image), &kernel), -ENOEXEC);
    fill();
    image.header.phoff = UINT64_MAX - 8;
    assert_int_equal(read_it(sizeof(image), &kernel), -ENOEXEC);
    fill();
    image.note[0].head.namesz = UINT32_MAX;
    assert_int_equal(read_it(sizeof(image), &kernel), -ENOEXEC);
}

static void test_start_state(void **state)
{
    struct hvm_hw_cpu cpu;

    assert_null(*state);
    pvh_start_state(&cpu, 0x100010, 0x5000);
    assert_int_equal(cpu.rip, 0x100010);
    assert_int_equal(cpu.rbx, 0x5000);
    assert_int_equal(cpu.cr0 & 1, 1);
    assert_int_equal(cpu.rflags, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_kernel),
        cmocka_unit_test(test_a_32_bit_kernel),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_overlap_is_refused),
        cmocka_unit_test(test_kernel_without_entry_is_refused),
        cmocka_unit_test(test_hostile_numbers_are_refused),
        cmocka_unit_test(test_start_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
