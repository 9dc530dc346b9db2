/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to send that are wrong, each in one way, and some that are right though no usual front
 * end makes them. */
#include "guest-kernel/grants.h"
#include "guest-kernel/memory.h"
#include "tests/guest/check.h"
#include "tests/guest/net_raw.h"

#define PIECE        60u
#define UNKNOWN_TYPE 200u
#define LONG_CHAIN   200u

static struct raw_answers answers;
static unsigned int put_count;

static struct netif_tx_request *put(void)
{
    put_count++;
    return raw_put();
}

/* A frame of `count` pieces, whose last one has `last_flags`. */
static void put_chain(unsigned int count, uint16_t last_flags)
{
    for (unsigned int i = 0; i < count; i++) {
        struct netif_tx_request *request = put();

        request->size = (uint16_t)(i == 0 ? count * PIECE : PIECE);
        request->flags = i + 1 < count ? NETTXF_more_data : last_flags;
    }
}

static void put_extra(uint8_t type, uint8_t flags)
{
    struct netif_extra_info *extra = (struct netif_extra_info *)(void *)put();

    *extra = (struct netif_extra_info){.type = type, .flags = flags};
}

/* What was put is answered with nothing but errors, or breaks the connection; it is not sent, and
 * everything goes on. */
static void expect_refusal(const char *name, void (*put_it)(void))
{
    uint64_t heard = net_noise;
    bool is_sent = false;

    put_count = 0;
    put_it();
    raw_run(&answers, put_count);
    for (unsigned int i = 0; i < answers.count; i++)
        is_sent = is_sent || answers.each[i].status == NETIF_RSP_OKAY;
    check_true(name, !is_sent);
    if (answers.count == put_count)
        check_true(name, net_exchange(&net_victim, &net_right, PIECE));
    else
        check_true(name, net_recover());
    check_true(name, net_others_go_on() && net_noise == heard);
}

/* What was put is answered somehow, or breaks the connection, and everything goes on. */
static void expect_survival(const char *name, void (*put_it)(void))
{
    put_count = 0;
    put_it();
    raw_run(&answers, put_count);
    if (answers.count == put_count)
        check_true(name, net_exchange(&net_victim, &net_right, PIECE));
    else
        check_true(name, net_recover());
    check_true(name, net_others_go_on());
}

/* What was put is sent, as so many frames. */
static void expect_sent(const char *name, void (*put_it)(void), unsigned int frames)
{
    uint64_t heard = net_noise;
    unsigned int good = 0;

    put_count = 0;
    put_it();
    raw_run(&answers, put_count);
    for (unsigned int i = 0; i < answers.count; i++)
        good += answers.each[i].status == NETIF_RSP_OKAY;
    check(name, good, put_count);
    check_true(name, net_exchange(&net_victim, &net_right, PIECE));
    check(name, (int64_t)(net_noise - heard), frames);
}

static void grant_not_given(void)
{
    put()->gref = NO_REF;
}

static void grant_beyond_the_table(void)
{
    put()->gref = UINT32_MAX;
}

static void bad_grant_behind_a_good_one(void)
{
    put_chain(2, NETTXF_more_data);
    put()->gref = NO_REF;
    put()->size = 0;
}

static void no_bytes(void)
{
    put()->size = 0;
}

static void half_a_header(void)
{
    put()->size = NETFRONT_FRAME_MIN - 1;
}

static void across_the_page(void)
{
    put()->offset = PAGE_SIZE - PIECE / 2;
}

static void behind_the_page(void)
{
    put()->offset = UINT16_MAX;
}

static void larger_than_the_page(void)
{
    put()->size = PAGE_SIZE + 1;
}

static void second_across_the_page(void)
{
    put_chain(1, NETTXF_more_data);
    put()->offset = PAGE_SIZE - 1;
}

static void pieces_larger_than_the_frame(void)
{
    put_chain(2, NETTXF_more_data);
    put()->size = PAGE_SIZE;
}

/* Xen's back end takes one more than it must. */
static void twenty_pieces(void)
{
    put_chain(XEN_NETIF_NR_SLOTS_MIN + 2, 0);
}

static void hundreds_of_pieces(void)
{
    put_chain(LONG_CHAIN, 0);
}

static void no_end(void)
{
    put_chain(3, NETTXF_more_data);
}

static void no_extra(void)
{
    put()->flags = NETTXF_extra_info;
}

static void extra_without_type(void)
{
    put()->flags = NETTXF_extra_info;
    put_extra(XEN_NETIF_EXTRA_TYPE_NONE, 0);
}

static void extra_of_unknown_type(void)
{
    put()->flags = NETTXF_extra_info;
    put_extra(UNKNOWN_TYPE, 0);
}

static void extras_without_end(void)
{
    put()->flags = NETTXF_extra_info;
    for (unsigned int i = 0; i < LONG_CHAIN; i++)
        put_extra(XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_EXTRA_FLAG_MORE);
}

static void put_gso(uint16_t size, uint8_t type)
{
    struct netif_extra_info *extra;

    put()->flags = NETTXF_extra_info | NETTXF_csum_blank | NETTXF_data_validated;
    extra = (struct netif_extra_info *)(void *)put();
    *extra =
        (struct netif_extra_info){.type = XEN_NETIF_EXTRA_TYPE_GSO, .u.gso = {size, type, 0, 0}};
}

static void segments_of_no_size(void)
{
    put_gso(0, XEN_NETIF_GSO_TYPE_TCPV4);
}

static void segments_of_unknown_type(void)
{
    put_gso(1000, UNKNOWN_TYPE);
}

static void segments_without_tcp(void)
{
    put_gso(1, XEN_NETIF_GSO_TYPE_TCPV4);
    put_gso(1000, XEN_NETIF_GSO_TYPE_TCPV6);
}

static void checksum_of_what_has_none(void)
{
    put()->flags = NETTXF_csum_blank;
}

static void all_flags(void)
{
    put()->flags = UINT16_MAX;
}

/* A grant that is taken back before the request is seen. */
static void revoked_grant(void)
{
    uint8_t *page = page_alloc();
    int ref = grant_access(net_victim.back_end, virt_to_gfn(page), true);

    put()->gref = (grant_ref_t)ref;
    check("net/grant taken back", grant_end((grant_ref_t)ref), 0);
    page_free(page);
}

static void eighteen_pieces(void)
{
    put_chain(XEN_NETIF_NR_SLOTS_MIN, 0);
}

static void one_id_for_all(void)
{
    for (unsigned int i = 0; i < 8; i++)
        put()->id = 5;
}

static void a_full_ring(void)
{
    /* Nobody has pages for so many: they go nowhere. */
    for (unsigned int i = 0; i < NETIF_TX_RING_SIZE; i++)
        put();
}

/* Frames from a page that may only be read: sending does no more. */
static void right_but_unusual(void)
{
    expect_sent("net/eighteen pieces", eighteen_pieces, 1);
    expect_sent("net/one id eight times", one_id_for_all, 8);
    for (unsigned int i = 0; i < answers.count; i++) {
        if (answers.each[i].id != 5)
            check("net/id comes back", answers.each[i].id, 5);
    }
    expect_survival("net/a full ring", a_full_ring);
    check("net/a full ring is answered", answers.count, NETIF_TX_RING_SIZE);
}

void net_wrong_cases(void)
{
    check_true("net/begins anew", net_begin_anew());
    right_but_unusual();
    expect_refusal("net/grant not given", grant_not_given);
    expect_refusal("net/grant beyond the table", grant_beyond_the_table);
    expect_refusal("net/grant revoked", revoked_grant);
    expect_refusal("net/bad grant behind a good one", bad_grant_behind_a_good_one);
    expect_refusal("net/no bytes", no_bytes);
    expect_refusal("net/half a header", half_a_header);
    expect_refusal("net/pieces larger than the frame", pieces_larger_than_the_frame);
    expect_refusal("net/twenty pieces", twenty_pieces);
    expect_refusal("net/across the page", across_the_page);
    expect_refusal("net/behind the page", behind_the_page);
    expect_refusal("net/larger than the page", larger_than_the_page);
    expect_refusal("net/second piece across the page", second_across_the_page);
    expect_refusal("net/hundreds of pieces", hundreds_of_pieces);
    expect_refusal("net/no last piece", no_end);
    expect_refusal("net/no extra information", no_extra);
    expect_refusal("net/extra information without a type", extra_without_type);
    expect_refusal("net/extra information of an unknown type", extra_of_unknown_type);
    expect_refusal("net/extra information without end", extras_without_end);
    expect_refusal("net/segments of no size", segments_of_no_size);
    expect_refusal("net/segments of an unknown type", segments_of_unknown_type);
    expect_survival("net/segments without TCP", segments_without_tcp);
    expect_survival("net/checksum of what has none", checksum_of_what_has_none);
    expect_survival("net/all flags", all_flags);
}
