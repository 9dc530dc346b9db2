/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns frames from the ring to their answer. */
#include "guest-kernel/control/net_tx.h"

#include "guest-kernel/control/net_copy.h"
#include "guest-kernel/control/net_switch.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/errno.h"

/* How long a frame waits for its destination: a guest that shares its CPU has had its turn. */
#define WAIT_MAX (100 * NS_PER_MS)
/* How long a front end that has sent a single frame gets no event for the answer: a reply from near
 * by takes less, and its event wakes the guest for both. */
#define NOTIFY_MAX (1 * NS_PER_MS)

static struct net_tx_frame *frame_at(struct net_tx *tx, unsigned int index)
{
    return &tx->frames[(tx->first + index) % NET_TX_FRAMES];
}

/* Reads the entries of one request. 0: there is one; 1: there is none. */
static int read_request(struct net_tx *tx, struct net_request *request)
{
    union net_tx_entry entry;
    int result = back_ring_take(&tx->ring, &entry);

    if (result == 0)
        return 1;
    net_request_start(request);
    while (result == 1) {
        result = net_request_add(request, &entry);
        if (result == 0)
            return 0;
        /* A front end shows all entries of a frame at once. */
        if (result == 1)
            result = back_ring_take(&tx->ring, &entry);
    }
    return -EBADMSG;
}

/* Puts what is behind the head into the segments, and asks for the copy of the head. */
static void split(struct net_tx *tx, struct net_tx_frame *frame)
{
    uint32_t left = frame->frame.head_size;
    struct net_target to = {.bytes = tx->heads[frame - tx->frames]};
    unsigned int count = 0;

    for (unsigned int i = 0; i < frame->request.slot_count; i++) {
        const struct net_slot *slot = &frame->request.slots[i];
        struct net_segment piece = {.ref = slot->ref, .domid = tx->domid, .offset = slot->offset};

        piece.size = slot->size < left ? slot->size : left;
        if (piece.size > 0)
            net_copy_add(&frame->frame, &piece, &to, &frame->status);
        to.bytes += piece.size;
        left -= piece.size;
        if (piece.size == slot->size)
            continue;
        piece.offset = (uint16_t)(piece.offset + piece.size);
        piece.size = slot->size - piece.size;
        frame->segments[count++] = piece;
    }
    frame->frame.segment_count = count;
}

static enum net_gso gso_of(const struct net_request *request)
{
    if (request->gso_size == 0)
        return NET_GSO_NONE;
    return request->gso_type == XEN_NETIF_GSO_TYPE_TCPV4 ? NET_GSO_TCP4 : NET_GSO_TCP6;
}

static void start_frame(struct net_tx *tx, struct net_tx_frame *frame)
{
    const struct net_request *request = &frame->request;

    frame->status = request->status;
    if (request->action != NET_SEND || frame->status != 0)
        return;
    frame->frame =
        (struct net_frame){.head = tx->heads[frame - tx->frames],
                           .head_size = request->size < NET_HEAD_MAX ? request->size : NET_HEAD_MAX,
                           .size = request->size,
                           .segments = frame->segments,
                           .offload = {.is_csum_blank = request->is_csum_blank,
                                       .is_csum_valid = request->is_csum_valid,
                                       .gso = gso_of(request),
                                       .gso_size = request->gso_size},
                           .can_wait = true};
    split(tx, frame);
}

void net_tx_gather(struct net_tx *tx)
{
    while (!tx->is_broken && tx->taken < NET_TX_FRAMES) {
        struct net_tx_frame *frame = frame_at(tx, tx->taken);
        int result = read_request(tx, &frame->request);

        tx->is_broken = result < 0;
        if (result != 0)
            break;
        tx->taken++;
        start_frame(tx, frame);
    }
}

/* -EAGAIN: the frame waits. */
static int forward(struct net_tx *tx, struct net_tx_frame *frame, uint64_t now)
{
    struct net_request *request = &frame->request;

    if (frame->status != 0)
        return 0;
    if (request->action == NET_MULTICAST_DELETE)
        net_groups_delete(&tx->groups, request->group);
    else if (request->action == NET_MULTICAST_ADD)
        frame->status = net_groups_add(&tx->groups, request->group);
    else
        return net_switch_forward(tx->port, &frame->frame, now);
    return 0;
}

void net_tx_forward(struct net_tx *tx, uint64_t now)
{
    while (tx->forwarded < tx->taken) {
        struct net_tx_frame *frame = frame_at(tx, tx->forwarded);

        if (tx->held_until != 0 && now >= tx->held_until) {
            frame->frame.can_wait = false;
            frame->frame.has_waited = true;
        }
        if (forward(tx, frame, now) == -EAGAIN) {
            if (tx->held_until == 0)
                tx->held_until = now + WAIT_MAX;
            return;
        }
        tx->held_until = 0;
        tx->forwarded++;
    }
}

static void put_answer(struct net_tx *tx, uint16_t id, int16_t status)
{
    const struct netif_tx_response response = {.id = id, .status = status};

    back_ring_put(&tx->ring, &response, sizeof(response));
}

/* Answers every entry of a request. */
static void answer(struct net_tx *tx, const struct net_tx_frame *frame)
{
    const struct net_request *request = &frame->request;
    bool is_sent = frame->status == 0 && (request->action != NET_SEND || frame->frame.status == 0);
    int16_t status = is_sent ? NETIF_RSP_OKAY : NETIF_RSP_ERROR;

    put_answer(tx, request->ids[0], status);
    for (unsigned int i = 0; i < request->extra_count; i++)
        put_answer(tx, 0, NETIF_RSP_NULL);
    for (unsigned int i = 1; i < request->slot_count; i++)
        put_answer(tx, request->ids[i], status);
}

/* True if the front end has sent nothing but one small frame. */
static bool is_single(struct net_tx *tx)
{
    const struct net_tx_frame *frame = frame_at(tx, 0);

    return tx->forwarded == 1 && tx->taken == 1 && frame->status == 0 && frame->frame.status == 0 &&
           frame->request.action == NET_SEND && frame->request.size <= PAGE_SIZE;
}

bool net_tx_answer(struct net_tx *tx, uint64_t now, bool is_woken)
{
    bool can_wait = !is_woken && tx->notify_at == 0 && is_single(tx);
    bool is_due = tx->notify_at != 0 && (is_woken || tx->forwarded != 0);

    for (unsigned int i = 0; i < tx->forwarded; i++)
        answer(tx, frame_at(tx, i));
    tx->first = (tx->first + tx->forwarded) % NET_TX_FRAMES;
    tx->taken -= tx->forwarded;
    tx->forwarded = 0;
    if (back_ring_show(&tx->ring) || is_due)
        tx->notify_at = can_wait ? now + NOTIFY_MAX : now;
    if (tx->notify_at == 0 || now < tx->notify_at)
        return false;
    tx->notify_at = 0;
    return back_ring_is_awaited(&tx->ring);
}
