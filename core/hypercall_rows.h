/* SPDX-License-Identifier: BSD-2-Clause */
/* What a row and a family of core/hypercalls.def become, and the prototypes of all handlers; with
 * it come the headers of their arguments. */
#pragma once

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

/* Bytes of an HVM context: 64 vCPUs with every record. */
#define STREAM_MAX 524288u

enum hypercall_direction { DIR_NONE = 0, DIR_IN = 1, DIR_OUT = 2, DIR_INOUT = 3 };
enum hypercall_progress { PROGRESS_NONE, PROGRESS_CMD, PROGRESS_LIST, PROGRESS_FIELD };
enum hypercall_target { TARGET_NONE, TARGET_NAMED, TARGET_OTHER, TARGET_TAKEN, TARGET_WHOLE };

/* Sizes are of the 64-bit and of the 32-bit form; layout: the fields of both, NULL: they are alike.
 */
struct hypercall_array {
    const char *layout;
    uint32_t maximum; /* elements in one call */
    uint8_t size64, size32;
    uint8_t direction; /* enum hypercall_direction */
};

struct hypercall_row {
    int64_t (*handler)(struct hypercall *call); /* NULL: -ENOSYS */
    const struct hypercall_array *arrays;
    const char *layout;
    uint16_t size64, size32; /* of the argument; 0: none */
    uint8_t family;          /* enum hypercall_family_index */
    uint8_t direction : 2;   /* enum hypercall_direction, of the argument; DIR_NONE: none */
    uint8_t is_control : 1;  /* for the control domain only */
    uint8_t target : 3;      /* enum hypercall_target */
    uint8_t progress : 2;    /* enum hypercall_progress */
};

#define HYPERCALL_NUMBERS      64u   /* hypercall numbers are below */
#define HYPERCALL_SUBS         128u  /* sub-operation numbers are below */
#define HYPERCALL_ARGUMENT_MAX 2048u /* bytes of an argument */

/* Which of the three argument registers hold what, and where its operations are in row_of. */
struct hypercall_family {
    uint64_t cmd_mask;
    uint16_t first;   /* the place of operation 0 */
    uint8_t count;    /* operations are below; 0: no family */
    uint8_t cmd;      /* index of the command's register */
    uint8_t ptr;      /* of the argument's, or the list's */
    uint8_t length;   /* of the list's length; 0: there is none */
    uint8_t domid_at; /* where a domid is in an argument with a target */
};

/* A place for each operation, and one for those above, family by family; then for each hypercall
 * number without a family, and one for those above. domain.hypercall_counts counts by it. */
enum hypercall_place {
#define FAMILY(name, count, convention) FIRST_##name, ABOVE_##name = FIRST_##name + (count),
#include "core/hypercalls.def"
    FIRST_UNKNOWN
};
#define HYPERCALL_PLACES (FIRST_UNKNOWN + HYPERCALL_SUBS) /* room for any masked operation */
_Static_assert(HYPERCALL_NUMBERS < HYPERCALL_SUBS, "room for each number");
_Static_assert(HYPERCALL_PLACES * sizeof(uint32_t) <= PAGE_SIZE, "the counts are a page");

enum hypercall_family_index {
    FAMILY_NONE, /* of a number that is nobody's */
#define FAMILY(name, count, convention) FAMILY_##name,
#include "core/hypercalls.def"
    FAMILY_COUNT
};

enum hypercall_row_index {
    ROW_NONE, /* of a place without an operation */
#define ROW(family, number, handler, access, ...) ROW_##family##_##number,
#include "core/hypercalls.def"
    ROW_COUNT
};

extern const struct hypercall_row hypercall_rows[ROW_COUNT];
/* Indices into it. */
extern const uint8_t hypercall_row_of[HYPERCALL_PLACES];
extern const struct hypercall_family hypercall_families[FAMILY_COUNT];
/* Indices into it, by hypercall number; the last is none. */
extern const uint8_t hypercall_family_of[HYPERCALL_NUMBERS + 1];

/* Copies the fields of LAYOUT from the 32-bit form to the 64-bit form, and back. What is no field,
 * and what a field has more, stays as it is. */
void hypercall_widen(const char *layout, void *form64, const void *form32);
void hypercall_narrow(const char *layout, void *form32, const void *form64);

/* Handlers: the argument is in call->arg; the result goes to the guest's RAX. */
#define ROW(family, number, handler, access, ...) int64_t handler(struct hypercall *call);
#include "core/hypercalls.def"
