/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domctl: a domain's HVM context, its external form (design decision 17; hvm_save.h). A stream is
 * read as a whole and checked from header to end before a record is set; a record whose values
 * cannot be takes back those before it.
 */
#include "core/domain.h"
#include "core/domctl.h"
#include "core/heap.h"
#include "core/hypercall_rows.h"
#include "lib/errno.h"
#include "lib/string.h"

#include "pv-abi/hvm_save.h"
#include "pv-abi/sched.h"

/* Records of a vCPU, in the order of a stream. */
static const uint16_t vcpu_records[] = {HVM_SAVE_CODE_CPU,        HVM_SAVE_CODE_LAPIC,
                                        HVM_SAVE_CODE_LAPIC_REGS, HVM_SAVE_CODE_MTRR,
                                        CPU_XSAVE_CODE,           HVM_SAVE_CODE_TSC_ADJUST};

/* Streams up to this many pages are taken: 64 vCPUs with every record. */
#define STREAM_PAGES_MAX 128u

static uint32_t stream_pages(uint64_t size)
{
    return (uint32_t)((size + PAGE_SIZE - 1) / PAGE_SIZE);
}

/* The size of a stream with every record of every vCPU. */
static uint32_t full_size(const struct domain *d)
{
    uint32_t size =
        (uint32_t)(2 * sizeof(struct hvm_save_descriptor) + sizeof(struct hvm_save_header));

    for (uint32_t i = 0; i < ARRAY_SIZE(vcpu_records); i++)
        size += d->vcpu_max * (uint32_t)(sizeof(struct hvm_save_descriptor) +
                                         arch_hvm_record_size(vcpu_records[i]));
    return size;
}

/* 0 if D's vCPUs can be touched; otherwise what the caller returns. */
static int64_t check_stopped(struct hypercall *call, struct domain *d)
{
    if (atomic_load(&d->pause_count) == 0)
        return -EBUSY;
    return domain_is_stopped(d) ? 0 : hypercall_continue(call, 0);
}

/* ---- writing ---- */

struct writer {
    uint8_t *at;
    uint32_t used;
};

static void put_descriptor(struct writer *w, uint16_t type, uint16_t instance, uint32_t length)
{
    struct hvm_save_descriptor descriptor = {type, instance, length};

    memcpy(w->at + w->used, &descriptor, sizeof(descriptor));
    w->used += (uint32_t)sizeof(descriptor);
}

/* A vCPU that is down has no CPU record: whoever reads the stream brings up those that have one. */
static int put_vcpu_record(struct writer *w, struct vcpu *v, uint16_t type)
{
    uint32_t size = (uint32_t)arch_hvm_record_size(type);
    uint8_t *body = w->at + w->used + sizeof(struct hvm_save_descriptor);
    int error;

    if (type == HVM_SAVE_CODE_CPU && !vcpu_is_up(v))
        return 0;
    error = arch_get_hvm_record(v, type, body, size);
    if (error)
        return error;
    put_descriptor(w, type, (uint16_t)v->id, size);
    w->used += size;
    return 0;
}

static int put_stream(struct writer *w, struct domain *d)
{
    struct hvm_save_header header = {
        .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION, .gtsc_khz = tsc_khz};
    int error = 0;

    put_descriptor(w, HVM_SAVE_CODE_HEADER, 0, sizeof(header));
    memcpy(w->at + w->used, &header, sizeof(header));
    w->used += (uint32_t)sizeof(header);
    for (uint32_t r = 0; r < ARRAY_SIZE(vcpu_records); r++)
        for (uint32_t i = 0; !error && i < d->vcpu_max; i++)
            error = put_vcpu_record(w, d->vcpu[i], vcpu_records[r]);
    put_descriptor(w, HVM_SAVE_CODE_END, 0, 0);
    return error;
}

/* SIZE bytes between a heap buffer and the row's array 0, a page at a time. */
static int copy_bytes(const struct hypercall *call, uint64_t handle, uint8_t *bytes, uint64_t size,
                      bool is_write)
{
    struct hypercall_cursor cursor;
    int error = cursor_open(&cursor, call, 0, handle, size);

    for (uint64_t done = 0; !error && done < size;) {
        uint64_t part = size - done < PAGE_SIZE ? size - done : PAGE_SIZE;

        error = is_write ? cursor_write_bulk(&cursor, bytes + done, part)
                         : cursor_read_bulk(&cursor, bytes + done, part);
        done += part;
    }
    return error;
}

static int64_t get_context_whole(struct hypercall *call, struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_hvmcontext *arg = &op->u.hvmcontext;
    uint32_t size = full_size(d), pages = stream_pages(size);
    struct writer w = {.at = NULL};
    int64_t result;

    if (!arg->buffer) {
        arg->size = size;
        return 0;
    }
    if (arg->size < size)
        return -ENOSPC;
    result = check_stopped(call, d);
    if (result)
        return result;
    w.at = heap_alloc(call->d, pages);
    if (!w.at)
        return -ENOMEM;
    result = put_stream(&w, d);
    if (!result)
        result = copy_bytes(call, arg->buffer, w.at, w.used, true);
    if (!result)
        arg->size = w.used;
    heap_free(call->d, w.at, pages);
    return result;
}

static int64_t get_context(struct hypercall *call, struct domain *d, UNUSED struct xen_domctl *op)
{
    return domctl_run_whole(call, d, get_context_whole);
}

int64_t domctl_gethvmcontext(struct hypercall *call)
{
    return domctl_run_other(call, get_context);
}

static bool is_vcpu_record(uint32_t type)
{
    for (uint32_t i = 0; i < ARRAY_SIZE(vcpu_records); i++)
        if (vcpu_records[i] == type)
            return true;
    return false;
}

/* ---- reading ---- */

/* The descriptor at OFFSET of a stream whose record lies wholly within SIZE. */
static int get_descriptor(const uint8_t *stream, uint32_t size, uint32_t offset,
                          struct hvm_save_descriptor *descriptor)
{
    if (offset > size || size - offset < sizeof(*descriptor))
        return -EINVAL;
    memcpy(descriptor, stream + offset, sizeof(*descriptor));
    if (descriptor->length > size - offset - sizeof(*descriptor))
        return -EINVAL;
    return 0;
}

static int check_header(const uint8_t *stream, uint32_t size, uint32_t *offset)
{
    struct hvm_save_descriptor descriptor;
    struct hvm_save_header header;

    if (get_descriptor(stream, size, 0, &descriptor) ||
        descriptor.typecode != HVM_SAVE_CODE_HEADER || descriptor.length != sizeof(header))
        return -EINVAL;
    memcpy(&header, stream + sizeof(descriptor), sizeof(header));
    if (header.magic != HVM_FILE_MAGIC || header.version != HVM_FILE_VERSION)
        return -EINVAL;
    *offset = (uint32_t)(sizeof(descriptor) + sizeof(header));
    return 0;
}

/* Records of devices that a PVH domain does not have are refused, as are vCPUs. */
static int check_stream(const struct domain *d, const uint8_t *stream, uint32_t size)
{
    struct hvm_save_descriptor descriptor;
    uint32_t offset;
    int error = check_header(stream, size, &offset);

    while (!error) {
        error = get_descriptor(stream, size, offset, &descriptor);
        if (error || descriptor.typecode == HVM_SAVE_CODE_END)
            break;
        if (!is_vcpu_record(descriptor.typecode) || descriptor.instance >= d->vcpu_max)
            error = -EINVAL;
        offset += (uint32_t)sizeof(descriptor) + descriptor.length;
    }
    return error;
}

/* Sets each record up to END or LIMIT, keeping in OLD, at the same place, what was there. *DONE:
 * where it stopped. */
static int set_records(struct domain *d, const uint8_t *stream, uint8_t *old, uint32_t size,
                       uint32_t *done)
{
    struct hvm_save_descriptor descriptor;
    uint32_t offset = (uint32_t)(sizeof(descriptor) + sizeof(struct hvm_save_header));
    int error = 0;

    while (!error && !get_descriptor(stream, size, offset, &descriptor) &&
           descriptor.typecode != HVM_SAVE_CODE_END) {
        uint32_t body = offset + (uint32_t)sizeof(descriptor);
        struct vcpu *v = d->vcpu[descriptor.instance];

        if (old)
            error = arch_get_hvm_record(v, descriptor.typecode, old + body, descriptor.length);
        if (!error)
            error = arch_set_hvm_record(v, descriptor.typecode, stream + body, descriptor.length);
        if (!error)
            offset = body + descriptor.length;
    }
    *done = offset;
    return error;
}

/* Each vCPU that a CPU record was for is up. */
static void start_vcpus(struct domain *d, const uint8_t *stream, uint32_t size)
{
    struct hvm_save_descriptor descriptor;
    uint32_t offset = 0;

    while (!get_descriptor(stream, size, offset, &descriptor) &&
           descriptor.typecode != HVM_SAVE_CODE_END) {
        if (descriptor.typecode == HVM_SAVE_CODE_CPU) {
            d->vcpu[descriptor.instance]->is_initialised = true;
            vcpu_go(d->vcpu[descriptor.instance], VCPU_DOWN);
        }
        offset += (uint32_t)sizeof(descriptor) + descriptor.length;
    }
}

static int apply_stream(struct domain *d, const uint8_t *stream, uint8_t *old, uint32_t size)
{
    uint32_t done;
    int error = check_stream(d, stream, size);

    if (error)
        return error;
    memcpy(old, stream, size);
    error = set_records(d, stream, old, size, &done);
    /* What was there before was possible, so that it can be set again. */
    if (error && set_records(d, old, NULL, done, &done))
        domain_shutdown(d, SHUTDOWN_crash);
    return error;
}

static int64_t set_context_whole(struct hypercall *call, struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_hvmcontext *arg = &op->u.hvmcontext;
    uint32_t pages = stream_pages(arg->size);
    uint8_t *stream, *old;
    int64_t result = check_stopped(call, d);

    if (result)
        return result;
    if (!arg->size || pages > STREAM_PAGES_MAX)
        return -EINVAL;
    stream = heap_alloc(call->d, pages);
    old = heap_alloc(call->d, pages);
    result = stream && old ? copy_bytes(call, arg->buffer, stream, arg->size, false) : -ENOMEM;
    if (!result)
        result = apply_stream(d, stream, old, arg->size);
    if (!result)
        start_vcpus(d, stream, arg->size);
    if (stream)
        heap_free(call->d, stream, pages);
    if (old)
        heap_free(call->d, old, pages);
    return result;
}

static int64_t set_context(struct hypercall *call, struct domain *d, UNUSED struct xen_domctl *op)
{
    return domctl_run_whole(call, d, set_context_whole);
}

int64_t domctl_sethvmcontext(struct hypercall *call)
{
    return domctl_run_other(call, set_context);
}
