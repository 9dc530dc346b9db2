/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A block ring whose front end does anything: the input is a list of writes to the shared page,
 * jumps of its indices, and the back end's steps. What the back end believes of a request holds,
 * and it never answers more than it has taken.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pv/back_ring.h"
#include "drivers/pv/blk_request.h"
#include "pv-abi/io_ring.h"

#define PAGE    4096u
#define SECTORS UINT64_C(1000)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static union {
    struct xen_sring ring;
    uint8_t bytes[2 * PAGE];
} shared;
static struct back_ring ring;
static struct blk_request request;
static struct blkif_request_segment segments[BLK_SEGMENTS_MAX];

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static void check_request(void)
{
    uint64_t total = 0;

    expect(request.segment_count <= BLK_SEGMENTS_MAX);
    for (unsigned int i = 0; i < request.segment_count; i++) {
        expect(request.segments[i].count > 0 &&
               request.segments[i].first + request.segments[i].count <= 8);
        total += request.segments[i].count;
    }
    expect(request.action == BLK_DISCARD || total == request.sector_count);
    if (request.sector_count != 0)
        expect(request.sector < SECTORS && request.sector_count <= SECTORS - request.sector);
}

static bool take(bool is_32bit)
{
    union {
        struct blkif_request native;
        struct compat_blkif_request compat;
    } copy;
    int got = back_ring_take(&ring, &copy), err;

    if (got <= 0)
        return got == 0;
    err = blk_request_read(&request, &copy, is_32bit);
    if (err == 0 && request.is_indirect)
        err = blk_request_read_segments(&request, segments);
    if (err == 0)
        err = blk_request_check(&request, SECTORS, false);
    if (err == 0)
        check_request();
    return true;
}

static void answer(void)
{
    struct blkif_response response = {request.id, request.operation, 0};

    if (ring.rsp_prod == ring.req_cons)
        return;
    back_ring_put(&ring, &response, sizeof(struct compat_blkif_response));
    if (back_ring_show(&ring))
        expect(shared.ring.rsp_prod == ring.rsp_prod);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    bool is_32bit = size % 2 == 0, is_well = true;

    memset(&shared, 0, sizeof(shared));
    memset(segments, (int)(size & 0xff), sizeof(segments));
    back_ring_connect(&ring, &shared, size % 3 == 0 ? PAGE : 2 * PAGE,
                      is_32bit ? sizeof(struct compat_blkif_request)
                               : sizeof(struct blkif_request));
    for (; size >= 4 && is_well; bytes += 4, size -= 4) {
        size_t at = (bytes[1] | (size_t)bytes[2] << 8) % sizeof(shared);

        switch (bytes[0] % 5) {
        case 0:
            shared.bytes[at] = bytes[3];
            break;
        case 1:
            shared.ring.req_prod += bytes[3] % 4 == 0 ? (uint32_t)at : bytes[3] % 40u;
            break;
        case 2:
            is_well = take(is_32bit);
            break;
        case 3:
            answer();
            break;
        default:
            if (back_ring_sleep(&ring))
                expect(shared.ring.req_prod != ring.req_cons);
        }
        expect(ring.req_cons - ring.rsp_prod <= ring.entry_count);
    }
    return 0;
}
