/* SPDX-License-Identifier: BSD-2-Clause */
/* The cases that every hypercall with a structure has: where the structure lies and who calls. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct pointer_call {
    const char *name;
    unsigned int number;  /* __HYPERVISOR_ */
    uint64_t args[3];     /* the one that is the pointer is filled in */
    unsigned int pointer; /* its index in args */
    const void *object;   /* the structure */
    size_t size;
    int64_t want; /* the call's result where the structure can be read */
};

/* Makes the call with the structure across a page (wants call->want), cut off by the end of mapped
 * memory, at an unmapped, at a non-canonical and at the null address (-EFAULT), and from privilege
 * 3 (-EPERM). The call must bear repetition. */
void check_pointers(const struct pointer_call *call);

/* Makes the call with the structure in memory that may not be written: -EFAULT, for calls that
 * write back. */
void check_readonly(const struct pointer_call *call);

/* Makes the call from 32-bit code with the structure, in its 32-bit layout, copied below 4 GiB, and
 * then across a page. Returns the copy of the first call, with what was written to it. */
const void *check_compat(const struct pointer_call *call);
