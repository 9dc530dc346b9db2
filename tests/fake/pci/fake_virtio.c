/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the one device and the memory that a driver has allocated for it. */
#include "tests/fake/pci/fake_virtio.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/pci/msix.h"
#include "guest-kernel/memory.h"
#include "lib/errno.h"

#define ALLOCATIONS_MAX 16u

struct fake_virtio fake_virtio;
static void *allocations[ALLOCATIONS_MAX];
static unsigned int allocation_count;
static struct {
    event_handler *run;
    void *arg;
} handlers[VIRTIO_QUEUES_MAX];

void fake_virtio_clear(void)
{
    while (allocation_count != 0)
        free(allocations[--allocation_count]);
    memset(handlers, 0, sizeof(handlers));
    fake_virtio = (struct fake_virtio){.queue_size_max = VIRTQUEUE_SIZE_MAX, .pages_left = 2000};
}

void *pages_alloc(size_t count, size_t align)
{
    void *pages;

    if (count > fake_virtio.pages_left || allocation_count == ALLOCATIONS_MAX)
        return NULL;
    fake_virtio.pages_left -= (unsigned int)count;
    pages = aligned_alloc(align * PAGE_SIZE, count * PAGE_SIZE);
    allocations[allocation_count++] = pages;
    return pages;
}

uint64_t virt_to_phys(const void *object)
{
    return (uint64_t)(uintptr_t)object;
}

int virtio_find(struct virtio_device *device, const struct pci_function *function,
                unsigned int type)
{
    *device = (struct virtio_device){.at = function->at};
    return function->device == type ? 0 : -ENODEV;
}

uint64_t virtio_features(const struct virtio_device *device)
{
    return device != NULL ? fake_virtio.offered : 0;
}

int virtio_start(struct virtio_device *device, uint64_t *features)
{
    *features &= virtio_features(device);
    fake_virtio.agreed = *features;
    return 0;
}

int msix_bind(struct pci_address at, uint16_t entry, event_handler *handler, void *arg)
{
    if (entry >= VIRTIO_QUEUES_MAX || at.bdf == 0)
        return -ENODEV;
    handlers[entry].run = handler;
    handlers[entry].arg = arg;
    return 0;
}

int virtio_add_queue(struct virtio_device *device, uint16_t index, uint16_t size, uint16_t vector,
                     struct virtqueue *queue)
{
    void *memory = pages_alloc(VIRTQUEUE_BYTES / PAGE_SIZE, 1);

    if (memory == NULL)
        return -ENOMEM;
    memset(memory, 0, VIRTQUEUE_BYTES);
    while (size > fake_virtio.queue_size_max)
        size /= 2;
    virtqueue_init(queue, memory, size);
    fake_virtio.queues[index] = queue;
    return device != NULL && vector == index ? 0 : -EIO;
}

int virtio_set_config_vector(struct virtio_device *device, uint16_t vector)
{
    fake_virtio.config_vector = vector;
    return device != NULL && vector < VIRTIO_QUEUES_MAX ? 0 : -EIO;
}

void virtio_run(struct virtio_device *device)
{
    fake_virtio.is_running = device != NULL;
}

void virtio_reset(struct virtio_device *device)
{
    fake_virtio.is_running = device == NULL;
}

void virtio_notify(struct virtio_device *device, uint16_t index)
{
    fake_virtio.notices[index] += device != NULL;
}

static uint32_t config(const struct virtio_device *device, unsigned int offset, size_t size)
{
    uint32_t value = 0;

    if (device != NULL && offset + size <= FAKE_CONFIG_SIZE)
        memcpy(&value, fake_virtio.config + offset, size);
    return value;
}

uint8_t virtio_config8(const struct virtio_device *device, unsigned int offset)
{
    return (uint8_t)config(device, offset, sizeof(uint8_t));
}

uint16_t virtio_config16(const struct virtio_device *device, unsigned int offset)
{
    return (uint16_t)config(device, offset, sizeof(uint16_t));
}

int fake_virtio_take(unsigned int queue)
{
    const struct virtqueue *at = fake_virtio.queues[queue];

    if (fake_virtio.seen[queue] == at->avail->idx)
        return -1;
    return at->avail->ring[fake_virtio.seen[queue]++ % at->size];
}

uint8_t *fake_virtio_bytes(unsigned int queue, unsigned int descriptor)
{
    return (uint8_t *)(uintptr_t)fake_virtio.queues[queue]->desc[descriptor].addr;
}

void fake_virtio_return(unsigned int queue, uint32_t id, uint32_t written)
{
    struct virtqueue *at = fake_virtio.queues[queue];

    at->used->ring[at->used->idx % at->size] = (struct virtq_used_elem){id, written};
    at->used->idx++;
}

void fake_virtio_change_config(unsigned int offset, uint8_t value)
{
    fake_virtio.config[offset] = value;
    handlers[fake_virtio.config_vector].run(handlers[fake_virtio.config_vector].arg);
}

bool fake_virtio_interrupt(unsigned int queue)
{
    if (fake_virtio.queues[queue]->avail->flags != 0)
        return false;
    handlers[queue].run(handlers[queue].arg);
    return true;
}
