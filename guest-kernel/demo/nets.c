/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reference guest's network. By words of the command line:
 *     ip=ADDRESS    the first interface has this address, and answers ARP and pings until the end
 *     ping=ADDRESS  pings a neighbour three times
 * An interface without an address is connected and closed again.
 */
#include "drivers/pv/inet.h"
#include "drivers/pv/netfront.h"
#include "guest-kernel/console.h"
#include "guest-kernel/demo/demo.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"

#define NAMES_MAX  128u
#define FRAME_ROOM PAGE_SIZE
#define PING_COUNT 3u
#define PING_TIME  (60 * NS_PER_SECOND)
/* An address is asked for again at most once a second (RFC 1122, 2.3.2.1). */
#define ASK_TIME NS_PER_SECOND

static struct netfront first;
static struct inet inet;
static bool is_up;
static uint8_t *frame_page, *answer_page;

static bool option_address(const char *key, uint32_t *address)
{
    char text[INET_ADDRESS_TEXT];

    if (!str_option(guest_command_line(), key, text, sizeof(text)))
        return false;
    if (inet_parse_address(text, address) != 0)
        guest_panic("%s=%s: not an address", key, text);
    return true;
}

/* Sends what is in the answer's page. */
static void send(size_t size)
{
    struct netfront_frame frame = {.bytes = answer_page, .size = size};

    /* What finds no room is lost, as on any wire. */
    if (netfront_send(&first, &frame) == 0)
        netfront_push(&first);
}

bool demo_net_has_work(void)
{
    return is_up && netfront_has_frame(&first);
}

void demo_net_work(void)
{
    while (demo_net_has_work()) {
        struct netfront_frame frame = {.bytes = frame_page, .size = FRAME_ROOM};
        size_t size = 0;

        if (netfront_receive(&first, &frame) == 1)
            size = inet_take(&inet, frame.bytes, frame.size, answer_page);
        if (size != 0)
            send(size);
        if (first.is_broken) {
            console_printf("demo: the network's back end is broken\n");
            is_up = false;
        }
    }
}

/* One ping. Asks for the neighbour's hardware address first where it is not known. */
static bool ping(uint32_t target, uint16_t sequence)
{
    char text[INET_ADDRESS_TEXT];
    uint64_t start = time_now(), end = start + PING_TIME, pongs = inet.pongs, asked = start;
    bool is_sent = inet_knows(&inet, target);

    send(inet_make_ping(&inet, target, sequence, answer_page));
    while (inet.pongs == pongs && is_up && time_now() < end) {
        bool has_come = netfront_wait_frame(&first, is_sent ? end : asked + ASK_TIME);

        demo_net_work();
        if (!is_sent && (!has_come || inet_knows(&inet, target))) {
            is_sent = inet_knows(&inet, target);
            asked = start = time_now();
            send(inet_make_ping(&inet, target, sequence, answer_page));
        }
    }
    if (inet.pongs == pongs || inet.pong_sequence != sequence) {
        console_printf("demo: no answer from %s\n", inet_address_text(target, text));
        return false;
    }
    console_printf("demo: %s answers ping %u after %lu us\n",
                   inet_address_text(inet.pong_from, text), sequence,
                   (time_now() - start) / NS_PER_US);
    return true;
}

static bool ping_neighbour(void)
{
    uint32_t target;
    bool works = true;

    if (!option_address("ping", &target))
        return true;
    for (uint16_t i = 1; i <= PING_COUNT && works; i++)
        works = ping(target, i);
    return works;
}

static int connect(struct netfront *net, const char *number)
{
    char node[XENBUS_PATH_MAX / 2];
    int err;

    format_str(node, sizeof(node), "device/vif/%s", number);
    err = netfront_connect(net, node, NETFRONT_SPLIT);
    if (err != 0) {
        console_printf("demo: network %s does not connect: error %d\n", number, -err);
        return err;
    }
    console_printf("demo: network %s, %02x:%02x:%02x:%02x:%02x:%02x, MTU %u, %s\n", number,
                   net->mac[0], net->mac[1], net->mac[2], net->mac[3], net->mac[4], net->mac[5],
                   net->mtu,
                   net->features & NETFRONT_SPLIT ? "two event channels" : "one event channel");
    return 0;
}

static bool start_first(const char *number, uint32_t address)
{
    char text[INET_ADDRESS_TEXT];

    frame_page = page_alloc();
    answer_page = page_alloc();
    if (frame_page == NULL || answer_page == NULL || connect(&first, number) != 0)
        return false;
    inet_init(&inet, first.mac, address);
    is_up = true;
    console_printf("demo: network %s has the address %s\n", number,
                   inet_address_text(address, text));
    return ping_neighbour();
}

static bool try_other(const char *number)
{
    static struct netfront net;

    return connect(&net, number) == 0 && netfront_close(&net) == 0;
}

bool demo_nets(void)
{
    char names[NAMES_MAX];
    size_t count = 0;
    uint32_t address;
    bool works = true;

    if (!xenbus_init() || xenbus_list("device/vif", names, sizeof(names), &count) != 0 ||
        count == 0) {
        console_printf("demo: no networks\n");
        return true;
    }
    for (const char *name = names; count > 0; count--, name += strlen(name) + 1) {
        if (name == names && option_address("ip", &address))
            works = start_first(name, address) && works;
        else
            works = try_other(name) && works;
    }
    return works;
}

void demo_nets_end(void)
{
    if (!is_up)
        return;
    is_up = false;
    console_printf("demo: %lu questions for the address and %lu pings answered\n",
                   inet.arps_answered, inet.pings_answered);
    if (netfront_close(&first) != 0)
        console_printf("demo: the network's back end does not let go\n");
}
