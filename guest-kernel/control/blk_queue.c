/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the jobs: a request's copy from the moment it is taken from the ring to its answer. */
#include "guest-kernel/control/blk_queue.h"

#include "drivers/pv/blk_request.h"
#include "guest-kernel/control/blk_grants.h"
#include "guest-kernel/control/blk_job.h"
#include "guest-kernel/control/heap.h"
#include "guest-kernel/events.h"
#include "guest-kernel/time.h"
#include "lib/errno.h"
#include "lib/string.h"

#define STOP_TIMEOUT (5 * NS_PER_SECOND)

int blk_queue_start(struct blk_queue *queue)
{
    size_t size = queue->ring.entry_count * sizeof(struct blk_job);

    queue->jobs = heap_alloc(size);
    if (queue->jobs == NULL)
        return -ENOMEM;
    if (queue->is_persistent && blk_kept_init(&queue->kept, queue->ring.entry_count) != 0) {
        heap_free(queue->jobs, size);
        queue->jobs = NULL;
        return -ENOMEM;
    }
    memset(queue->jobs, 0, size);
    queue->free = queue->finished = queue->held = NULL;
    queue->active_count = 0;
    queue->is_broken = false;
    for (uint32_t i = 0; i < queue->ring.entry_count; i++) {
        queue->jobs[i].queue = queue;
        queue->jobs[i].next = queue->free;
        queue->free = &queue->jobs[i];
    }
    __atomic_store_n(&queue->has_event, true, __ATOMIC_RELEASE);
    return 0;
}

/* The job waits for its answer. */
static void finish(struct blk_job *job, int status)
{
    struct blk_queue *queue = job->queue;

    job->status = status;
    job->next = queue->finished;
    queue->finished = job;
}

static void submit(struct blk_job *job, enum disk_op op);

/* The disk has done a step of a job. */
static void step_done(struct disk_request *disk, int status)
{
    struct blk_job *job = (struct blk_job *)disk;

    if (status != 0 || job->step_count == 0)
        finish(job, status);
    else
        submit(job, job->steps[--job->step_count]);
}

/* A discard goes on behind the part that is done. */
static void discard_done(struct disk_request *disk, int status)
{
    struct blk_job *job = (struct blk_job *)disk;

    job->request.sector += disk->sector_count;
    job->request.sector_count -= disk->sector_count;
    if (status != 0 || job->request.sector_count == 0)
        finish(job, status);
    else
        submit(job, DISK_DISCARD);
}

static void submit(struct blk_job *job, enum disk_op op)
{
    bool has_data = op == DISK_READ || op == DISK_WRITE;
    uint64_t count = job->request.sector_count, most = volume_discard_max(job->queue->volume);

    job->disk.op = op;
    job->disk.sector = job->request.sector;
    job->disk.segments = job->segments;
    job->disk.segment_count = has_data ? job->request.segment_count : 0;
    job->disk.done = op == DISK_DISCARD ? discard_done : step_done;
    if (op == DISK_DISCARD)
        job->disk.sector_count = count < most ? count : most;
    volume_submit(job->queue->volume, &job->disk);
}

/* Sends a job whose pages are mapped, if it has any, on its way. */
static void start(struct blk_job *job)
{
    job->step_count = 0;
    switch (job->request.action) {
    case BLK_READ:
        submit(job, DISK_READ);
        break;
    case BLK_WRITE:
        submit(job, DISK_WRITE);
        break;
    case BLK_DISCARD:
        if (volume_can_discard(job->queue->volume))
            submit(job, DISK_DISCARD);
        else
            finish(job, -EOPNOTSUPP);
        break;
    case BLK_FLUSH:
    case BLK_BARRIER:
        /* What came before is on the disk, then the data, then they are too. */
        if (job->request.segment_count != 0) {
            job->steps[job->step_count++] = DISK_FLUSH;
            job->steps[job->step_count++] = DISK_WRITE;
        }
        submit(job, DISK_FLUSH);
        break;
    }
}

/* Maps the pages of all jobs in the list and starts those that have theirs. */
static void start_all(struct blk_queue *queue, struct blk_job *jobs)
{
    struct blk_job *job, *next;

    if (queue->volume->memory == NULL)
        blk_grants_map(jobs);
    for (job = jobs; job != NULL; job = next) {
        next = job->next;
        if (job->status == 0 && queue->volume->memory != NULL)
            finish(job, blk_grants_copy(job));
        else if (job->status == 0)
            start(job);
        else
            finish(job, job->status);
    }
    volumes_kick();
}

/* Reads a request that was copied into the job. */
static int read_request(struct blk_job *job, const void *copy)
{
    struct blk_queue *queue = job->queue;
    int err = blk_request_read(&job->request, copy, queue->is_32bit);

    job->mapped_count = 0;
    if (err == 0 && job->request.is_indirect)
        err = blk_grants_read_segments(job);
    if (err == 0)
        err = blk_request_check(&job->request, queue->volume->sector_count, queue->is_read_only);
    return err;
}

/* A barrier and a flush with data are carried out alone. */
static bool is_exclusive(const struct blk_job *job)
{
    return job->request.action == BLK_BARRIER ||
           (job->request.action == BLK_FLUSH && job->request.segment_count != 0);
}

/* Takes requests until there are none, or one that must be alone. Returns a list of the good ones,
 * in the order of the ring; the others are finished. */
static struct blk_job *take_requests(struct blk_queue *queue)
{
    union {
        struct blkif_request native;
        struct compat_blkif_request compat;
    } copy;
    struct blk_job *first = NULL, **end = &first;

    while (queue->held == NULL && queue->free != NULL) {
        struct blk_job *job = queue->free;
        int result = back_ring_take(&queue->ring, &copy);

        if (result <= 0) {
            queue->is_broken = result < 0;
            break;
        }
        queue->free = job->next;
        queue->active_count++;
        job->status = read_request(job, &copy);
        if (job->status != 0) {
            finish(job, job->status);
        } else if (is_exclusive(job)) {
            queue->held = job;
            job->is_started = false;
        } else {
            job->next = NULL;
            *end = job;
            end = &job->next;
        }
    }
    return first;
}

static void put_answer(struct blk_queue *queue, const struct blk_job *job)
{
    int16_t status = BLKIF_RSP_OKAY;

    if (job->status != 0)
        status = job->status == -EOPNOTSUPP ? BLKIF_RSP_EOPNOTSUPP : BLKIF_RSP_ERROR;
    if (queue->is_32bit) {
        struct compat_blkif_response response = {job->request.id, job->request.operation, status};

        back_ring_put(&queue->ring, &response, sizeof(response));
    } else {
        struct blkif_response response = {job->request.id, job->request.operation, status};

        back_ring_put(&queue->ring, &response, sizeof(response));
    }
}

/* Unmaps the pages of the finished jobs and gives their answers. False: there are none. */
static bool answer(struct blk_queue *queue)
{
    struct blk_job *job = queue->finished;

    if (job == NULL)
        return false;
    queue->finished = NULL;
    blk_grants_unmap(job);
    while (job != NULL) {
        struct blk_job *next = job->next;

        if (queue->ring.shared != NULL)
            put_answer(queue, job);
        if (job == queue->held)
            queue->held = NULL;
        job->next = queue->free;
        queue->free = job;
        queue->active_count--;
        job = next;
    }
    /* A port that the front end has closed is its loss. */
    if (queue->ring.shared != NULL && back_ring_show(&queue->ring))
        event_send(queue->port);
    return true;
}

/* Starts the job that waits to be alone, if it is. */
static void start_held(struct blk_queue *queue)
{
    struct blk_job *job = queue->held;

    if (job == NULL || queue->active_count != 1 || job->is_started)
        return;
    job->is_started = true;
    job->next = NULL;
    if (queue->ring.shared == NULL)
        finish(job, -EIO);
    else
        start_all(queue, job);
}

bool blk_queue_has_work(const struct blk_queue *queue)
{
    return queue->finished != NULL || __atomic_load_n(&queue->has_event, __ATOMIC_ACQUIRE);
}

void blk_queue_step(struct blk_queue *queue)
{
    __atomic_store_n(&queue->has_event, false, __ATOMIC_SEQ_CST);
    do {
        if (!queue->is_broken && queue->held == NULL)
            start_all(queue, take_requests(queue));
        start_held(queue);
    } while (answer(queue));
    if (!queue->is_broken && queue->held == NULL && back_ring_sleep(&queue->ring))
        __atomic_store_n(&queue->has_event, true, __ATOMIC_RELEASE);
}

bool blk_queue_stop(struct blk_queue *queue)
{
    uint64_t end = time_now() + STOP_TIMEOUT;

    if (queue->jobs == NULL)
        return true;
    queue->ring.shared = NULL;
    queue->is_broken = true;
    while (queue->active_count != 0 && time_now() < end) {
        volumes_step();
        blk_queue_step(queue);
    }
    if (queue->active_count != 0)
        return false;
    blk_grants_let_go(queue);
    heap_free(queue->jobs, queue->ring.entry_count * sizeof(struct blk_job));
    queue->jobs = NULL;
    return true;
}
