/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Atoll only: the integer types and assertions that the other headers share. A structure has one
 * layout whatever mode the compiler runs in: the native form is what a 64-bit caller lays out, the
 * compat_ form what a 32-bit caller lays out. A structure without a compat_ form is the same in
 * both.
 */
#ifndef PV_ABI_LAYOUT_H
#define PV_ABI_LAYOUT_H

#include <stdint.h>

/* 8-byte aligned for a 32-bit compiler too: native forms, and what <xen/xen.h> aligns for all. */
typedef uint64_t uint64_aligned_t __attribute__((aligned(8)));
typedef int64_t int64_aligned_t __attribute__((aligned(8)));
/* 4-byte aligned for a 64-bit compiler too: the plain 64-bit integer of a 32-bit caller. */
typedef uint64_t compat_uint64_t __attribute__((aligned(4)));

/*
 * ABI_LAYOUT(type, size, field, offset, ...) asserts the size of a type in bytes and the offsets of
 * up to 16 of its fields. The numbers are those of Xen's public headers; `make abi-test` shows it.
 */
#define ABI_LAYOUT(type, size, ...)                                                                \
    _Static_assert(sizeof(type) == (size), "size of " #type);                                      \
    ABI_PICK(__VA_ARGS__, ABI_16, 0, ABI_15, 0, ABI_14, 0, ABI_13, 0, ABI_12, 0, ABI_11, 0,        \
             ABI_10, 0, ABI_9, 0, ABI_8, 0, ABI_7, 0, ABI_6, 0, ABI_5, 0, ABI_4, 0, ABI_3, 0,      \
             ABI_2, 0, ABI_1, 0, 0)                                                                \
    (type, __VA_ARGS__)

/* The macro below ABI_LAYOUT that fits the number of its arguments. */
#define ABI_PICK(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18,  \
                 a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, name, ...)  \
    name

/* clang-format off */
#define ABI_1(t, field, offset)                                                                    \
    _Static_assert(__builtin_offsetof(t, field) == (offset), "offset of " #field " in " #t)
#define ABI_2(t, f, o, ...) ABI_1(t, f, o); ABI_1(t, __VA_ARGS__)
#define ABI_3(t, f, o, ...) ABI_1(t, f, o); ABI_2(t, __VA_ARGS__)
#define ABI_4(t, f, o, ...) ABI_1(t, f, o); ABI_3(t, __VA_ARGS__)
#define ABI_5(t, f, o, ...) ABI_1(t, f, o); ABI_4(t, __VA_ARGS__)
#define ABI_6(t, f, o, ...) ABI_1(t, f, o); ABI_5(t, __VA_ARGS__)
#define ABI_7(t, f, o, ...) ABI_1(t, f, o); ABI_6(t, __VA_ARGS__)
#define ABI_8(t, f, o, ...) ABI_1(t, f, o); ABI_7(t, __VA_ARGS__)
#define ABI_9(t, f, o, ...) ABI_1(t, f, o); ABI_8(t, __VA_ARGS__)
#define ABI_10(t, f, o, ...) ABI_1(t, f, o); ABI_9(t, __VA_ARGS__)
#define ABI_11(t, f, o, ...) ABI_1(t, f, o); ABI_10(t, __VA_ARGS__)
#define ABI_12(t, f, o, ...) ABI_1(t, f, o); ABI_11(t, __VA_ARGS__)
#define ABI_13(t, f, o, ...) ABI_1(t, f, o); ABI_12(t, __VA_ARGS__)
#define ABI_14(t, f, o, ...) ABI_1(t, f, o); ABI_13(t, __VA_ARGS__)
#define ABI_15(t, f, o, ...) ABI_1(t, f, o); ABI_14(t, __VA_ARGS__)
#define ABI_16(t, f, o, ...) ABI_1(t, f, o); ABI_15(t, __VA_ARGS__)
/* clang-format on */

#endif
