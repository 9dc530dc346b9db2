/* SPDX-License-Identifier: BSD-2-Clause */
/* The constant tables that core/hypercalls.def becomes, and the conversion between the 32-bit and
 * the 64-bit form of an argument. */

#include "core/hypercall_rows.h"

#include "lib/string.h"

_Static_assert(ROW_COUNT <= UINT8_MAX, "a row's index is a byte");

/* ---- the words of a row, as the members that they set ---- */

/* SIZE, which must be that of an argument: it shares the CPU's page with its 32-bit form. */
#define FITTING(size) ((size) / ((size) <= HYPERCALL_ARGUMENT_MAX))
#define SAME(type)    .size64 = FITTING(sizeof(type)), .size32 = sizeof(type)
#define BOTH(name, list)                                                                           \
    .size64 = FITTING(sizeof(struct name)), .size32 = sizeof(struct compat_##name), .layout = (list)
#define ULONG .size64 = 8, .size32 = 4, .layout = "L"

#define ANY                    .is_control = false
#define CONTROL                .is_control = true
#define IN(type)               SAME(type), .direction = DIR_IN
#define OUT(type)              SAME(type), .direction = DIR_OUT
#define INOUT(type)            SAME(type), .direction = DIR_INOUT
#define IN_BOTH(name, list)    BOTH(name, list), .direction = DIR_IN
#define OUT_BOTH(name, list)   BOTH(name, list), .direction = DIR_OUT
#define INOUT_BOTH(name, list) BOTH(name, list), .direction = DIR_INOUT
#define IN_ULONG               ULONG, .direction = DIR_IN
#define OUT_ULONG              ULONG, .direction = DIR_OUT
#define TARGET(policy)         .target = TARGET_##policy
#define CONTINUES(place)       .progress = PROGRESS_##place
#define ARRAYS(...)                                                                                \
    .arrays = (const struct hypercall_array[])                                                     \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define ARRAY(handle, element, most)                                                               \
    {                                                                                              \
        element, .maximum = (most)                                                                 \
    }
#define LIST(element) ARRAYS({element, .maximum = UINT32_MAX}), CONTINUES(LIST)

#define ROW(group, number, function, ...)                                                          \
    [ROW_##group##_##number] = {.handler = (function), .family = FAMILY_##group, __VA_ARGS__},
const struct hypercall_row hypercall_rows[ROW_COUNT] = {
    [ROW_NONE] = {CONTROL},
#include "core/hypercalls.def"
};

#define ROW(family, number, handler, ...) [FIRST_##family + (number)] = ROW_##family##_##number,
const uint8_t hypercall_row_of[HYPERCALL_PLACES] = {
#include "core/hypercalls.def"
};

/* ---- families ---- */

#define CMD_PTR        .cmd_mask = UINT32_MAX, .ptr = 1
#define CMD_EXTENT_PTR .cmd_mask = MEMOP_CMD_MASK, .ptr = 1
#define CMD_VCPU_PTR   .cmd_mask = UINT32_MAX, .ptr = 2
#define CMD_LIST_COUNT .cmd_mask = UINT32_MAX, .ptr = 1, .length = 2
#define CMD_COUNT_PTR  .cmd_mask = UINT32_MAX, .ptr = 2, .length = 1
#define CMD_VALUE      .cmd_mask = UINT32_MAX
#define VALUE          .cmd_mask = 0
#define LIST_COUNT     .cmd_mask = 0, .ptr = 0, .length = 1
#define ARGUMENT       .cmd_mask = 0, .ptr = 0, .domid_at = offsetof(struct xen_domctl, domain)

#define FAMILY(name, rows, convention)                                                             \
    [FAMILY_##name] = {.first = FIRST_##name, .count = (rows), convention},
const struct hypercall_family hypercall_families[FAMILY_COUNT] = {
#include "core/hypercalls.def"
};

#define FAMILY(name, rows, convention) [__HYPERVISOR_##name] = FAMILY_##name,
const uint8_t hypercall_family_of[HYPERCALL_NUMBERS + 1] = {
#include "core/hypercalls.def"
};

/* ---- conversion ---- */

/* A field's place and size in each form. */
struct field {
    uint32_t at64, size64, at32, size32;
};

/* SIZE is a power of two. */
static uint32_t align(uint32_t offset, uint32_t size)
{
    return (offset + size - 1) & ~(size - 1);
}

/* Moves FIELD on to the next one of LAYOUT; false: there is none. The 32-bit ABI aligns nothing to
 * more than 4 bytes. */
static bool next_field(const char **layout, struct field *field)
{
    char c = *(*layout)++;
    bool is_long = c == 'L' || c == '_';
    uint32_t size = is_long ? 8 : (uint32_t)(c - '0');

    if (!c)
        return false;
    field->at64 = align(field->at64 + field->size64, size);
    field->at32 = align(field->at32 + field->size32, size < 4 ? size : 4);
    field->size64 = c == '_' ? 0 : size;
    field->size32 = c == 'L' ? 4 : field->size64;
    return true;
}

/* Numbers are little-endian, so that copying a field's 32-bit size widens and narrows it. */
void hypercall_widen(const char *layout, void *form64, const void *form32)
{
    for (struct field f = {0}; next_field(&layout, &f);)
        memcpy((uint8_t *)form64 + f.at64, (const uint8_t *)form32 + f.at32, f.size32);
}

void hypercall_narrow(const char *layout, void *form32, const void *form64)
{
    for (struct field f = {0}; next_field(&layout, &f);)
        memcpy((uint8_t *)form32 + f.at32, (const uint8_t *)form64 + f.at64, f.size32);
}
