/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the meaning of the bytes of tx requests. Works on private copies alone. */
#include "drivers/pv/net_request.h"

#include "lib/errno.h"
#include "lib/string.h"

#define FRAME_SIZE    4096u
#define ETHERNET_SIZE 14u /* IEEE 802.3, 3.1.1: two addresses and the type */

void net_request_start(struct net_request *request)
{
    memset(request, 0, sizeof(*request));
}

static int add_gso(struct net_request *request, const struct netif_extra_info *extra)
{
    if (extra->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV4 &&
        extra->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV6)
        return -EBADMSG;
    if (extra->u.gso.size == 0)
        return -EBADMSG;
    request->gso_type = extra->u.gso.type;
    request->gso_size = extra->u.gso.size;
    return 0;
}

static int add_group(struct net_request *request, const struct netif_extra_info *extra)
{
    if (request->action != NET_SEND)
        return -EBADMSG;
    request->action =
        extra->type == XEN_NETIF_EXTRA_TYPE_MCAST_ADD ? NET_MULTICAST_ADD : NET_MULTICAST_DELETE;
    memcpy(request->group, extra->u.mcast.addr, sizeof(request->group));
    return 0;
}

/* Each type may come once, so that a chain of them ends. */
static int add_extra(struct net_request *request, const struct netif_extra_info *extra)
{
    if (extra->type == XEN_NETIF_EXTRA_TYPE_NONE || extra->type >= XEN_NETIF_EXTRA_TYPE_MAX ||
        (request->extra_types & 1u << extra->type) != 0)
        return -EBADMSG;
    request->extra_types |= (uint8_t)(1u << extra->type);
    request->extra_count++;
    request->wants_extra = (extra->flags & XEN_NETIF_EXTRA_FLAG_MORE) != 0;
    switch (extra->type) {
    case XEN_NETIF_EXTRA_TYPE_GSO:
        return add_gso(request, extra);
    case XEN_NETIF_EXTRA_TYPE_MCAST_ADD:
    case XEN_NETIF_EXTRA_TYPE_MCAST_DEL:
        return add_group(request, extra);
    default: /* a hash, which is advice */
        return 0;
    }
}

static int add_slot(struct net_request *request, const struct netif_tx_request *tx)
{
    unsigned int index = request->slot_count;

    if (index == NET_SLOTS_FATAL)
        return -EBADMSG;
    request->slot_count++;
    request->ids[index] = tx->id;
    if (index < XEN_NETIF_NR_SLOTS_MIN)
        request->slots[index] = (struct net_slot){tx->gref, tx->offset, tx->size};
    else
        request->status = -EINVAL;
    request->wants_slot = (tx->flags & NETTXF_more_data) != 0;
    if (index == 0) {
        request->size = tx->size;
        request->is_csum_blank = (tx->flags & NETTXF_csum_blank) != 0;
        request->is_csum_valid = (tx->flags & NETTXF_data_validated) != 0;
        request->wants_extra = (tx->flags & NETTXF_extra_info) != 0;
        return 0;
    }
    /* Extra information stands behind the first slot only. */
    if ((tx->flags & NETTXF_extra_info) != 0)
        return -EBADMSG;
    request->rest_size += tx->size;
    return 0;
}

/* All entries are there. */
static int complete(struct net_request *request)
{
    if (request->action != NET_SEND)
        return request->slot_count == 1 && request->gso_size == 0 ? 0 : -EBADMSG;
    if (request->rest_size > request->size || request->size < ETHERNET_SIZE)
        request->status = -EINVAL;
    if (request->gso_size != 0 && !request->is_csum_blank)
        request->status = -EINVAL;
    if (request->status != 0)
        return 0;
    request->slots[0].size = (uint16_t)(request->size - request->rest_size);
    for (unsigned int i = 0; i < request->slot_count; i++) {
        if (request->slots[i].offset > FRAME_SIZE ||
            request->slots[i].size > FRAME_SIZE - request->slots[i].offset)
            return -EBADMSG;
    }
    return 0;
}

int net_request_add(struct net_request *request, const union net_tx_entry *entry)
{
    int err =
        request->wants_extra ? add_extra(request, &entry->extra) : add_slot(request, &entry->tx);

    if (err != 0)
        return err;
    return request->wants_extra || request->wants_slot ? 1 : complete(request);
}
