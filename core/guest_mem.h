/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only way to guest memory (design decision 3). Translates with the loaded vCPU's own tables at
 * every use, maps through the window, marks what it writes dirty. Each byte is read once into
 * hypervisor memory before it is looked at.
 */
#ifndef ATOLL_CORE_GUEST_MEM_H
#define ATOLL_CORE_GUEST_MEM_H

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
