/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network's back end with three interfaces of one guest on one bridge (net_raw.h): frames arrive
 * whole, and what one interface does wrong costs the others nothing. Without three interfaces it
 * skips everything.
 */
#include "guest-kernel/guest.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/format.h"
#include "lib/string.h"
#include "tests/guest/check.h"
#include "tests/guest/net_raw.h"

#define INTERFACES_NEEDED 3u
#define ANSWER_TIME       (500 * NS_PER_MS)
#define BURST             500u
/* IEEE 802 local experimental EtherTypes (RFC 9542, 2.1): what is listened to, and what is not. */
#define TYPE_FIRST 0x88u
#define TYPE_HEARD 0xb5u
#define TYPE_NOISE 0xb6u
#define HEADER     14u
#define GROUP_BIT  1u /* in the first byte of an address (IEEE 802, 8.2) */

struct netfront net_left, net_right, net_victim;
uint64_t net_noise, net_group_frames;

static unsigned int victim_number, interface_count;
static bool is_unforgiving; /* the back end has given an interface up */
static uint8_t *frame_page, *back_page;
static uint16_t raw_count;
static uint32_t frame_number;
static const uint8_t everybody[NETFRONT_MAC_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

const char *net_path(const char *name)
{
    return xenbus_path(net_victim.node, name);
}

int net_connect(struct netfront *net, unsigned int number, unsigned int wishes)
{
    char node[XENBUS_PATH_MAX / 2];

    format_str(node, sizeof(node), "device/vif/%u", number);
    return netfront_connect(net, node, wishes);
}

/* A frame whose bytes depend on its number. */
static void make_frame(const struct netfront *from, const uint8_t *to, uint32_t number, size_t size)
{
    memcpy(frame_page, to, NETFRONT_MAC_SIZE);
    memcpy(frame_page + NETFRONT_MAC_SIZE, from->mac, NETFRONT_MAC_SIZE);
    frame_page[HEADER - 2] = TYPE_FIRST;
    frame_page[HEADER - 1] = TYPE_HEARD;
    for (size_t i = HEADER; i < size; i++)
        frame_page[i] = (uint8_t)(number * 31 + i * (number | 1));
    memcpy(frame_page + HEADER, &number, sizeof(number));
}

/* Waits for that frame. */
bool net_arrives(struct netfront *to, size_t size)
{
    uint64_t end = time_now() + CHECK_PATIENCE;

    while (netfront_wait_frame(to, end)) {
        struct netfront_frame frame = {.bytes = back_page, .size = PAGE_SIZE};
        int got = netfront_receive(to, &frame);

        if (to->is_broken)
            return false;
        net_noise += got == 1 && back_page[HEADER - 1] == TYPE_NOISE;
        if (got == 1 && frame.size == size && memcmp(back_page, frame_page, size) == 0)
            return true;
        net_group_frames +=
            got == 1 && back_page[HEADER - 1] == TYPE_HEARD && (back_page[0] & GROUP_BIT);
    }
    return false;
}

static bool send_page(struct netfront *from, size_t size)
{
    struct netfront_frame frame = {.bytes = frame_page, .size = size};

    if (from->tx.ring.shared == NULL || netfront_send(from, &frame) != 0)
        return false;
    netfront_push(from);
    return true;
}

bool net_send(struct netfront *from, const uint8_t *to)
{
    make_frame(from, to, ++frame_number, RAW_FRAME_SIZE);
    return send_page(from, RAW_FRAME_SIZE);
}

bool net_send_unheard(struct netfront *from, struct netfront *to)
{
    make_frame(from, to->mac, 0, RAW_FRAME_SIZE);
    return send_page(from, RAW_FRAME_SIZE) && netfront_wait_sent(from, time_now() + CHECK_PATIENCE);
}

bool net_exchange(struct netfront *from, struct netfront *to, size_t size)
{
    make_frame(from, to->mac, ++frame_number, size);
    return send_page(from, size) && net_arrives(to, size) &&
           netfront_wait_sent(from, time_now() + CHECK_PATIENCE) && !from->is_broken;
}

bool net_others_go_on(void)
{
    return net_exchange(&net_left, &net_right, RAW_FRAME_SIZE) &&
           net_exchange(&net_right, &net_left, NETFRONT_FRAME_MIN + net_left.mtu);
}

static bool victim_is_well(void)
{
    return net_exchange(&net_victim, &net_right, RAW_FRAME_SIZE) &&
           net_exchange(&net_right, &net_victim, NETFRONT_FRAME_MIN + net_victim.mtu);
}

bool net_connect_victim(void)
{
    return net_connect(&net_victim, victim_number, NETFRONT_SPLIT | NETFRONT_SG) == 0 &&
           victim_is_well();
}

bool net_begin_anew(void)
{
    return netfront_close(&net_victim) == 0 && net_connect_victim();
}

/* Whether the back end answers a frame to the sender's own address, which nobody gets. */
static bool victim_is_served(void)
{
    static struct raw_answers answers;

    raw_put();
    memcpy(net_victim.tx.pages[0], net_victim.mac, NETFRONT_MAC_SIZE);
    raw_run(&answers, 1);
    return answers.count == 1;
}

bool net_recover(void)
{
    int closed = netfront_close(&net_victim);

    if (closed == 0 && !is_unforgiving) {
        if (net_connect(&net_victim, victim_number, NETFRONT_SPLIT | NETFRONT_SG) == 0 &&
            victim_is_served())
            return victim_is_well();
        closed = netfront_close(&net_victim);
    }
    if (closed != 0 || victim_number + 1 >= interface_count)
        return false;
    is_unforgiving = true;
    victim_number++;
    return net_connect_victim();
}

struct netif_tx_request *raw_put(void)
{
    struct netif_tx_request *request = front_ring_put(&net_victim.tx.ring);
    uint8_t *page = net_victim.tx.pages[0];

    memset(page, 0, PAGE_SIZE);
    memcpy(page, everybody, NETFRONT_MAC_SIZE);
    memcpy(page + NETFRONT_MAC_SIZE, net_victim.mac, NETFRONT_MAC_SIZE);
    page[HEADER - 2] = TYPE_FIRST;
    page[HEADER - 1] = TYPE_NOISE;
    *request = (struct netif_tx_request){
        .gref = net_victim.tx.refs[0], .id = raw_count++, .size = RAW_FRAME_SIZE};
    return request;
}

/* Takes answers until there are `count`, or none has come for a while. */
static void take_answers(struct raw_answers *answers, unsigned int count)
{
    uint64_t end = time_now() + ANSWER_TIME;

    while (answers->count < count && time_now() < end) {
        struct netif_tx_response *next = &answers->each[answers->count];

        if (front_ring_take(&net_victim.tx.ring, next, sizeof(*next)) == 1) {
            answers->count++;
            end = time_now() + ANSWER_TIME;
        } else {
            time_sleep(NS_PER_MS);
        }
    }
}

void raw_run(struct raw_answers *answers, unsigned int count)
{
    unsigned int before = 0;

    raw_count = 0;
    answers->count = 0;
    netfront_push(&net_victim);
    take_answers(answers, count);
    /* A back end that has not looked yet serves the others as late. */
    while (answers->count < count && net_others_go_on()) {
        before = answers->count;
        take_answers(answers, count);
        if (answers->count == before)
            break;
    }
}

/* Sizes around what one piece of a frame may be, and the largest frame. */
static void frames_arrive(void)
{
    static const uint16_t sizes[] = {60, 61, 127, 128, 129, 191, 192, 193, 255, 256, 257, 1500};
    bool all = true;

    for (unsigned int i = 0; i < ARRAY_COUNT(sizes); i++)
        all = net_exchange(&net_left, &net_right, sizes[i]) && all;
    check_true("net/frames of many sizes arrive", all);
    check_true("net/the largest frame arrives",
               net_exchange(&net_left, &net_right, NETFRONT_FRAME_MIN + net_left.mtu));
    check_true("net/a frame to the third arrives",
               net_exchange(&net_left, &net_victim, RAW_FRAME_SIZE));
}

static void a_broadcast_arrives_everywhere(void)
{
    check_true("net/broadcast sent", net_send(&net_left, everybody));
    check_true("net/broadcast arrives at the second", net_arrives(&net_right, RAW_FRAME_SIZE));
    check_true("net/broadcast arrives at the third", net_arrives(&net_victim, RAW_FRAME_SIZE));
}

/* Frames as fast as they go, with the receiver taking them: all come, in their order. */
static void a_burst_arrives_in_order(void)
{
    uint64_t end = time_now() + CHECK_PATIENCE;
    uint32_t sent = 0, got = 0, wrong = 0, number;

    while (got < BURST && time_now() < end) {
        struct netfront_frame frame = {.bytes = back_page, .size = PAGE_SIZE};

        /* No more under way than the receiver has pages for. */
        if (sent < BURST && sent - got < NETFRONT_BUFFERS / 2) {
            make_frame(&net_left, net_right.mac, sent, RAW_FRAME_SIZE);
            sent += send_page(&net_left, RAW_FRAME_SIZE);
        }
        /* Halts only when nothing has come: the others need a CPU as well. */
        if (!netfront_wait_frame(&net_right, time_now() + 10 * NS_PER_MS) ||
            netfront_receive(&net_right, &frame) != 1 || back_page[HEADER - 1] != TYPE_HEARD)
            continue;
        memcpy(&number, back_page + HEADER, sizeof(number));
        wrong += number != got++;
    }
    check("net/all frames of a burst arrive", got, BURST);
    check("net/in their order", wrong, 0);
    check("net/no answer was an error", (int64_t)(net_left.tx_errors + net_right.rx_errors), 0);
}

static void kinds_of_connections(void)
{
    static const struct {
        const char *name;
        unsigned int wishes;
    } kinds[] = {
        {"net/one event channel", 0},
        {"net/split event channels", NETFRONT_SPLIT},
        {"net/one event channel, sg", NETFRONT_SG},
        {"net/everything", NETFRONT_SPLIT | NETFRONT_SG | NETFRONT_OFFLOAD},
    };

    for (unsigned int i = 0; i < ARRAY_COUNT(kinds); i++) {
        check(kinds[i].name, netfront_close(&net_victim), 0);
        check(kinds[i].name, net_connect(&net_victim, victim_number, kinds[i].wishes), 0);
        check_true(kinds[i].name, net_victim.features == kinds[i].wishes && victim_is_well());
    }
}

static bool connect_all(void)
{
    char names[XENBUS_PATH_MAX];
    size_t count = 0;

    if (!xenbus_init() || xenbus_list("device/vif", names, sizeof(names), &count) != 0 ||
        count < INTERFACES_NEEDED)
        return false;
    interface_count = (unsigned int)count;
    victim_number = NET_VICTIM;
    frame_page = page_alloc();
    back_page = page_alloc();
    if (frame_page == NULL || back_page == NULL)
        guest_panic("no memory");
    check("net/first connects", net_connect(&net_left, 0, NETFRONT_SPLIT), 0);
    check("net/second connects", net_connect(&net_right, 1, 0), 0);
    check("net/third connects",
          net_connect(&net_victim, victim_number, NETFRONT_SPLIT | NETFRONT_SG), 0);
    return true;
}

void test_cases(void)
{
    if (!connect_all()) {
        check_skip("net", "there are no three interfaces");
        return;
    }
    if (check_failures() != 0)
        return;
    frames_arrive();
    a_broadcast_arrives_everywhere();
    a_burst_arrives_in_order();
    kinds_of_connections();
    net_feature_cases();
    net_wrong_cases();
    net_ring_cases();
    check_true("net/the others go on to the end", net_others_go_on());
    check("net/third closes", netfront_close(&net_victim), 0);
    check("net/second closes", netfront_close(&net_right), 0);
    check("net/first closes", netfront_close(&net_left), 0);
}
