/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns a queue's memory and what is known of it beside that memory. */
#include "drivers/pci/virtqueue.h"

#include "lib/errno.h"

/* Descriptor flags, the driver's wish and the device's (VIRTIO 1.1, 2.6.5, 2.6.6 and 2.6.8). */
#define DESC_F_NEXT          1u
#define DESC_F_WRITE         2u
#define AVAIL_F_NO_INTERRUPT 1u
#define USED_F_NO_NOTIFY     1u

void virtqueue_init(struct virtqueue *queue, void *memory, uint16_t size)
{
    uint8_t *bytes = memory;

    *queue = (struct virtqueue){.desc = memory, .size = size, .free_count = size};
    queue->avail = (struct virtq_avail *)(void *)(bytes + VIRTQUEUE_AVAIL_OFFSET);
    queue->used = (struct virtq_used *)(void *)(bytes + VIRTQUEUE_USED_OFFSET);
    for (uint16_t i = 0; i < size; i++)
        queue->next[i] = (uint16_t)(i + 1);
}

int virtqueue_add(struct virtqueue *queue, const struct virtq_piece *pieces, unsigned int count,
                  void *owner)
{
    uint16_t head = queue->free_head, at = head;
    uint32_t writable = 0;

    if (count == 0 || count > queue->free_count)
        return -ENOSPC;
    for (unsigned int i = 0; i < count; i++) {
        bool is_last = i + 1 == count;
        unsigned int flags =
            (pieces[i].is_for_device_to_write ? DESC_F_WRITE : 0) | (is_last ? 0 : DESC_F_NEXT);

        queue->desc[at] = (struct virtq_desc){pieces[i].addr, pieces[i].len, (uint16_t)flags,
                                              is_last ? (uint16_t)0 : queue->next[at]};
        writable += pieces[i].is_for_device_to_write ? pieces[i].len : 0;
        queue->free_head = queue->next[at];
        at = queue->free_head;
    }
    queue->free_count = (uint16_t)(queue->free_count - count);
    queue->owner[head] = owner;
    queue->length[head] = (uint16_t)count;
    queue->writable[head] = writable;
    queue->avail->ring[queue->avail_idx++ & (queue->size - 1)] = head;
    return 0;
}

bool virtqueue_publish(struct virtqueue *queue)
{
    if (queue->published == queue->avail_idx)
        return false;
    queue->published = queue->avail_idx;
    /* The device sees the descriptors before the index. The flags are read after the index is
     * written, or a device that goes to sleep in between is not woken (VIRTIO 1.1, 2.6.13.4). */
    __atomic_store_n(&queue->avail->idx, queue->avail_idx, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return !(__atomic_load_n(&queue->used->flags, __ATOMIC_RELAXED) & USED_F_NO_NOTIFY);
}

bool virtqueue_has_used(const struct virtqueue *queue)
{
    /* Pairs with the device's release of the index: the element is there. */
    return !queue->is_broken &&
           __atomic_load_n(&queue->used->idx, __ATOMIC_ACQUIRE) != queue->used_idx;
}

void virtqueue_sleep_through(struct virtqueue *queue)
{
    __atomic_store_n(&queue->avail->flags, AVAIL_F_NO_INTERRUPT, __ATOMIC_RELAXED);
}

bool virtqueue_want_interrupt(struct virtqueue *queue)
{
    __atomic_store_n(&queue->avail->flags, 0, __ATOMIC_RELAXED);
    /* The index is read after the wish is written: the device does the reverse (VIRTIO 1.1,
     * 2.6.7.2). */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return virtqueue_has_used(queue);
}

void *virtqueue_take(struct virtqueue *queue, uint32_t *written)
{
    const struct virtq_used_elem *used = &queue->used->ring[queue->used_idx & (queue->size - 1)];
    void *owner;
    uint32_t id;
    uint16_t last;

    if (!virtqueue_has_used(queue))
        return NULL;
    id = __atomic_load_n(&used->id, __ATOMIC_RELAXED);
    *written = __atomic_load_n(&used->len, __ATOMIC_RELAXED);
    if (id >= queue->size || queue->owner[id] == NULL || *written > queue->writable[id]) {
        queue->is_broken = true;
        return NULL;
    }
    queue->used_idx++;
    owner = queue->owner[id];
    queue->owner[id] = NULL;
    last = (uint16_t)id;
    for (uint16_t i = 1; i < queue->length[id]; i++)
        last = queue->next[last];
    queue->next[last] = queue->free_head;
    queue->free_head = (uint16_t)id;
    queue->free_count = (uint16_t)(queue->free_count + queue->length[id]);
    return owner;
}
