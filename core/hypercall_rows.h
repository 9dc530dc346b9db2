/* SPDX-License-Identifier: BSD-2-Clause */
/* What a row and a family of core/hypercalls.def become, and the prototypes of all handlers. */
#ifndef ATOLL_CORE_HYPERCALL_ROWS_H
#define ATOLL_CORE_HYPERCALL_ROWS_H

#include "core/grant.h"
#include "core/hypercall.h"
#include "core/memory_map.h"
#include "pv-abi/atoll.h"
#include "pv-abi/domctl.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/grant_table.h"
#include "pv-abi/hvm_op.h"
#include "pv-abi/memory.h"
#include "pv-abi/physdev.h"
#include "pv-abi/sched.h"
#include "pv-abi/sysctl.h"
#include "pv-abi/vcpu.h"
#include "pv-abi/version.h"
#include "pv-abi/xen.h"

/* Bits of memory_op's command that name the operation; progress is above (memory.h). */
#define MEMOP_EXTENT_SHIFT 6u
#define MEMOP_CMD_MASK     ((1u << MEMOP_EXTENT_SHIFT) - 1)
/* More extents than this cannot be counted there. */
#define EXTENTS_MAX (UINT32_MAX >> MEMOP_EXTENT_SHIFT)

/* One field in both forms; offsets and sizes in bytes. A wider 64-bit form is zero-extended. */
struct hypercall_field {
    uint16_t offset32, size32, offset64, size64;
};
/* How the two forms of a structure differ. */
struct hypercall_layout {
    const struct hypercall_field *fields;
    uint32_t count;
};

enum hypercall_direction { DIR_NONE = 0, DIR_IN = 1, DIR_OUT = 2, DIR_INOUT = 3 };
enum hypercall_progress { PROGRESS_NONE, PROGRESS_CMD, PROGRESS_LIST, PROGRESS_FIELD };

/* A type that a guest lays out: size of each form; layout NULL: both are the same. */
struct hypercall_type {
    uint16_t size64, size32;
    const struct hypercall_layout *layout;
};

struct hypercall_array {
    struct hypercall_type element;
    uint32_t maximum; /* elements in one call */
    uint8_t direction;
};

struct hypercall_row {
    int64_t (*handler)(struct hypercall *call);
    struct hypercall_type argument;
    const struct hypercall_array *arrays;
    uint8_t array_count;
    uint8_t access;    /* enum hypercall_access */
    uint8_t direction; /* enum hypercall_direction, of the argument */
    uint8_t progress;  /* enum hypercall_progress */
    uint8_t family;    /* __HYPERVISOR_* */
    uint8_t number;    /* sub-operation */
    bool is_plain;     /* for any caller, and without an argument */
};

#define HYPERCALL_NUMBERS      64u   /* hypercall numbers are below */
#define HYPERCALL_SUBS         128u  /* sub-operation numbers are below */
#define HYPERCALL_NO_ARG       3u    /* call->args[3] is always 0: a register that does not exist */
#define HYPERCALL_ARGUMENT_MAX 2048u /* bytes of an argument */

/* Where domain.hypercall_counts (a page of uint32_t) counts what. */
#define HYPERCALL_COUNT_ROWS     0u                /* + enum hypercall_row_index */
#define HYPERCALL_COUNT_UNKNOWN  256u              /* + number; HYPERCALL_NUMBERS: above */
#define HYPERCALL_COUNT_SUBS     (256u + 64u + 8u) /* + family * 32 + sub-operation */
#define HYPERCALL_COUNT_SUBS_MAX 32u               /* the last one counts all above too */

extern const struct hypercall_row hypercall_rows[];

/* Fields of the 32-bit form to the 64-bit form (the rest is zeroed), and back (the rest is left as
 * it is). */
void hypercall_widen(const struct hypercall_type *type, void *form64, const void *form32);
void hypercall_narrow(const struct hypercall_type *type, void *form32, const void *form64);

/* Which of the three argument registers hold what. */
struct hypercall_family {
    const uint8_t *rows; /* by sub-operation: index of the row plus 1, 0: none; NULL: no family */
    uint32_t cmd_mask;
    uint32_t interface_version; /* of an argument that starts with cmd and interface_version */
    uint16_t struct_size;       /* the size of that argument; 0: the command is in a register */
    uint8_t index;              /* enum hypercall_family_index */
    uint8_t cmd;                /* index of the command's register */
    uint8_t ptr;                /* of the argument's, or the list's */
    uint8_t count;              /* of the list's length */
};

/* By hypercall number. */
extern const struct hypercall_family hypercall_families[];
/* The number of each family, by enum hypercall_family_index. */
extern const uint8_t hypercall_numbers[];

enum hypercall_family_index {
#define FAMILY(name, convention, manual) FAMILY_##name,
#define LAYOUT(name, fields)
#define ROW(family, number, handler, access, argument, direction, arrays, progress, manual)
#include "core/hypercalls.def"
#undef FAMILY
#undef LAYOUT
#undef ROW
    FAMILY_COUNT
};

enum hypercall_row_index {
#define FAMILY(name, convention, manual)
#define LAYOUT(name, fields)
#define ROW(family, number, handler, access, argument, direction, arrays, progress, manual)        \
    ROW_##handler,
#include "core/hypercalls.def"
#undef FAMILY
#undef LAYOUT
#undef ROW
    ROW_COUNT
};
_Static_assert(ROW_COUNT < HYPERCALL_COUNT_UNKNOWN,
               "rows fit a byte and their place in the counts");
_Static_assert(HYPERCALL_COUNT_SUBS + FAMILY_COUNT * HYPERCALL_COUNT_SUBS_MAX <=
                   PAGE_SIZE / sizeof(uint32_t),
               "the counts of unknown sub-operations fit their page");

/* Handlers: the argument is in call->arg; the result goes to the guest's RAX. */
#define FAMILY(name, convention, manual)
#define LAYOUT(name, fields)
#define ROW(family, number, handler, access, argument, direction, arrays, progress, manual)        \
    int64_t handler(struct hypercall *call);
#include "core/hypercalls.def"
#undef FAMILY
#undef LAYOUT
#undef ROW

#endif
