/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the meaning of the bytes of a block request. Works on private copies alone. */
#include "drivers/pv/blk_request.h"

#include "lib/errno.h"

#define SECTORS_PER_FRAME 8u /* of 512 bytes */

/* The three forms of a request, in the native layout. */
union native {
    struct blkif_request plain;
    struct blkif_request_discard discard;
    struct blkif_request_indirect indirect;
};

static void widen_plain(union native *to, const struct compat_blkif_request *from)
{
    to->plain = (struct blkif_request){.operation = from->operation,
                                       .nr_segments = from->nr_segments,
                                       .id = from->id,
                                       .sector_number = from->sector_number};
    for (unsigned int i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++)
        to->plain.seg[i] = from->seg[i];
}

static void widen(union native *to, const void *copy)
{
    const struct compat_blkif_request *plain = copy;
    const struct compat_blkif_request_discard *discard = copy;
    const struct compat_blkif_request_indirect *indirect = copy;

    if (plain->operation == BLKIF_OP_DISCARD) {
        to->discard = (struct blkif_request_discard){.operation = discard->operation,
                                                     .flag = discard->flag,
                                                     .id = discard->id,
                                                     .sector_number = discard->sector_number,
                                                     .nr_sectors = discard->nr_sectors};
    } else if (plain->operation == BLKIF_OP_INDIRECT) {
        to->indirect =
            (struct blkif_request_indirect){.operation = indirect->operation,
                                            .indirect_op = indirect->indirect_op,
                                            .nr_segments = indirect->nr_segments,
                                            .id = indirect->id,
                                            .sector_number = indirect->sector_number,
                                            .indirect_grefs = {indirect->indirect_grefs[0]}};
    } else {
        widen_plain(to, plain);
    }
}

static int read_segments(struct blk_request *request, const struct blkif_request_segment *from)
{
    request->sector_count = 0;
    for (unsigned int i = 0; i < request->segment_count; i++) {
        const struct blkif_request_segment *segment = &from[i];

        if (segment->first_sect > segment->last_sect || segment->last_sect >= SECTORS_PER_FRAME)
            return -EINVAL;
        request->segments[i] =
            (struct blk_segment){segment->gref, segment->first_sect,
                                 (uint8_t)(segment->last_sect - segment->first_sect + 1)};
        request->sector_count += request->segments[i].count;
    }
    return 0;
}

static int set_action(struct blk_request *request, uint8_t operation)
{
    static const enum blk_action actions[] = {[BLKIF_OP_READ] = BLK_READ,
                                              [BLKIF_OP_WRITE] = BLK_WRITE,
                                              [BLKIF_OP_WRITE_BARRIER] = BLK_BARRIER,
                                              [BLKIF_OP_FLUSH_DISKCACHE] = BLK_FLUSH};

    if (operation >= ARRAY_COUNT(actions))
        return -EOPNOTSUPP;
    request->action = actions[operation];
    return 0;
}

static int read_indirect(struct blk_request *request, const struct blkif_request_indirect *from)
{
    if (from->indirect_op != BLKIF_OP_READ && from->indirect_op != BLKIF_OP_WRITE)
        return -EINVAL;
    /* By that Linux knows the response to its request. */
    request->operation = from->indirect_op;
    if (from->nr_segments == 0 || from->nr_segments > BLK_SEGMENTS_MAX)
        return -EINVAL;
    request->sector = from->sector_number;
    request->segment_count = from->nr_segments;
    request->is_indirect = true;
    request->indirect_ref = from->indirect_grefs[0];
    return set_action(request, from->indirect_op);
}

static int read_plain(struct blk_request *request, const struct blkif_request *from)
{
    int err = set_action(request, from->operation);

    if (err != 0)
        return err;
    if (from->nr_segments > BLKIF_MAX_SEGMENTS_PER_REQUEST)
        return -EINVAL;
    /* Only a flush or a barrier may be without data. */
    if (from->nr_segments == 0 && (request->action == BLK_READ || request->action == BLK_WRITE))
        return -EINVAL;
    request->sector = from->sector_number;
    request->segment_count = from->nr_segments;
    return read_segments(request, from->seg);
}

int blk_request_read(struct blk_request *request, const void *copy, bool is_32bit)
{
    union native widened;
    const union native *native = copy;

    if (is_32bit) {
        widen(&widened, copy);
        native = &widened;
    }
    /* Operation and id have the same place in every form. */
    request->operation = native->plain.operation;
    request->id = native->plain.id;
    request->segment_count = 0;
    request->is_indirect = false;
    if (request->operation == BLKIF_OP_INDIRECT)
        return read_indirect(request, &native->indirect);
    if (request->operation != BLKIF_OP_DISCARD)
        return read_plain(request, &native->plain);
    request->action = BLK_DISCARD;
    request->sector = native->discard.sector_number;
    request->sector_count = native->discard.nr_sectors;
    return native->discard.flag == 0 ? 0 : -EOPNOTSUPP;
}

int blk_request_read_segments(struct blk_request *request, const struct blkif_request_segment *copy)
{
    request->is_indirect = false;
    return read_segments(request, copy);
}

int blk_request_check(const struct blk_request *request, uint64_t sector_count, bool is_read_only)
{
    if (request->action != BLK_READ && request->action != BLK_FLUSH && is_read_only)
        return -EROFS;
    if (request->action == BLK_DISCARD && request->sector_count == 0)
        return -EINVAL;
    if (request->sector_count == 0) /* nothing but a flush */
        return 0;
    if (request->action == BLK_FLUSH && is_read_only)
        return -EROFS;
    return request->sector_count <= sector_count &&
                   request->sector <= sector_count - request->sector_count
               ? 0
               : -EINVAL;
}
