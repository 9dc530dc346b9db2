/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the registers of virtio devices. Sections are VIRTIO 1.1's. */
#include "drivers/pci/virtio.h"

#include "drivers/pci/mmio.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/errno.h"
#include "lib/string.h"

#define VENDOR           0x1af4u /* 4.1.2 */
#define DEVICE_MODERN    0x1040u
#define DEVICE_OLD_FIRST 0x1000u /* transitional devices, 4.1.2.1 */
#define DEVICE_OLD_NET   0x1000u
#define DEVICE_OLD_BLOCK 0x1001u

/* 4.1.4: the vendor-specific capability, its fields and its types. */
#define CAPABILITY_VENDOR 0x09u
#define CAP_TYPE_SHIFT    24
#define CAP_BAR           4
#define CAP_OFFSET        8
#define CAP_LENGTH        12
#define CAP_MULTIPLIER    16
#define TYPE_COMMON       1u
#define TYPE_NOTIFY       2u
#define TYPE_CONFIG       4u

/* 4.1.4.3: the common configuration. */
#define COMMON_DEVICE_FEATURE_SELECT 0
#define COMMON_DEVICE_FEATURE        4
#define COMMON_DRIVER_FEATURE_SELECT 8
#define COMMON_DRIVER_FEATURE        12
#define COMMON_MSIX_CONFIG           16
#define COMMON_STATUS                20
#define COMMON_QUEUE_SELECT          22
#define COMMON_QUEUE_SIZE            24
#define COMMON_QUEUE_VECTOR          26
#define COMMON_QUEUE_ENABLE          28
#define COMMON_QUEUE_NOTIFY_OFF      30
#define COMMON_QUEUE_DESC            32
#define COMMON_QUEUE_DRIVER          40
#define COMMON_QUEUE_DEVICE          48
#define COMMON_SIZE                  56

/* 2.1 */
#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER      2u
#define STATUS_DRIVER_OK   4u
#define STATUS_FEATURES_OK 8u

#define FEATURE_VERSION_1 (UINT64_C(1) << 32) /* 6 */
#define RESET_TIMEOUT     NS_PER_SECOND

static bool is_type(const struct pci_function *function, unsigned int type)
{
    unsigned int old = type == VIRTIO_TYPE_NET ? DEVICE_OLD_NET : DEVICE_OLD_BLOCK;

    return function->vendor == VENDOR &&
           (function->device == DEVICE_MODERN + type || function->device == old);
}

/* Maps the registers of one type of capability, *size bytes of them at least; sets *size. */
static uint8_t *map_registers(const struct pci_function *function, unsigned int type,
                              uint32_t *size, unsigned int *capability)
{
    unsigned int cap = pci_find_capability(function->at, CAPABILITY_VENDOR, 0);
    uint32_t offset, length;
    uint64_t bar;

    while (cap != 0 && pci_config_read(function->at, cap) >> CAP_TYPE_SHIFT != type)
        cap = pci_find_capability(function->at, CAPABILITY_VENDOR, cap);
    if (cap == 0 ||
        pci_bar(function->at, pci_config_read(function->at, cap + CAP_BAR) & 0xff, &bar) != 0)
        return NULL;
    offset = pci_config_read(function->at, cap + CAP_OFFSET);
    length = pci_config_read(function->at, cap + CAP_LENGTH);
    if (length < *size)
        return NULL;
    *size = length;
    *capability = cap;
    return mmio_map(bar + offset, length);
}

int virtio_find(struct virtio_device *device, const struct pci_function *function,
                unsigned int type)
{
    uint32_t common_size = COMMON_SIZE;
    unsigned int cap;

    if (!is_type(function, type))
        return -ENODEV;
    *device = (struct virtio_device){.at = function->at, .notify_size = 2, .config_size = 4};
    pci_enable(function->at);
    device->common = map_registers(function, TYPE_COMMON, &common_size, &cap);
    device->config = map_registers(function, TYPE_CONFIG, &device->config_size, &cap);
    device->notify = map_registers(function, TYPE_NOTIFY, &device->notify_size, &cap);
    if (device->common == NULL || device->config == NULL || device->notify == NULL)
        return -EIO;
    device->notify_multiplier = pci_config_read(function->at, cap + CAP_MULTIPLIER);
    return 0;
}

static void add_status(const struct virtio_device *device, unsigned int bits)
{
    uint8_t *status = device->common + COMMON_STATUS;

    mmio_write8(status, (uint8_t)(mmio_read8(status) | bits));
}

void virtio_reset(struct virtio_device *device)
{
    uint64_t end = time_now() + RESET_TIMEOUT;

    mmio_write8(device->common + COMMON_STATUS, 0);
    /* 4.1.4.3.2: it is reset when the status reads 0. */
    while (mmio_read8(device->common + COMMON_STATUS) != 0 && time_now() < end)
        ;
}

uint64_t virtio_features(const struct virtio_device *device)
{
    uint64_t low;

    mmio_write32(device->common + COMMON_DEVICE_FEATURE_SELECT, 0);
    low = mmio_read32(device->common + COMMON_DEVICE_FEATURE);
    mmio_write32(device->common + COMMON_DEVICE_FEATURE_SELECT, 1);
    return low | (uint64_t)mmio_read32(device->common + COMMON_DEVICE_FEATURE) << 32;
}

int virtio_start(struct virtio_device *device, uint64_t *features)
{
    virtio_reset(device);
    add_status(device, STATUS_ACKNOWLEDGE);
    add_status(device, STATUS_DRIVER);
    *features = (*features | FEATURE_VERSION_1) & virtio_features(device);
    if (!(*features & FEATURE_VERSION_1))
        return -EIO;
    mmio_write32(device->common + COMMON_DRIVER_FEATURE_SELECT, 0);
    mmio_write32(device->common + COMMON_DRIVER_FEATURE, (uint32_t)*features);
    mmio_write32(device->common + COMMON_DRIVER_FEATURE_SELECT, 1);
    mmio_write32(device->common + COMMON_DRIVER_FEATURE, (uint32_t)(*features >> 32));
    add_status(device, STATUS_FEATURES_OK);
    if (!(mmio_read8(device->common + COMMON_STATUS) & STATUS_FEATURES_OK))
        return -EIO;
    return 0;
}

/* 64-bit registers are written as two halves (4.1.3.1). */
static void write64(uint8_t *at, uint64_t value)
{
    mmio_write32(at, (uint32_t)value);
    mmio_write32(at + 4, (uint32_t)(value >> 32));
}

int virtio_add_queue(struct virtio_device *device, uint16_t index, uint16_t size, uint16_t vector,
                     struct virtqueue *queue)
{
    uint8_t *common = device->common;
    uint16_t device_size;
    uint64_t paddr, notify;
    void *memory;

    mmio_write16(common + COMMON_QUEUE_SELECT, index);
    device_size = mmio_read16(common + COMMON_QUEUE_SIZE);
    while (size > device_size)
        size /= 2;
    notify = mmio_read16(common + COMMON_QUEUE_NOTIFY_OFF) * (uint64_t)device->notify_multiplier;
    if (size == 0 || notify > device->notify_size - sizeof(uint16_t))
        return -EIO;
    device->queue_notify[index] = device->notify + notify;
    memory = pages_alloc(VIRTQUEUE_BYTES / PAGE_SIZE, 1);
    if (memory == NULL)
        return -ENOMEM;
    memset(memory, 0, VIRTQUEUE_BYTES);
    virtqueue_init(queue, memory, size);
    paddr = virt_to_phys(memory);
    mmio_write16(common + COMMON_QUEUE_SIZE, size);
    mmio_write16(common + COMMON_QUEUE_VECTOR, vector);
    write64(common + COMMON_QUEUE_DESC, paddr);
    write64(common + COMMON_QUEUE_DRIVER, paddr + VIRTQUEUE_AVAIL_OFFSET);
    write64(common + COMMON_QUEUE_DEVICE, paddr + VIRTQUEUE_USED_OFFSET);
    /* 4.1.5.1.2: a device that cannot map the vector shows none. */
    if (mmio_read16(common + COMMON_QUEUE_VECTOR) != vector) {
        pages_free(memory, VIRTQUEUE_BYTES / PAGE_SIZE);
        return -EIO;
    }
    mmio_write16(common + COMMON_QUEUE_ENABLE, 1);
    return 0;
}

int virtio_set_config_vector(struct virtio_device *device, uint16_t vector)
{
    mmio_write16(device->common + COMMON_MSIX_CONFIG, vector);
    /* 4.1.5.1.2: a device that cannot map the vector shows none. */
    return mmio_read16(device->common + COMMON_MSIX_CONFIG) == vector ? 0 : -EIO;
}

void virtio_run(struct virtio_device *device)
{
    add_status(device, STATUS_DRIVER_OK);
}

void virtio_notify(struct virtio_device *device, uint16_t index)
{
    mmio_write16(device->queue_notify[index], index);
}

uint8_t virtio_config8(const struct virtio_device *device, unsigned int offset)
{
    return offset + sizeof(uint8_t) <= device->config_size ? mmio_read8(device->config + offset)
                                                           : 0;
}

uint16_t virtio_config16(const struct virtio_device *device, unsigned int offset)
{
    return offset + sizeof(uint16_t) <= device->config_size ? mmio_read16(device->config + offset)
                                                            : 0;
}

uint32_t virtio_config32(const struct virtio_device *device, unsigned int offset)
{
    return offset + sizeof(uint32_t) <= device->config_size ? mmio_read32(device->config + offset)
                                                            : 0;
}

uint64_t virtio_config64(const struct virtio_device *device, unsigned int offset)
{
    return virtio_config32(device, offset) | (uint64_t)virtio_config32(device, offset + 4) << 32;
}
