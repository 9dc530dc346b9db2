/* SPDX-License-Identifier: BSD-2-Clause */
/* The words everything else is written in: boxed addresses and a few compiler attributes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define PAGE_SHIFT   12u
#define PAGE_SIZE    4096u
#define CHUNK_SHIFT  21u /* a chunk: 2 MiB, the unit of memory management */
#define CHUNK_SIZE   (UINT64_C(1) << CHUNK_SHIFT)
#define CHUNK_FRAMES 512u /* frames in a chunk */

#define NORETURN __attribute__((noreturn))
/* A parameter that a function type demands and this function has no use for. */
#define UNUSED                          __attribute__((unused))
#define NOINLINE                        __attribute__((noinline))
#define FLATTEN                         __attribute__((flatten)) /* all that it calls is in line */
#define ALWAYS_INLINE                   inline __attribute__((always_inline))
#define ALIGNED(n)                      __attribute__((aligned(n)))
#define PRINTF(f, a)                    __attribute__((format(printf, f, a)))
#define ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))
#define likely(x)                       __builtin_expect(!!(x), 1)
#define unlikely(x)                     __builtin_expect(!!(x), 0)
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* Page-sized units. mfn: machine frame. gfn: a domain's guest-physical frame. */
typedef struct {
    uint64_t v;
} mfn_t;
typedef struct {
    uint64_t v;
} gfn_t;
/* Byte addresses. paddr: machine-physical. gpa: guest-physical. gva: guest-virtual (linear). */
typedef struct {
    uint64_t v;
} paddr_t;
typedef struct {
    uint64_t v;
} gpa_t;
typedef struct {
    uint64_t v;
} gva_t;

#define MFN_NONE ((mfn_t){UINT64_MAX})
#define GFN_NONE ((gfn_t){UINT64_MAX})

/* Pages that hold SIZE bytes. */
static inline uint32_t pages_of(uint64_t size)
{
    return (uint32_t)((size + PAGE_SIZE - 1) >> PAGE_SHIFT);
}
static inline mfn_t mfn_of(paddr_t p)
{
    return (mfn_t){p.v >> PAGE_SHIFT};
}
static inline paddr_t paddr_of(mfn_t m)
{
    return (paddr_t){m.v << PAGE_SHIFT};
}
static inline gfn_t gfn_of(gpa_t p)
{
    return (gfn_t){p.v >> PAGE_SHIFT};
}
static inline gpa_t gpa_of(gfn_t g)
{
    return (gpa_t){g.v << PAGE_SHIFT};
}
static inline mfn_t mfn_add(mfn_t m, uint64_t n)
{
    return (mfn_t){m.v + n};
}
static inline gfn_t gfn_add(gfn_t g, uint64_t n)
{
    return (gfn_t){g.v + n};
}
static inline bool mfn_equal(mfn_t a, mfn_t b)
{
    return a.v == b.v;
}
static inline bool gfn_equal(gfn_t a, gfn_t b)
{
    return a.v == b.v;
}
