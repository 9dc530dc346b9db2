/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypercall table (design decision 2): a row of core/hypercalls.def for every sub-operation;
 * dispatch, access, copy-in, copy-out from it. A handler gets struct hypercall, sees the 64-bit
 * form of its argument, and has no other way to guest memory than the cursor.
 */
#pragma once

#include "core/guest_mem.h"
#include "core/types.h"

struct domain;
struct vcpu;
struct hypercall_row;

/* Returned by a handler whose work is not done: the instruction is executed again, with progress in
 * regs. Not an errno of the ABI. */
#define HYPERCALL_AGAIN (-512)

struct hypercall {
    struct vcpu *v;
    struct domain *d; /* the caller */
    const struct hypercall_row *row;
    void *arg; /* the argument, 64-bit form, the hypervisor's copy; written back where the row has
                  OUT */
    struct domain *target; /* the domain that the argument names, referenced, where the row has
                              TARGET */
    uint64_t args[3];      /* the registers: rdi rsi rdx, or ebx ecx edx. No call has more. */
    bool is_32bit;
};

/* One checked element at a time of a guest array that the row describes. Several cursors of one
 * call may be open; a write goes to the element that was read last of all of them (or see
 * cursor_repin). */
struct hypercall_array;
struct hypercall_cursor {
    const struct hypercall_array *array;
    uint64_t next; /* guest address of the next element */
    uint64_t left; /* elements */
    uint32_t size; /* of an element in the caller's form */
    bool is_32bit;
    struct guest_pin pin; /* the last element */
};
/* Opens the row's array INDEX (0: the first); HANDLE and COUNT come from the argument. -E2BIG past
 * the row's maximum. */
int cursor_open(struct hypercall_cursor *cursor, const struct hypercall *call, unsigned index,
                uint64_t handle, uint64_t count) MUST_CHECK;
/* The same for the list that the family has in registers. */
int cursor_open_list(struct hypercall_cursor *cursor, const struct hypercall *call) MUST_CHECK;
/* Pins the next element (for writing if the array has an OUT part) and copies it in, 64-bit form;
 * one of an OUT array is zeroed instead. 0; -EFAULT; -ENOENT at the end. */
int cursor_next(struct hypercall_cursor *cursor, void *element) MUST_CHECK;
/* Steps over COUNT elements unseen; -ENOENT if there are not as many. */
int cursor_skip(struct hypercall_cursor *cursor, uint64_t count) MUST_CHECK;
/* Writes the element, or what was read in bulk, last read back. Cannot fail. */
void cursor_write(struct hypercall_cursor *cursor, const void *element);
/* Pins the element last read again, after other cursors or calls were used. -EFAULT */
int cursor_repin(struct hypercall_cursor *cursor) MUST_CHECK;
/* The next COUNT elements at once, for arrays whose elements are alike in both forms: in, or out.
 * COUNT times the element's size is at most 4096 bytes. -EFAULT, -ENOENT. */
int cursor_read_bulk(struct hypercall_cursor *cursor, void *elements, uint64_t count) MUST_CHECK;
int cursor_write_bulk(struct hypercall_cursor *cursor, const void *elements,
                      uint64_t count) MUST_CHECK;

/* Calls WORK for each element of the list that the family has in registers; elements are read and
 * written back some at a time, and an interrupt may come between. WORK, which gets STATE, is false
 * when its element is not done: it, and those behind it, come again. */
typedef bool hypercall_work(struct domain *caller, void *element, void *state);
int64_t hypercall_for_each(struct hypercall *call, hypercall_work *work, void *state);

/* Elements or extents done in earlier executions of this call (rows with progress CMD; 0
 * otherwise). */
uint64_t hypercall_done(const struct hypercall *call);
/* Notes that DONE elements (CMD: in total; LIST: of this execution) are done, and returns
 * HYPERCALL_AGAIN for the handler to return. Rows with progress NONE and FIELD pass 0. */
int64_t hypercall_continue(struct hypercall *call, uint64_t done);

/* Executes the hypercall that the loaded vCPU asked for: registers in, result in RAX, RIP past the
 * instruction unless HYPERCALL_AGAIN. LENGTH: of the instruction. */
void hypercall_dispatch(unsigned length);
/* True when a handler that loops should return HYPERCALL_AGAIN: something is pending on this CPU,
 * or this is the 64th look since the guest ran, and a device may have interrupted. */
bool hypercall_should_yield(void);
