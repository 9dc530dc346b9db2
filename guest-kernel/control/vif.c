/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the list of guests' network interfaces, and the batch: what all of them have to send is
 * fetched, switched and delivered together. */
#include "guest-kernel/control/vif.h"

#include "guest-kernel/control/backend.h"
#include "guest-kernel/control/net_adapt.h"
#include "guest-kernel/control/net_copy.h"
#include "guest-kernel/control/vif_link.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define VIFS_MAX 64u

struct vif {
    struct backend backend; /* the first member; its number is the device number */
    bool is_used;
    const char *bridge; /* while it is made */
    struct net_port port;
    struct vif_link *link; /* NULL: not connected */
};

static struct vif vifs[VIFS_MAX];
static unsigned int vif_end;   /* Behind the last one that was ever used. */
static unsigned int vif_first; /* whose turn it is to be the first of a batch */
static uint64_t ring_gfns;     /* VIF_LINK_PAGES for each */
static struct timer hold_timer;
static uint64_t batch_start; /* system time */
static uint64_t hold_end;    /* when the first frame, or event, waits no more, or 0 */
static bool should_retry;    /* what waits may go */

static void expire(struct timer *timer)
{
    if (timer == &hold_timer)
        __atomic_store_n(&should_retry, true, __ATOMIC_RELEASE);
}

int vifs_init(void)
{
    hold_timer.expire = expire;
    ring_gfns = gfn_hole_alloc((size_t)VIFS_MAX * VIF_LINK_PAGES);
    return ring_gfns == 0 ? -ENOMEM : 0;
}

static struct vif *vif_of(struct net_port *port)
{
    return (struct vif *)((uintptr_t)port - offsetof(struct vif, port));
}

static void deliver(struct net_port *port, struct net_frame *frame)
{
    struct vif_link *link = vif_of(port)->link;

    if (link == NULL)
        port->counters.dropped++;
    else if (net_groups_want(&link->tx.groups, frame->head))
        net_rx_put(&link->rx, frame);
}

static bool has_room(struct net_port *port, const struct net_frame *frame)
{
    struct vif_link *link = vif_of(port)->link;
    unsigned int count = net_adapt_count(port, frame);

    /* Segments of a cut frame that are larger than a page do not wait for all that they need. */
    return link == NULL || net_rx_has_room(&link->rx, count == 1 ? net_rx_slots(frame) : count);
}

static int connect(struct backend *backend)
{
    struct vif *vif = (struct vif *)backend;
    uint64_t place = (uint64_t)(vif - vifs);
    char front[STORE_PATH_MAX];

    backend_front_path(backend, "", front);
    return vif_link_connect(&vif->link, front, backend->domid, ring_gfns + place * VIF_LINK_PAGES,
                            &vif->port);
}

void vifs_retry(void)
{
    __atomic_store_n(&should_retry, true, __ATOMIC_RELEASE);
}

static void disconnect(struct backend *backend)
{
    struct vif *vif = (struct vif *)backend;

    if (vif->link != NULL)
        vif_link_disconnect(vif->link);
    vif->link = NULL;
    /* What waited for it waits for nothing. */
    vifs_retry();
}

static const struct backend_kind kind = {
    .name = "vif", .noun = "network interface", .connect = connect, .disconnect = disconnect};

static int write_own(struct backend *backend)
{
    const struct vif *vif = (const struct vif *)backend;
    const uint8_t *address = vif->port.address;
    char mac[18];
    const struct backend_value values[] = {
        {"/mac", mac, 0},
        {"/bridge", vif->bridge, 0},
        {"/handle", NULL, backend->number},
        {"/type", "vif", 0},
        {"/feature-sg", NULL, 1},
        {"/feature-gso-tcpv4", NULL, 1},
        {"/feature-gso-tcpv6", NULL, 1},
        {"/feature-ipv6-csum-offload", NULL, 1},
        {"/feature-rx-copy", NULL, 1},
        {"/feature-rx-flip", NULL, 0},
        {"/feature-multicast-control", NULL, 1},
        {"/feature-split-event-channels", NULL, 1},
        {"/multi-queue-max-queues", NULL, 1},
    };
    const struct backend_value front[] = {
        {"/handle", NULL, backend->number}, {"/mac", mac, 0}, {"/mtu", NULL, vif->port.mtu}};
    int err;

    format_str(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", address[0], address[1],
               address[2], address[3], address[4], address[5]);
    err = backend_write(backend, values, ARRAY_COUNT(values));
    return err != 0 ? err : backend_write_front(backend, front, ARRAY_COUNT(front));
}

static struct vif *find_free(void)
{
    for (unsigned int i = 0; i < VIFS_MAX; i++) {
        if (!vifs[i].is_used) {
            if (vif_end <= i)
                vif_end = i + 1;
            return &vifs[i];
        }
    }
    return NULL;
}

static void set_port(struct net_port *port, const struct guest_vif *vif, domid_t domid)
{
    *port = (struct net_port){.has_antispoof = vif->has_antispoof,
                              .mtu = vif->mtu,
                              .deliver = deliver,
                              .has_room = has_room};
    format_str(port->name, sizeof(port->name), "vif%u.%u", domid, vif->number);
    memcpy(port->address, vif->address, sizeof(port->address));
}

static const char *why_not_attached(int err)
{
    if (err == -EEXIST)
        return "another interface of the bridge has its address";
    return err == -ENOSPC ? "there is no room for more bridges" : "there is no memory for it";
}

static int create(struct guest_vif wanted, const struct guest_config *config, domid_t domid,
                  char *sentence)
{
    struct vif *vif = find_free();
    int err;

    if (vif == NULL) {
        format_str(sentence, GUEST_ERROR_MAX, "there is no room for more network interfaces");
        return -ENOSPC;
    }
    if (!wanted.has_address)
        guest_vif_make_address(&wanted, config->uuid);
    set_port(&vif->port, &wanted, domid);
    err = net_switch_attach(&vif->port, wanted.bridge);
    if (err != 0) {
        format_str(sentence, GUEST_ERROR_MAX, "vif %u: %s", wanted.number, why_not_attached(err));
        return err;
    }
    vif->is_used = true;
    vif->bridge = wanted.bridge;
    vif->backend.kind = &kind;
    vif->backend.domid = domid;
    vif->backend.number = wanted.number;
    err = backend_create(&vif->backend, write_own);
    if (err != 0)
        format_str(sentence, GUEST_ERROR_MAX, "vif %u cannot be shown in the store (error %d)",
                   wanted.number, -err);
    return err;
}

int vifs_create(const struct guest_config *config, domid_t domid, char *sentence)
{
    int err = 0;

    for (unsigned int i = 0; err == 0 && i < config->vif_count; i++)
        err = create(config->vifs[i], config, domid, sentence);
    if (err != 0)
        vifs_remove(domid);
    return err;
}

void vifs_remove(domid_t domid)
{
    for (unsigned int i = 0; i < VIFS_MAX; i++) {
        if (vifs[i].is_used && vifs[i].backend.domid == domid) {
            backend_remove(&vifs[i].backend);
            net_switch_detach(&vifs[i].port);
            vifs[i].is_used = false;
        }
    }
}

const struct net_port *vif_at(domid_t domid, unsigned int index, uint32_t *number)
{
    for (unsigned int i = 0; i < vif_end; i++) {
        if (vifs[i].is_used && vifs[i].backend.domid == domid && index-- == 0) {
            *number = vifs[i].backend.number;
            return &vifs[i].port;
        }
    }
    return NULL;
}

static bool has_work(const struct vif_link *link)
{
    return link->rx.slot_count != 0 || __atomic_load_n(&link->has_event, __ATOMIC_ACQUIRE);
}

bool vifs_have_work(void)
{
    for (unsigned int i = 0; i < vif_end; i++) {
        if (vifs[i].link != NULL && has_work(vifs[i].link))
            return true;
    }
    return __atomic_load_n(&should_retry, __ATOMIC_ACQUIRE);
}

/* Calls each() for every connected interface, in each batch beginning with another one. */
static void for_each(void (*each)(struct vif *vif))
{
    for (unsigned int i = 0; i < vif_end; i++) {
        struct vif *vif = &vifs[(vif_first + i) % vif_end];

        if (vif->link != NULL)
            each(vif);
    }
}

static bool is_broken(const struct vif_link *link)
{
    return link->tx.is_broken || link->rx.is_broken;
}

static void gather(struct vif *vif)
{
    struct vif_link *link = vif->link;

    __atomic_store_n(&link->has_event, false, __ATOMIC_SEQ_CST);
    if (link->tx.held_until == 0 && !is_broken(link))
        net_tx_gather(&link->tx);
}

static void step_again(uint64_t deadline)
{
    if (deadline != 0 && (hold_end == 0 || deadline < hold_end))
        hold_end = deadline;
}

static void forward(struct vif *vif)
{
    net_tx_forward(&vif->link->tx, batch_start);
    step_again(vif->link->tx.held_until);
}

/* Answers, and asks for an event with the next frame, unless there is more to do at once. */
static void answer(struct vif *vif)
{
    struct vif_link *link = vif->link;
    bool wants_rx = net_rx_answer(&link->rx);
    bool wants_tx = net_tx_answer(&link->tx, batch_start, wants_rx);

    step_again(link->tx.notify_at);
    if (wants_tx)
        vif_link_notify_tx(link);
    if (wants_rx && (!wants_tx || link->port_count == 2))
        vif_link_notify_rx(link);
    if (is_broken(link)) {
        if (!link->has_complained)
            backend_complain(&vif->backend,
                             "its front end breaks the rings' protocol and is not served any more",
                             -EBADMSG);
        link->has_complained = true;
    } else if (link->tx.held_until == 0 && back_ring_sleep(&link->tx.ring)) {
        __atomic_store_n(&link->has_event, true, __ATOMIC_RELEASE);
    }
}

void vifs_step(void)
{
    __atomic_store_n(&should_retry, false, __ATOMIC_SEQ_CST);
    batch_start = time_now();
    hold_end = 0;
    for_each(gather);
    net_copy_run();
    for_each(forward);
    net_copy_run();
    for_each(answer);
    if (hold_end != 0 && (!hold_timer.is_armed || hold_end < hold_timer.deadline))
        timer_start(&hold_timer, hold_end);
    vif_first = (vif_first + 1) % vif_end;
}
