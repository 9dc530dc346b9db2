/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the buffers that a network device has, and the headers before the frames in them. Sections
 * are VIRTIO 1.1's. */
#include "drivers/pci/virtio_net.h"

#include "drivers/pci/msix.h"
#include "guest-kernel/memory.h"
#include "lib/errno.h"
#include "lib/string.h"

#define QUEUE_SIZE 256u
/* Queues (5.1.2), and their interrupts. Changes of the configuration share that of the transmit
 * queue, which seldom comes. */
#define QUEUE_RX 0
#define QUEUE_TX 1

/* Features (5.1.3) and configuration (5.1.4). */
#define FEATURE_CSUM       (UINT64_C(1) << 0)
#define FEATURE_GUEST_CSUM (UINT64_C(1) << 1)
#define FEATURE_MTU        (UINT64_C(1) << 3)
#define FEATURE_MAC        (UINT64_C(1) << 5)
#define FEATURE_GUEST_TSO4 (UINT64_C(1) << 7)
#define FEATURE_GUEST_TSO6 (UINT64_C(1) << 8)
#define FEATURE_HOST_TSO4  (UINT64_C(1) << 11)
#define FEATURE_HOST_TSO6  (UINT64_C(1) << 12)
#define FEATURE_HOST_ECN   (UINT64_C(1) << 13)
#define FEATURE_MRG_RXBUF  (UINT64_C(1) << 15)
#define FEATURE_STATUS     (UINT64_C(1) << 16)
#define CONFIG_STATUS      6
#define CONFIG_MTU         10
#define STATUS_LINK_UP     1u

#define ETHER_HEADER 14u
#define ETHER_TAG    4u
#define MTU_DEFAULT  1500u
/* The largest whose frames fit into one buffer. */
#define MTU_ONE_BUFFER (PAGE_SIZE - sizeof(struct header) - ETHER_HEADER - ETHER_TAG)
/* 5.1.4.1: what a device may offer. */
#define MTU_MIN 68u
/* RFC 9293, 3.1: a sender's answer to congestion. */
#define TCP_FLAGS 13u
#define TCP_CWR   0x80u

/* 5.1.6 */
struct header {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t header_size;
    uint16_t gso_size;
    uint16_t csum_start;
    uint16_t csum_offset;
    uint16_t buffer_count;
};
_Static_assert(sizeof(struct header) == 12, "VIRTIO 1.1, 5.1.6");
#define HEADER_F_NEEDS_CSUM 1u
#define HEADER_F_DATA_VALID 2u
#define GSO_TCPV4           1u
#define GSO_TCPV6           4u
#define GSO_ECN             0x80u

/* Where a frame begins in its first page: 16 bytes from the page's start, which suits copies. */
#define TX_FRAME_OFFSET  16u
#define TX_HEADER_OFFSET (TX_FRAME_OFFSET - sizeof(struct header))

static void on_interrupt(void *arg)
{
    struct virtio_net *net = arg;

    __atomic_store_n(&net->has_event, true, __ATOMIC_RELEASE);
}

static void on_tx_or_config_interrupt(void *arg)
{
    struct virtio_net *net = arg;

    __atomic_store_n(&net->is_config_stale, true, __ATOMIC_RELEASE);
    on_interrupt(net);
}

/* What is used of that which the device offers. */
static uint64_t choose_features(const struct virtio_net *net)
{
    uint64_t features = FEATURE_CSUM | FEATURE_GUEST_CSUM | FEATURE_MTU | FEATURE_MAC |
                        FEATURE_HOST_TSO4 | FEATURE_HOST_TSO6 | FEATURE_HOST_ECN |
                        FEATURE_MRG_RXBUF | FEATURE_STATUS;
    uint64_t offered = virtio_features(&net->device);

    /* A frame that is to be cut needs several buffers, and so may one of a large MTU. */
    if (!(offered & FEATURE_MRG_RXBUF)) {
        if (virtio_config16(&net->device, CONFIG_MTU) > MTU_ONE_BUFFER)
            features &= ~FEATURE_MTU;
    } else if (offered & FEATURE_GUEST_CSUM) {
        features |= FEATURE_GUEST_TSO4 | FEATURE_GUEST_TSO6;
    }
    return features;
}

static void read_address(struct virtio_net *net, bool has_address)
{
    uint16_t place = net->device.at.bdf;
    /* Without one of its own: a local one by its place. */
    const uint8_t local[] = {2, 0, 0, 0, (uint8_t)(place >> 8), (uint8_t)place};

    for (unsigned int i = 0; i < VIRTIO_NET_ADDRESS_SIZE; i++)
        net->address[i] = has_address ? virtio_config8(&net->device, i) : local[i];
}

static int start_device(struct virtio_net *net)
{
    uint64_t features = choose_features(net);
    int err = virtio_start(&net->device, &features);

    if (err != 0)
        return err;
    net->can_merge = (features & FEATURE_MRG_RXBUF) != 0;
    net->has_status = (features & FEATURE_STATUS) != 0;
    net->can_csum = (features & FEATURE_CSUM) != 0;
    /* Any TCP packet may have the mark of congestion. */
    if (net->can_csum && (features & FEATURE_HOST_ECN)) {
        net->can_gso4 = (features & FEATURE_HOST_TSO4) != 0;
        net->can_gso6 = (features & FEATURE_HOST_TSO6) != 0;
    }
    net->mtu = MTU_DEFAULT;
    if (features & FEATURE_MTU)
        net->mtu = virtio_config16(&net->device, CONFIG_MTU);
    read_address(net, (features & FEATURE_MAC) != 0);
    return net->mtu < MTU_MIN ? -EIO : 0;
}

static void stop(struct virtio_net *net)
{
    net->is_broken = true;
    virtio_reset(&net->device);
}

/* Gives the device a buffer for frames from it; there is room in the queue. */
static void give_buffer(struct virtio_net *net, uint8_t *page)
{
    const struct virtq_piece piece = {virt_to_phys(page), PAGE_SIZE, true};

    if (virtqueue_add(&net->rx, &piece, 1, page) != 0)
        stop(net);
}

static int start_buffers(struct virtio_net *net)
{
    uint8_t *rx_pages = pages_alloc(net->rx.size, 1);

    net->tx_pages = pages_alloc(net->tx.size, 1);
    if (rx_pages == NULL || net->tx_pages == NULL)
        return -ENOMEM;
    for (uint16_t i = 0; i < net->rx.size; i++)
        give_buffer(net, rx_pages + (size_t)i * PAGE_SIZE);
    for (uint16_t i = 0; i < net->tx.size; i++)
        net->tx_next[i] = (uint16_t)(i + 1);
    net->tx_free_count = net->tx.size;
    return 0;
}

int virtio_net_start(struct virtio_net *net, const struct pci_function *function)
{
    int err;

    *net = (struct virtio_net){.is_broken = false};
    err = virtio_find(&net->device, function, VIRTIO_TYPE_NET);
    if (err != 0)
        return err;
    err = start_device(net);
    if (err == 0)
        err = msix_bind(function->at, QUEUE_RX, on_interrupt, net);
    if (err == 0)
        err = msix_bind(function->at, QUEUE_TX, on_tx_or_config_interrupt, net);
    if (err == 0)
        err = virtio_set_config_vector(&net->device, QUEUE_TX);
    if (err == 0)
        err = virtio_add_queue(&net->device, QUEUE_RX, QUEUE_SIZE, QUEUE_RX, &net->rx);
    if (err == 0)
        err = virtio_add_queue(&net->device, QUEUE_TX, QUEUE_SIZE, QUEUE_TX, &net->tx);
    if (err == 0)
        err = start_buffers(net);
    if (err != 0) {
        /* What it was given stays its own: it may not keep to the reset. */
        virtio_reset(&net->device);
        return err;
    }
    virtqueue_sleep_through(&net->tx);
    virtio_run(&net->device);
    virtio_net_kick(net);
    return 0;
}

bool virtio_net_has_link(const struct virtio_net *net)
{
    return !net->is_broken && (!net->has_status || (virtio_config16(&net->device, CONFIG_STATUS) &
                                                    STATUS_LINK_UP) != 0);
}

bool virtio_net_may_have_changed(struct virtio_net *net)
{
    return __atomic_exchange_n(&net->is_config_stale, false, __ATOMIC_SEQ_CST);
}

/* Collects the buffers of the next frame. False: there is none, or the device is stopped. */
static bool take_buffers(struct virtio_net *net, struct virtio_net_frame *frame,
                         struct header *header)
{
    uint32_t written = 0;
    uint8_t *page = virtqueue_take(&net->rx, &written);
    unsigned int count = 1;

    if (page == NULL)
        return false;
    *frame = (struct virtio_net_frame){.piece_count = 1, .size = 0};
    frame->pieces[0] = (struct net_piece){page, written};
    memcpy(header, page, sizeof(*header));
    if (net->can_merge && written >= sizeof(*header))
        count = header->buffer_count;
    if (count == 0 || count > VIRTIO_NET_PIECES_MAX)
        return false;
    /* 5.1.6.4: the buffers of a frame come together. */
    while (frame->piece_count < count) {
        page = virtqueue_take(&net->rx, &written);
        if (page == NULL)
            return false;
        frame->pieces[frame->piece_count++] = (struct net_piece){page, written};
    }
    for (unsigned int i = 0; i < count; i++)
        frame->size += frame->pieces[i].size;
    return true;
}

/* Takes the header away from the frame and finds out what it asks for. */
static bool read_header(struct virtio_net_frame *frame, const struct header *header)
{
    struct net_piece *first = &frame->pieces[0];
    struct net_offload *offload = &frame->offload;
    struct net_headers headers;

    if (first->size < sizeof(*header) + ETHER_HEADER)
        return false;
    first->bytes += sizeof(*header);
    first->size -= (uint32_t)sizeof(*header);
    frame->size -= (uint32_t)sizeof(*header);
    if (first->size < frame->size && first->size < NET_HEAD_MAX)
        return false;
    offload->is_csum_valid = (header->flags & (HEADER_F_DATA_VALID | HEADER_F_NEEDS_CSUM)) != 0;
    if (!(header->flags & HEADER_F_NEEDS_CSUM))
        return header->gso_type == 0;
    offload->is_csum_blank = true;
    offload->gso_size = header->gso_size;
    if (net_headers_read(&headers, first->bytes, first->size, frame->size) != 0 ||
        header->csum_start != headers.transport ||
        header->csum_offset != headers.csum - headers.transport)
        return false;
    if (header->gso_type == GSO_TCPV4 && !headers.is_ipv6)
        offload->gso = NET_GSO_TCP4;
    else if (header->gso_type == GSO_TCPV6 && headers.is_ipv6)
        offload->gso = NET_GSO_TCP6;
    else
        return header->gso_type == 0;
    return headers.is_tcp && offload->gso_size != 0;
}

bool virtio_net_receive(struct virtio_net *net, struct virtio_net_frame *frame)
{
    struct header header;

    while (!net->is_broken && virtqueue_has_used(&net->rx)) {
        if (!take_buffers(net, frame, &header)) {
            stop(net);
            return false;
        }
        if (read_header(frame, &header))
            return true;
        net->bad_count++;
        virtio_net_recycle(net, frame);
    }
    return false;
}

void virtio_net_recycle(struct virtio_net *net, const struct virtio_net_frame *frame)
{
    for (unsigned int i = 0; i < frame->piece_count; i++) {
        uint64_t at = (uint64_t)(uintptr_t)frame->pieces[i].bytes % PAGE_SIZE;

        give_buffer(net, frame->pieces[i].bytes - at);
    }
}

static uint8_t *tx_page(const struct virtio_net *net, uint16_t index)
{
    return net->tx_pages + (size_t)index * PAGE_SIZE;
}

/* Takes back the pages that the device has sent. */
static void reclaim(struct virtio_net *net)
{
    uint8_t *page;
    uint32_t written;

    while ((page = virtqueue_take(&net->tx, &written)) != NULL) {
        uint16_t first = (uint16_t)((size_t)(page - net->tx_pages) / PAGE_SIZE), last = first;

        for (net->tx_free_count++; net->tx_next[last] != net->tx.size; net->tx_free_count++)
            last = net->tx_next[last];
        net->tx_next[last] = net->tx_free;
        net->tx_free = first;
    }
    if (net->tx.is_broken && !net->is_broken)
        stop(net);
}

static uint32_t pages_for(uint32_t size)
{
    return (TX_FRAME_OFFSET + size + PAGE_SIZE - 1) / PAGE_SIZE;
}

bool virtio_net_has_room(struct virtio_net *net, uint32_t size, uint32_t count)
{
    uint32_t wanted = pages_for(size) * count;

    wanted = wanted < net->tx.size ? wanted : net->tx.size;
    /* A stopped device takes everything, and nothing becomes of it. */
    if (net->is_broken || wanted <= net->tx_free_count)
        return true;
    reclaim(net);
    if (wanted > net->tx_free_count && virtqueue_want_interrupt(&net->tx))
        reclaim(net);
    return net->is_broken || wanted <= net->tx_free_count;
}

static int make_header(const struct virtio_net *net, const struct virtio_net_part *head,
                       uint32_t size, const struct net_offload *offload, struct header *header)
{
    struct net_headers headers;

    *header = (struct header){.flags = 0};
    if (offload->gso == NET_GSO_NONE && size > net->mtu + ETHER_HEADER + ETHER_TAG)
        return -EMSGSIZE;
    if (!offload->is_csum_blank)
        return offload->gso == NET_GSO_NONE ? 0 : -EOPNOTSUPP;
    if (!net->can_csum || (offload->gso == NET_GSO_TCP4 && !net->can_gso4) ||
        (offload->gso == NET_GSO_TCP6 && !net->can_gso6))
        return -EOPNOTSUPP;
    if (net_headers_read(&headers, head->bytes, head->size, size) != 0)
        return -EBADMSG;
    header->flags = HEADER_F_NEEDS_CSUM;
    header->csum_start = headers.transport;
    header->csum_offset = (uint16_t)(headers.csum - headers.transport);
    if (offload->gso == NET_GSO_NONE)
        return 0;
    if (!headers.is_tcp || headers.is_ipv6 != (offload->gso == NET_GSO_TCP6))
        return -EBADMSG;
    header->gso_type = headers.is_ipv6 ? GSO_TCPV6 : GSO_TCPV4;
    if (head->bytes[headers.transport + TCP_FLAGS] & TCP_CWR)
        header->gso_type |= GSO_ECN;
    header->gso_size = offload->gso_size;
    header->header_size = headers.payload;
    return 0;
}

/* Copies `size` bytes from *part and what follows it on, of which *done are copied already. */
static void copy_parts(uint8_t *to, const struct virtio_net_part **part, uint32_t *done,
                       uint32_t size)
{
    while (size != 0) {
        uint32_t left = (*part)->size - *done, now = left < size ? left : size;

        memcpy(to, (*part)->bytes + *done, now);
        to += now;
        size -= now;
        *done += now;
        if (*done == (*part)->size) {
            ++*part;
            *done = 0;
        }
    }
}

/* Copies the frame into pages, which are free, and gives them to the device. */
static int put(struct virtio_net *net, const struct virtio_net_part *parts, uint32_t size,
               const struct header *header)
{
    struct virtq_piece pieces[VIRTIO_NET_PIECES_MAX];
    uint32_t offset = TX_FRAME_OFFSET, done = 0;
    uint16_t first = net->tx_free, last = first;
    unsigned int count = 0;
    int err;

    memcpy(tx_page(net, first) + TX_HEADER_OFFSET, header, sizeof(*header));
    for (uint16_t index = first; size != 0; index = net->tx_next[index]) {
        uint32_t now = size < PAGE_SIZE - offset ? size : PAGE_SIZE - offset;
        uint32_t start = offset == 0 ? 0 : (uint32_t)TX_HEADER_OFFSET;

        copy_parts(tx_page(net, index) + offset, &parts, &done, now);
        pieces[count++] = (struct virtq_piece){virt_to_phys(tx_page(net, index)) + start,
                                               offset + now - start, false};
        size -= now;
        offset = 0;
        last = index;
    }
    err = virtqueue_add(&net->tx, pieces, count, tx_page(net, first));
    if (err != 0)
        return err;
    net->tx_free = net->tx_next[last];
    net->tx_next[last] = net->tx.size;
    net->tx_free_count = (uint16_t)(net->tx_free_count - count);
    return 0;
}

int virtio_net_send(struct virtio_net *net, const struct virtio_net_part *parts, unsigned int count,
                    const struct net_offload *offload)
{
    struct header header;
    uint32_t size = 0;
    int err;

    for (unsigned int i = 0; i < count; i++)
        size += parts[i].size;
    if (size < ETHER_HEADER || pages_for(size) > VIRTIO_NET_PIECES_MAX)
        return -EMSGSIZE;
    err = make_header(net, parts, size, offload, &header);
    if (err != 0)
        return err;
    if (!virtio_net_has_room(net, size, 1) || pages_for(size) > net->tx.size)
        return -ENOSPC;
    return net->is_broken ? -EIO : put(net, parts, size, &header);
}

void virtio_net_kick(struct virtio_net *net)
{
    if (net->is_broken)
        return;
    if (virtqueue_publish(&net->rx))
        virtio_notify(&net->device, QUEUE_RX);
    if (virtqueue_publish(&net->tx))
        virtio_notify(&net->device, QUEUE_TX);
}

bool virtio_net_has_event(const struct virtio_net *net)
{
    return __atomic_load_n(&net->has_event, __ATOMIC_ACQUIRE);
}

void virtio_net_wake(struct virtio_net *net)
{
    __atomic_store_n(&net->has_event, false, __ATOMIC_SEQ_CST);
    virtqueue_sleep_through(&net->rx);
    virtqueue_sleep_through(&net->tx);
}

void virtio_net_sleep(struct virtio_net *net)
{
    if (!net->is_broken && virtqueue_want_interrupt(&net->rx))
        __atomic_store_n(&net->has_event, true, __ATOMIC_RELEASE);
}
