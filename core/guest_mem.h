/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only way to guest memory (design decision 3). Translates with the loaded vCPU's own tables at
 * every use, maps through the window, marks what it writes dirty. Each byte is read once into
 * hypervisor memory before it is looked at.
 */
#pragma once

#include "arch/x86/lock.h"
#include "arch/x86/pt.h"
#include "core/types.h"

struct domain;
struct vcpu;

/* A guest-virtual range on at most two pages, translated and mapped until the next pin of the same
 * use or the next guest entry. */
struct guest_pin {
    void *part[2];
    uint32_t part_size[2]; /* part_size[1] is 0 when one page holds all */
};

/* Pins SIZE bytes (1..4096) at GVA of the loaded vCPU, for writing too if is_write, in the slots of
 * USE: WINDOW_ARG0, WINDOW_ELEM0 or WINDOW_DATA0, and the one behind it. -EFAULT: not mapped, not
 * allowed to the guest's kernel, not RAM (for writing: read-only RAM). */
int guest_pin(enum window_use use, gva_t gva, size_t size, bool is_write,
              struct guest_pin *pin) MUST_CHECK;

/* Copies what is pinned, in line: arguments are short. Each word is read, or written, once. */
typedef uint64_t __attribute__((may_alias, aligned(1))) guest_u64_t;
typedef uint32_t __attribute__((may_alias, aligned(1))) guest_u32_t;
static inline void guest_words_copy(uint8_t *to, const uint8_t *from, size_t size)
{
    for (; size >= sizeof(guest_u64_t); size -= sizeof(guest_u64_t)) {
        WRITE_ONCE(*(guest_u64_t *)to, READ_ONCE(*(const guest_u64_t *)from));
        to += sizeof(guest_u64_t);
        from += sizeof(guest_u64_t);
    }
    if (size & sizeof(guest_u32_t)) {
        WRITE_ONCE(*(guest_u32_t *)to, READ_ONCE(*(const guest_u32_t *)from));
        to += sizeof(guest_u32_t);
        from += sizeof(guest_u32_t);
    }
    size &= sizeof(guest_u32_t) - 1;
    for (size_t i = 0; unlikely(i < size); i++)
        WRITE_ONCE(to[i], READ_ONCE(from[i]));
}
static inline void guest_pin_get(const struct guest_pin *pin, void *to)
{
    guest_words_copy(to, pin->part[0], pin->part_size[0]);
    if (unlikely(pin->part_size[1] != 0))
        guest_words_copy((uint8_t *)to + pin->part_size[0], pin->part[1], pin->part_size[1]);
}
static inline void guest_pin_put(const struct guest_pin *pin, const void *from)
{
    guest_words_copy(pin->part[0], from, pin->part_size[0]);
    if (unlikely(pin->part_size[1] != 0))
        guest_words_copy(pin->part[1], (const uint8_t *)from + pin->part_size[0],
                         pin->part_size[1]);
}

/* Copies SIZE bytes (1..4096) at GVA of the loaded vCPU. -EFAULT. */
int guest_copy_in(void *to, gva_t from, size_t size) MUST_CHECK;

/* Translation of one address of the loaded vCPU by its own tables. access: PT_READ, PT_WRITE,
 * PT_EXEC. -EFAULT. */
int guest_translate(gva_t gva, unsigned access, gpa_t *gpa) MUST_CHECK;

/* Writes to any domain's RAM (builder, hypercall page). -EFAULT: what came before may have been
 * written. */
int guest_phys_write(struct domain *d, gpa_t to, const void *from, size_t size) MUST_CHECK;
