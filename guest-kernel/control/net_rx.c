/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the requests between their taking and their answer. A response stands where its request
 * stood, so they are answered in the ring's order. */
#include "guest-kernel/control/net_rx.h"

#include "guest-kernel/control/net_copy.h"
#include "guest-kernel/control/net_switch.h"
#include "guest-kernel/memory.h"

/* True if each piece of a frame gets a page of its own: then one copy moves it, where pieces one
 * behind the other take two for a page. Costs the receiver at most two requests more. */
static bool is_spread(const struct net_frame *frame)
{
    unsigned int count = frame->segment_count + 1;

    if (frame->size <= 2 * PAGE_SIZE || frame->head_size > NET_HEAD_MAX ||
        count > XEN_NETIF_NR_SLOTS_MIN || count > (frame->size + PAGE_SIZE - 1) / PAGE_SIZE + 2)
        return false;
    for (unsigned int i = 0; i < frame->segment_count; i++) {
        if (frame->segments[i].bytes != NULL)
            return false;
    }
    return true;
}

unsigned int net_rx_slots(const struct net_frame *frame)
{
    unsigned int count =
        is_spread(frame) ? frame->segment_count + 1 : (frame->size + PAGE_SIZE - 1) / PAGE_SIZE;

    return count + (frame->offload.gso != NET_GSO_NONE ? 1 : 0);
}

static bool can_take(struct net_rx *rx, unsigned int count)
{
    int waiting = rx->is_broken ? 0 : back_ring_waiting(&rx->ring);

    if (waiting < 0)
        rx->is_broken = true;
    return waiting >= (int)count;
}

bool net_rx_has_room(struct net_rx *rx, unsigned int count)
{
    if (can_take(rx, count) || rx->is_broken || rx->is_stalled)
        return true;
    return back_ring_sleep_until(&rx->ring, count);
}

/* The next request; NULL: the front end has taken it back. */
static struct net_rx_slot *take_slot(struct net_rx *rx, struct net_target *to)
{
    struct net_rx_slot *slot = &rx->slots[rx->slot_count];
    struct netif_rx_request request;

    if (back_ring_take(&rx->ring, &request) != 1) {
        rx->is_broken = true;
        return NULL;
    }
    rx->slot_count++;
    *slot = (struct net_rx_slot){.id = request.id};
    *to = (struct net_target){.ref = request.gref, .domid = rx->domid};
    return slot;
}

static uint16_t flags_of(const struct net_offload *offload)
{
    uint16_t flags = 0;

    if (offload->is_csum_blank)
        flags = NETRXF_csum_blank | NETRXF_data_validated;
    else if (offload->is_csum_valid)
        flags = NETRXF_data_validated;
    return offload->gso == NET_GSO_NONE ? flags : flags | NETRXF_extra_info;
}

/* Where the next bytes of a frame come from. */
struct cursor {
    struct net_segment piece; /* what is left of it */
    unsigned int next;
};

static void next_piece(struct cursor *cursor, const struct net_frame *frame)
{
    while (cursor->piece.size == 0 && cursor->next < frame->segment_count)
        cursor->piece = frame->segments[cursor->next++];
}

/* Fills one page from the cursor on, or if `is_alone` with what is left of one piece. */
static void fill(struct net_rx_slot *slot, struct net_frame *frame, struct net_target *to,
                 struct cursor *cursor, bool is_alone)
{
    struct net_segment part;

    next_piece(cursor, frame);
    while (cursor->piece.size > 0 && slot->size < PAGE_SIZE && !(is_alone && slot->size > 0)) {
        part = cursor->piece;
        if (part.size > PAGE_SIZE - slot->size)
            part.size = PAGE_SIZE - slot->size;
        to->offset = slot->size;
        net_copy_add(frame, &part, to, &slot->status);
        slot->size = (uint16_t)(slot->size + part.size);
        cursor->piece.size -= part.size;
        if (cursor->piece.bytes != NULL)
            cursor->piece.bytes += part.size;
        else
            cursor->piece.offset = (uint16_t)(cursor->piece.offset + part.size);
        next_piece(cursor, frame);
    }
}

/* Takes the requests for a frame; the second is for the GSO information, if there is any. */
static void take_slots(struct net_rx *rx, struct net_frame *frame, unsigned int count)
{
    struct cursor cursor = {.piece = {.bytes = frame->head, .size = frame->head_size}};
    bool is_alone = is_spread(frame);
    uint32_t left = frame->size;
    struct net_target to;

    for (unsigned int i = 0; i < count; i++) {
        struct net_rx_slot *slot = take_slot(rx, &to);

        if (slot == NULL)
            return;
        if (i == 1 && frame->offload.gso != NET_GSO_NONE) {
            slot->gso_size = frame->offload.gso_size;
            slot->gso_type = frame->offload.gso == NET_GSO_TCP4 ? XEN_NETIF_GSO_TYPE_TCPV4
                                                                : XEN_NETIF_GSO_TYPE_TCPV6;
            continue;
        }
        if (i == 0) {
            slot->frame_size = frame->size;
            slot->flags = flags_of(&frame->offload);
        }
        fill(slot, frame, &to, &cursor, is_alone);
        left -= slot->size;
        if (left > 0)
            slot->flags |= NETRXF_more_data;
    }
}

void net_rx_put(struct net_rx *rx, struct net_frame *frame)
{
    unsigned int count = net_rx_slots(frame);

    if (can_take(rx, count)) {
        rx->is_stalled = false;
        take_slots(rx, frame, count);
        return;
    }
    rx->counters->dropped++;
    if (frame->has_waited)
        rx->is_stalled = true;
}

static void put_answer(struct net_rx *rx, const struct net_rx_slot *slot, int status)
{
    const struct netif_rx_response response = {.id = slot->id,
                                               .flags = slot->flags,
                                               .status = status == 0 ? (int16_t)slot->size
                                                                     : NETIF_RSP_ERROR};
    const struct netif_extra_info extra = {
        .type = XEN_NETIF_EXTRA_TYPE_GSO,
        .u.gso = {.size = slot->gso_size, .type = slot->gso_type}};

    if (slot->gso_size != 0)
        back_ring_put(&rx->ring, &extra, sizeof(extra));
    else
        back_ring_put(&rx->ring, &response, sizeof(response));
}

/* Answers the requests of one frame, from slot `first` on: all bytes are there, or none are said to
 * be. Returns how many requests they are. */
static unsigned int answer_frame(struct net_rx *rx, unsigned int first)
{
    unsigned int end = first;
    int status = 0;

    do {
        if (rx->slots[end].status != 0)
            status = rx->slots[end].status;
        end++;
    } while (end < rx->slot_count && rx->slots[end].frame_size == 0);
    for (unsigned int i = first; i < end; i++)
        put_answer(rx, &rx->slots[i], status);
    if (status == 0) {
        rx->counters->frames_out++;
        rx->counters->bytes_out += rx->slots[first].frame_size;
    } else {
        rx->counters->dropped++;
    }
    return end - first;
}

bool net_rx_answer(struct net_rx *rx)
{
    for (unsigned int i = 0; i < rx->slot_count;)
        i += answer_frame(rx, i);
    rx->slot_count = 0;
    return back_ring_show(&rx->ring);
}
