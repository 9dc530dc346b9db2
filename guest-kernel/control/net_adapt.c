/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the memory into which frames are fetched that need work. */
#include "guest-kernel/control/net_adapt.h"

#include "drivers/pv/net_offload.h"
#include "guest-kernel/control/net_copy.h"
#include "lib/string.h"

#define ARENA_SIZE                                                                                 \
    0x40000u /* more than two frames of the largest size with the heads of their segments */
#define JOBS_MAX 128u

/* RFC 7042, B.1 and IEEE 802.3: the type of IPv6 in the Ethernet header's bytes 12 and 13. */
#define TYPE_HIGH_IPV6 0x86
#define TYPE_LOW_IPV6  0xdd

/* A frame that is fetched for a port. */
struct job {
    struct net_port *port;
    uint8_t *bytes; /* all of it, in the arena */
    uint8_t *heads; /* memory for those of its segments */
    struct net_frame frame;
    bool is_cut, has_checksum; /* what is to be done */
    int status;                /* of the copies */
};

static uint8_t arena[ARENA_SIZE] __attribute__((aligned(4096)));
static uint32_t arena_used;
static struct job jobs[JOBS_MAX];
static unsigned int job_count, done_count;

static bool is_ipv6(const struct net_frame *frame)
{
    return frame->head[12] == TYPE_HIGH_IPV6 && frame->head[13] == TYPE_LOW_IPV6;
}

static bool must_cut(const struct net_port *port, const struct net_frame *frame)
{
    if (frame->offload.gso == NET_GSO_NONE)
        return false;
    if (frame->size > port->can.size_max)
        return true;
    return frame->offload.gso == NET_GSO_TCP4 ? !port->can.can_gso4 : !port->can.can_gso6;
}

static bool must_sum(const struct net_port *port, const struct net_frame *frame)
{
    if (!frame->offload.is_csum_blank)
        return false;
    return is_ipv6(frame) ? !port->can.can_csum6 : !port->can.can_csum4;
}

unsigned int net_adapt_count(const struct net_port *port, const struct net_frame *frame)
{
    return must_cut(port, frame) ? frame->size / frame->offload.gso_size + 1 : 1;
}

/* Memory for a frame until net_adapt_clear(), and for `count` heads behind it. NULL: no room. */
static uint8_t *take_memory(uint32_t size, uint32_t count)
{
    uint8_t *memory = arena + arena_used;

    size = ((size + NET_HEAD_MAX - 1) & ~(NET_HEAD_MAX - 1)) + count * NET_HEAD_MAX;
    if (size > ARENA_SIZE - arena_used)
        return NULL;
    arena_used += size;
    return memory;
}

/* Asks for copies of all of the frame's bytes. */
static void fetch(struct job *job, struct net_frame *frame)
{
    struct net_segment head = {.bytes = frame->head, .size = frame->head_size};
    struct net_target to = {.bytes = job->bytes};

    net_copy_add(frame, &head, &to, &job->status);
    for (unsigned int i = 0; i < frame->segment_count; i++) {
        to.bytes += i == 0 ? frame->head_size : frame->segments[i - 1].size;
        net_copy_add(frame, &frame->segments[i], &to, &job->status);
    }
}

static void add_job(struct net_port *port, struct net_frame *frame, bool is_cut, bool has_checksum)
{
    uint32_t count = is_cut && port->can.can_grants ? net_adapt_count(port, frame) : 0;
    struct job *job;
    uint8_t *bytes;

    count = count < NET_CUTS_MAX ? count : NET_CUTS_MAX;
    bytes = job_count < JOBS_MAX ? take_memory(frame->size, count) : NULL;
    if (bytes == NULL) {
        net_copy_run();
        bytes = take_memory(frame->size, count);
    }
    job = &jobs[job_count++];
    *job = (struct job){.port = port,
                        .bytes = bytes,
                        .heads = arena + arena_used - count * NET_HEAD_MAX,
                        .is_cut = is_cut,
                        .has_checksum = has_checksum,
                        .frame = {.head = bytes,
                                  .head_size = frame->size,
                                  .size = frame->size,
                                  .offload = frame->offload,
                                  .has_waited = frame->has_waited}};
    fetch(job, frame);
}

void net_adapt_deliver(struct net_port *port, struct net_frame *frame)
{
    bool is_cut = must_cut(port, frame), has_checksum = must_sum(port, frame);

    if (!is_cut && frame->size > port->can.size_max)
        port->counters.too_long++;
    else if (is_cut || has_checksum || (!port->can.can_grants && frame->segment_count != 0))
        add_job(port, frame, is_cut, has_checksum);
    else
        port->deliver(port, frame);
}

/* Fills in the checksum. False: the frame has none of those that can be blank. */
static bool fill_checksum(struct job *job)
{
    const struct net_piece piece = {job->bytes, job->frame.size};
    struct net_headers headers;

    if (net_headers_read(&headers, job->bytes, job->frame.size, job->frame.size) != 0)
        return false;
    net_checksum_finish(&headers, &piece, 1);
    job->frame.offload = (struct net_offload){.is_csum_valid = true};
    return true;
}

/* Hands over segment `index`: its headers are written right in front of its payload, over the one
 * before, which a port without can_grants has copied. */
static void deliver_in_place(struct job *job, const struct net_cut *cut, unsigned int index)
{
    struct net_headers headers;
    uint32_t offset, size = net_cut_payload(cut, index, &offset);
    uint8_t *bytes = job->bytes + offset - cut->headers.payload;
    const struct net_piece piece = {bytes, cut->headers.payload + size};

    net_cut_head(cut, index, bytes, &headers);
    if (job->has_checksum)
        net_checksum_finish(&headers, &piece, 1);
    job->frame.head = bytes;
    job->frame.head_size = job->frame.size = piece.size;
    job->port->deliver(job->port, &job->frame);
}

/* Hands over segment `index` with its headers in memory of their own, behind the whole frame's. */
static void deliver_in_two(struct job *job, const struct net_cut *cut, unsigned int index)
{
    uint32_t offset, size = net_cut_payload(cut, index, &offset);
    uint8_t *head = job->heads + index * NET_HEAD_MAX;
    const struct net_piece pieces[] = {{head, cut->headers.payload}, {job->bytes + offset, size}};
    const struct net_segment payload = {.bytes = job->bytes + offset, .size = size};
    struct net_headers headers;

    net_cut_head(cut, index, head, &headers);
    if (job->has_checksum)
        net_checksum_finish(&headers, pieces, 2);
    job->frame.head = head;
    job->frame.head_size = cut->headers.payload;
    job->frame.size = cut->headers.payload + size;
    job->frame.segments = &payload;
    job->frame.segment_count = 1;
    job->port->deliver(job->port, &job->frame);
}

/* Cuts the frame. False: it cannot be. */
static bool cut_frame(struct job *job)
{
    uint32_t head_size = job->frame.size < NET_HEAD_MAX ? job->frame.size : NET_HEAD_MAX;
    uint8_t head[NET_HEAD_MAX];
    struct net_cut cut;

    memcpy(head, job->bytes, head_size);
    if (net_cut_start(&cut, &job->frame.offload, head, head_size, job->frame.size) != 0)
        return false;
    job->frame.offload = (struct net_offload){.is_csum_blank = !job->has_checksum,
                                              .is_csum_valid = job->has_checksum};
    for (unsigned int i = 0; i < cut.segment_count; i++) {
        if (job->port->can.can_grants)
            deliver_in_two(job, &cut, i);
        else
            deliver_in_place(job, &cut, i);
    }
    return true;
}

static void finish(struct job *job)
{
    bool is_sent = job->status == 0;

    if (is_sent && job->is_cut)
        is_sent = cut_frame(job);
    else if (is_sent && job->has_checksum)
        is_sent = fill_checksum(job);
    if (!is_sent)
        job->port->counters.dropped++;
    else if (!job->is_cut)
        job->port->deliver(job->port, &job->frame);
}

bool net_adapt_finish(void)
{
    if (done_count == job_count)
        return false;
    while (done_count < job_count)
        finish(&jobs[done_count++]);
    return true;
}

void net_adapt_clear(void)
{
    arena_used = 0;
    job_count = done_count = 0;
}
