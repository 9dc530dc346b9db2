/* SPDX-License-Identifier: BSD-2-Clause */
/* Cursors: the way of handlers to the arrays that their row describes. Each element is translated,
 * pinned and copied once when the cursor comes to it. */

#include "core/hypercall.h"

#include "core/hypercall_rows.h"
#include "lib/errno.h"
#include "lib/string.h"

/* The largest element of any row, 32-bit form. */
#define RAW_MAX 128u

int cursor_open(struct hypercall_cursor *cursor, const struct hypercall *call, unsigned index,
                uint64_t handle, uint64_t count)
{
    const struct hypercall_array *array = &call->row->arrays[index];

    if (count > array->maximum)
        return -E2BIG;
    cursor->array = array;
    cursor->next = handle;
    cursor->left = count;
    cursor->size = call->is_32bit ? array->size32 : array->size64;
    cursor->is_32bit = call->is_32bit;
    return 0;
}

int cursor_open_list(struct hypercall_cursor *cursor, const struct hypercall *call)
{
    const struct hypercall_family *family = &hypercall_families[call->row->family];

    return cursor_open(cursor, call, 0, call->args[family->ptr],
                       (uint32_t)call->args[family->length]);
}

static bool is_converted(const struct hypercall_cursor *cursor)
{
    return cursor->is_32bit && cursor->array->layout;
}

/* Above this many bytes a string instruction is shorter. */
#define LONG_LIST 64u

/* Copies once; out of line, or the compiler might look at the guest's copy again. */
static NOINLINE void copy_list(void *to, const void *from, size_t size)
{
    if (size < LONG_LIST)
        guest_words_copy(to, from, size);
    else
        memcpy(to, from, size);
}

/* The guest's form of what is pinned. */
static void get(const struct guest_pin *pin, uint8_t *to)
{
    copy_list(to, pin->part[0], pin->part_size[0]);
    if (unlikely(pin->part_size[1] != 0))
        copy_list(to + pin->part_size[0], pin->part[1], pin->part_size[1]);
}

static void put(const struct guest_pin *pin, const uint8_t *from)
{
    copy_list(pin->part[0], from, pin->part_size[0]);
    if (unlikely(pin->part_size[1] != 0))
        copy_list(pin->part[1], from + pin->part_size[0], pin->part_size[1]);
}

/* Pins the last COUNT elements. */
static int pin_last(struct hypercall_cursor *cursor, uint64_t count)
{
    size_t size = (size_t)count * cursor->size;

    return guest_pin(WINDOW_ELEM0, (gva_t){cursor->next - size}, size,
                     cursor->array->direction & DIR_OUT, &cursor->pin);
}

int cursor_repin(struct hypercall_cursor *cursor)
{
    return pin_last(cursor, 1);
}

int cursor_skip(struct hypercall_cursor *cursor, uint64_t count)
{
    if (count > cursor->left)
        return -ENOENT;
    cursor->next += count * cursor->size;
    cursor->left -= count;
    return 0;
}

/* Pins the next COUNT elements. */
static int pin_next(struct hypercall_cursor *cursor, uint64_t count)
{
    int error = cursor_skip(cursor, count);

    cursor->pin.part_size[0] = cursor->pin.part_size[1] = 0;
    return error || count == 0 ? error : pin_last(cursor, count);
}

int cursor_next(struct hypercall_cursor *cursor, void *element)
{
    const struct hypercall_array *array = cursor->array;
    uint8_t raw[RAW_MAX];
    int error = pin_next(cursor, 1);

    if (error)
        return error;
    if (!is_converted(cursor) && array->direction & DIR_IN) {
        get(&cursor->pin, element);
        return 0;
    }
    memset(element, 0, array->size64);
    if (array->direction & DIR_IN) {
        get(&cursor->pin, raw);
        hypercall_widen(array->layout, element, raw);
    }
    return 0;
}

void cursor_write(struct hypercall_cursor *cursor, const void *element)
{
    uint8_t raw[RAW_MAX];

    if (is_converted(cursor)) {
        get(&cursor->pin, raw);
        hypercall_narrow(cursor->array->layout, raw, element);
        element = raw;
    }
    put(&cursor->pin, element);
}

int cursor_read_bulk(struct hypercall_cursor *cursor, void *elements, uint64_t count)
{
    int error = pin_next(cursor, count);

    if (!error)
        get(&cursor->pin, elements);
    return error;
}

int cursor_write_bulk(struct hypercall_cursor *cursor, const void *elements, uint64_t count)
{
    int error = pin_next(cursor, count);

    if (!error)
        put(&cursor->pin, elements);
    return error;
}
