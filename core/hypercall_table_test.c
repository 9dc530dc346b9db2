/* SPDX-License-Identifier: BSD-2-Clause */
/* The layouts of the table: each says what the compiler says of the two forms of its structure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/hypercall_rows.h"
#include "lib/compiler.h"

#define FIELDS_MAX 8u

struct field {
    size_t at64, size64, at32, size32;
};

/* The argument of a row, or the elements of its list. */
static const struct {
    uint32_t row;
    struct field fields[FIELDS_MAX];
} cases[] = {
#define FIELD(name, field)                                                                         \
    {                                                                                              \
        offsetof(struct name, field), sizeof(((struct name *)0)->field),                           \
            offsetof(struct compat_##name, field), sizeof(((struct compat_##name *)0)->field)      \
    }
/* The last one, an unsigned long. */
#define LAST_LONG(name)                                                                            \
    {                                                                                              \
        sizeof(struct name) - 8, 8, sizeof(struct compat_##name) - 4, 4                            \
    }
    {ROW_multicall_0,
     {FIELD(multicall_entry, op), FIELD(multicall_entry, result), FIELD(multicall_entry, args[0]),
      FIELD(multicall_entry, args[1]), FIELD(multicall_entry, args[2]),
      FIELD(multicall_entry, args[3]), FIELD(multicall_entry, args[4]),
      FIELD(multicall_entry, args[5])}},
    {ROW_xen_version_XENVER_platform_parameters, {FIELD(xen_platform_parameters, virt_start)}},
    {ROW_vcpu_op_VCPUOP_get_runstate_info,
     {FIELD(vcpu_runstate_info, state), FIELD(vcpu_runstate_info, state_entry_time),
      FIELD(vcpu_runstate_info, time)}},
    {ROW_vcpu_op_VCPUOP_register_runstate_memory_area,
     {FIELD(vcpu_register_runstate_memory_area, addr.h)}},
    {ROW_vcpu_op_VCPUOP_register_vcpu_time_memory_area,
     {FIELD(vcpu_register_time_memory_area, addr.h)}},
    {ROW_vcpu_op_VCPUOP_set_singleshot_timer,
     {FIELD(vcpu_set_singleshot_timer, timeout_abs_ns), FIELD(vcpu_set_singleshot_timer, flags)}},
    {ROW_sched_op_SCHEDOP_poll,
     {FIELD(sched_poll, ports), FIELD(sched_poll, nr_ports), FIELD(sched_poll, timeout)}},
#define RESERVATION                                                                                \
    {                                                                                              \
        FIELD(xen_memory_reservation, extent_start), FIELD(xen_memory_reservation, nr_extents),    \
            FIELD(xen_memory_reservation, extent_order), FIELD(xen_memory_reservation, mem_flags), \
            FIELD(xen_memory_reservation, domid)                                                   \
    }
    {ROW_memory_op_XENMEM_decrease_reservation, RESERVATION},
    {ROW_memory_op_XENMEM_populate_physmap, RESERVATION},
    {ROW_memory_op_XENMEM_add_to_physmap,
     {FIELD(xen_add_to_physmap, domid), FIELD(xen_add_to_physmap, size),
      FIELD(xen_add_to_physmap, space), FIELD(xen_add_to_physmap, idx),
      LAST_LONG(xen_add_to_physmap)}},
    {ROW_memory_op_XENMEM_add_to_physmap_batch,
     {FIELD(xen_add_to_physmap_batch, domid), FIELD(xen_add_to_physmap_batch, space),
      FIELD(xen_add_to_physmap_batch, size), FIELD(xen_add_to_physmap_batch, u.res0),
      FIELD(xen_add_to_physmap_batch, idxs), FIELD(xen_add_to_physmap_batch, gpfns),
      FIELD(xen_add_to_physmap_batch, errs)}},
    {ROW_memory_op_XENMEM_remove_from_physmap,
     {FIELD(xen_remove_from_physmap, domid), LAST_LONG(xen_remove_from_physmap)}},
    {ROW_memory_op_XENMEM_memory_map,
     {FIELD(xen_memory_map, nr_entries), FIELD(xen_memory_map, buffer)}},
    {ROW_memory_op_XENMEM_set_memory_map,
     {FIELD(xen_foreign_memory_map, domid), FIELD(xen_foreign_memory_map, map.nr_entries),
      FIELD(xen_foreign_memory_map, map.buffer)}},
    {ROW_memory_op_XENMEM_acquire_resource,
     {FIELD(xen_mem_acquire_resource, domid), FIELD(xen_mem_acquire_resource, type),
      FIELD(xen_mem_acquire_resource, id), FIELD(xen_mem_acquire_resource, nr_frames),
      FIELD(xen_mem_acquire_resource, pad), FIELD(xen_mem_acquire_resource, frame),
      FIELD(xen_mem_acquire_resource, frame_list)}},
    {ROW_grant_table_op_GNTTABOP_copy,
     {FIELD(gnttab_copy, source.u.gmfn), FIELD(gnttab_copy, source.domid),
      FIELD(gnttab_copy, source.offset), FIELD(gnttab_copy, dest.u.gmfn),
      FIELD(gnttab_copy, dest.domid), FIELD(gnttab_copy, dest.offset), FIELD(gnttab_copy, len),
      FIELD(gnttab_copy, flags)}},
    {ROW_grant_table_op_GNTTABOP_copy, {FIELD(gnttab_copy, status)}},
    {ROW_grant_table_op_GNTTABOP_setup_table,
     {FIELD(gnttab_setup_table, dom), FIELD(gnttab_setup_table, nr_frames),
      FIELD(gnttab_setup_table, status), FIELD(gnttab_setup_table, frame_list)}},
    {ROW_physdev_op_PHYSDEVOP_map_pirq,
     {FIELD(physdev_map_pirq, domid), FIELD(physdev_map_pirq, type), FIELD(physdev_map_pirq, index),
      FIELD(physdev_map_pirq, pirq), FIELD(physdev_map_pirq, bus), FIELD(physdev_map_pirq, devfn),
      FIELD(physdev_map_pirq, entry_nr), FIELD(physdev_map_pirq, table_base)}},
#undef RESERVATION
#undef LAST_LONG
#undef FIELD
};

static const char *layout_of(const struct hypercall_row *row)
{
    return row->layout ? row->layout : row->arrays[0].layout;
}

static void test_fields_are_where_the_compiler_puts_them(UNUSED void **state)
{
    uint8_t form32[HYPERCALL_ARGUMENT_MAX], form64[sizeof(form32)], back[sizeof(form32)];

    for (size_t i = 0; i < sizeof(form32); i++)
        form32[i] = (uint8_t)(i + 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *layout = layout_of(&hypercall_rows[cases[i].row]);

        memset(form64, 0, sizeof(form64));
        memset(back, 0, sizeof(back));
        hypercall_widen(layout, form64, form32);
        hypercall_narrow(layout, back, form64);
        for (const struct field *f = cases[i].fields; f < cases[i].fields + FIELDS_MAX; f++) {
            static const uint8_t zeros[sizeof(uint64_t)];

            assert_memory_equal(form64 + f->at64, form32 + f->at32, f->size32);
            assert_memory_equal(back + f->at32, form32 + f->at32, f->size32);
            if (f->size64 > f->size32)
                assert_memory_equal(form64 + f->at64 + f->size32, zeros, f->size64 - f->size32);
        }
    }
}

static void test_every_layout_is_looked_at(UNUSED void **state)
{
    for (uint32_t row = 1; row < ROW_COUNT; row++) {
        const struct hypercall_row *r = &hypercall_rows[row];
        bool is_found = !r->layout && r->progress != PROGRESS_LIST;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
            is_found |= cases[i].row == row;
        assert_true(is_found || !layout_of(r));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_are_where_the_compiler_puts_them),
        cmocka_unit_test(test_every_layout_is_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
