/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network device that lies: the input is a list of what the driver does and of what the device
 * writes into queues and buffers and says to be done. What the driver takes for a frame lies in its
 * own buffers, no buffer is in two frames, and pages are neither lost nor used twice.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/pci/virtio_net.h"
#include "tests/fake/pci/fake_virtio.h"

#define RX       0u
#define TX       1u
#define SIZE     32u
#define PAGE     4096u
#define HELD_MAX 4u
#define ALL      ((UINT64_C(1) << 17) - 1)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct virtio_net net;
static struct virtio_net_frame held[HELD_MAX];
static unsigned int held_count;
static uint8_t frame[65536];

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static uintptr_t page_of(const struct net_piece *piece)
{
    return (uintptr_t)piece->bytes / PAGE;
}

static void check_frame(const struct virtio_net_frame *got)
{
    uint32_t total = 0;

    expect(got->piece_count > 0 && got->piece_count <= VIRTIO_NET_PIECES_MAX);
    for (unsigned int i = 0; i < got->piece_count; i++) {
        const struct net_piece *piece = &got->pieces[i];

        expect(piece->size <= PAGE - (uintptr_t)piece->bytes % PAGE);
        total += piece->size;
        /* The sanitizer looks whether they are the driver's. */
        memset(piece->bytes, 0x5a, piece->size);
        for (unsigned int other = 0; other < held_count; other++) {
            for (unsigned int j = 0; j < held[other].piece_count; j++)
                expect(page_of(&held[other].pieces[j]) != page_of(piece));
        }
    }
    expect(total == got->size);
    expect(got->pieces[0].size >= NET_HEAD_MAX || got->pieces[0].size == got->size);
    expect(got->offload.gso == NET_GSO_NONE || got->offload.is_csum_blank);
}

static void receive(void)
{
    if (held_count == HELD_MAX) {
        for (held_count = 0; held_count < HELD_MAX; held_count++)
            virtio_net_recycle(&net, &held[held_count]);
        held_count = 0;
    }
    if (!virtio_net_receive(&net, &held[held_count]))
        return;
    check_frame(&held[held_count]);
    held_count++;
}

static void send(const uint8_t *bytes)
{
    struct virtio_net_part parts[2];
    uint32_t size = (bytes[1] | (uint32_t)bytes[2] << 8) % sizeof(frame);
    struct net_offload offload = {.is_csum_blank = bytes[3] % 2 != 0,
                                  .gso = (enum net_gso)(bytes[3] / 2 % 3),
                                  .gso_size = 1448};

    memcpy(frame + 12, bytes[3] & 8 ? "\x08\0\x45" : "\x86\xdd\x60", 3);
    frame[23] = frame[20] = 6;
    parts[0] = (struct virtio_net_part){frame, size < 300 ? size : 300};
    parts[1] = (struct virtio_net_part){frame + parts[0].size, size - parts[0].size};
    if (virtio_net_send(&net, parts, 2, &offload) == 0)
        expect(size >= 14);
}

/* The device does the next chain as it should, with a header that the input gives. */
static void answer(const uint8_t *bytes)
{
    int id = fake_virtio_take(RX);
    uint8_t *at;

    if (id < 0)
        return;
    at = fake_virtio_bytes(RX, (unsigned int)id);
    memset(at, 0, 12);
    at[0] = bytes[1] & 3;
    at[1] = bytes[1] >> 2 & 7;
    at[4] = 200;
    at[6] = 34;
    at[8] = 16;
    at[10] = bytes[3] % 20;
    memcpy(at + 24, "\x08\0\x45", 3);
    at[28] = 4;
    at[35] = 6;
    at[46 + 12] = 0x50;
    fake_virtio_return(RX, (uint32_t)id, bytes[2] * 17u);
}

/* The device writes anywhere into what it returns; the rest of a queue is only read by devices. */
static void scribble(const uint8_t *bytes)
{
    struct virtqueue *queue = fake_virtio.queues[bytes[0] / 16 % 2];
    size_t at = (bytes[1] | (size_t)bytes[2] << 8) % (VIRTQUEUE_BYTES - VIRTQUEUE_USED_OFFSET);

    ((uint8_t *)queue->used)[at] = bytes[3];
}

static void act(const uint8_t *bytes)
{
    int id;

    switch (bytes[0] % 8) {
    case 0:
        receive();
        break;
    case 1:
        send(bytes);
        break;
    case 2:
        virtio_net_kick(&net);
        break;
    case 3:
        answer(bytes);
        break;
    case 4:
        scribble(bytes);
        break;
    case 5:
        fake_virtio_return(bytes[1] % 2, bytes[2] % (SIZE + 1), bytes[3] * 20u);
        break;
    case 6:
        id = fake_virtio_take(TX);
        if (id >= 0)
            fake_virtio_return(TX, (uint32_t)id, 0);
        break;
    default:
        virtio_net_wake(&net);
        virtio_net_sleep(&net);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct pci_function function = {.at = {0x18}, .device = VIRTIO_TYPE_NET};

    fake_virtio_clear();
    fake_virtio.queue_size_max = SIZE;
    fake_virtio.offered = size % 2 == 0 ? ALL : ALL & ~(UINT64_C(1) << 15);
    fake_virtio.config[11] = 0x20;
    held_count = 0;
    if (virtio_net_start(&net, &function) != 0)
        abort();
    for (; size >= 4; bytes += 4, size -= 4) {
        unsigned int used = 0;

        act(bytes);
        for (unsigned int i = 0; i < SIZE; i++)
            used += net.tx.owner[i] != NULL ? net.tx.length[i] : 0;
        expect(used + net.tx_free_count == SIZE && net.tx.free_count == net.tx_free_count);
    }
    fake_virtio_clear();
    return 0;
}
