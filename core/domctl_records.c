/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domctl: a domain's HVM context, its external form (design decision 17; hvm_save.h). A stream is
 * read as a whole and checked from header to end before a record is set; a record whose values
 * cannot be takes back those before it.
 */
#include "core/domain.h"
#include "core/heap.h"
#include "core/hypercall_rows.h"
#include "lib/errno.h"
#include "lib/string.h"

#include "pv-abi/hvm_save.h"

/* Records of a vCPU, in the order of a stream. */
static const uint16_t vcpu_records[] = {HVM_SAVE_CODE_CPU,        HVM_SAVE_CODE_LAPIC,
                                        HVM_SAVE_CODE_LAPIC_REGS, HVM_SAVE_CODE_MTRR,
                                        CPU_XSAVE_CODE,           HVM_SAVE_CODE_TSC_ADJUST};

/* The size of a stream with every record of every vCPU. */
static uint32_t full_size(const struct domain *d)
{
    size_t of_vcpu = 0;

    for (uint32_t i = 0; i < ARRAY_SIZE(vcpu_records); i++)
        of_vcpu += sizeof(struct hvm_save_descriptor) + arch_hvm_record_size(vcpu_records[i]);
    return (uint32_t)(2 * sizeof(struct hvm_save_descriptor) + sizeof(struct hvm_save_header) +
                      d->vcpu_max * of_vcpu);
}

/* 0 if D's vCPUs can be touched; otherwise what the caller returns. */
static int64_t check_stopped(struct hypercall *call, struct domain *d)
{
    if (atomic_load(&d->pause_count) == 0)
        return -EBUSY;
    return domain_is_stopped(d) ? 0 : hypercall_continue(call, 0);
}

/* Puts the descriptor of a record at AT; its body of SIZE bytes lies behind. Where the next one
 * starts. */
static uint8_t *end_record(uint8_t *at, uint16_t type, uint32_t instance, size_t size)
{
    struct hvm_save_descriptor descriptor = {type, (uint16_t)instance, (uint32_t)size};

    memcpy(at, &descriptor, sizeof(descriptor));
    return at + sizeof(descriptor) + size;
}

/* Writes D's stream to START and returns its size. Whoever reads a stream brings up the vCPUs that
 * have a CPU record: one that is down has none, unless IS_ALL. */
static uint32_t put_stream(const struct domain *d, uint8_t *start, bool is_all)
{
    const struct hvm_save_header header = {
        .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION, .gtsc_khz = tsc_khz};
    uint8_t *at = start;

    memcpy(at + sizeof(struct hvm_save_descriptor), &header, sizeof(header));
    at = end_record(at, HVM_SAVE_CODE_HEADER, 0, sizeof(header));
    for (uint32_t i = 0; i < d->vcpu_max * ARRAY_SIZE(vcpu_records); i++) {
        uint16_t type = vcpu_records[i / d->vcpu_max];
        struct vcpu *v = d->vcpu[i % d->vcpu_max];

        if (type == HVM_SAVE_CODE_CPU && !is_all && !vcpu_is_up(v))
            continue;
        arch_get_hvm_record(v, type, at + sizeof(struct hvm_save_descriptor));
        at = end_record(at, type, v->id, arch_hvm_record_size(type));
    }
    return (uint32_t)(end_record(at, HVM_SAVE_CODE_END, 0, 0) - start);
}

/* SIZE bytes between the heap and the row's array 0, a page at a time. */
static int copy_stream(const struct hypercall *call, uint64_t handle, uint8_t *stream,
                       uint32_t size, bool is_write)
{
    struct hypercall_cursor cursor;
    int error = cursor_open(&cursor, call, 0, handle, size);

    while (!error && cursor.left > 0) {
        uint64_t part = cursor.left < PAGE_SIZE ? cursor.left : PAGE_SIZE;

        error = is_write ? cursor_write_bulk(&cursor, stream, part)
                         : cursor_read_bulk(&cursor, stream, part);
        stream += part;
    }
    return error;
}

int64_t domctl_gethvmcontext(struct hypercall *call)
{
    struct xen_domctl_hvmcontext *arg = call->arg;
    uint32_t size = full_size(call->target), pages = pages_of(size);
    uint8_t *stream;
    int64_t result;

    if (!arg->buffer) {
        arg->size = size;
        return 0;
    }
    if (arg->size < size)
        return -ENOSPC;
    result = check_stopped(call, call->target);
    if (result)
        return result;
    stream = heap_alloc(call->d, pages);
    if (!stream)
        return -ENOMEM;
    arg->size = put_stream(call->target, stream, false);
    result = copy_stream(call, arg->buffer, stream, arg->size, true);
    heap_free(call->d, stream, pages);
    return result;
}

/* Whether the record that DESCRIPTOR and BODY are is the one that a stream starts with. */
static bool is_header(const struct hvm_save_descriptor *descriptor, const uint8_t *body)
{
    static const uint32_t known[] = {HVM_FILE_MAGIC, HVM_FILE_VERSION};

    return descriptor->typecode == HVM_SAVE_CODE_HEADER &&
           descriptor->length == sizeof(struct hvm_save_header) &&
           memcmp(body, known, sizeof(known)) == 0;
}

/* Calls WORK, if it is not NULL, for each record of a stream of SIZE bytes between header and end,
 * and stops at its error. -EINVAL: the stream is none, or has records of a device that a PVH domain
 * does not have, or of a vCPU that D does not have. */
static int for_each_record(const struct domain *d, const uint8_t *stream, uint32_t size,
                           int (*work)(struct vcpu *v, uint16_t type, const void *body,
                                       size_t length))
{
    struct hvm_save_descriptor descriptor;
    uint32_t offset = 0;
    int error = 0;

    for (; !error; offset += descriptor.length) {
        const uint8_t *body = stream + offset + sizeof(descriptor);

        if (size - offset < sizeof(descriptor))
            return -EINVAL;
        memcpy(&descriptor, stream + offset, sizeof(descriptor));
        offset += (uint32_t)sizeof(descriptor);
        if (descriptor.length > size - offset)
            return -EINVAL;
        if (offset == sizeof(descriptor))
            error = is_header(&descriptor, body) ? 0 : -EINVAL;
        else if (descriptor.typecode == HVM_SAVE_CODE_END)
            return 0;
        else if (!arch_hvm_record_size(descriptor.typecode) || descriptor.instance >= d->vcpu_max)
            error = -EINVAL;
        else if (work)
            error =
                work(d->vcpu[descriptor.instance], descriptor.typecode, body, descriptor.length);
    }
    return error;
}

/* Each vCPU that a CPU record was for is up. */
static int start_vcpu(struct vcpu *v, uint16_t type, UNUSED const void *body, UNUSED size_t length)
{
    if (type == HVM_SAVE_CODE_CPU) {
        v->is_initialised = true;
        vcpu_go(v, VCPU_DOWN);
    }
    return 0;
}

/* Sets every record or none: OLD, room for a full stream, takes what there was before, which can be
 * set again as it was possible. */
static int apply_stream(struct domain *d, const uint8_t *stream, uint32_t size, uint8_t *old)
{
    uint32_t old_size;
    int error = for_each_record(d, stream, size, NULL);

    if (error)
        return error;
    old_size = put_stream(d, old, true);
    error = for_each_record(d, stream, size, arch_set_hvm_record);
    if (!error)
        return for_each_record(d, stream, size, start_vcpu);
    if (for_each_record(d, old, old_size, arch_set_hvm_record))
        domain_shutdown(d, SHUTDOWN_crash);
    return error;
}

int64_t domctl_sethvmcontext(struct hypercall *call)
{
    const struct xen_domctl_hvmcontext *arg = call->arg;
    uint32_t old = pages_of(arg->size), pages = old + pages_of(full_size(call->target));
    uint8_t *stream;
    int64_t result = check_stopped(call, call->target);

    if (!result && (arg->size == 0 || arg->size > STREAM_MAX))
        result = -EINVAL;
    if (result)
        return result;
    stream = heap_alloc(call->d, pages);
    if (!stream)
        return -ENOMEM;
    result = copy_stream(call, arg->buffer, stream, arg->size, false);
    if (!result)
        result = apply_stream(call->target, stream, arg->size, stream + old * PAGE_SIZE);
    heap_free(call->d, stream, pages);
    return result;
}
