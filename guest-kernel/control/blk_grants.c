/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the lists of grant operations. */
#include "guest-kernel/control/blk_grants.h"

#include "guest-kernel/control/blk_job.h"
#include "guest-kernel/control/blk_queue.h"
#include "guest-kernel/grants.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "lib/errno.h"

#define BATCH       128u       /* operations in one hypercall */
#define HANDLE_NONE UINT32_MAX /* of a frame that could not be mapped */

/* A segment's place: its job and its number. */
struct place {
    struct blk_job *job;
    unsigned int segment;
};

/* One list at a time is in use. Both lie on one page, that the hypervisor finds again with no walk
 * through this domain's tables: it remembers the page of the last list. */
static union {
    struct gnttab_map_grant_ref maps[BATCH];
    struct gnttab_unmap_grant_ref unmaps[BATCH];
} lists __attribute__((aligned(PAGE_SIZE)));
_Static_assert(sizeof(lists) <= PAGE_SIZE, "a list is on one page");
static struct place places[BATCH];
static unsigned int map_count, unmap_count;

/* Tells a job where a segment lies; `handle`: of its own mapping. */
static void place_segment(struct place place, uint64_t paddr, grant_handle_t handle)
{
    struct blk_job *job = place.job;
    const struct blk_segment *from = &job->request.segments[place.segment];

    job->mapped_count = place.segment + 1;
    job->handles[place.segment] = handle;
    job->segments[place.segment] = (struct disk_segment){paddr + from->first * DISK_SECTOR_SIZE,
                                                         from->count * DISK_SECTOR_SIZE};
}

static void run_maps(void)
{
    if (map_count == 0)
        return;
    if (hypercall_grant_table_op(GNTTABOP_map_grant_ref, lists.maps, map_count) != 0)
        guest_panic("the hypervisor does not take a list of %u grants", map_count);
    for (unsigned int i = 0; i < map_count; i++) {
        const struct gnttab_map_grant_ref *map = &lists.maps[i];
        struct blk_queue *queue = places[i].job->queue;
        struct blk_kept kept = {map->ref, map->handle, map->dev_bus_addr};
        grant_handle_t handle = map->status == GNTST_okay ? map->handle : HANDLE_NONE;

        if (map->status != GNTST_okay)
            places[i].job->status = -EIO;
        else if (queue->is_persistent && blk_kept_add(&queue->kept, kept))
            handle = HANDLE_NONE;
        place_segment(places[i], map->dev_bus_addr, handle);
    }
    map_count = 0;
}

/* Maps a segment's frame, now or later, unless it is mapped. */
static void map_segment(struct place place)
{
    const struct blk_queue *queue = place.job->queue;
    grant_ref_t ref = place.job->request.segments[place.segment].ref;
    /* A frame that is kept may be written, as its next request may want that. */
    bool is_read_only = !queue->is_persistent && place.job->request.action != BLK_READ;
    uint64_t paddr = queue->is_persistent ? blk_kept_find(&queue->kept, ref) : 0;

    if (paddr != 0) {
        place_segment(place, paddr, HANDLE_NONE);
        return;
    }
    if (map_count == BATCH)
        run_maps();
    places[map_count] = place;
    lists.maps[map_count++] = (struct gnttab_map_grant_ref){
        .flags = GNTMAP_device_map | (is_read_only ? GNTMAP_readonly : 0),
        .ref = ref,
        .dom = queue->domid};
}

void blk_grants_map(struct blk_job *jobs)
{
    for (struct blk_job *job = jobs; job != NULL; job = job->next) {
        for (unsigned int i = 0; i < job->request.segment_count; i++)
            map_segment((struct place){job, i});
    }
    run_maps();
}

static void run_unmaps(void)
{
    if (unmap_count == 0)
        return;
    if (hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, lists.unmaps, unmap_count) != 0)
        guest_panic("the hypervisor does not take a list of %u handles", unmap_count);
    for (unsigned int i = 0; i < unmap_count; i++) {
        if (lists.unmaps[i].status != GNTST_okay)
            guest_panic("handle %u cannot be unmapped: status %d", lists.unmaps[i].handle,
                        lists.unmaps[i].status);
    }
    unmap_count = 0;
}

static void unmap(uint64_t paddr, grant_handle_t handle)
{
    if (unmap_count == BATCH)
        run_unmaps();
    lists.unmaps[unmap_count++] =
        (struct gnttab_unmap_grant_ref){.dev_bus_addr = paddr & PAGE_MASK, .handle = handle};
}

void blk_grants_unmap(struct blk_job *jobs)
{
    for (struct blk_job *job = jobs; job != NULL; job = job->next) {
        for (unsigned int i = 0; i < job->mapped_count; i++) {
            if (job->handles[i] != HANDLE_NONE)
                unmap(job->segments[i].paddr, job->handles[i]);
        }
        job->mapped_count = 0;
    }
    run_unmaps();
}

void blk_grants_let_go(struct blk_queue *queue)
{
    const struct blk_kept_table *kept = &queue->kept;

    for (uint32_t i = 0; i < kept->slot_count; i++) {
        if (kept->slots[i].ref != 0)
            unmap(kept->slots[i].paddr, kept->slots[i].handle);
    }
    run_unmaps();
    blk_kept_free(&queue->kept);
}

/* One segment against the volume's memory at `bytes`, cut where that leaves a page. Returns how
 * many operations were filled in. */
static unsigned int add_copies(struct gnttab_copy *ops, const struct blk_job *job,
                               const struct blk_segment *segment, uint8_t *bytes)
{
    bool is_read = job->request.action == BLK_READ;
    uint32_t offset = segment->first * DISK_SECTOR_SIZE, left = segment->count * DISK_SECTOR_SIZE;
    unsigned int count = 0;

    while (left > 0) {
        uint32_t in_page = (uint32_t)((uintptr_t)bytes & (PAGE_SIZE - 1));
        uint32_t part = PAGE_SIZE - in_page < left ? PAGE_SIZE - in_page : left;
        struct gnttab_copy_ptr guest = {
            .u.ref = segment->ref, .domid = job->queue->domid, .offset = (uint16_t)offset};
        struct gnttab_copy_ptr own = {
            .u.gmfn = virt_to_gfn(bytes), .domid = DOMID_SELF, .offset = (uint16_t)in_page};

        ops[count++] =
            (struct gnttab_copy){.source = is_read ? own : guest,
                                 .dest = is_read ? guest : own,
                                 .len = (uint16_t)part,
                                 .flags = is_read ? GNTCOPY_dest_gref : GNTCOPY_source_gref};
        bytes += part;
        offset += part;
        left -= part;
    }
    return count;
}

int blk_grants_copy(const struct blk_job *job)
{
    static struct gnttab_copy ops[2 * BLK_SEGMENTS_MAX];
    uint8_t *bytes = job->queue->volume->memory + (job->request.sector << DISK_SECTOR_SHIFT);
    unsigned int count = 0;

    if (job->request.action == BLK_DISCARD)
        return -EOPNOTSUPP;
    for (unsigned int i = 0; i < job->request.segment_count; i++) {
        const struct blk_segment *segment = &job->request.segments[i];

        count += add_copies(ops + count, job, segment, bytes);
        bytes += segment->count * DISK_SECTOR_SIZE;
    }
    if (count != 0 && hypercall_grant_table_op(GNTTABOP_copy, ops, count) != 0)
        return -EIO;
    for (unsigned int i = 0; i < count; i++) {
        if (ops[i].status != GNTST_okay)
            return -EIO;
    }
    return 0;
}

int blk_grants_read_segments(struct blk_job *job)
{
    /* Aligned to its size: a copy must not leave its page. */
    static struct blkif_request_segment copy[BLK_SEGMENTS_MAX]
        __attribute__((aligned(BLK_SEGMENTS_MAX * sizeof(struct blkif_request_segment))));
    uint16_t size = (uint16_t)(job->request.segment_count * sizeof(copy[0]));

    if (grant_copy_from(copy, job->queue->domid, job->request.indirect_ref, 0, size) != GNTST_okay)
        return -EIO;
    return blk_request_read_segments(&job->request, copy);
}
