/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Callers and pointers that a kernel of our own does not have: hypercalls from 32-bit code and from
 * privilege 3, memory below 4 GiB of virtual addresses for them, buffers that cross a page into a
 * frame elsewhere, and addresses where nothing is.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A canonical address that nothing maps, and one that is not canonical. */
#define UNMAPPED_ADDRESS      0x6fff0000u
#define NON_CANONICAL_ADDRESS 0x8000000000000000ull

/* `size` bytes (a page at most), zeroed, at an address below 4 GiB that privilege 3 may use. They
 * stay. */
void *low_alloc(size_t size);

/* A zeroed buffer of `size` bytes (2 to 4096) with its middle at a page boundary; the two pages are
 * not neighbours in guest-physical memory. Below 4 GiB of virtual addresses. Each call uses the
 * same two pages. */
void *crossing_buffer(size_t size);

/* The last `size` bytes of a page after which nothing is mapped, zeroed: an object that is larger
 * begins in memory and ends nowhere. */
void *edge_buffer(size_t size);

/* A page that is mapped without leave to write, and the same page where it may be written. */
void *readonly_page(void);
void *readonly_page_alias(void);

/* The 32-bit value of a pointer from the functions above. */
static inline uint32_t low_address(const void *pointer)
{
    return (uint32_t)(uintptr_t)pointer;
}

/* Writes the three bytes of VMCALL on Intel, of VMMCALL on AMD. */
void write_hypercall_insn(uint8_t *to);

/* A hypercall from a 32-bit code segment at privilege 0; the result is EAX, sign-extended. */
int64_t hypercall_compat(unsigned int number, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4,
                         uint32_t a5);

/* A hypercall from 64-bit code at privilege 3. */
int64_t hypercall_user(unsigned int number, uint64_t a1, uint64_t a2, uint64_t a3);
