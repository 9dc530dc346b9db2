/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device that lies: the input is a list of the driver's chains, of writes by the device anywhere
 * into the queue's memory, and of the driver's looks at what is done. A chain comes back at most
 * once, and descriptors are never lost or used twice.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pci/virtqueue.h"

#define SIZE   16u
#define OWNERS 64u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint8_t memory[VIRTQUEUE_BYTES] __attribute__((aligned(4096)));
static struct virtqueue queue;
static bool is_away[OWNERS];
static unsigned int length[OWNERS];
static uint32_t writable[OWNERS];

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static void add(uint8_t count)
{
    struct virtq_piece pieces[SIZE + 2];
    unsigned int owner = 0;

    memset(pieces, 0, sizeof(pieces));
    pieces[count % SIZE] = (struct virtq_piece){.len = count, .is_for_device_to_write = true};
    while (owner < OWNERS && is_away[owner])
        owner++;
    count %= SIZE + 2;
    if (owner == OWNERS || virtqueue_add(&queue, pieces, count, &is_away[owner]) != 0)
        return;
    is_away[owner] = true;
    length[owner] = count;
    writable[owner] = count > count % SIZE ? count : 0;
}

static void take(void)
{
    uint32_t written;
    bool *owner = virtqueue_take(&queue, &written);

    if (owner == NULL)
        return;
    expect(*owner && written <= writable[owner - is_away]);
    *owner = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    memset(memory, 0, sizeof(memory));
    memset(is_away, 0, sizeof(is_away));
    virtqueue_init(&queue, memory, SIZE);
    for (; size >= 4; bytes += 4, size -= 4) {
        unsigned int used = 0;

        switch (bytes[0] % 5) {
        case 0:
            add(bytes[1]);
            break;
        case 1:
            virtqueue_publish(&queue);
            break;
        case 2:
            memory[(bytes[1] | (size_t)bytes[2] << 8) % sizeof(memory)] = bytes[3];
            break;
        case 3:
            queue.used->ring[queue.used->idx++ % SIZE].id = bytes[1] % (SIZE + 1);
            break;
        default:
            take();
        }
        for (unsigned int i = 0; i < OWNERS; i++)
            used += is_away[i] ? length[i] : 0;
        expect(used + queue.free_count == SIZE);
    }
    return 0;
}
