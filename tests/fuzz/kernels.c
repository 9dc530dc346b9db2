/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel's file that may be anything, read as the builder reads it. What the headers are found to
 * promise is taken at its word: each byte of a segment and of the code is touched, and the start
 * information is made.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guest-kernel/control/bzimage.h"
#include "lib/pvh.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct input {
    const uint8_t *bytes;
    size_t size;
};

static void require(bool is_so)
{
    if (!is_so)
        abort();
}

static void read_bytes(void *context, uint64_t offset, void *to, size_t size)
{
    const struct input *input = context;

    require(size <= input->size && offset <= input->size - size);
    memcpy(to, input->bytes + offset, size);
}

/* Copies SIZE bytes away, which must be there. */
static void touch(const struct input *input, uint64_t offset, uint64_t size)
{
    void *copy = malloc(size + 1);

    require(copy != NULL && size <= input->size);
    memcpy(copy, input->bytes + offset, size);
    free(copy);
}

static void check_pvh(struct input *input)
{
    struct pvh_file file = {read_bytes, input, input->size};
    struct pvh_kernel kernel;
    const char *why = NULL;

    if (pvh_read_kernel(&file, &kernel, &why) != 0) {
        require(why != NULL);
        return;
    }
    require(kernel.segment_count > 0 && kernel.segment_count <= PVH_SEGMENT_MAX);
    require(kernel.entry >= kernel.paddr_start && kernel.entry < kernel.paddr_end);
    require(kernel.paddr_end <= UINT32_MAX);
    for (uint32_t i = 0; i < kernel.segment_count; i++) {
        const struct elf_segment *one = &kernel.segment[i];

        require(one->filesz <= one->memsz && one->paddr >= kernel.paddr_start &&
                one->memsz <= kernel.paddr_end - one->paddr);
        touch(input, one->offset, one->filesz);
        for (uint32_t j = 0; j < i; j++) {
            const struct elf_segment *other = &kernel.segment[j];

            require(one->paddr >= other->paddr + other->memsz ||
                    other->paddr >= one->paddr + one->memsz);
        }
    }
}

static void check_bzimage(const struct input *input)
{
    static uint8_t params[BZIMAGE_PARAMS_SIZE];
    struct bzimage_start start = {.cmdline = 1, .ramdisk = 2, .ramdisk_size = 3, .rsdp = 4};
    struct bzimage image;
    const char *why = NULL;

    if (bzimage_read(input->bytes, input->size, &image, &why) != 0) {
        require(why != NULL);
        return;
    }
    require(image.load_address >= 1 << 20 && image.load_address + image.init_size <= UINT32_MAX);
    require(image.code_size <= image.init_size);
    touch(input, image.code_offset, image.code_size);
    bzimage_params(&image, &start, params);
    for (unsigned int i = 0; i < 200; i++)
        bzimage_add_memory(params, i, 1, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {.size = size};
    uint8_t *copy;

    if (size == 0)
        return 0;
    /* A block of its own, so that a read behind its end is seen. */
    copy = malloc(size);
    require(copy != NULL);
    memcpy(copy, bytes, size);
    input.bytes = copy;
    check_pvh(&input);
    check_bzimage(&input);
    if (size >= 0x268) {
        /* The magic numbers are given, or few inputs would have them. */
        memcpy(copy + 0x1fe, "\x55\xaa", 2);
        memcpy(copy + 0x202, "HdrS\x0c\x02", 6);
        check_bzimage(&input);
    }
    if (size >= 64) {
        memcpy(copy,
               "\x7f"
               "ELF",
               4);
        copy[4] = (uint8_t)(1 + copy[4] % 2);
        memcpy(copy + 16, copy[4] == 2 ? "\x02\x00\x3e\x00" : "\x02\x00\x03\x00", 4);
        check_pvh(&input);
    }
    free(copy);
    return 0;
}
