/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only way to guest memory (design decision 3). Translates with the loaded vCPU's own tables at
 * every use, maps through the window, marks what it writes dirty. Each byte is read once into
 * hypervisor memory before it is looked at.
 */
#ifndef ATOLL_CORE_GUEST_MEM_H
#define ATOLL_CORE_GUEST_MEM_H

#include "arch/x86/lock.h"
#include "arch/x86/pt.h"
#include "core/types.h"

struct domain;
struct vcpu;

/* A guest-virtual range on at most two pages, translated and mapped until the next pin of the same
 * slot or the next guest entry. */
struct guest_pin {
    void *part[2];
    uint32_t part_size[2]; /* part_size[1] is 0 when one page holds all */
};
enum guest_pin_slot { PIN_ARG, PIN_ELEM, PIN_DATA };

/* Pins SIZE bytes (1..4096) at GVA of the loaded vCPU, for writing too if is_write. -EFAULT: not
 * mapped, not allowed to the guest's kernel, not RAM (for writing: read-only RAM). */
int guest_pin(enum guest_pin_slot slot, gva_t gva, size_t size, bool is_write,
              struct guest_pin *pin) MUST_CHECK;
void guest_pin_read(const struct guest_pin *pin, void *to, size_t offset, size_t size);
void guest_pin_write(const struct guest_pin *pin, size_t offset, const void *from, size_t size);

/* The same for SIZE bytes from the start of the pin, in line: arguments are short. Each word is
 * read, or written, once. */
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
static inline void guest_pin_get(const struct guest_pin *pin, void *to, size_t size)
{
    if (likely(pin->part_size[1] == 0))
        guest_words_copy(to, pin->part[0], size);
    else
        guest_pin_read(pin, to, 0, size);
}
static inline void guest_pin_put(const struct guest_pin *pin, const void *from, size_t size)
{
    if (likely(pin->part_size[1] == 0))
        guest_words_copy(pin->part[0], from, size);
    else
        guest_pin_write(pin, 0, from, size);
}

/* Copies of any SIZE at GVA of the loaded vCPU. -EFAULT (what came before the fault may have been
 * copied). */
int guest_copy_in(void *to, gva_t from, size_t size) MUST_CHECK;
int guest_copy_out(gva_t to, const void *from, size_t size) MUST_CHECK;

/* Translation of one address of the loaded vCPU by its own tables. access: PT_READ, PT_WRITE,
 * PT_EXEC. -EFAULT. */
int guest_translate(gva_t gva, unsigned access, gpa_t *gpa) MUST_CHECK;

/* Guest-physical access to any domain's RAM (builder, records, LAPIC page decode). -EFAULT. */
int guest_phys_read(struct domain *d, gpa_t from, void *to, size_t size) MUST_CHECK;
int guest_phys_write(struct domain *d, gpa_t to, const void *from, size_t size) MUST_CHECK;

#endif
