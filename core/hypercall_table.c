/* SPDX-License-Identifier: BSD-2-Clause */
/* The constant tables that core/hypercalls.def becomes, and the conversion between the 32-bit and
 * the 64-bit form of an argument. */

#include "core/hypercall_rows.h"

#include "lib/string.h"

/* ---- layouts ---- */

#define FIELD(name, field)                                                                         \
    {offsetof(struct compat_##name, field), sizeof(((struct compat_##name *)0)->field),            \
     offsetof(struct name, field), sizeof(((struct name *)0)->field)},
#define LAYOUT(name, list)                                                                         \
    static const struct hypercall_field fields_##name[] = {list};                                  \
    static const struct hypercall_layout layout_##name = {fields_##name, ARRAY_SIZE(fields_##name)};
#define FAMILY(name, convention, manual)
#define ROW(family, number, handler, access, argument, direction, arrays, progress, manual)
#include "core/hypercalls.def"
#undef FIELD
#undef LAYOUT
#undef FAMILY
#undef ROW

/* ---- rows ---- */

/* The words of a row, as the members that they set. */
#define NONE_TYPE                                                                                  \
    {                                                                                              \
        0, 0, NULL                                                                                 \
    }
#define TYPE_SAME(type)                                                                            \
    {                                                                                              \
        sizeof(type), sizeof(type), NULL                                                           \
    }
#define TYPE_CONVERT(name)                                                                         \
    {                                                                                              \
        sizeof(struct name), sizeof(struct compat_##name), &layout_##name                          \
    }
#define TYPE_ULONG                                                                                 \
    {                                                                                              \
        8, 4, &(const struct hypercall_layout)                                                     \
        {                                                                                          \
            (const struct hypercall_field[]){{0, 4, 0, 8}}, 1                                      \
        }                                                                                          \
    }
#define TYPE_NONE          NONE_TYPE
#define SIZE_NONE          0
#define SIZE_SAME(type)    sizeof(type)
#define SIZE_CONVERT(name) sizeof(struct name)
#define NO_ARRAYS          .arrays = NULL, .array_count = 0
#define ARRAYS(...)                                                                                \
    .arrays = (const struct hypercall_array[]){__VA_ARGS__},                                       \
    .array_count =                                                                                 \
        sizeof((const struct hypercall_array[]){__VA_ARGS__}) / sizeof(struct hypercall_array)
#define ARRAY(handle, length, type, most, way)                                                     \
    {                                                                                              \
        .element = TYPE_##type, .maximum = (most), .direction = DIR_##way                          \
    }
#define LAYOUT(name, fields)
#define FAMILY(name, convention, manual)
#define ROW(group, sub, function, who, type, way, list, where, manual)                             \
    [ROW_##function] = {.handler = (function),                                                     \
                        .argument = TYPE_##type,                                                   \
                        .access = ACCESS_##who,                                                    \
                        .direction = DIR_##way,                                                    \
                        .progress = PROGRESS_##where,                                              \
                        .family = __HYPERVISOR_##group,                                            \
                        .number = (sub),                                                           \
                        .is_plain = ACCESS_##who == ACCESS_ANY && SIZE_##type == 0,                \
                        list},
const struct hypercall_row hypercall_rows[ROW_COUNT] = {
#include "core/hypercalls.def"
};
#undef LAYOUT
#undef FAMILY
#undef ROW

/* ---- families ---- */

#define NO_ARG         HYPERCALL_NO_ARG
#define CMD_PTR        .cmd_mask = UINT32_MAX, .cmd = 0, .ptr = 1, .count = NO_ARG
#define CMD_EXTENT_PTR .cmd_mask = MEMOP_CMD_MASK, .cmd = 0, .ptr = 1, .count = NO_ARG
#define CMD_VCPU_PTR   .cmd_mask = UINT32_MAX, .cmd = 0, .ptr = 2, .count = NO_ARG
#define CMD_LIST_COUNT .cmd_mask = UINT32_MAX, .cmd = 0, .ptr = 1, .count = 2
#define CMD_COUNT_PTR  .cmd_mask = UINT32_MAX, .cmd = 0, .ptr = 2, .count = 1
#define CMD_VALUE      .cmd_mask = UINT32_MAX, .cmd = 0, .ptr = NO_ARG, .count = NO_ARG
#define VALUE          .cmd_mask = UINT32_MAX, .cmd = NO_ARG, .ptr = NO_ARG, .count = NO_ARG
#define LIST_COUNT     .cmd_mask = UINT32_MAX, .cmd = NO_ARG, .ptr = 0, .count = 1
#define STRUCT(type, version)                                                                      \
    .cmd_mask = UINT32_MAX, .cmd = NO_ARG, .ptr = 0, .count = NO_ARG, .struct_size = sizeof(type), \
    .interface_version = (version)

#define LAYOUT(name, fields)
#define FAMILY(name, convention, manual)
#define ROW(family, sub, handler, access, argument, direction, arrays, progress, manual)           \
    [FAMILY_##family][sub] = ROW_##handler + 1,
static const uint8_t row_of[FAMILY_COUNT][HYPERCALL_SUBS] = {
#include "core/hypercalls.def"
};
#undef FAMILY
#undef ROW

#define FAMILY(name, convention, manual) __HYPERVISOR_##name,
#define ROW(family, sub, handler, access, argument, direction, arrays, progress, manual)
const uint8_t hypercall_numbers[FAMILY_COUNT] = {
#include "core/hypercalls.def"
};
#undef FAMILY
#undef ROW

#define FAMILY(name, convention, manual)                                                           \
    [__HYPERVISOR_##name] = {.rows = row_of[FAMILY_##name], .index = FAMILY_##name, convention},
#define ROW(family, sub, handler, access, argument, direction, arrays, progress, manual)
const struct hypercall_family hypercall_families[HYPERCALL_NUMBERS] = {
#include "core/hypercalls.def"
};
#undef FAMILY
#undef ROW

#define FAMILY(name, convention, manual)
/* An argument and its raw 32-bit form share the CPU's argument page. */
#define ROW(family, number, function, access, type, direction, arrays, progress, manual)           \
    _Static_assert(SIZE_##type <= HYPERCALL_ARGUMENT_MAX, "argument of " #function);
#include "core/hypercalls.def"
#undef ROW

/* ---- conversion ---- */

/* Numbers are little-endian, so that copying a field's 32-bit size widens and narrows it. */
void hypercall_widen(const struct hypercall_type *type, void *form64, const void *form32)
{
    memset(form64, 0, type->size64);
    for (uint32_t i = 0; i < type->layout->count; i++) {
        const struct hypercall_field *f = &type->layout->fields[i];

        memcpy((uint8_t *)form64 + f->offset64, (const uint8_t *)form32 + f->offset32, f->size32);
    }
}

void hypercall_narrow(const struct hypercall_type *type, void *form32, const void *form64)
{
    for (uint32_t i = 0; i < type->layout->count; i++) {
        const struct hypercall_field *f = &type->layout->fields[i];

        memcpy((uint8_t *)form32 + f->offset32, (const uint8_t *)form64 + f->offset64, f->size32);
    }
}
