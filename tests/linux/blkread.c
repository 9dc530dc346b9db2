/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads 4 KiB at a time from a block device, past the page cache: `blkread DEVICE NAME`. A sample
 * is the time from before the system call to behind it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/linux/samples.h"

#define READ_COUNT 1000
#define READ_SIZE  4096

int main(int argc, char **argv)
{
    static uint8_t buffer[READ_SIZE] __attribute__((aligned(READ_SIZE)));
    static uint64_t samples[READ_COUNT];
    int file = argc == 3 ? open(argv[1], O_RDONLY | O_DIRECT) : -1;

    if (file < 0) {
        fprintf(stderr, "usage: blkread DEVICE NAME, and there must be that device\n");
        return 2;
    }
    for (unsigned int i = 0; i < READ_COUNT; i++) {
        uint64_t start = samples_clock();

        if (pread(file, buffer, READ_SIZE, (off_t)i * READ_SIZE) != READ_SIZE) {
            perror(argv[1]);
            return 1;
        }
        samples[i] = samples_clock() - start;
    }
    samples_show(argv[2], samples, READ_COUNT);
    return 0;
}
