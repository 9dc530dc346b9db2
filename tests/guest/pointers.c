/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes one hypercall with its structure in different places. */
#include "tests/guest/pointers.h"

#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "lib/compiler.h"
#include "lib/format.h"
#include "lib/string.h"
#include "tests/guest/check.h"
#include "tests/guest/modes.h"

#define NAME_MAX 96

static void check_named(const struct pointer_call *call, const char *what, int64_t got,
                        int64_t want)
{
    char name[NAME_MAX];

    format_str(name, sizeof(name), "%s/%s", call->name, what);
    check(name, got, want);
}

static int64_t make_call(const struct pointer_call *call, uint64_t address)
{
    uint64_t args[ARRAY_COUNT(call->args)];

    memcpy(args, call->args, sizeof(args));
    args[call->pointer] = address;
    return hypercall5(call->number, args[0], args[1], args[2], 0, 0);
}

static int64_t make_compat_call(const struct pointer_call *call, uint32_t address)
{
    uint32_t args[ARRAY_COUNT(call->args)];

    for (unsigned int i = 0; i < ARRAY_COUNT(args); i++)
        args[i] = (uint32_t)call->args[i];
    args[call->pointer] = address;
    return hypercall_compat(call->number, args[0], args[1], args[2], 0, 0);
}

void check_pointers(const struct pointer_call *call)
{
    uint64_t args[ARRAY_COUNT(call->args)];
    uint8_t *buffer = crossing_buffer(call->size);
    size_t half = call->size / 2;

    memcpy(buffer, call->object, call->size);
    check_named(call, "crossing", make_call(call, (uintptr_t)buffer), call->want);
    buffer = edge_buffer(half);
    memcpy(buffer, call->object, half);
    check_named(call, "cut-off", make_call(call, (uintptr_t)buffer), -XEN_EFAULT);
    check_named(call, "unmapped", make_call(call, UNMAPPED_ADDRESS), -XEN_EFAULT);
    check_named(call, "non-canonical", make_call(call, NON_CANONICAL_ADDRESS), -XEN_EFAULT);
    check_named(call, "null", make_call(call, 0), -XEN_EFAULT);
    buffer = low_alloc(call->size);
    memcpy(buffer, call->object, call->size);
    memcpy(args, call->args, sizeof(args));
    args[call->pointer] = (uintptr_t)buffer;
    check_named(call, "privilege-3", hypercall_user(call->number, args[0], args[1], args[2]),
                -XEN_EPERM);
}

void check_readonly(const struct pointer_call *call)
{
    uint8_t *alias = readonly_page_alias();

    memcpy(alias, call->object, call->size);
    check_named(call, "read-only", make_call(call, (uintptr_t)readonly_page()), -XEN_EFAULT);
}

const void *check_compat(const struct pointer_call *call)
{
    uint8_t *copy = low_alloc(call->size);
    uint8_t *crossing = crossing_buffer(call->size);

    memcpy(copy, call->object, call->size);
    memcpy(crossing, call->object, call->size);
    check_named(call, "32-bit", make_compat_call(call, low_address(copy)), call->want);
    check_named(call, "32-bit crossing", make_compat_call(call, low_address(crossing)), call->want);
    check_named(call, "32-bit unmapped", make_compat_call(call, UNMAPPED_ADDRESS), -XEN_EFAULT);
    return copy;
}
